"""The bytes, the number of files and the number type of weights, from their index, config.json and MLmodel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from azureml_publish.documents import mapping_of
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.configuration import BYTES_OF, is_count, stored_type

INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")

_LEAST = 100_000


class WeightBytes(NamedTuple):
    """A size in bytes, where it is stated (as words), and the factor by which the real files may differ from it."""

    size: int
    source: str
    tolerance: float
    exact: bool


def weight_bytes(model: Described, *, alone: bool = False) -> WeightBytes | None:
    """The size of the weights: exact from their index, else roughly what MLflow counted for the whole folder.

    MLflow's figure is used where the model has a `config.json`, or with `alone`.
    """
    for name in INDEXES:
        total = mapping_of(model.weights.get(name, {}).get("metadata")).get("total_size")
        if is_count(total) and total > _LEAST:
            return WeightBytes(total, f"total_size of {name} is {total:,}", 1.15, exact=True)
    logged = model.logged.get("model_size_bytes")
    if is_count(logged) and logged > _LEAST and (alone or model.config):
        return WeightBytes(logged, f"model_size_bytes of MLmodel is {logged:,}", 2.2, exact=False)
    return None


def shard_count(model: Described) -> int:
    """The number of files that the index splits the weights into; 0 without an index, or where file names disagree."""
    for name in INDEXES:
        weights = mapping_of(model.weights.get(name, {}).get("weight_map"))
        ends = {match[1] for one in weights.values() if (match := re.search(r"-of-0*(\d{1,4})\.", str(one)))}
        if len(ends) == 1:
            return int(ends.pop())
    return 0


def number_type(config: Mapping[str, Any] | None) -> str:
    """The number type of weights that are not quantised; empty where it is unknown."""
    settings = config or {}
    dtype = stored_type(settings)
    return dtype if dtype in BYTES_OF and not settings.get("quantization_config") else ""
