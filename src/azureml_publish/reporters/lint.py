"""The result of `publish lint`, for all reporters, and as JSON for programs."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from azureml_publish.diagnostics import Diagnostic, Rule, has_errors
from azureml_publish.errors import PublishError
from azureml_publish.lint.fixes import fix_path
from azureml_publish.lint.suppressions import Suppressed
from azureml_publish.reporters.diagnostics import as_json, counted, diagnostics_summary, finding_json
from azureml_publish.reporters.frames import Sources, span_of
from azureml_publish.reporters.hostile_text import one_line


@dataclass(frozen=True, slots=True)
class LintReport:
    """One run of the linter.

    Attributes:
        found: the findings that are reported, by place.
        suppressed: the findings that are accepted, each with what suppresses it.
        fixed: the findings that were fixed.
        models: how many models were checked.
        rules: all rules there are.
        sources: the lines of the files.
        prefix: the project's folder in its repository, with `/` at its end; empty at the repository's top.
        held: how many findings a baseline holds back.
        change: what fixing would change, as a unified diff; None without `--diff`.
        notes: further sentences: what was not fixed, or could not be checked online.
        failure: why a registry that was named gave no answer although it could be reached.
        root: the folder that paths of findings are relative to.
        docs: where the team shows the documentation; empty: in the pages of the package.
        assets: whether asset folders were checked.
    """

    found: tuple[Diagnostic, ...]
    suppressed: tuple[Suppressed, ...]
    fixed: tuple[Diagnostic, ...]
    models: int
    rules: tuple[Rule, ...]
    sources: Sources
    prefix: str = ""
    held: int = 0
    change: str | None = None
    notes: tuple[str, ...] = ()
    failure: PublishError | None = None
    root: Path = Path()
    docs: str = ""
    assets: bool = False

    @property
    def has_errors(self) -> bool:
        """Whether any finding is an error, so that plan and apply would stop."""
        return has_errors(self.found)

    def path(self, found: str) -> str:
        """A path from the top of the repository; empty for a file that is not in it, such as a default template."""
        return "" if found.startswith(("<", "../", "/")) else f"{self.prefix}{found}"


def lint_json(report: LintReport) -> str:
    """The findings as a JSON object; lines and columns count from 1, ends are excluded."""
    return as_json(
        {
            "diagnostics": [_finding(one, report.sources) for one in report.found],
            "fixed": [_finding(one, None) for one in report.fixed],
            "suppressed": [
                {**_finding(one.found, report.sources), "reason": one.by.reason, "suppressed_at": asdict(one.by.where)}
                for one in report.suppressed
            ],
        }
    )


def lint_stats(report: LintReport) -> str:
    """How often each rule found something, the most frequent first, in columns; a fix is counted as it is offered."""
    safe = {one.code for one in report.found if one.fix is not None and one.fix.safe}
    rows = [
        (
            str(row.count),
            row.severity,
            one_line(row.code),
            one_line(row.name),
            "" if not row.fixable else "--fix" if row.code in safe else "--fix --unsafe",
        )
        for row in _stats(report)
    ]
    widths = [max((len(row[index]) for row in rows), default=0) for index in range(4)]
    return "".join(
        f"{count:>{widths[0]}}  {severity:<{widths[1]}}  {code:<{widths[2]}}  {name:<{widths[3]}}  {fix}".rstrip()
        + "\n"
        for count, severity, code, name, fix in rows
    )


def stats_json(report: LintReport) -> str:
    """The same as a JSON object."""
    return as_json({"rules": [asdict(row) for row in _stats(report)]})


@dataclass(frozen=True, slots=True)
class _Row:
    code: str
    name: str
    severity: str
    count: int
    models: int
    fixable: bool


def _stats(report: LintReport) -> list[_Row]:
    groups: dict[tuple[str, str, str], list[Diagnostic]] = {}
    for one in report.found:
        groups.setdefault((one.code, one.name, str(one.severity)), []).append(one)
    rows = [
        _Row(
            *key,
            count=len(found),
            models=len({place.path.rpartition("/")[0] for one in found for place in (one.location, *one.also)}),
            fixable=any(one.fix is not None for one in found),
        )
        for key, found in groups.items()
    ]
    return sorted(rows, key=lambda row: (-row.count, row.code, row.severity))


def _finding(one: Diagnostic, sources: Sources | None) -> dict[str, Any]:
    """One finding with its end and its fix."""
    width = one.width or (span_of(one, sources) if sources else 0)
    fix = None
    if one.fix is not None:
        fix = {"path": fix_path(one), "safe": one.fix.safe, "edits": [asdict(edit) for edit in sorted(one.fix.edits)]}
    return finding_json(one) | {
        "also": [asdict(place) for place in one.also],
        "end_line": one.location.line,
        "end_column": one.location.column + width,
        "fix": fix,
    }


def lint_summary(report: LintReport) -> str:
    """How many findings there are in how many models, what is aside, and what can be fixed."""
    parts = [f"Fixed {counted(len(report.fixed), 'finding')}."] if report.fixed else []
    parts.append(diagnostics_summary(report.found, report.models))
    aside = [f"{len(report.suppressed)} suppressed"] if report.suppressed else []
    aside += [f"{report.held} in the baseline"] if report.held else []
    parts += [f"({', '.join(aside)})"] if aside else []
    fixes = Counter(one.fix.safe for one in report.found if one.fix is not None)
    if fixes[True]:
        parts.append(f"{fixes[True]} can be fixed with --fix.")
    if fixes[False]:
        parts.append(f"{fixes[False]} can be fixed with --fix --unsafe.")
    return " ".join(parts)
