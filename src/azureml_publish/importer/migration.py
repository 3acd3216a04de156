"""Moves an asset folder's spec from one layout to the other, and keeps the text of everything that does not move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azureml_publish.asset_folders import ReadFolder
from azureml_publish.assets import LayoutName
from azureml_publish.documents import Document, dump_yaml, parse_yaml
from azureml_publish.documents.edits import with_line_ends
from azureml_publish.importer.comparison import same
from azureml_publish.importer.draft import conflict_diagnostic
from azureml_publish.layouts.convert import gather, lay_out
from azureml_publish.render import OWNER_PROPERTY

ROOT_ORDER = ("$schema", "name", "path", "isArchived", "intellectualProperty", "properties", "tags", "system_metadata")
"""The keys of spec.yaml in the order in which upstream's move wrote them; others follow, `version` is last."""

SECTIONS = ("properties", "tags", "system_metadata")


@dataclass(frozen=True, slots=True)
class Migration:
    """The migration of one spec.

    Attributes:
        before, after: its text.
        changed: properties whose value changes, which a registered version does not allow.
        vanishing: properties that are removed; a registered version keeps them, a new one does not have them.
    """

    name: str
    version: int
    before: str
    after: str
    changed: tuple[str, ...] = ()
    vanishing: tuple[str, ...] = ()


def migrate_spec(read: ReadFolder, layout: LayoutName, found: list[Any], *, bump: bool) -> Migration | None:
    """One spec in another layout; None, with diagnostics, if its two layouts contradict each other.

    With `bump`, a spec whose properties change or are removed gets the next version.
    """
    spec, document = read.asset.spec, read.document
    gathered = gather(*(dict(spec.get(name) or {}) for name in SECTIONS))
    if gathered.conflicts:
        found.extend(conflict_diagnostic(conflict, document) for conflict in gathered.conflicts)
        return None
    laid_out = lay_out(gathered.metadata, layout)
    wanted: dict[str, Any] = {
        **spec,
        "properties": laid_out.properties | gathered.properties,
        "tags": laid_out.tags | gathered.tags,
        "system_metadata": laid_out.system_metadata,
    }
    _move_owner(wanted, layout)
    old = dict(spec.get("properties") or {})
    new = wanted["properties"]
    changed = tuple(key for key in old if key in new and not same(old[key], new[key]))
    vanishing = tuple(key for key in old if key not in new)
    if bump and (changed or vanishing):
        wanted["version"] = int(spec["version"]) + 1
    for name in SECTIONS:
        if not wanted[name]:
            del wanted[name]
    after = _text(document, dict(spec), wanted)
    return Migration(str(spec["name"]), int(wanted["version"]), document.text, after, changed, vanishing)


def _move_owner(wanted: dict[str, Any], layout: LayoutName) -> None:
    """The model's owner: a property in the layout `tags`, a top-level key in the other."""
    owner = wanted.get("intellectualProperty")
    if layout == "system_metadata" and owner is None and OWNER_PROPERTY in wanted["properties"]:
        wanted["intellectualProperty"] = {"publisher": wanted["properties"].pop(OWNER_PROPERTY)}
    elif layout == "tags" and isinstance(owner, Mapping) and list(owner) == ["publisher"]:
        wanted["properties"][OWNER_PROPERTY] = owner["publisher"]
        del wanted["intellectualProperty"]


def _text(document: Document, before: dict[str, Any], wanted: dict[str, Any]) -> str:
    """The text of the new spec: lines whose meaning does not change stay unchanged, comments included.

    New lines end as most lines of the file do.
    """
    if all(same(before.get(key), wanted.get(key)) for key in {*before, *wanted}):
        return document.text
    lines = _segments(document, ())
    ordered = [key for key in ROOT_ORDER if key in wanted]
    ordered += [key for key in wanted if key not in ROOT_ORDER and key != "version"]
    parts = [_head(document)]
    for key in [*ordered, *(["version"] if "version" in wanted else [])]:
        if key in before and same(before[key], wanted[key]) and key in lines:
            parts.append(lines[key])
        elif isinstance(wanted[key], Mapping):
            parts.append(_section(document, key, before.get(key), wanted[key]))
        else:
            parts.append(with_line_ends(document, f"{key}: {dump_yaml(wanted[key])}\n"))
    text = "".join(part if part.endswith("\n") or not part else part + with_line_ends(document, "\n") for part in parts)
    if not document.text.endswith("\n"):
        text = text.removesuffix("\n").removesuffix("\r")
    written, wrong = parse_yaml(text, document.path)
    if written is not None and not wrong and _alike(written.data, wanted):
        return text
    whole = "".join(f"{key}:{_below(wanted[key])}\n" for key in [*ordered, "version"] if key in wanted)
    return with_line_ends(document, whole)


def _alike(written: Any, wanted: Any) -> bool:
    """Whether the text parses to the desired data; `5e-6` is a number to this reader, and text to PyYAML."""
    if isinstance(written, Mapping) and isinstance(wanted, Mapping):
        return written.keys() == wanted.keys() and all(_alike(written[key], wanted[key]) for key in written)
    if isinstance(written, float) and isinstance(wanted, str):
        return float(wanted) == written
    return same(written, wanted)


def _section(document: Document, section: str, before: Any, wanted: Mapping[str, Any]) -> str:
    lines = _segments(document, (section,)) if isinstance(before, Mapping) else {}
    indents = {len(text) - len(text.lstrip(" ")) for text in lines.values() if text.strip()}
    indent = indents.pop() if len(indents) == 1 else 0
    if not indent:
        return with_line_ends(document, f"{section}:\n  {dump_yaml(dict(wanted), indent=2)}\n")
    margin = " " * indent
    parts = [with_line_ends(document, f"{section}:\n")]
    for key, value in wanted.items():
        if isinstance(before, Mapping) and key in before and key in lines and same(before[key], value):
            parts.append(lines[key] if lines[key].endswith("\n") else lines[key] + with_line_ends(document, "\n"))
        else:
            parts.append(with_line_ends(document, f"{margin}{dump_yaml({key: value}, indent=indent)}\n"))
    return "".join(parts)


def _below(value: Any) -> str:
    return f"\n  {dump_yaml(value, indent=2)}" if isinstance(value, Mapping) else f" {dump_yaml(value)}"


def _head(document: Document) -> str:
    """The text above the first key."""
    first = min((span.key for path, span in document.spans.items() if len(path) == 1), default=0)
    return document.text[: document.text.rfind("\n", 0, first) + 1]


def _segments(document: Document, below: tuple[str, ...]) -> dict[str, str]:
    """The lines of each key of a block mapping, up to the next key; none for a mapping in braces."""
    text = document.text
    span = document.spans.get(below)
    if below and (span is None or text.startswith("{", span.start)):
        return {}
    keys = [(path[-1], at.key) for path, at in document.spans.items() if path[:-1] == below and len(path) > len(below)]
    starts = [(str(key), text.rfind("\n", 0, at) + 1) for key, at in keys]
    if len({start for _, start in starts}) != len(starts):
        return {}
    parent_end = len(text)
    if below:
        later = [at.key for path, at in document.spans.items() if len(path) == 1 and span and at.key > span.key]
        parent_end = text.rfind("\n", 0, min(later)) + 1 if later else len(text)
    starts.sort(key=lambda one: one[1])
    ends = [*(start for _, start in starts[1:]), parent_end]
    return {key: text[start:end] for (key, start), end in zip(starts, ends, strict=True)}
