"""Writes `publish.yaml`: a new one for an imported catalogue, or new presets in an existing one, comments kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azureml_publish.assets import LayoutName
from azureml_publish.documents import Document, parse_yaml
from azureml_publish.documents.edits import with_line_ends
from azureml_publish.errors import UsageProblem
from azureml_publish.importer.writing import write_yaml


def new_project(layout: LayoutName, presets: Mapping[str, tuple[str, ...]], defaults: Mapping[str, Any]) -> str:
    """The text of a new `publish.yaml`."""
    registries = {"local": {"emulator": ".publish/registry"}}
    parts: dict[str, Any] = {"layout": layout, "registries": registries}
    if presets:
        parts["presets"] = {name: list(sizes) for name, sizes in presets.items()}
    if defaults:
        parts["defaults"] = dict(defaults)
    return write_yaml(parts)


def with_presets(document: Document, presets: Mapping[str, tuple[str, ...]]) -> str:
    """The text of a `publish.yaml` with further presets and everything else unchanged.

    Raises:
        UsageProblem: its presets are written in a way that does not allow adding one.
    """
    if not presets:
        return document.text
    data: dict[str, Any] = dict(document.data) if isinstance(document.data, Mapping) else {}
    known = data.get("presets")
    added = {name: list(sizes) for name, sizes in presets.items()}
    text = document.text
    if not known:
        text = _without_key(document)
        newline = "" if not text or text.endswith("\n") else "\n"
        text += with_line_ends(document, f"{newline}presets:\n{write_yaml(added, 2)}")
    else:
        last = max(span.end for path, span in document.spans.items() if path[:1] == ("presets",) and len(path) > 1)
        first = next(span for path, span in document.spans.items() if path[:1] == ("presets",) and len(path) == 2)
        stop = text.find("\n", len(text[:last].rstrip()))
        stop = len(text) if stop < 0 else stop + 1
        newline = "" if text[:stop].endswith("\n") else "\n"
        lines = with_line_ends(document, f"{newline}{write_yaml(added, first.column - 1)}")
        text = f"{text[:stop]}{lines}{text[stop:]}"
    changed, wrong = parse_yaml(text, document.path)
    if changed is None or wrong or changed.data != {**data, "presets": {**(known or {}), **added}}:
        raise UsageProblem(
            f"The presets of {document.path} are written in a way that does not allow adding one.",
            hint="Write `presets:` as a block, one preset a line, and import again.",
        )
    return text


def _without_key(document: Document) -> str:
    """The text without an empty `presets:`."""
    span = document.spans.get(("presets",))
    if span is None:
        return document.text
    start = document.text.rfind("\n", 0, span.key) + 1
    end = document.text.find("\n", span.end)
    return document.text[:start] + ("" if end < 0 else document.text[end + 1 :])
