"""What a model's own files say about it, where they are on this machine: nothing is fetched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from azureml_publish.assets import Value
from azureml_publish.files import UnusableFile, read_file
from azureml_publish.project import ModelFolder
from azureml_publish.spec import HubSource, LocalSource

CONFIGURATIONS = ("config.json", "tokenizer_config.json")
"""The files that rules read of a model."""

MAX_BYTES = 1024 * 1024
"""A configuration has a few thousand bytes; what is larger is not one."""


def read_configuration(folder: ModelFolder, name: str, environ: Mapping[str, str]) -> Mapping[str, Value] | None:
    """A JSON file of the model's, such as `config.json`; None where it is not at hand or is not a JSON object.

    It is looked for in a local source, among the files that the model folder carries, and in the Hub's cache.
    """
    for path in places_of(folder, name, environ):
        try:
            data = json.loads(read_file(path, None, limit=MAX_BYTES))
        except (UnusableFile, ValueError, RecursionError):
            continue
        if isinstance(data, dict):
            return data
    return None


def places_of(folder: ModelFolder, name: str, environ: Mapping[str, str]) -> Iterator[Path]:
    """Where a JSON file of the model's may lie on this machine."""
    source = folder.spec.source
    if isinstance(source, LocalSource):
        root = folder.path / source.local
        yield root / name
        yield from (root / inner / name for inner in _MLFLOW)
    for carried in folder.carried:
        if Path(carried.path).name == name:
            yield carried.origin
    if isinstance(source, HubSource) and source.revision.isalnum():
        repository = "--".join(("models", *source.huggingface.split("/")))
        yield hub_cache(environ) / repository / "snapshots" / source.revision / name


_MLFLOW = ("model", "data/model", "components/tokenizer", "data/tokenizer")
"""Where an MLflow model of the transformers flavour keeps its configuration."""


def hub_cache(environ: Mapping[str, str]) -> Path:
    """The folder in which huggingface_hub keeps what it fetched.

    Source: https://huggingface.co/docs/huggingface_hub/guides/manage-cache and
    https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables.
    """
    if environ.get("HF_HUB_CACHE"):
        return Path(environ["HF_HUB_CACHE"])
    if environ.get("HF_HOME"):
        return Path(environ["HF_HOME"]) / "hub"
    home = environ.get("HOME") or environ.get("USERPROFILE") or "."
    return Path(environ.get("XDG_CACHE_HOME") or f"{home}/.cache") / "huggingface" / "hub"
