"""Compares the desired with the registered state, and decides the action for each model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from azureml_publish.assets import MANIFEST_PROPERTY, RegisteredAsset, RegistryState, Value
from azureml_publish.plan.actions import Action, ActionKind, Desired, FieldChange, Plan
from azureml_publish.plan.fields import (
    METADATA,
    comparable_fields,
    keys_not_held,
    registered_fields,
    same,
    wanted_fields,
)
from azureml_publish.plan.rules import RULES, ChangeClass, rule_of

CONTENT = "content"
"""What `Action.unseen` has where a version's files cannot be compared."""

_ORDER = {rule.field.removesuffix(".*"): number for number, rule in enumerate(RULES)}


def make_plan(registry: str, wanted: Iterable[tuple[Desired, RegistryState]]) -> Plan:
    """The plan for several models."""
    actions = (plan_model(model, state) for model, state in wanted)
    return Plan(registry, tuple(sorted(actions, key=lambda action: (action.model, action.version))))


def plan_model(wanted: Desired, state: RegistryState) -> Action:
    """The action for one model."""
    name, version = wanted.asset.name, wanted.asset.version
    fields, unseen = differences(wanted, state.asset) if state.asset is not None else ((), ())
    kind, reason = _decide(version, state, fields)
    hint = f"`publish bump {name}`: the next free version is {state.next_version}."
    if kind is not ActionKind.CONFLICT:
        hint = ""
    elif state.asset is None and version == state.latest_version:
        hint = f"Plan again in a minute. If the result is the same, run {hint}"
    else:
        hint = f"Run {hint}"
    return Action(name, version, kind, wanted.digest, reason, fields, hint, state.latest_version, unseen)


def _decide(version: int, state: RegistryState, fields: Iterable[FieldChange]) -> tuple[ActionKind, str]:
    if state.asset is None:
        return _decide_new(version, state)
    blocked = [change.field for change in fields if change.consequence is ChangeClass.NEW_VERSION]
    if blocked:
        return ActionKind.CONFLICT, f"{', '.join(blocked)} cannot change in a registered version"
    written = [change for change in fields if change.consequence is not ChangeClass.KEPT]
    if [change.field for change in written] == ["archived"]:
        return (ActionKind.ARCHIVE if written[0].after else ActionKind.RESTORE), ""
    return (ActionKind.UPDATE if written else ActionKind.UNCHANGED), ""


def _decide_new(version: int, state: RegistryState) -> tuple[ActionKind, str]:
    if state.latest_version is not None and version < state.latest_version:
        return ActionKind.CONFLICT, f"version {version} is not there, and {state.latest_version} already is"
    if version == state.latest_version:
        return ActionKind.CONFLICT, f"version {version} was registered just now and is not visible yet"
    if version < state.next_version:
        return ActionKind.CONFLICT, f"version {version} was deleted, and its number is never used again"
    return ActionKind.CREATE, ""


def differences(wanted: Desired, registered: RegisteredAsset) -> tuple[tuple[FieldChange, ...], tuple[str, ...]]:
    """What differs, and what cannot be compared: see `Action.unseen`."""
    held, desired = registered_fields(registered), wanted_fields(wanted)
    seen, unseen = comparable_fields(desired, registered)
    fields = {*held, *seen}
    same_files = bool(wanted.manifest) and registered.properties.get(MANIFEST_PROPERTY) == wanted.manifest
    if "content" not in held or same_files:  # without it another tool registered it: there is nothing to compare
        fields.discard("content")
    if "content" not in held and wanted.elsewhere:
        unseen = (*unseen, CONTENT)
    found = []
    for field in sorted(fields, key=_place):
        before, after = held.get(field), desired.get(field)
        if not same(field, before, seen.get(field)):
            found.append(FieldChange(field, rule_of(field).consequence(before, after), before, after))
    return tuple(found), unseen


def _place(field: str) -> tuple[int, str]:
    return _ORDER[field.partition(".")[0]], field


def lacking_keys(change: FieldChange) -> tuple[str, ...]:
    """The keys of the system metadata that a registry lacks, of what was written; none where anything else differs."""
    return keys_not_held(change.field, change.before, change.after)


def changed_metadata(fields: Iterable[FieldChange]) -> Mapping[str, Value]:
    """The keys of the system metadata that a plan changes, with their new value; None removes a key."""
    return {change.field.removeprefix(METADATA): change.after for change in fields if change.field.startswith(METADATA)}
