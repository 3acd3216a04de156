"""The fields of a version by their dotted names, as a folder asks for them and as a registry holds them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from azureml_publish.assets import SOURCE_PROPERTY, RegisteredAsset, RegistryState, Value, is_bookkeeping
from azureml_publish.layouts import decode, encode
from azureml_publish.plan.actions import Desired

LATEST = "latest"
NEXT = "next"
"""What a registry says of all versions of a model: the latest one, and the number after all that were used."""

_JSON = json.JSONEncoder(sort_keys=True)


def wanted_fields(wanted: Desired) -> dict[str, Value]:
    """What a folder asks for, apart from name and version; tags and properties as the service's strings."""
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
        **{f"system_metadata.{key}": asset.system_metadata[key] for key in sorted(asset.system_metadata)},
        "archived": asset.archived,
    }


def registered_fields(asset: RegisteredAsset) -> dict[str, Value]:
    """What a registry holds, likewise. A version that another tool registered has no `content`."""
    source = asset.properties.get(SOURCE_PROPERTY)
    return {
        "type": asset.type,
        **({} if source is None else {"content": source}),
        **{f"properties.{key}": asset.properties[key] for key in _described(asset.properties)},
        **{f"tags.{key}": asset.tags[key] for key in sorted(asset.tags)},
        "description": asset.description,
        **{f"system_metadata.{key}": asset.system_metadata[key] for key in sorted(asset.system_metadata)},
        "archived": asset.archived,
    }


def _described(properties: Mapping[str, object]) -> list[str]:
    """The properties that say something of the model."""
    return sorted(key for key in properties if not is_bookkeeping(key))


def canonical(field: str, value: Value) -> str:
    """A value as JSON that says the same for the same value, in which 1 is not true and a tuple is a list.

    Other tools spell the lists and maps of tags and properties as Python does.
    """
    if isinstance(value, str) and field.startswith(("tags.", "properties.")):
        value = decode(value)
    return _JSON.encode(value)


def same(field: str, before: Value, after: Value) -> bool:
    """Whether two values of a field say the same; None stands for a value that is not there."""
    if before is None or after is None:
        return before is after
    # Texts, lists of them and what is made of such first: a catalogue has thousands, and nearly all are the same.
    if isinstance(before, str) and before == after:
        return True
    if (
        isinstance(before, list | tuple)
        and isinstance(after, list | tuple)
        and all(isinstance(one, str) for one in before)
    ):
        return list(before) == list(after)
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(same("", before[key], after[key]) for key in before)
    return canonical(field, before) == canonical(field, after)


def wanted_digests(wanted: Desired) -> dict[str, str]:
    """A short digest of each field that a folder asks for, its version among them."""
    return {"version": _digest("version", wanted.asset.version), **_digests(wanted_fields(wanted))}


def state_digests(state: RegistryState) -> dict[str, str]:
    """A short digest of each thing that a registry said about a model."""
    held = registered_fields(state.asset) if state.asset is not None else {}
    numbers = {LATEST: state.latest_version, NEXT: state.next_version}
    return {**_digests(held), **{key: _digest(key, value) for key, value in numbers.items()}}


def number_digest(field: str, value: int | None) -> str:
    """The digest that `state_digests` has for a number."""
    return _digest(field, value)


def _digests(fields: Mapping[str, Value]) -> dict[str, str]:
    # A version that is not archived says the same as one that is not there.
    return {field: _digest(field, value) for field, value in fields.items() if (field, value) != ("archived", False)}


def _digest(field: str, value: Value) -> str:
    return hashlib.sha256(canonical(field, value).encode()).hexdigest()[:16]
