"""Compares the original of a model with its rendering, and explains the differences that have a reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from azureml_publish.assets import LayoutName
from azureml_publish.documents import KeyPath, mapping_of
from azureml_publish.layouts.mapping import load_mapping
from azureml_publish.layouts.wire import encode


class _Nothing:
    """No value; None could be one."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING = _Nothing()

FILE_KEYS = frozenset(
    {("asset.yaml", ("spec",)), ("asset.yaml", ("extra_config",)), ("model.yaml", ("publish", "description"))}
)
"""Keys with the names of files in the folder; rendered files always have the same names."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: its file and key (or the whole file), both values, and the reason if it is allowed."""

    file: str
    key_path: KeyPath
    before: Any
    after: Any
    reason: str = ""


def compare(
    file: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    layout: LayoutName,
    *,
    strings: bool = False,
    spec: Mapping[str, Any] = MappingProxyType({}),
) -> Iterator[Difference]:
    """The differences between two YAML files as data: types and the order of lists matter, the order of keys does not.

    Args:
        file: spec.yaml, asset.yaml or model.yaml.
        layout: how the metadata lies in what was rendered.
        strings: whether tags and properties are compared as the strings that they become in the service.
        spec: the original of spec.yaml, whose name and version asset.yaml may repeat.
    """
    for key_path, old, new in _differing(before, after, (), strings=strings):
        reason = _usual_name(file, key_path, old, new) or _listed_once(old, new)
        if not reason and file == "asset.yaml" and new is NOTHING:
            reason = _repeated(key_path, old, spec)
        if not reason and file == "spec.yaml" and layout == "system_metadata" and new is NOTHING:
            reason = _moved(key_path, after)
        yield Difference(file, key_path, old, new, reason)


def _differing(old: Any, new: Any, at: KeyPath, *, strings: bool) -> Iterator[tuple[KeyPath, Any, Any]]:
    if strings and len(at) == 2 and at[0] in ("tags", "properties"):
        if old is NOTHING or new is NOTHING or encode(old) != encode(new):
            yield at, old, new
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in (*old, *(key for key in new if key not in old)):
            yield from _differing(old.get(key, NOTHING), new.get(key, NOTHING), (*at, key), strings=strings)
    elif _is_section(at) and (old is NOTHING or not old) != (new is NOTHING or not new):
        # A missing section differs key by key.
        yield from _differing(mapping_of(old), mapping_of(new), at, strings=strings)
    elif not same(old, new):
        yield at, old, new


def same(old: Any, new: Any) -> bool:
    """Whether two values are equal, types included: 1, 1.0 and true are different."""
    if type(old) is not type(new):
        return False
    if isinstance(old, dict):
        return old.keys() == new.keys() and all(same(old[key], new[key]) for key in old)
    if isinstance(old, list):
        return len(old) == len(new) and all(map(same, old, new))
    return bool(old == new)


def _is_section(at: KeyPath) -> bool:
    return at in (("tags",), ("properties",), ("system_metadata",))


def _usual_name(file: str, at: KeyPath, old: Any, new: Any) -> str:
    named = (file, at) in FILE_KEYS and old is not NOTHING and new is not NOTHING
    return "rendered files have their usual names" if named else ""


def _repeated(at: KeyPath, old: Any, spec: Mapping[str, Any]) -> str:
    """Why asset.yaml may do without its name or version: publishing tools take them from the spec, and follow it."""
    repeats = at in (("name",), ("version",)) and at[0] in spec and str(old) == str(spec[str(at[0])])
    return f"the {at[0]} is that of spec.yaml" if repeats else ""


def _moved(at: KeyPath, after: Mapping[str, Any]) -> str:
    """Why a tag or property may be missing: its value is in the system metadata."""
    for path, rules in load_mapping().items():
        if any((rule.section, rule.key) == at for rule in rules):
            there = _at(after.get("system_metadata"), path) is not NOTHING
            return f"it is system_metadata.{'.'.join(path)} in this layout" if there else ""
    return ""


def _listed_once(old: Any, new: Any) -> str:
    items = _items(old)
    if items is not None and len(set(items)) < len(items) and tuple(dict.fromkeys(items)) == _items(new):
        return "each item is listed once"
    return ""


def _items(value: Any) -> tuple[str, ...] | None:
    """The items of a list of texts, or of a text with commas."""
    if isinstance(value, str) and "," in value:
        value = [item.strip() for item in value.split(",")]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None


def _at(data: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if not isinstance(data, Mapping) or key not in data:
            return NOTHING
        data = data[key]
    return data
