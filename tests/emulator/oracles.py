"""The judge of plans: what was rendered, the files of a folder and what is registered, without what plans compare by.

It reads `spec.yaml` and `description.md`, and a registered version from the wire, and spells by the documents alone.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from azureml_publish.assets import RenderedModel


def differences(
    rendered: RenderedModel,
    written: Mapping[str, Any],
    folder: Path,
    held: Mapping[str, Any] | None,
    contents: Mapping[str, str],
) -> list[str]:
    """The fields in which a folder and the version of its number differ.

    Args:
        rendered: what came out of the folder.
        written: its `model.yaml`.
        folder: its files.
        held: the version as a list of the registry shows it; None for no such version.
        contents: SHA-256 of its files by path.
    """
    if held is None:
        return ["the version itself"]
    spec = yaml.load(rendered.file("spec.yaml").text, yaml.CSafeLoader)
    asked: dict[str, Any] = {
        "type": written["type"],
        "description": rendered.file("description.md").text,
        "tags": {key: _comparable(_spelled(value)) for key, value in spec.get("tags", {}).items()},
        "properties": {key: _comparable(_spelled(value)) for key, value in spec.get("properties", {}).items()},
        "metadata": _native(spec.get("system_metadata", {})),
        "archived": bool(written.get("archived")),
        "files": {
            file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in folder.rglob("*")
            if file.is_file()
        },
    }
    properties = {key: value for key, value in held["properties"].items() if not key.startswith("publish.")}
    there: dict[str, Any] = {
        "type": held["modelType"],
        "description": held["description"] or "",
        "tags": {key: _comparable(value) for key, value in held["kvTags"].items()},
        # A property that the folder no longer has stays: a registry never takes one away.
        "properties": {key: _comparable(value) for key, value in properties.items() if key in asked["properties"]},
        "metadata": _native(held["systemMetadata"]),
        "archived": held["isArchived"],
        "files": {path.removeprefix("model/"): sha for path, sha in contents.items()},
    }
    return [one for one in asked if asked[one] != there[one]]


def _spelled(value: Any) -> str:
    """A tag as a string, where the documents say how."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    return json.dumps(_leaves(value) if isinstance(value, list | dict) else value)


def _leaves(value: Any) -> Any:
    if isinstance(value, list):
        return [_leaves(one) for one in value]
    if isinstance(value, dict):
        return {key: _leaves(one) for key, one in value.items()}
    return str(value).lower() if isinstance(value, bool) else _spelled(value)


def _comparable(text: str) -> tuple[str, str]:
    """A list or map in any of its spellings is the same list or map; other text is itself."""
    if text.lstrip()[:1] in ("[", "{") and text.lstrip():
        for read in (json.loads, lambda said: ast.literal_eval(said.strip())):
            try:
                found = read(text)
            except (ValueError, SyntaxError):
                continue
            if isinstance(found, list | dict):
                return "structure", json.dumps(found, sort_keys=True)
    return "text", text


def _native(metadata: Mapping[str, Any]) -> dict[str, str]:
    """System metadata key by key in a form in which 1 is not true, without what is not set."""
    held = {key: _set(value) for key, value in metadata.items()}
    return {key: json.dumps(value, sort_keys=True, default=str) for key, value in held.items() if value is not None}


def _set(value: Any) -> Any:
    """A value without what is not set in it: null, blank text, and lists and maps of nothing else."""
    if isinstance(value, dict):
        return {key: held for key, one in value.items() if (held := _set(one)) is not None} or None
    if isinstance(value, list):
        return [held for one in value if (held := _set(one)) is not None] or None
    return None if isinstance(value, str) and not value.strip() else value
