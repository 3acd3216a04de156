"""Every rule that there is, which of them can be suppressed, and the page of each in `docs/rules`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from azureml_publish import asset_folders, documents, project, render
from azureml_publish.content.lock import RULES as LOCKS
from azureml_publish.content.packaging.rules import RULES as PACKAGING
from azureml_publish.diagnostics import Rule, Severity
from azureml_publish.lint import baseline, suppressions
from azureml_publish.lint.rules import ALL_CHECKS, ONLINE_CHECKS
from azureml_publish.lint.selection import Rulebook
from azureml_publish.render import card_structure, templates
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
    card_structure.LOST_TEXT,
    card_structure.UNKNOWN_BLOCK,
    render.CORRUPTED,
    render.packaging.UNKNOWN_TASK,
    *PACKAGING,
    *LOCKS,
    asset_folders.WITHOUT_SPEC,
    asset_folders.NOT_READABLE,
)
"""What reading and rendering report."""

LINTING: tuple[Rule, ...] = (suppressions.UNUSED, suppressions.UNKNOWN, suppressions.NO_REASON, baseline.STALE)
"""What the linter reports about its own settings."""

IDENTITY = frozenset(
    {"SPEC002", "SPEC003", "SPEC005", "SPEC006", "SPEC030", "SPEC035", "HUB003", "REG001", "REG002", "REG003"}
)
"""Codes of the rules on what a model is: name, version, source and revision. Their findings cannot be accepted."""

ONLINE = frozenset(check.rule.code for check in ONLINE_CHECKS)
"""Codes of the rules on what the network says."""


def always_looks(code: str) -> bool:
    """Whether the rule of a code looks in every run: the network is used in some only, and not every answer comes."""
    return code not in ONLINE


@cache
def rulebook() -> Rulebook:
    """Every rule. What reading and rendering report as an error is always reported: nothing else could look then."""
    checked = (*(check.rule for check in ALL_CHECKS), *(check.rule for check in ONLINE_CHECKS))
    rules = tuple(sorted({*checked, *READING, *LINTING}, key=lambda rule: rule.code))
    optional = {rule.code for rule in rules if rule in checked or rule.severity is not Severity.ERROR} - IDENTITY
    unread = {rule.code for rule in READING if rule.severity is Severity.ERROR}
    return Rulebook(rules, frozenset(optional), frozenset(unread))


@dataclass(frozen=True, slots=True)
class RulePage:
    """What the documentation says of a rule, as Markdown.

    `bad` and `good` show an input that breaks the rule, and one that does not; `source` is empty where none is named.
    """

    rule: Rule
    what: str
    why: str
    bad: str
    good: str
    fix: str
    source: str


@cache
def rule_pages() -> tuple[RulePage, ...]:
    """The page of every rule, by code."""
    found = dict(_sections())
    return tuple(_page(rule, found[rule.code]) for rule in rulebook().rules)


def _page(rule: Rule, parts: Mapping[str, str]) -> RulePage:
    source = parts.get("Source", "")
    return RulePage(rule, parts["What"], parts["Why"], parts["Bad"], parts["Good"], parts["Fix"], source)


def _sections() -> Iterator[tuple[str, dict[str, str]]]:
    """Code and named parts of each section `## CODE name` of the pages."""
    for page in sorted(_pages_folder().glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for code, section in re.findall(r"^## ([A-Z]+[0-9]{3}) .*\n((?:(?!#).*\n)*)", text, re.MULTILINE):
            parts = re.findall(r"^- \*\*(\w+):\*\* ((?:.|\n(?=  \S))*)", section, re.MULTILINE)
            yield code, {key: re.sub(r"\n +", " ", written) for key, written in parts}


def _pages_folder() -> Path:
    """The pages that come with the package: inside the wheel, or beside `src` in a checkout."""
    packaged = Path(str(files("azureml_publish"))) / "rule_pages"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "docs" / "rules"
