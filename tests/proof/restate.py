"""Restates what the pinned transformers and MLflow know as data: `python restate.py > transformers.json`.

It runs in the models' own environment (`make restate` does both). The tool packages models without either library, so
what it has to know of them is written down: which pipeline serves a task and with which components, the signatures that
MLflow gives, the classes of models, and the files that tokenizers load. `make proof` fails where the data is stale.
"""

import importlib
import importlib.metadata
import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import transformers
from mlflow.transformers import _should_add_pyfunc_to_model
from mlflow.transformers.llm_inference_utils import _SIGNATURE_FOR_LLM_INFERENCE_TASK as CHAT_SIGNATURES
from mlflow.transformers.llm_inference_utils import _SUPPORTED_LLM_INFERENCE_TASK_TYPES_BY_PIPELINE_TASK as CHATS
from mlflow.transformers.signature import _DEFAULT_SIGNATURE_FOR_TASK as SIGNATURES
from transformers.models.auto import (
    configuration_auto,
    feature_extraction_auto,
    image_processing_auto,
    processing_auto,
    tokenization_auto,
)
from transformers.pipelines import SUPPORTED_TASKS, TASK_ALIASES

PACKAGES = ("sentencepiece", "rjieba", "fugashi", "sacremoses", "phonemizer")
"""What modules of tokenizers import beyond what transformers itself needs."""

COMPONENTS = ("tokenizer", "feature_extractor", "image_processor", "processor")


def main() -> None:
    """Print everything as JSON."""
    stated = {
        "versions": {name: importlib.metadata.version(name) for name in ("mlflow", "transformers")},
        "tasks": {task: describe_task(task, known) for task, known in SUPPORTED_TASKS.items()},
        "aliases": TASK_ALIASES,
        "inference_tasks": {task: describe_chat(task, base) for base, tasks in CHATS.items() for task in tasks},
        "models": {name: dict(sorted(classes.items())) for name, classes in sorted(auto_models())},
        "tokenizers": {cls.__name__: describe_tokenizer(cls) for cls in tokenizers()},
        "tokenizer_of": {kind: list(pair) for kind, pair in sorted(tokenization_auto.TOKENIZER_MAPPING_NAMES.items())},
        "image_processor_of": names(image_processing_auto.IMAGE_PROCESSOR_MAPPING_NAMES),
        "feature_extractor_of": names(feature_extraction_auto.FEATURE_EXTRACTOR_MAPPING_NAMES),
        "processor_of": names(processing_auto.PROCESSOR_MAPPING_NAMES),
        "model_types": sorted(configuration_auto.CONFIG_MAPPING_NAMES),
    }
    sys.stdout.write(lines(stated))


def lines(stated: Mapping[str, Any]) -> str:
    """JSON with a line for each entry of each section, so that a newer version shows what it changed."""
    sections = []
    for name, entries in stated.items():
        items = (
            [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in entries.items()]
            if isinstance(entries, Mapping)
            else [f"  {json.dumps(entry)}" for entry in entries]
        )
        start, end = "{}" if isinstance(entries, Mapping) else "[]"
        sections.append(f" {json.dumps(name)}: {start}\n" + ",\n".join(items) + f"\n {end}")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def describe_task(task: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """A task's pipeline, the Auto classes of its models, the components that it loads, and what MLflow makes of it."""
    pipeline = known["impl"]
    stand_in = type(pipeline.__name__, (), {"model": None})()
    signature = SIGNATURES.get(task)
    return {
        "pipeline": pipeline.__name__,
        "models": [model.__name__ for model in known["pt"]],
        # True: it cannot do without; None: it takes it where it is there; False: it does not look.
        **{name: getattr(pipeline, f"_load_{name}") for name in COMPONENTS},
        "served": _should_add_pyfunc_to_model(stand_in),
        "signature": plain(signature) if signature else None,
    }


def describe_chat(task: str, base: str) -> dict[str, Any]:
    """A task by MLflow's own name, such as llm/v1/chat: the one of transformers under it, and its signature."""
    return {"task": base, "signature": plain(CHAT_SIGNATURES[task])}


def plain(signature: Any) -> dict[str, Any]:
    """A signature with the JSON inside of it read."""
    return {key: json.loads(text) if text else None for key, text in signature.to_dict().items()}


def auto_models() -> Iterator[tuple[str, dict[str, list[str]]]]:
    """For each Auto class that a task may load: the classes of models by model type."""
    for name in {model.__name__ for known in SUPPORTED_TASKS.values() for model in known["pt"]}:
        mapping = getattr(transformers, name)._model_mapping._model_mapping
        yield name, {kind: [found] if isinstance(found, str) else list(found) for kind, found in mapping.items()}


def tokenizers() -> list[type]:
    """Every class of tokenizer that transformers brings, by name."""
    folder = Path(transformers.__path__[0])
    for path in sorted(folder.rglob("tokenization_*.py")):
        module = ".".join(("transformers", *path.relative_to(folder).with_suffix("").parts))
        try:
            importlib.import_module(module)
        except (ImportError, NameError) as error:  # of a package that is not here, such as that of music
            sys.stderr.write(f"left out: {module}: {error}\n")
    found = {cls.__name__: cls for cls in subclasses(transformers.PreTrainedTokenizerBase)}
    return [found[name] for name in sorted(found) if found[name].__module__.startswith("transformers.")]


def subclasses(cls: type) -> Iterator[type]:
    """All classes below one."""
    direct: list[type] = cls.__subclasses__()
    for below in direct:
        yield below
        yield from subclasses(below)


def describe_tokenizer(cls: Any) -> dict[str, Any]:
    """The files that a tokenizer loads, those that it cannot do without, and the packages that it imports."""
    files = cls.vocab_files_names
    if issubclass(cls, transformers.PreTrainedTokenizerFast):
        slow = cls.slow_tokenizer_class is not None
        return {"files": sorted(set(files.values())), "required": [] if slow else ["tokenizer.json"], "packages": []}
    parameters = inspect.signature(cls.__init__).parameters
    required = {
        file for key, file in files.items() if key in parameters and parameters[key].default is inspect.Parameter.empty
    }
    packages = [name for name in PACKAGES if re.search(rf"^\s*(import|from) {name}\b", started_by(cls), re.MULTILINE)]
    return {"files": sorted(set(files.values())), "required": sorted(required), "packages": packages}


def started_by(cls: Any) -> str:
    """The code that runs as soon as a tokenizer is made: what its module does at its top, and how it begins."""
    module = inspect.getsource(sys.modules[cls.__module__])
    top = "\n".join(line for line in module.splitlines() if line[:1].strip())
    begun = [getattr(cls, name) for name in ("__init__", "_setup_normalizer") if hasattr(cls, name)]
    return "\n".join((top, *map(inspect.getsource, begun)))


def names(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """The classes by model type; a pair names the slow and the fast one."""
    return {kind: list(found) if isinstance(found, tuple) else found for kind, found in sorted(mapping.items())}


if __name__ == "__main__":
    main()
