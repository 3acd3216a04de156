"""CARD001: a table row with more or fewer cells than its header, which viewers pad or cut without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt

from azureml_publish.checks.subject import Check, ModelSubject
from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity

RULE = Rule("CARD001", "table-row-column-count", Severity.ERROR, "A table row has not as many cells as its header.")


def _check(subject: ModelSubject) -> Iterator[Diagnostic]:
    if subject.rendered is None:
        return
    card = subject.rendered.asset.description
    lines = card.splitlines()
    wanted = 0
    for token in MarkdownIt("commonmark").enable("table").parse(card):
        if token.type == "thead_open" and token.map:
            wanted = _cells(lines[token.map[0]])
        elif token.type == "tr_open" and token.map and token.level > 0:
            row = lines[token.map[0]]
            count = _cells(row)
            if count != wanted:
                yield RULE.at(
                    _place(subject, row, token.map[0] + 1),
                    f"The row '{_short(row)}' has {count} cell{'s' * (count != 1)}, the table's header {wanted}.",
                    "Fill the missing cells, or take out the extra '|'; write '\\|' for a bar inside a cell.",
                )


def _cells(row: str) -> int:
    """Cells of one row by the rules of GitHub's tables: outer bars are optional, an escaped bar is text."""
    inner = row.strip().removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return len(re.findall(r"(?<!\\)\|", inner)) + 1


def _place(subject: ModelSubject, row: str, line: int) -> Location:
    """The row in the model's own template; the line of the rendered card where a template made it."""
    for number, text in enumerate(subject.folder.card.splitlines(), 1):
        if text.strip() == row.strip():
            return Location(subject.folder.card_path, number, len(text) - len(text.lstrip()) + 1)
    return Location(f"build/{subject.folder.folder}/description.md", line)


def _short(row: str) -> str:
    return row if len(row) <= 60 else f"{row[:57]}..."


CHECK = Check(RULE, model=_check)
