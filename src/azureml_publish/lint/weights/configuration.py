"""What several checks read from a `config.json`: counts, classes, experts and the number type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

BYTES_OF = {
    "float32": 4.0,
    "float16": 2.0,
    "bfloat16": 2.0,
    "float64": 8.0,
    "float8_e4m3fn": 1.0,
    "int8": 1.0,
    "half": 2.0,
    "float": 4.0,
}
"""Bytes of one number, by its type."""


def is_count(value: object) -> TypeGuard[int]:
    """Whether a value is a whole number above 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def is_size(value: object) -> TypeGuard[int]:
    """Whether a value is a plausible number of parts or bytes of a model: whole, above 0 and below 10**15."""
    return is_count(value) and value < 10**15


def experts_of(config: Mapping[str, Any]) -> tuple[str, int]:
    """The key that gives the number of experts in each layer, and that number; 0 for a dense model."""
    there = [key for key in _OF_EXPERTS if key in config]
    return next(((key, config[key]) for key in there if is_count(config[key])), ("".join(there[:1]), 0))


_OF_EXPERTS = ("num_local_experts", "n_routed_experts", "num_experts", "moe_num_experts")


def stored_type(settings: Mapping[str, Any]) -> str:
    """The number type that a configuration states, such as `float16`; empty where it states none."""
    return str(settings.get("torch_dtype") or settings.get("dtype") or "").removeprefix("torch.")


def classes_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The classes of transformers that a configuration names under `architectures`."""
    listed = settings.get("architectures")
    return tuple(one for one in listed if isinstance(one, str)) if isinstance(listed, list | tuple) else ()
