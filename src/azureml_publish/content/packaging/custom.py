"""Models that are published as their files lie: ONNX, GGUF, adapters, checkpoints, a single file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from azureml_publish.content.packaging.layout import Layout, Request
from azureml_publish.content.packaging.rules import ADAPTER, NO_WEIGHTS, Finding
from azureml_publish.content.packaging.source_files import SourceFiles
from azureml_publish.content.packaging.weights import check_weights

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")


def lay_out(request: Request, source: SourceFiles) -> Layout:  # noqa: ARG001 - every kind has the same signature
    """Every file stays where it is; weights must be whole, and an adapter must name its base model."""
    return Layout(source.files, (*check_weights(source), *check_adapters(source)))


def check_adapters(source: SourceFiles) -> Iterator[Finding]:
    """Adapters (https://huggingface.co/docs/peft) that nobody can load, because they do not name their base model."""
    for file in source.files:
        if PurePosixPath(file.path).name != ADAPTER_CONFIG:
            continue
        hint = f"Write the Hub's name of the base model as base_model_name_or_path in {file.path}."
        config = source.parsed(file.path)
        base = base_model(source, file.path)
        beside = file.path.removesuffix(ADAPTER_CONFIG)
        if not any(f"{beside}{name}" in source.by_path for name in ADAPTER_WEIGHTS):
            message = f"Beside {file.path} there are no weights: neither {' nor '.join(ADAPTER_WEIGHTS)}."
            yield Finding(NO_WEIGHTS, message, "Save the adapter with save_pretrained, or correct include and exclude.")
        if config is None:
            yield Finding(ADAPTER, f"{file.path} is no JSON object, so the adapter names no base model.", hint)
        elif not base:
            yield Finding(ADAPTER, f"The adapter names no base model in {file.path}.", hint)
        elif is_somebodys_folder(base) and not source.holds(base):
            message = f"The base model of the adapter is {base!r}, a folder on the machine where it was trained."
            yield Finding(ADAPTER, message, hint)


def base_model(source: SourceFiles, path: str = ADAPTER_CONFIG) -> str:
    """The base model that an adapter names; empty where it names none."""
    base = (source.parsed(path) or {}).get("base_model_name_or_path")
    return base.strip() if isinstance(base, str) else ""


def is_somebodys_folder(base: str) -> bool:
    """Whether a base model is no name of the Hub, but a path on the machine that trained the adapter."""
    return not re.fullmatch(r"[\w][\w.-]*(/[\w][\w.-]*)?", base)
