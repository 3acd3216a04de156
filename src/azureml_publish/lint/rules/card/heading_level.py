"""CARD030: a heading two levels below the one before it."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import once_a_card, short, times
from azureml_publish.lint.markdown.cards import Card, CardEdit
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD030", "heading-level-skip", Severity.INFO, "A heading skips a level.")


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    edits: list[CardEdit] = []
    skips = 0
    first = ""
    stack: list[tuple[int, int]] = []
    for heading in card.headings:
        while stack and heading.level <= stack[-1][0]:
            stack.pop()
        if not stack:
            stack.append((heading.level, heading.level))
            continue
        wanted = stack[-1][1] + 1
        if wanted < heading.level:
            skips += 1
            first = first or heading.text
            edits += _edit(card, heading.line, heading.level, wanted)
        stack.append((heading.level, min(wanted, heading.level)))
    if edits:
        yield once_a_card(
            RULE,
            card,
            edits,
            f"{times(skips, 'heading')} {'skips' if skips == 1 else 'skip'} a level, the first is '{short(first)}':"
            " outlines and screen readers show a gap.",
            "Make it one level below the heading before it.",
            width=edits[0][3] - edits[0][1],
        )


def _edit(card: Card, line: int, level: int, wanted: int) -> list[CardEdit]:
    column = card.lines[line - 1].find("#" * level) + 1
    return [(line, column, line, column + level, "#" * wanted)] if column else []


CHECK = Check(RULE, described=_check)
