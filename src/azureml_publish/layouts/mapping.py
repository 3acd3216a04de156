"""The one table between the two layouts: the tag or property for each key of the system metadata.

The data is in `mapping.csv`. Its keys are those that `azureml-registry-tools` moved in 2026 (Azure/azureml-assets,
history up to 4b41f8ccbc); its row order is the order in which that move wrote the system metadata. `coercion_is` says
`seen` where published model folders or the move's own rules show how the value changes, and `inferred` where only the
key is known and the coercion follows from its meaning.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Literal, TypeAlias, cast

from azureml_publish.assets import LayoutName
from azureml_publish.layouts.coercions import Coercion

Section: TypeAlias = Literal["tags", "properties"]
"""The section of a key in the layout `tags`."""

MetadataPath: TypeAlias = tuple[str, ...]
"""Keys from the top of the system metadata down to a value: `("tasks", "inferenceTasks")`."""


SEMVER_TAG = "semver"
"""The tag that carries a team's own semantic version, in either layout."""

FINETUNE_TAG = "model_specific_defaults"
"""The tag that carries the fine-tune defaults, in either layout."""


@dataclass(frozen=True, slots=True)
class MappingRow:
    """One key of the layout `tags` and its place in the system metadata.

    Several rows may share a path. All are read; only those with `writes` are written. `inferred` means that only the
    key is known from upstream, not the coercion.
    """

    path: MetadataPath
    section: Section
    key: str
    coercion: Coercion
    writes: bool
    inferred: bool

    @property
    def old_name(self) -> str:
        """Section and key: `tags.task`."""
        return f"{self.section}.{self.key}"


@functools.cache
def load_mapping() -> Mapping[MetadataPath, tuple[MappingRow, ...]]:
    """All rows by path, in the order of upstream's system metadata. Read once."""
    rules: dict[MetadataPath, tuple[MappingRow, ...]] = {}
    for row in _rows():
        if row["path"] and row["section"]:
            path = tuple(row["path"].split("."))
            rule = MappingRow(
                path,
                cast("Section", row["section"]),
                row["key"],
                cast("Coercion", row["coercion"]),
                writes=row["write"] == "yes",
                inferred=row["coercion_is"] == "inferred",
            )
            rules[path] = (*rules.get(path, ()), rule)
    return MappingProxyType(rules)


KeyType: TypeAlias = Literal["text", "bool", "int", "list", "map", "date", "value"]
"""The type of a key of the system metadata; `value` is anything, as where only the key is known."""

_TYPES: Mapping[str, KeyType] = MappingProxyType({
    "text": "text", "value": "value", "presence": "bool", "truth": "bool", "bool-string": "bool", "inverted-bool":
    "bool", "comma-list": "list", "languages": "list", "list": "list", "counts": "map", "int": "int", "date": "date",
})  # fmt: skip


@functools.cache
def load_keys() -> Mapping[str, KeyType]:
    """The keys of the system metadata that are known, with their types.

    Rows without a section are keys that never were a tag or a property: they were seen in what a registry handed back
    in April 2026. That vocabulary grows within days, so a key that is not here is not a mistake.
    """
    found: dict[str, KeyType] = {}
    for row in _rows():
        key, _, below = row["path"].partition(".")
        if key:
            found[key] = "map" if below else _TYPES[row["coercion"]]
    return MappingProxyType(found)


@functools.cache
def tags_that_stay() -> frozenset[str]:
    """Tags known to upstream that have no place in the system metadata: they are tags in both layouts."""
    return frozenset(row["key"] for row in _rows() if not row["path"])


def keeps_lists_in_properties(layout: LayoutName) -> bool:
    """Whether a layout has lists of sizes in properties, which never change: another list needs another version."""
    if layout == "system_metadata":
        return False
    rules = (rule for path, found in load_mapping().items() if path[0] == "SKU" for rule in found)
    return any(rule.writes and rule.section == "properties" for rule in rules)


@functools.cache
def _rows() -> tuple[Mapping[str, str], ...]:
    text = resources.files(__package__).joinpath("mapping.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
