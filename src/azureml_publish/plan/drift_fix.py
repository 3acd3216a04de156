"""The edits of a spec after which its folder renders to what a registry has. Pure.

Only for keys of the spec that correspond to exactly one value in the registry; derived values, such as a min-SKU spec
or a list from a preset, have no such key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from azureml_publish.assets import SCENARIOS, RegisteredAsset, RenderedAsset, Value, is_bookkeeping
from azureml_publish.documents import mapping_of
from azureml_publish.layouts.convert import gather
from azureml_publish.layouts.mapping import FINETUNE_TAG, SEMVER_TAG
from azureml_publish.layouts.wire import decode, encode
from azureml_publish.plan.fields import METADATA, same, with_unseen
from azureml_publish.spec import PLACES, FinetuneDefaults, Metadata, ModelSpec

_METADATA = frozenset(info.alias or name for name, info in Metadata.model_fields.items())
_SWITCHES = frozenset(name for name in FinetuneDefaults.model_fields if name.startswith("apply_")) | {
    "ignore_mismatched_sizes"
}


@dataclass(frozen=True, slots=True)
class SpecChange:
    """Edits of a spec that belong together: values by key path. `card`: the new finished card, if it changes."""

    edits: tuple[tuple[tuple[str, ...], Value], ...] = ()
    card: str | None = None


def spec_changes(
    spec: ModelSpec, rendered: RenderedAsset, registered: RegisteredAsset, *, finished: bool
) -> tuple[SpecChange, ...]:
    """The edits for all differences that have a key in the spec; a new plan shows whether they are enough.

    Args:
        finished: whether the card is finished text instead of a template.
    """
    return tuple(one for one in _found(spec, rendered, registered, finished=finished) if one.edits or one.card)


def _found(
    spec: ModelSpec, rendered: RenderedAsset, registered: RegisteredAsset, *, finished: bool
) -> Iterator[SpecChange]:
    properties = {key: value for key, value in registered.properties.items() if not is_bookkeeping(key)}
    held = gather(properties, registered.tags, with_unseen(rendered.system_metadata, registered))
    rendered_values = gather(rendered.properties, rendered.tags, rendered.system_metadata)
    for key in sorted({*held.metadata, *rendered_values.metadata}):
        before, after = rendered_values.metadata.get(key), held.metadata.get(key)
        if not same(f"{METADATA}{key}", before, after):
            yield SpecChange(tuple(_metadata(key, spec, before, after)))
    if not _same(rendered_values.tags.get(SEMVER_TAG), held.tags.get(SEMVER_TAG)):
        yield SpecChange(((("semver",), held.tags.get(SEMVER_TAG)),))
    yield from _tags(spec, rendered_values.tags, held.tags)
    yield SpecChange(tuple(_finetune(rendered_values.tags.get(FINETUNE_TAG), held.tags.get(FINETUNE_TAG))))
    if rendered.archived != registered.archived:
        yield SpecChange(((("archived",), registered.archived),))
    if finished and rendered.description != registered.description:
        yield SpecChange(card=registered.description)
    elif not finished and (own := _description(spec.description, rendered.description, registered.description)):
        yield SpecChange(((("description",), own),))


_TYPED = frozenset({SEMVER_TAG, FINETUNE_TAG, *(place.key for place in PLACES.values() if place.section == "tags")})
"""Tags that a spec has other keys for."""


def _tags(spec: ModelSpec, rendered_values: Mapping[str, Value], held: Mapping[str, Value]) -> Iterator[SpecChange]:
    """The tags that a spec writes as they are, below `extra` if they stand there already."""
    verbatim = spec.extra.tags if spec.extra else {}
    for key in sorted({*rendered_values, *held} - _TYPED):
        after = held.get(key)
        if key not in rendered_values or key not in held or encode(rendered_values[key]) != encode(after):
            yield SpecChange(((("extra", "tags", key) if key in verbatim else ("tags", key), after),))


def _description(written: str | None, rendered: str, registered: str) -> str:
    """The description after which the card is the registered one; empty where the card differs elsewhere."""
    own = (written or "").strip()
    if not own or rendered.count(own) != 1 or rendered == registered:
        return ""
    before, after = rendered.split(own)
    inside = registered.removeprefix(before).removesuffix(after)
    return inside if f"{before}{inside}{after}" == registered else ""


def _metadata(key: str, spec: ModelSpec, before: Value, after: Value) -> Iterator[tuple[tuple[str, ...], Value]]:
    match key:
        case "license":
            yield ("license",), after
        case "languages" | "datasets":
            yield (key,), after or []
        case "tasks":
            yield from _tasks(before, after)
        case "supportedComputes":
            yield from _lists("compute", "{}Computes", spec.compute, before, after)
        case "SKU":
            yield from _lists("recommended", "{}RecommendedSkus", spec.recommended, before, after)
            yield from _lists("min_sku", "{}MinSkuSpec", spec.min_sku, before, after)
        case _ if key in _METADATA:
            yield from _leaves(("metadata", key), before, after)


def _tasks(before: Value, after: Value) -> Iterator[tuple[tuple[str, ...], Value]]:
    one, other = mapping_of(before), mapping_of(after)
    inference, finetune = other.get("inferenceTasks"), other.get("fineTuningTasks")
    if not _same(one.get("inferenceTasks"), inference) and isinstance(inference, list) and len(inference) == 1:
        yield ("tasks", "inference"), inference[0]
    if not _same(one.get("fineTuningTasks"), finetune):
        yield ("tasks", "finetune"), finetune or []


def _lists(
    key: str, form: str, section: object, before: Value, after: Value
) -> Iterator[tuple[tuple[str, ...], Value]]:
    """The scenarios whose list (or min-SKU spec) is in the model's own spec; a preset may be shared."""
    one, other = mapping_of(before), mapping_of(after)
    for scenario in SCENARIOS:
        name = form.format(scenario)
        written = getattr(section, scenario, None)
        literal = isinstance(written, tuple) or (key == "min_sku" and written is not None)
        if literal and other.get(name) and not _same(one.get(name), other[name]):
            yield (key, scenario), other[name]


def _finetune(before: Value, after: Value) -> Iterator[tuple[tuple[str, ...], Value]]:
    one, other = (mapping_of(decode(value) if isinstance(value, str) else value) for value in (before, after))
    for name in FinetuneDefaults.model_fields:
        old, new = one.get(name), other.get(name)
        if str(old) != str(new):
            if name in _SWITCHES and new in ("true", "false"):
                new = new == "true"
            elif isinstance(new, str) and new.isascii() and new.isdigit():
                new = int(new)
            yield ("finetune_defaults", name), new


def _leaves(path: tuple[str, ...], before: Value, after: Value) -> Iterator[tuple[tuple[str, ...], Value]]:
    """The values that differ, as deep as both sides are maps, so that other keys stay unchanged."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            if not same(METADATA, before.get(key), after.get(key)):
                yield from _leaves((*path, key), before.get(key), after.get(key))
    else:
        yield path, after


def _same(before: Value, after: Value) -> bool:
    return json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
