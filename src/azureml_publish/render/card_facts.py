"""What a card says by itself: the facts table, and how the model is loaded, deployed and called."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from jinja2.filters import do_filesizeformat

from azureml_publish.assets import SCENARIOS, AllowList, MinSkuSpec, Scenario
from azureml_publish.content.lock import facts_of, read_mlmodel
from azureml_publish.content.packaging.facts import read_facts
from azureml_publish.content.packaging.kinds import choose_kind
from azureml_publish.content.packaging.mlflow_model import is_served, signature
from azureml_publish.content.packaging.source_files import SourceFiles
from azureml_publish.content.packaging.triton import CONFIG
from azureml_publish.project import ModelFolder
from azureml_publish.render.loading import Loading, find_loading
from azureml_publish.render.packaging import flavour_of
from azureml_publish.spec import (
    AzuremlSource,
    BlobSource,
    GitSource,
    HubSource,
    LocalSource,
    MlflowSource,
    ModelSpec,
    ProjectConfig,
)
from azureml_publish.spec.lock import SourceLock

MAY_HOLD_MLMODEL = (BlobSource, GitSource, AzuremlSource, MlflowSource)
"""Sources that mostly hold an MLmodel: whether one does shows when its files are listed."""

_SHOWN = 8
"""Items of a list that a cell shows before it counts the rest."""

_MOST_VALUES = 16
"""Numbers of a tensor that a request shows."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is known of a version's content without a network.

    Attributes:
        kind: the packaging; empty where only the source's files decide it.
        flavors: those of its MLmodel; None where they are not known.
        served: whether an endpoint serves it without code of its own; None where that is not known.
        signature: the columns of its inputs and outputs, as MLflow writes them.
        files: the paths of its files, as far as they are known.
        lock: what its lock says.
    """

    kind: str
    flavors: frozenset[str] | None = None
    served: bool | None = None
    signature: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    lock: SourceLock | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What `how-to-use.md.j2` needs: `size` and `request` are empty where they are not known."""

    kind: str
    served: bool
    flavor: str
    loading: Loading | None
    size: str
    request: str
    triton_models: tuple[str, ...]


def content_of(
    folder: ModelFolder, config: ProjectConfig, source: SourceFiles | None, lock: SourceLock | None
) -> Content:
    """What a model's lock says of its content, else its files where they lie on this machine, else its spec alone."""
    spec = folder.spec
    if lock is not None:
        kind, files = lock.model.packaging, tuple(file.path for file in lock.files)
    elif source is not None:
        kind, files = choose_kind(spec.type, source.top).name, tuple(file.path for file in source.files)
    else:
        unknown = spec.type == "mlflow_model" and may_hold_mlmodel(spec)
        kind, files = "" if unknown else choose_kind(spec.type, None).name, _named_file(spec)
    if kind == "mlflow_transformers":
        facts = facts_of(lock) if lock is not None else read_facts(source) if source is not None else None
        flavour = flavour_of(folder, config, facts)
        columns = {side: json.loads(text) for side, text in signature(flavour).items() if text}
        return Content(kind, frozenset({"transformers"}), is_served(flavour), columns, files, lock)
    if kind == "mlflow_folder":
        if lock is not None:
            flavors, columns = lock.model.flavors, lock.model.signature
        else:
            flavors, columns, _ = read_mlmodel(source) if source is not None else ((), {}, "")
        return Content(kind, frozenset(flavors), "python_function" in flavors, columns, files, lock)
    served = {"triton": True, "custom": False}.get(kind)
    return Content(kind, None, served, files=files, lock=lock)


def may_hold_mlmodel(spec: ModelSpec) -> bool:
    """Whether a source that was not looked into may hold an MLmodel; a local one does where the spec names no task."""
    is_local = isinstance(spec.source, LocalSource)
    return isinstance(spec.source, MAY_HOLD_MLMODEL) or (is_local and not spec.tasks.inference)


def _named_file(spec: ModelSpec) -> tuple[str, ...]:
    """The file that a local source names, where it names one."""
    path = PurePosixPath(spec.source.local) if isinstance(spec.source, LocalSource) else PurePosixPath()
    return (path.name,) if path.suffix else ()


def facts_table(
    spec: ModelSpec, compute: Mapping[Scenario, AllowList], content: Content
) -> tuple[tuple[str, str], ...]:
    """The rows of a card's facts table: a name, and its value as a Markdown cell. What is not known has no row."""
    return tuple((name, value.replace("|", "\\|")) for name, value in _facts(spec, compute, content) if value)


def _facts(spec: ModelSpec, compute: Mapping[Scenario, AllowList], content: Content) -> Iterator[tuple[str, str]]:
    model = content.lock.model if content.lock is not None else None
    yield "Type", _type(spec, content)
    yield "Task", _codes([spec.tasks.inference or (model.task if model else "")])
    yield "Fine-tuning", _codes(spec.tasks.finetune)
    yield "License", _codes([spec.license or ""])
    yield "Base model", _codes([str(spec.tags.get("base_model", ""))])
    yield "Languages", _codes(spec.languages)
    if isinstance(spec.source, HubSource):
        name = spec.source.huggingface
        yield "Source", f"[{name}](https://huggingface.co/{name}), commit `{spec.source.revision}`"
    if content.lock is not None and model is not None:
        if model.parameters:
            yield "Parameters", f"{model.parameters:,}" + (f", {_codes([model.dtype])}" if model.dtype else "")
        yield "Files", _amount(len(content.lock.files), content.lock.size)
    for title, side in (("Inputs", "inputs"), ("Outputs", "outputs"), ("Parameters of a request", "params")):
        columns = content.signature.get(side)
        yield title, _some([_column(one) for one in columns]) if isinstance(columns, list) else ""
    for scenario in SCENARIOS:
        yield f"Sizes for {'fine-tuning' if scenario == 'finetune' else scenario}", _sizes(spec, compute, scenario)


def _amount(count: int, size: int) -> str:
    exact = f"{size:,} bytes"
    return f"{count:,} file{'s' * (count != 1)}, " + (
        exact if size < 1024 else f"{do_filesizeformat(size, binary=True)} ({exact})"
    )


def _type(spec: ModelSpec, content: Content) -> str:
    if spec.type == "mlflow_model":
        return "MLflow model" + (f" ({', '.join(sorted(content.flavors))})" if content.flavors else "")
    return "Triton model" if spec.type == "triton_model" else "Custom model"


def _codes(values: Iterable[str]) -> str:
    """Values as code spans; text that would end one stands without."""
    lines = [" ".join(value.split()) for value in values if value]
    return _some([line if "`" in line else f"`{line}`" for line in lines])


def _some(values: Sequence[str]) -> str:
    if len(values) <= _SHOWN + 1:
        return ", ".join(values)
    return f"{', '.join(values[:_SHOWN])} and {len(values) - _SHOWN:,} more"


def _column(column: object) -> str:
    """One column of a signature, in a few words."""
    if not isinstance(column, Mapping):
        return ""
    kind = str(column.get("type", ""))
    if isinstance(tensor := column.get("tensor-spec"), Mapping):
        kind = f"{tensor.get('dtype')} {tensor.get('shape')}"
    name = column.get("name")
    optional = "" if column.get("required", True) else ", optional"
    return f"{_codes([str(name)])} ({kind}{optional})" if name is not None else kind


def _sizes(spec: ModelSpec, compute: Mapping[Scenario, AllowList], scenario: Scenario) -> str:
    allow = compute.get(scenario)
    if allow is None or not allow.skus:
        return ""
    shown = (
        f"`{allow.skus[0]}`"
        if len(allow.skus) == 1
        else f"{len(allow.skus)}, such as `{_first(spec, allow, scenario)}`"
    )
    least = getattr(spec.min_sku, scenario, None) or allow.min_sku
    return f"{shown}; {_least(MinSkuSpec.parse(str(least)))}" if least else shown


def _first(spec: ModelSpec, allow: AllowList, scenario: Scenario) -> str:
    recommended = getattr(spec.recommended, scenario, None)
    return str((recommended or allow.skus)[0])


def _least(least: MinSkuSpec) -> str:
    gpus = f"{least.gpus} GPU{'s' * (least.gpus != 1)}, " if least.gpus else ""
    return f"at least {least.vcpus} vCPUs, {gpus}{least.memory_gib} GiB of memory, {least.disk_gib} GiB of disk"


def usage_of(spec: ModelSpec, compute: Mapping[Scenario, AllowList], content: Content, *, has_sample: bool) -> Usage:
    """How a model is loaded, deployed and called.

    Args:
        compute: its allow-lists; an endpoint takes the first size for inference.
        content: what is known of its content.
        has_sample: whether the model folder has a sample input, which is the request then.
    """
    allow = compute.get("inference")
    flavors = content.flavors or frozenset()
    if content.kind == "mlflow_transformers":
        flavor = "transformers"
    else:
        named = sorted(flavors - {"python_function"})
        flavor = "pyfunc" if not flavors or "python_function" in flavors else named[0]
    # An MLmodel that nobody has read yet has a python_function like almost every one.
    served = content.served if content.served is not None else spec.type == "mlflow_model"
    return Usage(
        kind=spec.type.removesuffix("_model"),
        served=served,
        flavor=flavor,
        loading=find_loading(spec.tasks.inference, content.files) if spec.type == "custom_model" else None,
        size=_first(spec, allow, "inference") if allow and allow.skus else "",
        request="" if has_sample else _request(spec.tasks.inference, content.signature.get("inputs")),
        triton_models=tuple(sorted({path.split("/")[0] for path in content.files if path.endswith(f"/{CONFIG}")})),
    )


_EXAMPLES = MappingProxyType(
    {
        "string": "text", "boolean": True, "integer": 0, "long": 0, "float": 0.0, "double": 0.0,
        "datetime": "2026-01-31T12:00:00", "binary": "the file's bytes in base64",
    }
)  # fmt: skip
"""A value of each of MLflow's plain types."""


def _request(task: str, inputs: object) -> str:
    """A request with a value of each input's type; empty where the signature does not say enough.

    A text to fill needs the tokenizer's own mask, which no signature names.
    """
    if task == "fill-mask":
        return ""
    examples = {**_EXAMPLES, **({"string": "the image's bytes in base64"} if task.startswith("image-") else {})}
    columns = [one for one in inputs if isinstance(one, Mapping)] if isinstance(inputs, list) else []
    if not columns:
        return ""
    wanted = [one for one in columns if one.get("required", True)]
    values = [examples.get(str(one.get("type"))) for one in wanted]
    if not wanted or None in values:
        return _tensor_request(columns)
    names = [one.get("name") for one in wanted]
    data: object = values if len(values) == 1 else [values]
    if None not in names:
        data = {"columns": names, "index": [0], "data": [values]}
    return json.dumps({"input_data": data}, ensure_ascii=False)


def _tensor_request(columns: Sequence[Mapping[str, Any]]) -> str:
    """A request of tensors, by name where they have names; empty where one of them is large, or none."""
    values = [_zeros(one.get("tensor-spec")) for one in columns]
    if None in values:
        return ""
    if len(values) == 1 and columns[0].get("name") is None:
        return json.dumps({"input_data": values[0]})
    return json.dumps({"input_data": {str(one.get("name")): value for one, value in zip(columns, values, strict=True)}})


def _zeros(tensor: object) -> Any:
    """A tensor of zeros, one of each free dimension; None where it is large, or none."""
    shape = tensor.get("shape") if isinstance(tensor, Mapping) else None
    if not isinstance(tensor, Mapping) or not isinstance(shape, list):
        return None
    sides = [1 if side == -1 else side for side in shape]
    if not all(isinstance(side, int) and side > 0 for side in sides) or math.prod(sides) > _MOST_VALUES:
        return None
    made: Any = 0.0 if re.match(r"float|double", str(tensor.get("dtype"))) else 0
    for side in reversed(sides):
        made = [made] * side
    return made
