"""Findings as issues of a run of Azure Pipelines.

Commands and their escapes: https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands
"""

from __future__ import annotations

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.reporters.diagnostics import diagnostics_summary
from azureml_publish.reporters.github import log_lines
from azureml_publish.reporters.hostile_text import one_line, visible
from azureml_publish.reporters.lint import LintReport

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning"}
"""There is no third level: infos are in the log alone."""


def lint_issues(report: LintReport) -> str:
    """A line for each finding, for the log, then errors and warnings as commands that show them beside the run."""
    commands = [_issue(one, report) for one in report.found if one.severity in _LEVELS]
    return log_lines(report.found) + "".join(commands) + f"{diagnostics_summary(report.found, report.models)}\n"


def _issue(one: Diagnostic, report: LintReport) -> str:
    path = report.path(one.location.path)
    properties = {"type": _LEVELS[one.severity]}
    if path:
        properties |= {
            "sourcepath": path,
            "linenumber": str(one.location.line),
            "columnnumber": str(one.location.column),
        }
    properties["code"] = one.code
    where = "" if path else f"{one.location.path}:{one.location.line}: "
    given = ";".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"##vso[task.logissue {given}]{_data(f'{where}{one.message} help: {one.hint}')}\n"


def _data(text: str) -> str:
    """Text as the message of a command, on one line."""
    return visible(" ".join(text.split())).replace("%", "%AZP25")


def _property(text: str) -> str:
    """Text as the value of a command's property."""
    return one_line(text).replace("%", "%AZP25").replace(";", "%3B").replace("]", "%5D")
