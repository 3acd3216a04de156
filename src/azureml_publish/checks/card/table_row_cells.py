"""CARD001: a table row with more or fewer cells than its header, which viewers pad or cut without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.checks.subject import Check, Described
from azureml_publish.diagnostics import Diagnostic, Rule, Severity

RULE = Rule("CARD001", "table-row-column-count", Severity.ERROR, "A table row has not as many cells as its header.")


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    wanted = 0
    for token in card.tokens:
        if token.type == "thead_open" and token.map:
            wanted = _cells(card.lines[token.map[0]])
        elif token.type == "tr_open" and token.map and token.level > 0:
            row = card.lines[token.map[0]]
            count = _cells(row)
            if count != wanted:
                yield RULE.at(
                    card.place(token.map[0] + 1, len(row) - len(row.lstrip()) + 1),
                    f"The row '{_short(row)}' has {count} cell{'s' * (count != 1)}, the table's header {wanted}.",
                    "Fill the missing cells, or take out the extra '|'; write '\\|' for a bar inside a cell.",
                )


def _cells(row: str) -> int:
    """Cells of one row by the rules of GitHub's tables: outer bars are optional, an escaped bar is text."""
    inner = row.strip().removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return len(re.findall(r"(?<!\\)\|", inner)) + 1


def _short(row: str) -> str:
    return row if len(row) <= 60 else f"{row[:57]}..."


CHECK = Check(RULE, described=_check)
