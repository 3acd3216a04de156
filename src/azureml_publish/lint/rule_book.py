"""All rules, which of them can be suppressed, and their pages in `docs/rules`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from azureml_publish.diagnostics import Rule, Severity
from azureml_publish.errors import NotFound
from azureml_publish.lint.built_in import BUILT_IN, IDENTITY, ONLINE, READING
from azureml_publish.lint.plugins import plugin_checks, plugins
from azureml_publish.lint.rules import ALL_CHECKS, ONLINE_CHECKS
from azureml_publish.lint.selection import Rulebook


def always_looks(code: str) -> bool:
    """Whether a rule runs in every run. Rules on answers from the network do not."""
    return code not in ONLINE


@cache
def rulebook() -> Rulebook:
    """All rules. Errors of reading and rendering cannot be suppressed: they keep other rules from running."""
    checked = {check.rule for check in (*ALL_CHECKS, *ONLINE_CHECKS, *plugin_checks())}
    rules = tuple(sorted({*checked, *BUILT_IN}, key=lambda rule: rule.code))
    optional = {rule.code for rule in rules if rule in checked or rule.severity is not Severity.ERROR} - IDENTITY
    unread = {rule.code for rule in READING if rule.severity is Severity.ERROR}
    return Rulebook(rules, frozenset(optional), IDENTITY, frozenset(unread))


@dataclass(frozen=True, slots=True)
class RulePage:
    """The documentation of a rule, as Markdown.

    `bad` and `good` show an input that breaks the rule and one that does not; `source` may be empty; `page` is the name
    of
    the file. The rule of a plug-in has no page: `what` is its summary, and `source` its distribution.
    """

    rule: Rule
    what: str
    why: str = ""
    bad: str = ""
    good: str = ""
    fix: str = ""
    source: str = ""
    page: str = ""

    def address(self, docs: str = "") -> str:
        """The address of the rule's section, in the team's documentation or else in the package's own pages."""
        if not self.page:
            return ""
        page = quote(self.page, errors="replace")
        base = f"{docs.rstrip('/')}/rules/{page}" if docs else f"{_pages_folder().as_uri()}/{page}.md"
        return f"{base}#{self.rule.code.lower()}-{self.rule.name}"

    @property
    def markdown(self) -> str:
        """The page as Markdown, for reports that show it beside a finding."""
        parts = (("What", self.what), ("Why", self.why), ("Bad", self.bad), ("Good", self.good), ("Fix", self.fix))
        nested = ((title, text.replace("\n", "\n    ")) for title, text in parts if text)
        return "".join(f"- **{title}:** {text}\n" for title, text in nested)


@cache
def rule_pages() -> tuple[RulePage, ...]:
    """The pages of all rules, in order of their codes."""
    found = dict(_sections())
    added = {
        check.rule: RulePage(check.rule, check.rule.summary, source=str(plugin))
        for plugin in plugins()
        for check in plugin.checks
    }
    return tuple(added.get(rule) or _page(rule, found[rule.code]) for rule in rulebook().rules)


def find_pages(written: str) -> tuple[RulePage, ...]:
    """The pages of the rules that a code, the beginning of one, or a name selects, in upper or lower case.

    Raises:
        NotFound: there is no such rule.
    """
    book = rulebook()
    meant = book.selects(written)
    if not meant:
        raise NotFound(f"No rule is called '{written}'.", hint=book.close_to(written))
    return tuple(page for page in rule_pages() if page.rule.code in meant)


def _page(rule: Rule, parts: Mapping[str, str]) -> RulePage:
    source = parts.get("Source", "")
    return RulePage(rule, parts["What"], parts["Why"], parts["Bad"], parts["Good"], parts["Fix"], source, parts["page"])


def _sections() -> Iterator[tuple[str, dict[str, str]]]:
    """The code and the named parts of each section `## CODE name` in the pages; lists in a part keep their lines."""
    for page in sorted(_pages_folder().glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for code, section in re.findall(r"^## ([A-Z]+[0-9]{3}) .*\n((?:(?!#).*\n)*)", text, re.MULTILINE):
            parts = re.findall(r"^- \*\*(\w+):\*\* ((?:.|\n(?=  ))*)", section, re.MULTILINE)
            joined = {key: re.sub(r"\n +(?! |- )", " ", written) for key, written in parts}
            yield code, {key: re.sub(r"\n +- ", "\n- ", text) for key, text in joined.items()} | {"page": page.stem}


def _pages_folder() -> Path:
    """The folder of the pages: in the wheel, or beside `src` in a checkout."""
    packaged = Path(str(files("azureml_publish"))) / "rule_pages"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "docs" / "rules"
