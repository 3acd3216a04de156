"""What `publish rule` prints: one rule as its page has it, or all rules in a list."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from azureml_publish.lint.rule_book import RulePage
from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.reporters.hostile_text import one_line

WIDTH = 100
_NARROWEST = 30


def rule_text(page: RulePage, width: int = WIDTH) -> str:
    """One rule, in lines of at most `width`: what it finds, why that matters, what breaks it, and how it is fixed."""
    rule = page.rule
    parts = {"What": page.what, "Why": page.why, "Bad": page.bad, "Good": page.good, "Fix": page.fix}
    parts |= {"Source": page.source, "Page": page.address()}
    lines = [f"{one_line(rule.code)} {one_line(rule.name)} ({rule.severity})", one_line(rule.summary), ""]
    for name, text in parts.items():
        for number, line in enumerate(text.split("\n") if text else ()):
            begin = " " * 8 if number else f"{name + ':':<8}"
            lines.append(_filled(line.strip(), width, begin, " " * (10 if number else 8)))
    return "\n".join(lines) + "\n"


def _filled(text: str, width: int, begin: str, indent: str) -> str:
    """A paragraph, or an item of a list."""
    return textwrap.fill(
        one_line(text),
        max(_NARROWEST, min(width, WIDTH)),
        initial_indent=begin,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def rules_text(pages: Iterable[RulePage]) -> str:
    """All rules, a line each."""
    return "".join(f"{one_line(one.rule.code):<8} {one.rule.severity:<8} {one_line(one.rule.name)}\n" for one in pages)


def rules_json(pages: Sequence[RulePage]) -> str:
    """Rules with their pages, as one JSON object."""
    return as_json({"rules": [_as_data(page) for page in pages]})


def _as_data(page: RulePage) -> dict[str, str]:
    rule = page.rule
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity,
        "summary": rule.summary,
        "what": page.what,
        "why": page.why,
        "bad": page.bad,
        "good": page.good,
        "fix": page.fix,
        "source": page.source,
    }
