"""What an MLflow model folder says about itself: `MLmodel` and the environment beside it, as data for the templates.

The layout is that of MLflow's transformers flavour (https://mlflow.org/docs/latest/ml/deep-learning/transformers/), as
`mlflow.transformers.save_model` writes it. Nothing here needs the weights: a class that the spec does not name is the
task's Auto class, which finds the real one in `config.json` when the model is loaded, as it does for the original.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from azureml_publish.content.packaging.facts import ModelFacts
from azureml_publish.content.packaging.transformers_facts import COMPONENTS, Task, find_task, is_model_class, models_of
from azureml_publish.spec import HubSource, Mlflow, ModelSpec

FALLBACK = Mlflow.model_construct(mlflow="3.4.0", transformers="4.57.1", torch="2.9.0", python="3.11.13")
"""Versions of the model's environment, where neither the spec nor the project names them."""

PINS = MappingProxyType(
    {
        "accelerate": "1.11.0",
        "bitsandbytes": "0.48.2",
        "compressed-tensors": "0.12.2",
        "fugashi": "1.5.1",
        "ipadic": "1.0.0",
        "sacremoses": "0.1.1",
        "sentencepiece": "0.2.1",
        "timm": "1.0.22",
        "unidic-lite": "1.0.8",
    }
)
"""Versions of what some models need: those of the days of transformers 4.57.1 (October 2025)."""

QUANTIZATION = MappingProxyType(
    {
        "aqlm": ("accelerate", "aqlm"),
        "awq": ("accelerate", "autoawq"),
        "bitsandbytes": ("accelerate", "bitsandbytes"),
        "compressed-tensors": ("accelerate", "compressed-tensors"),
        "fp8": ("accelerate",),
        "gptq": ("accelerate", "gptqmodel", "optimum"),
        "hqq": ("accelerate", "hqq"),
        "mxfp4": ("accelerate", "kernels"),
        "quanto": ("accelerate", "optimum-quanto"),
        "torchao": ("accelerate", "torchao"),
    }
)
"""Packages by quantisation method (https://huggingface.co/docs/transformers/v4.57.1/en/quantization/overview)."""

_GENERATES = ("text-generation", "image-text-to-text")
_AUTO = MappingProxyType(
    {
        "tokenizer": "AutoTokenizer",
        "feature_extractor": "AutoFeatureExtractor",
        "image_processor": "AutoImageProcessor",
        "processor": "AutoProcessor",
    }
)


@dataclass(frozen=True, slots=True)
class Flavour:
    """How MLflow loads a model.

    Attributes:
        settings: the spec's settings, completed.
        task: None where neither transformers nor MLflow knows the task.
        model_class: the class of the model, or its name in the code that it brings.
        components: what lies below `components/`, with the class that loads it.
        own_code: whether the model's class is its own.
        dtype: of its weights; empty where it is not known.
        packages: what its environment needs beside MLflow, PyTorch and transformers, without versions.
    """

    settings: Mlflow
    task: Task | None
    model_class: str
    components: tuple[tuple[str, str], ...]
    own_code: bool = False
    dtype: str = ""
    packages: tuple[str, ...] = ()


def settings(spec: ModelSpec, defaults: Mlflow | None) -> Mlflow:
    """The spec's MLflow settings, completed by the project's and by those that follow from the task."""
    return settings_of(spec.tasks.inference, defaults, spec.mlflow)


def settings_of(task: str, *written: Mlflow | None) -> Mlflow:
    """A task's own settings, overridden by `written`, of which later ones win; requirements add up by package."""
    layers = [layer.model_dump(exclude_none=True) for layer in (FALLBACK, *written) if layer]
    name = next((layer["task"] for layer in reversed(layers) if "task" in layer), task)
    if known := find_task(name):
        follows = {"pipeline_class": known.pipeline, "task": known.inference_task or known.name}
        layers.insert(1, {**follows, **({"model_class": known.models[0]} if known.models else {})})
    layers.insert(1, {"tokenizer_class": "AutoTokenizer"})
    merged = {key: value for layer in layers for key, value in layer.items()}
    merged["requirements"] = tuple(_by_package(line for layer in layers for line in layer.get("requirements", ())))
    return Mlflow.model_validate(merged)


def describe(task: str, chosen: Mlflow, facts: ModelFacts | None) -> Flavour:
    """How MLflow is to load a model, from its task, its settings, and what its files say where they are known."""
    known = find_task(chosen.task or task)
    facts, read = facts or ModelFacts(), facts is not None
    model_class, own = _model_class(chosen, known, facts)
    components = tuple((name, _component_class(name, chosen, facts)) for name in _components(known, facts, read=read))
    return Flavour(
        chosen,
        known,
        model_class,
        components,
        own,
        facts.dtype,
        tuple(sorted(set(_packages(known, facts, components)))),
    )


def _model_class(chosen: Mlflow, task: Task | None, facts: ModelFacts) -> tuple[str, bool]:
    """The class that loads the model, and whether it is one of its own."""
    written = chosen.model_class or ""
    saved_as = next(iter(facts.architectures), "")
    if task is None or written not in task.models:
        return written, bool(facts.code) and not is_model_class(written) and not written.startswith("Auto")
    own = facts.class_of(*task.models).rpartition(".")[2]
    if own and (own == saved_as or not saved_as) and not is_model_class(own):
        return own, True
    suited = next((auto for auto in task.models if facts.model_type in models_of(auto)), "")
    return suited or written, False


def _components(task: Task | None, facts: ModelFacts, *, read: bool) -> Iterator[str]:
    """What the task's pipeline loads beside the model: what it must, and what it takes where it is there."""
    loads = task.components if task else {"tokenizer": True}
    optional = [name for name, needed in loads.items() if needed is None]
    if len(optional) == len(COMPONENTS):  # it says nothing of any: it takes what the model has
        loads = {"tokenizer": True, "image_processor": None, "feature_extractor": None}
    for name in COMPONENTS:
        needed = loads.get(name, False)
        if needed or (needed is None and read and name in facts.components):
            yield name


def _component_class(name: str, chosen: Mlflow, facts: ModelFacts) -> str:
    if own := facts.class_of(_AUTO[name]):
        return own.rpartition(".")[2]
    return (chosen.tokenizer_class or _AUTO[name]) if name == "tokenizer" else _AUTO[name]


def _packages(task: Task | None, facts: ModelFacts, components: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield from facts.packages
    yield from QUANTIZATION.get(facts.quantization, ())
    if any(name in ("image_processor", "processor") for name, _ in components):
        yield "torchvision"
    if task is not None and task.name in _GENERATES:
        yield "accelerate"


def mlmodel(spec: ModelSpec, flavour: Flavour) -> dict[str, Any]:
    """The data of `MLmodel`."""
    chosen, task = flavour.settings, flavour.task
    origin = spec.source.huggingface if isinstance(spec.source, HubSource) else spec.name
    revision = spec.source.revision if isinstance(spec.source, HubSource) else ""
    named = chosen.task or spec.tasks.inference
    inference_task = task.inference_task if task else ""
    transformers = {
        "code": None,
        "components": [name for name, _ in flavour.components if name != "processor"],
        "framework": "pt",
        "instance_type": chosen.pipeline_class,
        "model_binary": "model",
        "pipeline_model_type": flavour.model_class,
        "source_model_name": origin,
        "task": task.name if task and inference_task else named,
        **{f"{name}_type": component for name, component in flavour.components},
        **({"torch_dtype": f"torch.{flavour.dtype}"} if flavour.dtype else {}),
        **({"inference_task": inference_task} if inference_task else {}),
        "transformers_version": chosen.transformers,
    }
    function = {
        "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
        "loader_module": "mlflow.transformers",
        "model_binary": "model",
        "python_version": chosen.python,
    }
    metadata = {
        "base_model_name": spec.name,
        "base_model_task": spec.tasks.inference,
        "is_acft_model": True,
        "is_finetuned_model": bool(spec.tags.get("base_model")),
        **({"task": inference_task} if inference_task else {}),
    }
    stated = signature(flavour)
    return {
        "flavors": {**({"python_function": function} if is_served(flavour) else {}), "transformers": transformers},
        "metadata": metadata,
        "mlflow_version": chosen.mlflow,
        # Of the source alone: a new version of the same files is the same model.
        "model_uuid": uuid.uuid5(uuid.NAMESPACE_URL, f"{origin}@{revision}").hex,
        **({"signature": stated} if stated else {}),
    }


def is_served(flavour: Flavour) -> bool:
    """Whether MLflow has a `python_function` for the pipeline; one of one's own may have."""
    return flavour.task is None or flavour.task.served


def signature(flavour: Flavour) -> dict[str, str | None]:
    """The signature as MLflow writes it, JSON in text: the spec's, else the task's; empty where there is none."""
    chosen, task = flavour.settings, flavour.task
    plain = ({"inputs": _TEXT, "outputs": _TEXT, "params": None} if task is None else task.signature) or {}
    parts = {key: plain.get(key) for key in ("inputs", "outputs", "params")}
    if chosen.signature is not None:
        parts |= {key: columns or None for key, columns in chosen.signature.columns().items()}
    if chosen.params:
        parts["params"] = [_param(name, default) for name, default in chosen.params.items()]
    if not any(parts.values()):
        return {}
    return {key: json.dumps(value) if value is not None else None for key, value in parts.items()}


_TEXT = ({"type": "string", "required": True},)


def _param(name: str, default: Any) -> dict[str, Any]:
    """One parameter of a signature, with the type that MLflow gives such a value by itself."""
    one = default[0] if isinstance(default, list | tuple) and default else default
    kinds = {bool: "boolean", int: "long", float: "double", str: "string"}
    shape = [-1] if isinstance(default, list | tuple) else None
    kept = list(default) if isinstance(default, list | tuple) else default
    return {"name": name, "type": kinds.get(type(one), "string"), "default": kept, "shape": shape}


def requirements(flavour: Flavour) -> list[str]:
    """The pip requirements of the model's environment: its versions, what it needs, and what the spec adds."""
    chosen = flavour.settings
    base = [f"mlflow=={chosen.mlflow}", f"torch=={chosen.torch}", f"transformers=={chosen.transformers}"]
    needed = [_pinned(package, chosen) for package in flavour.packages]
    return list(_by_package((*base, *needed, *chosen.requirements)))


def unpinned(flavour: Flavour) -> tuple[str, ...]:
    """Packages that the model needs and that neither this tool nor the spec has a version of."""
    return tuple(line for line in requirements(flavour) if line in flavour.packages)


def package_of(requirement: str) -> str:
    """The name of the package that a requirement is about, as PyPI normalises it; a URL stands for itself."""
    found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement.strip())
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else requirement.strip()


def _by_package(lines: Iterable[str]) -> Iterator[str]:
    """Each requirement once; a later one of a package stands in the place of the earlier one."""
    found: dict[str, str] = {}
    for line in lines:
        found[package_of(line)] = line.strip()
    yield from found.values()


def _pinned(package: str, chosen: Mlflow) -> str:
    if package == "torchvision":
        # The release that goes with PyTorch 2.N.P is 0.(N+15).P (https://github.com/pytorch/vision#installation).
        release = re.match(r"2\.([1-9]\d*)\.(\d+)", chosen.torch or "")
        return f"torchvision==0.{int(release[1]) + 15}.{release[2]}" if release else package
    return f"{package}=={PINS[package]}" if package in PINS else package


def conda(flavour: Flavour) -> dict[str, Any]:
    """The data of `conda.yaml`."""
    return {
        "name": "mlflow-env",
        "channels": ["conda-forge"],
        "dependencies": [f"python={flavour.settings.python}", "pip", {"pip": requirements(flavour)}],
    }


def python_env(flavour: Flavour) -> dict[str, Any]:
    """The data of `python_env.yaml`."""
    return {
        "python": flavour.settings.python,
        "build_dependencies": ["pip", "setuptools", "wheel"],
        "dependencies": ["-r requirements.txt"],
    }


def rendered_documents(spec: ModelSpec, flavour: Flavour) -> Mapping[str, tuple[str, Any]]:
    """Each file beside the weights: the name of its value in the template, and the data."""
    return {
        "MLmodel": ("mlmodel", mlmodel(spec, flavour)),
        "conda.yaml": ("conda", conda(flavour)),
        "python_env.yaml": ("python_env", python_env(flavour)),
        "requirements.txt": ("requirements", requirements(flavour)),
    }
