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

    Several rows may share a path. All are read; only those with `writes` are written.
    """

    path: MetadataPath
    section: Section
    key: str
    coercion: Coercion
    writes: bool

    @property
    def old_name(self) -> str:
        """Section and key: `tags.task`."""
        return f"{self.section}.{self.key}"


@functools.cache
def load_mapping() -> Mapping[MetadataPath, tuple[MappingRow, ...]]:
    """All rows by path, in the order of upstream's system metadata. Read once."""
    rules: dict[MetadataPath, tuple[MappingRow, ...]] = {}
    text = resources.files(__package__).joinpath("mapping.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        if row["path"] and row["section"]:
            path = tuple(row["path"].split("."))
            rule = MappingRow(
                path,
                cast("Section", row["section"]),
                row["key"],
                cast("Coercion", row["coercion"]),
                writes=row["write"] == "yes",
            )
            rules[path] = (*rules.get(path, ()), rule)
    return MappingProxyType(rules)


def keeps_lists_in_properties(layout: LayoutName) -> bool:
    """Whether a layout has lists of sizes in properties, which never change: another list needs another version."""
    if layout == "system_metadata":
        return False
    rules = (rule for path, found in load_mapping().items() if path[0] == "SKU" for rule in found)
    return any(rule.writes and rule.section == "properties" for rule in rules)
