"""CARD001: a table row with more or fewer cells than its header, which viewers pad or cut without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import short, times, width_of
from azureml_publish.lint.markdown.cards import Card, Row, cells_of
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD001", "table-row-column-count", Severity.ERROR, "A table row has not as many cells as its header.")

DELIMITER = re.compile(r"[ >]*\|?[ :-]*-[ :-]*\|[ :|-]*$")
"""The row of dashes of a table with two columns or more."""


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    for table in card.tables:
        wanted = len(table.header.cells)
        for row in table.rows:
            if len(row.cells) != wanted:
                yield _odd_row(card, row, wanted)
    yield from _odd_delimiters(card)


def _odd_row(card: Card, row: Row, wanted: int) -> Diagnostic:
    text = card.lines[row.line - 1]
    count, column = len(row.cells), len(text) - len(text.lstrip()) + 1
    if "|" not in text:
        message = f"The line '{short(text)}' follows a table without an empty line between, so it becomes a row of it."
        hint = "Put an empty line before it, or move it out of the table."
        return RULE.at(card.place(row.line, column), message, hint, width=width_of(text.strip()))
    message = f"The row '{short(text)}' has {times(count, 'cell')}, the table's header {wanted}."
    hint = "Fill the missing cells, or take out the extra '|'; write '\\|' for a bar inside a cell."
    fix = None
    if count < wanted:
        end = len(text.rstrip())
        closed = text.rstrip().endswith("|") and not text.rstrip().endswith("\\|")
        added = " |" * (wanted - count) if closed else " |" * (wanted - count + 1)
        # What is missing may be a cell in the middle: nobody but the author knows.
        fix = card.fix([(row.line, end + 1, row.line, end + 1, added)], safe=False)
    return RULE.at(card.place(row.line, column), message, hint, fix=fix, width=width_of(text.strip()))


def _odd_delimiters(card: Card) -> Iterator[Diagnostic]:
    """A row of dashes whose cells are not those of the header above it: then there is no table at all."""
    if "|" not in card.source:
        return
    for first, last in card.paragraphs:
        for line in range(first + 1, last + 1):
            text, above = card.lines[line - 1], card.lines[line - 2]
            if "|" in above and DELIMITER.match(text):
                count, wanted = len(cells_of(text, line)), len(cells_of(above, line - 1))
                if count == wanted:
                    continue
                yield RULE.at(
                    card.place(line, len(text) - len(text.lstrip()) + 1),
                    f"The row of dashes has {times(count, 'cell')}, the header above it {wanted}: this is no table.",
                    "Give both rows as many cells.",
                    width=width_of(text.strip()),
                )


CHECK = Check(RULE, described=_check)
