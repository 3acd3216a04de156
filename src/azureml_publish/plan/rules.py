"""What may change in a registered version: one table, which plans, reports and `explain` all use.

Known facts about the service: a changed property "cannot be replaced … without increasing the version"
(https://github.com/Azure/azureml-assets/pull/3439), and a deleted version cannot be created again
(https://github.com/Azure/azureml-assets/pull/2919).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from azureml_publish.assets import Value


class ChangeClass(StrEnum):
    """What a difference means for a registered version."""

    NEW_VERSION = "new-version"
    IN_PLACE = "in-place"
    APPEND = "append"
    KEPT = "kept"
    """Properties that the folder no longer has: a registry never removes one, so it is only reported."""
    IDENTITY = "identity"
    """Name and version identify a version. No difference has this class: another number is another version."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What may happen to one field of a registered version. `field` is `tags.*` for every key of the tags.

    `why` is the rule as a sentence for `explain`.
    """

    field: str
    added: ChangeClass
    changed: ChangeClass
    removed: ChangeClass
    why: str

    def consequence(self, before: Value, after: Value) -> ChangeClass:
        """The class of a difference; None means that there is no value."""
        if before is None:
            return self.added
        return self.removed if after is None else self.changed


def _always(field: str, consequence: ChangeClass, why: str) -> FieldRule:
    return FieldRule(field, consequence, consequence, consequence, why)


RULES = (
    _always("name", ChangeClass.IDENTITY, "Another name is another model; the registered one stays as it is."),
    _always("version", ChangeClass.IDENTITY, "Another number is another version; the registered one stays as it is."),
    _always("type", ChangeClass.NEW_VERSION, "A registered version keeps its type."),
    _always("content", ChangeClass.NEW_VERSION, "A registered version keeps its files."),
    FieldRule(
        "properties.*",
        ChangeClass.APPEND,
        ChangeClass.NEW_VERSION,
        ChangeClass.KEPT,
        "A registered version accepts a new property, and neither changes nor removes one.",
    ),
    _always("tags.*", ChangeClass.IN_PLACE, "All tags are replaced together."),
    _always("description", ChangeClass.IN_PLACE, "The card is replaced."),
    _always("system_metadata.*", ChangeClass.IN_PLACE, "System metadata changes key by key, in native types."),
    _always("archived", ChangeClass.IN_PLACE, "A version is archived and restored in place."),
)
"""Every field of a version, in the order in which plans show them."""


def rule_of(field: str) -> FieldRule:
    """The rule for a field by its dotted name: `tags.license`, `content`.

    Raises:
        KeyError: versions have no such field.
    """
    section, dot, _ = field.partition(".")
    wanted = f"{section}.*" if dot else section
    for rule in RULES:
        if rule.field == wanted:
            return rule
    raise KeyError(field)
