"""The rules that come with this tool, and the sets of them that are treated differently."""

from __future__ import annotations

from azureml_publish import asset_folders, documents, project, render
from azureml_publish.content.lock import RULES as LOCKS
from azureml_publish.content.packaging.rules import RULES as PACKAGING
from azureml_publish.diagnostics import Rule, Severity
from azureml_publish.lint import baseline, suppressions
from azureml_publish.lint.rules import ALL_CHECKS, ONLINE_CHECKS
from azureml_publish.render import card_structure, templates
from azureml_publish.skus import overlay
from azureml_publish.spec import reading

VERSION_ON_BASE = Rule(
    "SPEC051", "version-on-base", Severity.WARNING, "The branch that this change goes into has the version, too."
)
"""Reported by the pipeline, which compares with git."""

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
    card_structure.LOST_TEXT,
    card_structure.UNKNOWN_BLOCK,
    render.CORRUPTED,
    render.packaging.UNKNOWN_TASK,
    *PACKAGING,
    *LOCKS,
    asset_folders.WITHOUT_SPEC,
    asset_folders.NOT_READABLE,
)
"""Rules that reading and rendering report."""

LINTING: tuple[Rule, ...] = (suppressions.UNUSED, suppressions.UNKNOWN, suppressions.NO_REASON, baseline.STALE)
"""Rules on the linter's own settings."""

IDENTITY = frozenset(
    {
        *("SPEC002", "SPEC003", "SPEC005", "SPEC006", "SPEC030", "SPEC035", "SPEC051", "HUB003", "REG001"),
        *("REG002", "REG003"),
    }
)
"""Codes of the rules on a model's identity: name, version, source and revision. Their findings cannot be suppressed."""

ONE_FACT = frozenset({"GATE001", "GATE003", "GATE006", "SKU003", "SPEC013", "SPEC031"})
"""Codes of the rules on words that a catalogue does not know. Many models with the same word make one finding."""

ONLINE = frozenset(check.rule.code for check in ONLINE_CHECKS)
"""Codes of the rules that need the network."""

BUILT_IN = frozenset((*(check.rule for check in (*ALL_CHECKS, *ONLINE_CHECKS)), *READING, *LINTING, VERSION_ON_BASE))
"""Every rule."""
