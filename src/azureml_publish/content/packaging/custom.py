"""Models that are published as their files lie: ONNX, GGUF, adapters, checkpoints, a single file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from azureml_publish.content.packaging.layout import Layout, Request
from azureml_publish.content.packaging.rules import ADAPTER, INCOMPLETE, NO_WEIGHTS, Finding, some
from azureml_publish.content.packaging.source_files import SourceFiles
from azureml_publish.content.packaging.weights import check_weights
from azureml_publish.content.sources.selection import INDEXES, WEIGHTS
from azureml_publish.globs import matches_any

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin", "adapter.safetensors", "pytorch_adapter.bin")
"""What an adapter's weights are called by PEFT, then by AdapterHub
(https://docs.adapterhub.ml/loading.html)."""

_WHOLE = "Choose a revision that is whole, or correct include and exclude in `source`."


def lay_out(request: Request, source: SourceFiles) -> Layout:  # noqa: ARG001 - every kind has the same signature
    """Every file stays where it is; weights must be whole, and an adapter must name its base model."""
    found = (*check_weights(source), *check_adapters(source), *_check_modules(source), *_check_pipeline(source))
    return Layout(source.files, found)


def _check_modules(source: SourceFiles) -> Iterator[Finding]:
    """The modules of a sentence-transformers model (https://sbert.net/docs/sentence_transformer/usage/custom_models.html).

    `Normalize` has no files, so that git keeps no folder of it.
    """
    if "modules.json" not in source.top:
        return
    listed = source.parsed_list("modules.json")
    if listed is None:
        yield Finding(INCOMPLETE, "modules.json is not a JSON list, so it does not say which modules belong.", _WHOLE)
        return
    named = [one for one in listed if isinstance(one, dict) and not str(one.get("type")).endswith(".Normalize")]
    missing = [path for one in named if isinstance(path := one.get("path"), str) and not source.holds(path or ".")]
    if missing:
        yield Finding(INCOMPLETE, f"modules.json names modules that the source does not hold: {some(missing)}.", _WHOLE)


def _check_pipeline(source: SourceFiles) -> Iterator[Finding]:
    """The parts of a pipeline of diffusers (https://huggingface.co/docs/diffusers/using-diffusers/loading)."""
    if "model_index.json" not in source.top:
        return
    index = source.parsed("model_index.json")
    if index is None:
        yield Finding(INCOMPLETE, "model_index.json is not a JSON object, so it names no parts.", _WHOLE)
        return
    named = [name for name, part in index.items() if isinstance(part, list) and any(part)]
    missing = [name for name in named if not source.holds(name)]
    bare = [name for name in named if f"{name}/config.json" in source.by_path and not _holds_weights(source, name)]
    if missing:
        yield Finding(
            INCOMPLETE, f"model_index.json names parts that the source does not hold: {some(missing)}.", _WHOLE
        )
    if bare:
        yield Finding(INCOMPLETE, f"There are no weights in {some(f'{name}/' for name in bare)}.", _WHOLE)


def _holds_weights(source: SourceFiles, folder: str) -> bool:
    return any(path.startswith(f"{folder}/") and matches_any(path, (*WEIGHTS, *INDEXES)) for path in source.by_path)


def check_adapters(source: SourceFiles) -> Iterator[Finding]:
    """Adapters (https://huggingface.co/docs/peft) that nobody can load, because they do not name their base model."""
    named = any(PurePosixPath(path).name == ADAPTER_CONFIG for path in source.by_path)
    for file in source.files:
        name = PurePosixPath(file.path).name
        if name in ADAPTER_WEIGHTS[:2] and not named:
            message = f"Beside {file.path} there is no {ADAPTER_CONFIG}, which names the base model."
            yield Finding(ADAPTER, message, "Save the adapter with save_pretrained, or correct include and exclude.")
        if name != ADAPTER_CONFIG:
            continue
        hint = f"Write the Hub's name of the base model as base_model_name_or_path in {file.path}."
        config = source.parsed(file.path)
        base = base_model(source, file.path)
        beside = file.path.removesuffix(ADAPTER_CONFIG)
        if not any(f"{beside}{name}" in source.by_path for name in ADAPTER_WEIGHTS):
            message = f"Beside {file.path} there are no weights: neither {' nor '.join(ADAPTER_WEIGHTS[:2])}."
            yield Finding(NO_WEIGHTS, message, "Save the adapter with save_pretrained, or correct include and exclude.")
        if config is None:
            yield Finding(ADAPTER, f"{file.path} is not a JSON object, so the adapter names no base model.", hint)
        elif not base:
            yield Finding(ADAPTER, f"The adapter names no base model in {file.path}.", hint)
        elif is_somebodys_folder(base) and not source.holds(base):
            message = f"The base model of the adapter is {base!r}, a folder on the machine where it was trained."
            yield Finding(ADAPTER, message, hint)


def base_model(source: SourceFiles, path: str = ADAPTER_CONFIG) -> str:
    """The base model that an adapter names; empty where it names none."""
    config = source.parsed(path) or {}
    base = config.get("base_model_name_or_path", config.get("model_name"))  # AdapterHub's name for it
    return base.strip() if isinstance(base, str) else ""


def is_somebodys_folder(base: str) -> bool:
    """Whether a base model is not a name of the Hub, but a path on the machine that trained the adapter."""
    is_name = re.fullmatch(r"[\w][\w.-]*(/[\w][\w.-]*)?", base)
    return not is_name or re.search(r"^(outputs?|results|checkpoints)/|(^|/)checkpoint-\d+$", base) is not None
