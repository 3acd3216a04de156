"""Metadata from one layout to the other.

The canonical form is the layout `system_metadata` with native types. `lay_out` writes it in either layout; `gather`
reads either layout, or a mixture of both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from azureml_publish.assets import LayoutName, Value
from azureml_publish.documents import holds, plain, value_at
from azureml_publish.layouts.coercions import ABSENT, TRUE_ONLY, Absent, UnreadableValueError, read, write
from azureml_publish.layouts.mapping import MappingRow, MetadataPath, Section, load_mapping

ConflictKind: TypeAlias = Literal["contradiction", "overruled", "unreadable"]
"""How two places of one value can conflict.

- `contradiction`: two places differ and upstream's tools refuse that (`author` and `publisher`; the tag and the
  property `SharedComputeCapacityEnabled`)
- `overruled`: two places differ, and one takes precedence by rule
- `unreadable`: a value does not have the form that its key requires; it was left where it is
"""


@dataclass(frozen=True, slots=True)
class LaidOut:
    """Metadata in one layout, with the values of an asset YAML, not yet the strings of the service."""

    properties: dict[str, Value]
    tags: dict[str, Value]
    system_metadata: dict[str, Value]


@dataclass(frozen=True, slots=True)
class LayoutConflict:
    """Two places that disagree, or one that cannot be read.

    `path` is the dotted key of the system metadata, `keys` the places (`tags.author`).
    """

    kind: ConflictKind
    path: str
    keys: tuple[str, ...]
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """Canonical metadata, the remaining properties and tags, and the conflicts."""

    metadata: dict[str, Value]
    properties: dict[str, Value]
    tags: dict[str, Value]
    conflicts: tuple[LayoutConflict, ...] = ()


def lay_out(metadata: Mapping[str, Value], layout: LayoutName) -> LaidOut:
    """Canonical metadata in a layout.

    In `system_metadata` it stays unchanged, with its keys in upstream's order and unknown keys last. In `tags` each key
    is written to its tags and properties in their form; keys that never were one stay in the system metadata. None,
    and false where only true is ever written, is left out of `tags`.
    """
    if layout == "system_metadata":
        return LaidOut({}, {}, _in_upstream_order(metadata))
    sections: dict[Section, dict[str, Value]] = {"properties": {}, "tags": {}}
    rest = _plain_map(metadata)
    for path, rules in load_mapping().items():
        value = _take(rest, path)
        if value is ABSENT:
            continue
        for rule in rules:
            written = write(rule.coercion, value) if rule.writes else ABSENT
            if written is not ABSENT:
                sections[rule.section][rule.key] = written
    return LaidOut(sections["properties"], sections["tags"], rest)


def gather(
    properties: Mapping[str, Value], tags: Mapping[str, Value], system_metadata: Mapping[str, Value]
) -> Gathered:
    """Canonical metadata from an asset in either layout, or in both at once.

    A value of the system metadata wins over tags and properties unless it is empty (None, "", [] or {}). Between a tag
    and a property the one that `lay_out` would write wins, for languages the longer list. Tags and properties may be
    structured, as in an asset YAML, or strings, as in a registry.
    """
    metadata = _in_upstream_order(system_metadata)
    sections: dict[Section, dict[str, Value]] = {"properties": _plain_map(properties), "tags": _plain_map(tags)}
    conflicts: list[LayoutConflict] = []
    for path, rules in load_mapping().items():
        readings = _readings(rules, sections, conflicts)
        if not readings:
            continue
        existing = _at(metadata, path)
        if existing is not ABSENT and not _is_empty(existing):
            conflicts += _overruled(path, existing, readings)
            continue
        rule, value = _winner(path, readings, conflicts)
        if value is None or (value is False and rule.coercion in TRUE_ONLY):
            continue
        if not _put(metadata, path, value):
            conflicts.append(_no_room(path, readings))
            for blocked, _ in readings:
                origin = properties if blocked.section == "properties" else tags
                sections[blocked.section][blocked.key] = origin[blocked.key]
    return Gathered(_in_upstream_order(metadata), sections["properties"], sections["tags"], tuple(conflicts))


def _readings(
    rules: Sequence[MappingRow], sections: Mapping[Section, dict[str, Value]], conflicts: list[LayoutConflict]
) -> list[tuple[MappingRow, Value]]:
    readings: list[tuple[MappingRow, Value]] = []
    for rule in rules:
        section = sections[rule.section]
        if rule.key not in section:
            continue
        try:
            readings.append((rule, read(rule.coercion, section[rule.key])))
        except UnreadableValueError as error:
            message = f"`{rule.old_name}` is {section[rule.key]!r}, which is not {error}"
            conflicts.append(
                LayoutConflict("unreadable", ".".join(rule.path), (rule.old_name,), message, f"Write {error}.")
            )
        else:
            del section[rule.key]
    return readings


def _winner(
    path: MetadataPath, readings: Sequence[tuple[MappingRow, Value]], conflicts: list[LayoutConflict]
) -> tuple[MappingRow, Value]:
    winner = max(readings, key=_listed) if readings[0][0].coercion == "languages" else readings[0]
    for other in readings:
        if other[1] != winner[1] and other[0].coercion != "languages":
            keys = (winner[0].old_name, other[0].old_name)
            kind: ConflictKind = "contradiction" if other[0].coercion in TRUE_ONLY else "overruled"
            message = f"`{keys[0]}` and `{keys[1]}` differ: {winner[1]!r} and {other[1]!r}; the first was taken"
            conflicts.append(
                LayoutConflict(kind, ".".join(path), keys, message, "Keep one of them, or make them equal.")
            )
    return winner


def _listed(reading: tuple[MappingRow, Value]) -> int:
    return len(reading[1]) if isinstance(reading[1], list) else 0


def _overruled(
    path: MetadataPath, existing: Value, readings: Sequence[tuple[MappingRow, Value]]
) -> list[LayoutConflict]:
    dotted = ".".join(path)
    conflicts = []
    for rule, value in readings:
        if value != existing and not _is_empty(value):
            kind: ConflictKind = "contradiction" if path == ("publisher",) else "overruled"
            message = (
                f"`{rule.old_name}` says {value!r}, `system_metadata.{dotted}` says {existing!r}; the latter was taken"
            )
            hint = f"Delete `{rule.old_name}`, or make them equal."
            keys = (rule.old_name, f"system_metadata.{dotted}")
            conflicts.append(LayoutConflict(kind, dotted, keys, message, hint))
    return conflicts


def _no_room(path: MetadataPath, readings: Sequence[tuple[MappingRow, Value]]) -> LayoutConflict:
    keys = tuple(rule.old_name for rule, _ in readings)
    message = f"`system_metadata.{path[0]}` is not a map, so `{keys[0]}` cannot be moved into it"
    hint = f"Make `{path[0]}` a map with the key `{path[-1]}`."
    return LayoutConflict("unreadable", ".".join(path), keys, message, hint)


def _in_upstream_order(metadata: Mapping[str, Value]) -> dict[str, Value]:
    rest = _plain_map(metadata)
    ordered: dict[str, Value] = {}
    for path in load_mapping():
        value = _take(rest, path)
        if value is not ABSENT:
            _put(ordered, path, value)
    for key, value in rest.items():
        group = ordered.get(key)
        ordered[key] = {**group, **value} if isinstance(group, dict) and isinstance(value, dict) else value
    return ordered


def _at(metadata: Mapping[str, Value], path: MetadataPath) -> Value | Absent:
    return value_at(metadata, path) if holds(metadata, path) else ABSENT


def _take(metadata: dict[str, Value], path: MetadataPath) -> Value | Absent:
    if len(path) == 1:
        return metadata.pop(path[0], ABSENT)
    group = metadata.get(path[0])
    if not isinstance(group, dict) or len(group) == 0:
        return ABSENT
    value = _take(group, path[1:])
    if len(group) == 0:
        del metadata[path[0]]
    return value


def _put(metadata: dict[str, Value], path: MetadataPath, value: Value) -> bool:
    """Set a value at a path. False if a key on the way has a value that is neither a map nor empty."""
    if len(path) == 1:
        metadata[path[0]] = value
        return True
    group = metadata.get(path[0])
    if not isinstance(group, dict):
        if not _is_empty(group):
            return False
        group = metadata[path[0]] = {}
    return _put(group, path[1:], value)


def _is_empty(value: Value) -> bool:
    return value is None or (isinstance(value, str | Sequence | Mapping) and not value)


def _plain_map(values: Mapping[str, Value]) -> dict[str, Value]:
    return {key: plain(value) for key, value in values.items()}
