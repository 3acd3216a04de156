"""CARD004: a header without bars at its ends above a row of dashes with them, or the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import once_a_card, times
from azureml_publish.lint.markdown.cards import Card, CardEdit, Table
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD004", "table-pipe-style", Severity.INFO, "Header and row of dashes do not begin and end alike.")


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    edits = [edit for table in card.tables if (edit := _edit(card, table))]
    if edits:
        yield once_a_card(
            RULE,
            card,
            edits,
            f"In {times(len(edits), 'table')} the header and the row of dashes below differ in their outer bars (|).",
            "Write the outer bars in both rows or in none.",
        )


def _edit(card: Card, table: Table) -> CardEdit | None:
    line = table.delimiter_line
    header, dashes = card.lines[line - 2], card.lines[line - 1]
    if table.nested or len(table.header.cells) < 2:
        return None
    wanted = _ends(header)
    if wanted == _ends(dashes):
        return None
    inner = dashes.strip().removeprefix("|").removesuffix("|").strip()
    if not re.match(r"--|:", inner):
        inner = f"--{inner}"  # `- | -` would begin a list
    text = f"{'|' * wanted[0]}{inner}{'|' * wanted[1]}"
    indent = len(dashes) - len(dashes.lstrip())
    return line, indent + 1, line, len(dashes.rstrip()) + 1, text


def _ends(row: str) -> tuple[bool, bool]:
    bare = row.strip()
    return bare.startswith("|"), bare.endswith("|") and not bare.endswith("\\|")


CHECK = Check(RULE, described=_check)
