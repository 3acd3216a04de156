"""Rendered models against a registry's state: what would be done, field by field, and what cannot be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from azureml_publish.assets import (
    MANIFEST_PROPERTY,
    SOURCE_PROPERTY,
    RegisteredAsset,
    RegistryState,
    RenderedAsset,
    Value,
)
from azureml_publish.layouts import decode, encode


class Consequence(StrEnum):
    """What a difference means for a registered version."""

    IN_PLACE = "in-place"
    APPEND = "append"
    NEW_VERSION = "new-version"
    KEPT = "kept"
    """Properties that the folder no longer has: a registry never takes one away, so it is only told."""


class ActionKind(StrEnum):
    """What is done about one model."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One difference. `field` is dotted (`tags.license`); None stands for a value that is not there."""

    field: str
    consequence: Consequence
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Action:
    """What is done about one model version.

    `wanted` identifies the rendered model and its content; `reason` is empty where the kind says it all; `hint` mends
    a conflict.
    """

    model: str
    version: int
    kind: ActionKind
    wanted: str
    reason: str = ""
    fields: tuple[FieldChange, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done to a registry, sorted by model."""

    registry: str
    actions: tuple[Action, ...]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the registry's name and every action: the same digest is the same plan."""
        data = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(data.encode()).hexdigest()

    @property
    def conflicts(self) -> tuple[Action, ...]:
        """The actions that cannot be carried out."""
        return tuple(action for action in self.actions if action.kind is ActionKind.CONFLICT)

    @property
    def changes(self) -> tuple[Action, ...]:
        """The actions that would write."""
        return tuple(action for action in self.actions if action.kind in (ActionKind.CREATE, ActionKind.UPDATE))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a model folder asks of a registry: the rendered asset and the identity of its content's source."""

    asset: RenderedAsset
    source_digest: str

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over all that would be registered."""
        data = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(data.encode()).hexdigest()


def make_plan(registry: str, wanted: Iterable[tuple[Wanted, RegistryState]]) -> Plan:
    """The plan for several models."""
    actions = (plan_model(model, state) for model, state in wanted)
    return Plan(registry, tuple(sorted(actions, key=lambda action: (action.model, action.version))))


def plan_model(wanted: Wanted, state: RegistryState) -> Action:
    """The action for one model."""
    name, version = wanted.asset.name, wanted.asset.version
    fields = tuple(_differences(wanted, state.asset)) if state.asset is not None else ()
    kind, reason = _decide(version, state, fields)
    bump = f"Run `publish bump {name}`: the next free version is {state.next_version}."
    return Action(name, version, kind, wanted.digest, reason, fields, bump if kind is ActionKind.CONFLICT else "")


def _decide(version: int, state: RegistryState, fields: Iterable[FieldChange]) -> tuple[ActionKind, str]:
    if state.asset is None:
        if state.latest_version is not None and version < state.latest_version:
            return ActionKind.CONFLICT, f"version {version} is not there, and {state.latest_version} already is"
        if version < state.next_version:
            return ActionKind.CONFLICT, f"version {version} was deleted; its number is never used again"
        return ActionKind.CREATE, ""
    blocked = [change.field for change in fields if change.consequence is Consequence.NEW_VERSION]
    if blocked:
        return ActionKind.CONFLICT, f"{', '.join(blocked)} cannot change in a registered version"
    if any(change.consequence is not Consequence.KEPT for change in fields):
        return ActionKind.UPDATE, ""
    return ActionKind.UNCHANGED, ""


def _differences(wanted: Wanted, registered: RegisteredAsset) -> Iterator[FieldChange]:
    asset = wanted.asset
    if asset.type != registered.type:
        yield FieldChange("type", Consequence.NEW_VERSION, registered.type, asset.type)
    source = registered.properties.get(SOURCE_PROPERTY)
    if source is not None and source != wanted.source_digest:
        yield FieldChange("content", Consequence.NEW_VERSION, source, wanted.source_digest)
    yield from _properties(asset, registered)
    for key in sorted({*asset.tags, *registered.tags}):
        before = registered.tags.get(key)
        after = encode(asset.tags[key]) if key in asset.tags else None
        if not _same(before, after):
            yield FieldChange(f"tags.{key}", Consequence.IN_PLACE, before, after)
    if asset.description != registered.description:
        yield FieldChange("description", Consequence.IN_PLACE, registered.description, asset.description)
    for key in sorted({*asset.system_metadata, *registered.system_metadata}):
        native_before, native_after = registered.system_metadata.get(key), asset.system_metadata.get(key)
        if _spelled(native_before) != _spelled(native_after):
            yield FieldChange(f"system_metadata.{key}", Consequence.IN_PLACE, native_before, native_after)


def _properties(asset: RenderedAsset, registered: RegisteredAsset) -> Iterator[FieldChange]:
    for key in sorted({*asset.properties, *registered.properties} - {MANIFEST_PROPERTY, SOURCE_PROPERTY}):
        before = registered.properties.get(key)
        after = encode(asset.properties[key]) if key in asset.properties else None
        if _same(before, after):
            continue
        if before is None:
            consequence = Consequence.APPEND
        else:
            consequence = Consequence.KEPT if after is None else Consequence.NEW_VERSION
        yield FieldChange(f"properties.{key}", consequence, before, after)


def _spelled(value: Value) -> str:
    """A value as JSON, in which 1 is not true and a tuple is a list."""
    return json.dumps(value, sort_keys=True)


def _same(before: str | None, after: str | None) -> bool:
    """Whether two strings of the service say the same: other tools spell lists and maps as Python does."""
    if before is None or after is None or before == after:
        return before == after
    return decode(before) == decode(after)


def changed_metadata(fields: Iterable[FieldChange]) -> Mapping[str, Value]:
    """The keys of the system metadata that a plan changes, with their new value; None takes a key away."""
    prefix = "system_metadata."
    return {change.field.removeprefix(prefix): change.after for change in fields if change.field.startswith(prefix)}
