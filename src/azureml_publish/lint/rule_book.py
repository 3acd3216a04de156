"""Every rule that the command line can tell of, in one book."""

from __future__ import annotations

from functools import cache

from azureml_publish import asset_folders as assetfolders
from azureml_publish import documents, project, render
from azureml_publish.diagnostics import Rule, Severity
from azureml_publish.lint import baseline
from azureml_publish.lint import suppressions as silence
from azureml_publish.lint.rules import ALL_CHECKS, ONLINE_CHECKS
from azureml_publish.lint.selection import Rulebook
from azureml_publish.render import templates
from azureml_publish.skus import overlay
from azureml_publish.spec import reading

READING: tuple[Rule, ...] = (
    documents.MALFORMED,
    documents.DUPLICATE_KEY,
    reading.UNKNOWN_KEY,
    reading.MISSING_KEY,
    reading.INVALID_VALUE,
    project.MISSING_FILE,
    project.DUPLICATE_NAME,
    project.BROKEN_SAMPLE,
    overlay.CONTRADICTION,
    overlay.UNREADABLE,
    templates.UNDEFINED,
    templates.SYNTAX,
    templates.RUNAWAY,
    templates.NOT_FOUND,
    templates.FAILED,
    render.CORRUPTED,
    render.UNKNOWN_TASK,
    assetfolders.WITHOUT_SPEC,
    assetfolders.NOT_READABLE,
)
"""What reading and rendering tell."""

LINTING: tuple[Rule, ...] = (silence.UNUSED, silence.UNKNOWN, silence.NO_REASON, baseline.STALE)
"""What the linter tells of its own settings."""


ONLINE = frozenset(check.rule.code for check in ONLINE_CHECKS)
"""Codes of the rules on what the network says."""


def always_looks(code: str) -> bool:
    """Whether the rule of a code looks in every run: the network is asked in some only, and not every answer comes."""
    return code not in ONLINE


@cache
def rulebook() -> Rulebook:
    """Every rule. What reading and rendering tell as an error is always told: nothing else could look then."""
    checked = (*(check.rule for check in ALL_CHECKS), *(check.rule for check in ONLINE_CHECKS))
    rules = tuple(sorted({*checked, *READING, *LINTING}, key=lambda rule: rule.code))
    optional = {rule.code for rule in rules if rule in checked or rule.severity is not Severity.ERROR}
    unread = {rule.code for rule in READING if rule.severity is Severity.ERROR}
    return Rulebook(rules, frozenset(optional), frozenset(unread))
