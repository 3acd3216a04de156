"""Adds the verbatim keys of a spec (`extra`) to what is rendered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azureml_publish.assets import LayoutName, Value
from azureml_publish.documents import holds
from azureml_publish.layouts.convert import LaidOut
from azureml_publish.layouts.mapping import Section, load_mapping
from azureml_publish.spec import Extra


def carry(extra: Extra, laid_out: LaidOut, metadata: Mapping[str, Value], layout: LayoutName) -> LaidOut:
    """Tags, properties and system metadata, with verbatim ones added or replaced.

    In the layout `system_metadata`, a tag or property that moved to the system metadata is left out.
    """
    sections: dict[Section, dict[str, Value]] = {
        "properties": laid_out.properties | extra.properties,
        "tags": laid_out.tags | extra.tags,
    }
    native = overlaid(laid_out.system_metadata, extra.system_metadata)
    if layout == "system_metadata":
        for path, rules in load_mapping().items():
            if holds(metadata, path) or holds(native, path):
                for rule in rules:
                    sections[rule.section].pop(rule.key, None)
    for dotted in extra.omit:
        section, _, key = dotted.partition(".")
        if section == "system_metadata":
            native = without(native, tuple(key.split(".")))
        elif section in ("tags", "properties"):
            sections[section].pop(key, None)  # type: ignore[index]
    return LaidOut(sections["properties"], sections["tags"], native)


def overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two trees: maps are merged, every other value is replaced."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = overlaid(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return merged


def without(tree: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """A tree without the value at a path; a map that becomes empty is removed, too."""
    kept = dict(tree)
    child = kept.get(path[0])
    if len(path) == 1:
        kept.pop(path[0], None)
    elif isinstance(child, Mapping):
        kept[path[0]] = without(child, path[1:])
        if not kept[path[0]]:
            del kept[path[0]]
    return kept
