"""The merged report of several parts, as text, Markdown and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from azureml_publish.reporters.diagnostics import as_json, counted
from azureml_publish.reporters.plan_markdown import cell
from azureml_publish.reporters.visible import below, one_line

_KEYS = {"apply": "results", "plan": "actions", "verify": "checks", "lint": "diagnostics"}


def merged_text(verb: str, entries: tuple[Mapping[str, Any], ...], undone: Mapping[str, Any]) -> str:
    """One line an entry with its error, then what is missing, and a count."""
    lines = [f"  {one_line(_state(verb, one)):<9}  {one_line(_name(one))}{_why(one)}" for one in entries]
    lines += [f"  {kind:<9}  {one_line(what)}" for kind, what in _undone(undone)]
    return "\n".join([*lines, "", f"{_summary(verb, entries, undone)}"]) + "\n"


def merged_markdown(verb: str, entries: tuple[Mapping[str, Any], ...], undone: Mapping[str, Any]) -> str:
    """The same as a table, for the summary of a run: of entries that are as they shall be only the number."""
    rows = [
        f"| {cell(_state(verb, one))} | {cell(_name(one))} | {cell(str(one.get('error') or one.get('message', '')))} |"
        for one in entries
        if _state(verb, one) not in ("created", "updated", "unchanged", "intact")
    ]
    rows += [f"| {kind} | {cell(what)} | |" for kind, what in _undone(undone)]
    table = "\n\n| | | |\n| --- | --- | --- |\n" + "\n".join(rows) if rows else ""
    return f"**{_summary(verb, entries, undone)}**{table}\n"


def merged_json(
    verb: str, registry: str, entries: tuple[Mapping[str, Any], ...], undone: Mapping[str, Any], exit_code: int
) -> str:
    """The entries under the key that the verb itself has, with what is missing."""
    head = {"registry": registry} if registry else {}
    found = {_KEYS[verb]: list(entries)} if verb else {}
    return as_json({"verb": verb, **head, **found, **undone, "exit_code": exit_code})


def _summary(verb: str, entries: tuple[Mapping[str, Any], ...], undone: Mapping[str, Any]) -> str:
    counts = Counter(_state(verb, one) for one in entries)
    parts = [f"{number} {state}" for state, number in sorted(counts.items())]
    parts += [f"{counted(len(undone['missing_reports']), 'report')} missing"] if undone["missing_reports"] else []
    parts += [f"{len(undone['left'])} not done"] if undone["left"] else []
    return f"{counted(undone['reports'], 'report')}: {', '.join(parts) or 'nothing'}."


def _undone(undone: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from (("failed", f"{one['report']}: {one['message']}") for one in undone["failures"])
    yield from (("missing", path) for path in undone["missing_reports"])
    yield from (("missing", f"{one['model']}: {one['reason']}") for one in undone["missing"])
    yield from (("not done", model) for model in undone["left"])


def _state(verb: str, entry: Mapping[str, Any]) -> str:
    if verb == "verify":
        return "intact" if entry.get("intact") else "damaged"
    return str(entry.get({"apply": "outcome", "plan": "action", "lint": "severity"}.get(verb, ""), ""))


def _name(entry: Mapping[str, Any]) -> str:
    if "path" in entry:
        return f"{entry['path']}:{entry.get('line')}:{entry.get('column')} {entry.get('code')}"
    if "model" in entry:
        return f"{entry['model']} {entry.get('version', '')}"
    return str(entry.get("asset_id", ""))


def _why(entry: Mapping[str, Any]) -> str:
    reasons = [entry.get("error"), entry.get("message"), *entry.get("problems", ())]
    return "".join(f"\n             {below(str(one), ' ' * 13)}" for one in reasons if one)
