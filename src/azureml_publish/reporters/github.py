"""Findings as annotations of GitHub Actions, and as the summary of a step.

Commands and their escapes: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands; a step
shows ten annotations of each level and silently drops the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.reporters.annotations import attribute, data
from azureml_publish.reporters.diagnostics import counted, diagnostics_summary
from azureml_publish.reporters.frames import span_of
from azureml_publish.reporters.hostile_text import one_line, visible
from azureml_publish.reporters.lint import LintReport
from azureml_publish.reporters.plan_markdown import cell

LIMIT = 10
"""Annotations of one level that a step shows."""

ROWS = 1_000
"""Rows of the summary's table, at most."""

MOST = 900_000
"""Characters of the table, all ASCII or escaped as such; GitHub refuses a summary above 1 MiB."""

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_GRAVITY = [*Severity]


def github_annotations(report: LintReport, changed: Collection[str]) -> str:
    """The findings as workflow commands, changed files first, at most as many as a step shows; the rest is counted.

    Args:
        changed: paths from the top of the repository of the files that the pull request changes.
    """
    ordered = sorted(report.found, key=lambda one: (report.path(one.location.path) not in changed, _order(one)))
    room = dict.fromkeys(Severity, LIMIT)
    if any(count > LIMIT for count in Counter(one.severity for one in ordered).values()):
        room[Severity.INFO] -= 1  # the count of the rest is a notice, too
    lines = []
    left: Counter[Severity] = Counter()
    for one in ordered:
        if room[one.severity] > 0:
            room[one.severity] -= 1
            lines.append(_annotation(one, report))
        else:
            left[one.severity] += 1
    if left:
        rest = ", ".join(counted(left[severity], severity) for severity in Severity if left[severity])
        text = f"{rest} more, which GitHub would not show beside the code. See the step's summary or log."
        lines.append(f"::notice title=publish lint::{data(text)}\n")
    return "".join(lines)


def github_summary(report: LintReport) -> str:
    """The findings as Markdown for a step's summary."""
    summary = diagnostics_summary(report.found, report.models)
    if not report.found:
        return f"### publish lint\n\n{summary}\n"
    rows, size = [], 0
    for one in report.found[:ROWS]:
        place = f"{one.location.path}:{one.location.line}:{one.location.column}"
        rows.append(f"| {one.severity} | {cell(f'{one.code} {one.name}')} | {cell(place)} | {cell(one.message)} |\n")
        size += len(rows[-1])
        if size > MOST:
            rows.pop()
            break
    rest = len(report.found) - len(rows)
    more = f"\n{rest} more are in the step's log.\n" if rest else ""
    table = "| | Rule | Place | Finding |\n| --- | --- | --- | --- |\n"
    return f"### publish lint\n\n{summary}\n\n{table}{''.join(rows)}{more}"


def log_lines(found: Iterable[Diagnostic]) -> str:
    """One line per finding, without anything that GitHub reads as a command."""
    return "".join(
        f"{one_line(one.location.path)}:{one.location.line}:{one.location.column}: {one.severity} {one_line(one.code)} "
        f"{visible(' '.join(one.message.split()))}\n"
        for one in found
    )


def _order(one: Diagnostic) -> tuple[int, str, int, int, str]:
    return _GRAVITY.index(one.severity), one.location.path, one.location.line, one.location.column, one.code


def _annotation(one: Diagnostic, report: LintReport) -> str:
    path = report.path(one.location.path)
    properties = {"title": f"{one.code} {one.name}"}
    if path:
        properties |= {"file": path, "line": str(one.location.line), "col": str(one.location.column)}
        width = span_of(one, report.sources)
        if width > 1:
            properties |= {"endLine": str(one.location.line), "endColumn": str(one.location.column + width - 1)}
    where = "" if path else f"{one.location.path}:{one.location.line}: "
    given = ",".join(f"{key}={attribute(value)}" for key, value in properties.items())
    return f"::{_LEVELS[one.severity]} {given}::{data(f'{where}{one.message}')}%0A{data(f'help: {one.hint}')}\n"
