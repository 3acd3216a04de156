"""What a content conflict is about: which packages and files of a registered version are others now."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from azureml_publish.assets import ManifestEntry, RegisteredAsset
from azureml_publish.content.contents import ModelContent
from azureml_publish.content.manifest import parse_manifest
from azureml_publish.content.packaging.mlflow_folder import ENVIRONMENTS, MLMODEL
from azureml_publish.content.packaging.rules import some
from azureml_publish.content.packaging.tree import MANIFEST_FILE
from azureml_publish.content.sources.readers import Readers
from azureml_publish.content.sources.selection import WEIGHTS
from azureml_publish.documents import parse_yaml, walk
from azureml_publish.errors import PublishError
from azureml_publish.globs import matches_any
from azureml_publish.pipeline.references import open_files
from azureml_publish.plan.actions import Action, ActionKind, Plan
from azureml_publish.plan.saved import Observed
from azureml_publish.registry.protocol import Registry
from azureml_publish.spec.source import CHOOSING

REQUIREMENTS = "requirements.txt"

_RARELY_INTENDED = re.compile(r"(^|\.)(\w*_version|model_uuid|utc_time_created|model_size_bytes)$")
"""Keys of an MLmodel that follow from the environment, or from the day."""


def with_moved(
    plan: Plan, observed: Observed, contents: Mapping[str, ModelContent], registry: Registry, readers: Readers | None
) -> Plan:
    """The plan with the changed files in its content conflicts, as far as registry and source know them.

    Args:
        contents: the content of every model by asset name.
        registry: who opens the registered files.
        readers: what looks into a source without a lock; None: nothing is to.
    """
    registered = {wanted.asset.name: state.asset for wanted, state in observed.models}

    def described(action: Action) -> Action:
        asset = registered.get(action.model)
        if action.kind is not ActionKind.CONFLICT or asset is None:
            return action
        if not any(change.field == "content" for change in action.fields):
            return action
        try:
            moved = tuple(_moved(contents[action.model], asset, registry, readers))
        except (PublishError, ValueError, KeyError, TypeError):
            return action  # the conflict itself is still reported
        fields = (replace(one, moved=moved) if one.field == "content" else one for one in action.fields)
        return replace(action, fields=tuple(fields))

    return replace(plan, actions=tuple(described(action) for action in plan.actions))


def _moved(content: ModelContent, asset: RegisteredAsset, registry: Registry, readers: Readers | None) -> Iterator[str]:
    known = content
    if content.entries() is None and readers is not None:
        known = content.look(readers)
    wanted, made = known.entries(), known.made()
    with open_files(registry, asset) as container:
        manifest = container.read_part(MANIFEST_FILE)
        held = {entry.path: entry for entry in parse_manifest(manifest)}
        source = json.loads(manifest).get("source")
        if isinstance(source, Mapping):
            yield from _keys(source, _source_like(source, content))
        if wanted is None:
            return
        differing = _differing(held, {entry.path: entry for entry in wanted}, known, readers)
        both = {path for path in differing if path in held and path in made}
        packages: tuple[str, ...] = ()
        if REQUIREMENTS in both:
            before = container.read_part(REQUIREMENTS).decode(errors="replace")
            packages = tuple(_packages(before, made[REQUIREMENTS]))
            yield from packages
            if packages:
                differing -= set(ENVIRONMENTS)
        if MLMODEL in both:
            keys = _mlmodel_keys(container.read_part(MLMODEL).decode(errors="replace"), made[MLMODEL])
            if keys:
                yield f"{MLMODEL}: {some(keys, 5)}"
            if keys or packages:
                differing -= {MLMODEL}
    weights = {path for path in differing if matches_any(path.rpartition("/")[2], WEIGHTS)}
    if weights:
        yield f"weights: {some(weights, 5)}"
    if others := differing - weights:
        yield f"files: {some(others, 5)}"


def _source_like(noted: Mapping[str, Any], content: ModelContent) -> dict[str, Any]:
    """The folder's source as the manifest of today's names one; without patterns where the manifest says none.

    An earlier version's manifest has none, whatever its folder has.
    """
    now = content.folder.spec.source.model_dump(mode="json", exclude_none=True)
    listed = any(key in noted for key in CHOOSING)
    return {key: value for key, value in now.items() if key not in CHOOSING or (listed and value)}


def _differing(
    held: Mapping[str, ManifestEntry],
    wanted: Mapping[str, ManifestEntry],
    content: ModelContent,
    readers: Readers | None,
) -> set[str]:
    """The paths whose file is another, new or gone. Missing digests are computed for small files."""
    files = {file.path: file for file in content.contained.files} if content.contained is not None else {}
    found = set()
    for path in {*held, *wanted}:
        before, after = held.get(path), wanted.get(path)
        if before is None or after is None or before.size != after.size:
            found.add(path)
            continue
        digest = after.sha256
        if not digest and readers is not None and path in files and after.size <= MOST_HASHED:
            digest = readers.hash_file(files[path])
        if digest and digest != before.sha256:
            found.add(path)
    return found


MOST_HASHED = 16 * 1024 * 1024
"""Bytes of a file that is read to say whether it moved; larger ones have a digest but in a container."""


def _keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """The keys of a source that changed, with both values."""
    for key in sorted({*before, *after}):
        one, other = before.get(key), after.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from _keys(one, other)
        elif one != other:
            yield f"{key} {_short(one)} → {_short(other)}"


def _short(value: object) -> str:
    text = "none" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text[:12] if re.fullmatch(r"[0-9a-f]{40}", text) else text


def _packages(before: str, after: str) -> Iterator[str]:
    """The packages that two requirements.txt name with other versions."""
    old, new = _pins(before), _pins(after)
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield f"{name} {old.get(name) or 'none'} → {new.get(name) or 'none'}"


def _pins(text: str) -> dict[str, str]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    parts = (re.fullmatch(r"([\w.-]+)(?:\[[^\]]*\])?\s*(.*)", line) for line in lines if line)
    return {part[1].lower(): part[2].removeprefix("==").strip() or "any" for part in parts if part}


def _mlmodel_keys(before: str, after: str) -> list[str]:
    """The dotted keys at which two MLmodels differ, but those that follow from the environment."""

    def flat(text: str) -> dict[str, object]:
        document, _ = parse_yaml(text, MLMODEL)
        data = document.data if document is not None else None
        found = walk(data) if data is not None else ()
        return {".".join(map(str, path)): value for path, value in found if not isinstance(value, dict | list)}

    old, new = flat(before), flat(after)
    return sorted(key for key in {*old, *new} if old.get(key) != new.get(key) and not _RARELY_INTENDED.search(key))
