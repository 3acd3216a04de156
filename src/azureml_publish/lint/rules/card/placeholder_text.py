"""CARD010: text that was to be replaced before anybody reads the card."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import short, width_of
from azureml_publish.lint.markdown.cards import Card, CardEdit, Cell, Row
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD010", "placeholder-text", Severity.WARNING, "Text stands there that was to be replaced.")

_EMPTY_WORDS = r"to-?do|tbd|tba|fixme|placeholder|coming soon|to be (?:added|announced|defined|determined|done)|\?\?+"
_CELL = re.compile(rf"[\s*_(\[<`]*(?:{_EMPTY_WORDS})[\s*_)\]>`.!…]*", re.IGNORECASE)
_LINE = re.compile(rf"^[ \t>*+_-]*((?:{_EMPTY_WORDS})[*_]*[.!…]*)[ \t*_]*$", re.IGNORECASE | re.MULTILINE)
_PROSE = re.compile(
    r"(?<![\w}^\\$])\{\{-? ?[a-zA-Z_][\w.\[\]'\" |()-]{0,100}\}\}"
    r"|\{% ?[a-z][^%\n]{0,100}%\}"
    r"|\[(?:more information needed|insert [^\]\n]{1,60}|your [^\]\n]{1,60} here)\](?!\()"
    r"|\blorem ipsum\b"
    r"|\b(?-i:TODO|TBD|FIXME)\b(?![-_/])",
    re.IGNORECASE,
)


_TO_BE = re.compile(r"to be (?:added|announced|defined|determined|done)")
_SIGNS = (
    *("todo", "to-do", "tbd", "tba", "fixme", "placeholder", "coming soon", "??", "{{", "{%", "lorem"),
    *("[more", "[insert", "[your"),
)
"""One of these, or the one above, is in every text that the expressions above find; most cards have none."""


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    if not any(sign in card.lowered for sign in _SIGNS) and not _TO_BE.search(card.lowered):
        return
    told: set[tuple[int, int]] = set()
    for table in card.tables:
        for row in table.rows:
            for cell in row.cells:
                if cell.text and _CELL.fullmatch(cell.text):
                    told.add((row.line, cell.column))
                    yield _in_cell(card, row, cell, len(table.header.cells))
    rows = {line for line, _ in told}
    for match in _LINE.finditer(card.words):
        yield from _found(card, match.start(1), match[1], rows)
    for match in _PROSE.finditer(card.words):
        yield from _found(card, match.start(), match[0], rows)


def _in_cell(card: Card, row: Row, cell: Cell, columns: int) -> Diagnostic:
    """Take the row away where only its first cell says something, else empty the cell: neither is known to be meant."""
    filled = [one for one in row.cells[1:] if one.text and not _CELL.fullmatch(one.text)]
    whole: CardEdit = (row.line, 1, row.line + 1, 1, "")
    edit: CardEdit = (row.line, cell.column, row.line, cell.column + len(cell.text), "")
    drop = not filled and columns > 1 and row.line < len(card.lines)
    return RULE.at(
        card.place(row.line, cell.column),
        f"The cell '{short(cell.text)}' holds the place of something that was never filled in.",
        "Fill it in, or take the row out until there is something to show.",
        fix=card.fix([whole if drop else edit], safe=False),
        width=width_of(cell.text),
    )


def _found(card: Card, offset: int, text: str, rows: set[int]) -> Iterator[Diagnostic]:
    line, column = card.position(offset)
    if line in rows:
        return
    made = text.startswith("{")
    message = f"'{short(text)}' is a template's expression that nothing replaced." if made else None
    yield RULE.at(
        card.place(line, column),
        message or f"'{short(text)}' holds the place of something that was never written.",
        "Put it between backticks if readers shall see it; else render it." if made else "Write it, or take it out.",
        width=width_of(text),
    )


CHECK = Check(RULE, described=_check)
