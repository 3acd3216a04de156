"""The fields of a version by their dotted names: desired by a folder, and held by a registry."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from azureml_publish.assets import (
    SERVICE_DROPS,
    SOURCE_PROPERTY,
    RegisteredAsset,
    RegistryState,
    Value,
    is_bookkeeping,
    prune_map,
)
from azureml_publish.documents import found_at
from azureml_publish.layouts.wire import decode, encode
from azureml_publish.plan.actions import Desired

LATEST = "latest"
NEXT = "next"
"""Facts about all versions of a model: the latest one, and the number after all used ones."""

METADATA = "system_metadata."

_JSON = json.JSONEncoder(sort_keys=True)
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}[0-9:.]*(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?")


def wanted_fields(wanted: Desired) -> dict[str, Value]:
    """The desired fields without name and version; tags and properties as the service's strings."""
    asset = wanted.asset
    return {
        "type": asset.type,
        "content": wanted.source_digest,
        **{
            f"properties.{key}": encode(asset.properties[key])
            for key in sorted(asset.properties)
            if not is_bookkeeping(key)
        },
        **{f"tags.{key}": encode(asset.tags[key]) for key in sorted(asset.tags)},
        "description": asset.description,
        **{f"{METADATA}{key}": value for key, value in sorted(prune_map(asset.system_metadata).items())},
        "archived": asset.archived,
    }


def registered_fields(asset: RegisteredAsset) -> dict[str, Value]:
    """The registered fields, in the same form. A version that another tool registered has no `content`."""
    source = asset.properties.get(SOURCE_PROPERTY)
    return {
        "type": asset.type,
        **({} if source is None else {"content": source}),
        **{f"properties.{key}": asset.properties[key] for key in _described(asset.properties)},
        **{f"tags.{key}": asset.tags[key] for key in sorted(asset.tags)},
        "description": asset.description,
        **{f"{METADATA}{key}": value for key, value in sorted(prune_map(asset.system_metadata).items())},
        "archived": asset.archived,
    }


def comparable_fields(
    wanted: Mapping[str, Value], registered: RegisteredAsset
) -> tuple[dict[str, Value], tuple[str, ...]]:
    """The desired fields that a registry can return, and the dotted keys of system metadata that it cannot.

    Properties that the service dropped by itself are left out.
    """
    unseen: list[str] = []
    dropped = {f"properties.{key}" for key in SERVICE_DROPS - registered.properties.keys()}
    desired = {field: value for field, value in wanted.items() if field not in dropped}
    if registered.shown_keys is None or registered.shown_keys or registered.dropped:
        metadata = {key.removeprefix(METADATA): desired.pop(key) for key in wanted if key.startswith(METADATA)}
        seen = _visible(metadata, "", registered, unseen)
        desired |= {f"{METADATA}{key}": value for key, value in seen.items()}
    return desired, tuple(unseen)


def _visible(
    values: Mapping[str, Value], path: str, registered: RegisteredAsset, unseen: list[str]
) -> dict[str, Value]:
    """The part of a map of system metadata that a registry can return; other keys are added to `unseen`."""
    found: dict[str, Value] = {}
    shown = registered.shown_keys
    for key, value in values.items():
        below = f"{path}.{key}" if path else key
        dropped = below in registered.dropped and found_at(registered.system_metadata, below.split(".")) is None
        if shown is None or dropped or key not in shown.get(path, (key,)):
            unseen.append(below)
        elif not isinstance(value, Mapping):
            found[key] = value
        elif part := _visible(value, below, registered, unseen):
            found[key] = part
    return found


def with_unseen(wanted: Mapping[str, Value], registered: RegisteredAsset) -> dict[str, Value]:
    """The system metadata of a version, and for what its registry cannot return the wanted value."""

    def complete(values: Mapping[str, Value], held: Mapping[str, Value], path: str) -> dict[str, Value]:
        found = dict(held)
        for key, value in values.items():
            below, there = f"{path}{key}", held.get(key)
            if below in unseen:
                found[key] = value
            elif isinstance(value, Mapping) and isinstance(there, Mapping | None):
                found |= {key: part} if (part := complete(value, there or {}, f"{below}.")) else {}
        return found

    unseen: list[str] = []
    _visible(wanted, "", registered, unseen)
    return complete(wanted, registered.system_metadata, "")


def keys_not_held(field: str, held: Value, written: Value) -> tuple[str, ...]:
    """The dotted keys of the system metadata that were written and are not held; none where anything else differs."""
    if not field.startswith(METADATA) or written is None:
        return ()
    if held is None:
        return (field.removeprefix(METADATA),)
    if not isinstance(held, Mapping) or not isinstance(written, Mapping) or not held.keys() <= written.keys():
        return ()
    found: list[str] = []
    for key, value in written.items():
        if not same(field, held.get(key), value):
            below = keys_not_held(f"{field}.{key}", held.get(key), value)
            if not below:
                return ()
            found.extend(below)
    return tuple(found)


def _described(properties: Mapping[str, object]) -> list[str]:
    """The properties that describe the model."""
    return sorted(key for key in properties if not is_bookkeeping(key))


def canonical(field: str, value: Value) -> str:
    """A value as canonical JSON, which is equal for equal values: 1 differs from true, a tuple equals a list.

    Lists and maps of tags and properties may be in Python notation, as other tools write them, and the service writes
    one date of the system metadata in several ways. Blanks and lines at the ends of a card show nowhere.
    """
    if isinstance(value, str) and field.startswith(("tags.", "properties.")):
        value = decode(value)
    elif field.startswith(METADATA):
        value = _with_instants(value)
    elif isinstance(value, str) and field == "description":
        value = value.strip()
    return _JSON.encode(value)


def _with_instants(value: Value) -> Value:
    match value:
        case str():
            return _instant(value)
        case Mapping():
            return {key: _with_instants(item) for key, item in value.items()}
        case Sequence():
            return [_with_instants(item) for item in value]
        case _:
            return value


def _instant(text: str) -> str:
    """A day or time in one notation, in UTC; any other text unchanged. Without a time zone it is in UTC."""
    if not _INSTANT.fullmatch(text):
        return text
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)).isoformat()


def same(field: str, before: Value, after: Value) -> bool:
    """Whether two values of a field are equivalent; None means that there is no value."""
    if before is None or after is None:
        return before is after
    # Compare texts and lists of texts directly first: a catalogue has thousands, and nearly all are equal.
    if isinstance(before, str) and before == after:
        return True
    if (
        isinstance(before, list | tuple)
        and isinstance(after, list | tuple)
        and all(isinstance(one, str) for one in before)
        and list(before) == list(after)
    ):
        return True
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(same(field, before[key], after[key]) for key in before)
    return canonical(field, before) == canonical(field, after)


def wanted_digests(wanted: Desired) -> dict[str, str]:
    """A short digest of each desired field, version included."""
    return {"version": _digest("version", wanted.asset.version), **_digests(wanted_fields(wanted))}


def state_digests(state: RegistryState) -> dict[str, str]:
    """A short digest of each fact in the state of a model in a registry."""
    held = registered_fields(state.asset) if state.asset is not None else {}
    numbers = {LATEST: state.latest_version, NEXT: state.next_version}
    return {**_digests(held), **{key: _digest(key, value) for key, value in numbers.items()}}


def number_digest(field: str, value: int | None) -> str:
    """The digest that `state_digests` has for a number."""
    return _digest(field, value)


def _digests(fields: Mapping[str, Value]) -> dict[str, str]:
    # A version that is not archived has the same digest as a missing one.
    return {field: _digest(field, value) for field, value in fields.items() if (field, value) != ("archived", False)}


def _digest(field: str, value: Value) -> str:
    return hashlib.sha256(canonical(field, value).encode(errors="surrogatepass")).hexdigest()[:16]
