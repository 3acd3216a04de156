"""CARD003: a table right below text, which some viewers take for more of that text."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import short, width_of
from azureml_publish.lint.markdown.cards import Card, cells_of
from azureml_publish.lint.rules.card.table_row_cells import DELIMITER
from azureml_publish.lint.subject import Check, Described

RULE = Rule(
    "CARD003", "table-no-blank-line-before", Severity.WARNING, "A table follows text without an empty line between."
)


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    if "|" not in card.source:
        return
    yield from _swallowed(card)
    ends = {last for _, last in card.paragraphs}
    for table in card.tables:
        line = table.header.line
        if line - 1 not in ends:
            continue
        text = card.lines[line - 1]
        yield RULE.at(
            card.place(line, len(text) - len(text.lstrip()) + 1),
            f"The table '{short(text)}' follows text without an empty line: some viewers show it as more of that text.",
            "Put an empty line before the table.",
            fix=None if table.nested else card.fix([(line, 1, line, 1, "\n")]),
            width=width_of(text.strip()),
        )


def _swallowed(card: Card) -> Iterator[Diagnostic]:
    """A table right below an item of a list is no table at all: its lines belong to the item."""
    for first, last in card.paragraphs:
        for line in range(first + 2, last + 1):
            head, dashes = card.lines[line - 2], card.lines[line - 1]
            if "|" not in head or not DELIMITER.match(dashes):
                continue
            if len(cells_of(head, line - 1)) != len(cells_of(dashes, line)):
                continue  # CARD001 tells
            yield RULE.at(
                card.place(line - 1, len(head) - len(head.lstrip()) + 1),
                f"The table '{short(head)}' is no table: without an empty line it belongs to the text above it.",
                "Put an empty line before the table.",
                fix=card.fix([(line - 1, 1, line - 1, 1, "\n")]) if head[:1] not in "> \t" else None,
                width=width_of(head.strip()),
            )


CHECK = Check(RULE, described=_check)
