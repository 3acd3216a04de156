"""Trees of values, and paths of keys into them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from azureml_publish.assets import Value

KeyPath: TypeAlias = tuple[str | int, ...]
"""The path to a value in a document: keys of mappings and indexes (from 0) of lists, outermost first."""


def value_at(data: Any, key_path: KeyPath) -> Any:
    """The value at a key path of a tree.

    Raises:
        KeyError, IndexError, TypeError: there is none; check with `holds` first.
    """
    for key in key_path:
        data = data[key]
    return data


def found_at(data: object, path: Iterable[str]) -> Any:
    """The value at a path of keys of mappings; None where there is none."""
    for key in path:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data


def mapping_of(value: object) -> Mapping[str, Any]:
    """A value that is a mapping; an empty one for any other."""
    return value if isinstance(value, (dict, Mapping)) else {}  # most are dicts, which is seen much faster


def plain(value: Any) -> Any:
    """The same tree of nothing but dicts and lists."""
    if isinstance(value, str):  # most are, and a check against an abstract class takes ten times as long
        return value
    if isinstance(value, dict | Mapping):
        return {key: plain(child) for key, child in value.items()}
    if isinstance(value, list | tuple | Sequence):
        return [plain(child) for child in value]
    return value


def with_value(data: Any, key_path: KeyPath, value: Value) -> Any:
    """The same tree with another value at a key path that it has; the tree itself does not change."""
    if not key_path:
        return value
    key, *rest = key_path
    if isinstance(data, Mapping):
        return {**data, key: with_value(data[key], tuple(rest), value)}
    return [with_value(child, tuple(rest), value) if index == key else child for index, child in enumerate(data)]


def holds(data: object, key_path: KeyPath) -> bool:
    """Whether a tree has every key of a key path; all are keys of mappings. The value may be None."""
    for key in key_path:
        if not isinstance(data, Mapping) or key not in data:
            return False
        data = data[key]
    return True


def walk(value: Value, key_path: KeyPath = ()) -> Iterator[tuple[KeyPath, Value]]:
    """Every value of a tree with its key path, the tree itself first."""
    yield key_path, value
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from walk(child, (*key_path, key))
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield from walk(child, (*key_path, index))
