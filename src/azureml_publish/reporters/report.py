"""The merged report of several parts, as text, Markdown and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from azureml_publish.reporters.diagnostics import as_json, counted
from azureml_publish.reporters.hostile_text import below, one_line
from azureml_publish.reporters.plan_markdown import cell

KINDS = MappingProxyType({"apply": "results", "plan": "actions", "verify": "checks", "lint": "diagnostics"})
"""By the verb the key with its entries."""


@dataclass(frozen=True, slots=True)
class FailedPart:
    """A part that has no result: its report, the name of its exit code, and why."""

    report: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class MergedReport:
    """The reports of all parts.

    Attributes:
        verb: whose reports they are; empty where no part has one.
        registry: the registry that they are about; empty where they name none.
        entries: what each part did, sorted by model; of lint sorted by place.
        absent: of verify, what is not registered.
        files: how many reports were read.
        missing: reports that are not there.
        failures: parts that failed as a whole.
        left: models that the plan would write and that no part did.
        exit_code: one for all.
    """

    verb: str
    registry: str
    entries: tuple[Mapping[str, Any], ...]
    absent: tuple[Mapping[str, Any], ...]
    files: int
    missing: tuple[str, ...]
    failures: tuple[FailedPart, ...]
    left: tuple[str, ...]
    exit_code: int


def merged_text(merged: MergedReport) -> str:
    """One line an entry with its error, then what is missing, and a count."""
    lines = [f"  {one_line(_state(merged.verb, one)):<9}  {one_line(_name(one))}{_why(one)}" for one in merged.entries]
    lines += [f"  {kind:<9}  {one_line(what)}" for kind, what in _undone(merged)]
    return "\n".join([*lines, "", _summary(merged, one_line)]) + "\n"


def merged_markdown(merged: MergedReport) -> str:
    """The same as a table, for the summary of a run: of entries that are as they shall be only the number."""
    rows = [
        f"| {cell(state)} | {cell(_name(one))} | {cell(str(one.get('error') or one.get('message', '')))} |"
        for one in merged.entries
        if (state := _state(merged.verb, one)) not in ("created", "updated", "unchanged", "intact")
    ]
    rows += [f"| {kind} | {cell(what)} | |" for kind, what in _undone(merged)]
    table = "\n\n| | | |\n| --- | --- | --- |\n" + "\n".join(rows) if rows else ""
    return f"**{_summary(merged, cell)}**{table}\n"


def merged_json(merged: MergedReport) -> str:
    """The entries under the key that the verb itself has, with what is missing."""
    head = {"registry": merged.registry} if merged.registry else {}
    found = {KINDS[merged.verb]: list(merged.entries)} if merged.verb in KINDS else {}
    return as_json(
        {
            "verb": merged.verb,
            **head,
            **found,
            "reports": merged.files,
            "missing_reports": list(merged.missing),
            "failures": [asdict(one) for one in merged.failures],
            "missing": list(merged.absent),
            "left": list(merged.left),
            "exit_code": merged.exit_code,
        }
    )


def _summary(merged: MergedReport, show: Callable[[str], str]) -> str:
    counts = Counter(_state(merged.verb, one) for one in merged.entries)
    parts = [f"{number} {show(state)}" for state, number in sorted(counts.items())]
    parts += [f"{counted(len(merged.missing), 'report')} missing"] if merged.missing else []
    parts += [f"{len(merged.left)} not done"] if merged.left else []
    return f"{counted(merged.files, 'report')}: {', '.join(parts) or 'nothing'}."


def _undone(merged: MergedReport) -> Iterator[tuple[str, str]]:
    yield from (("failed", f"{one.report}: {one.message}") for one in merged.failures)
    yield from (("missing", path) for path in merged.missing)
    yield from (("missing", f"{one.get('model')}: {one.get('reason')}") for one in merged.absent)
    yield from (("not done", model) for model in merged.left)


def _state(verb: str, entry: Mapping[str, Any]) -> str:
    if verb == "verify":
        return str(entry.get("outcome", ""))
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
