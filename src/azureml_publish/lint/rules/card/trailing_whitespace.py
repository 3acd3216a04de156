"""CARD045: blanks at the end of a line, where they are no line break."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import once_a_card, times
from azureml_publish.lint.markdown.cards import Card, CardEdit
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD045", "trailing-whitespace", Severity.INFO, "A line ends with blanks that do nothing.")


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    if " \n" not in card.source and "\t\n" not in card.source and card.source[-1:] not in (" ", "\t"):
        return
    edits = list(_edits(card))
    if edits:
        count = times(len(edits), "line")
        yield once_a_card(
            RULE,
            card,
            edits,
            f"{count} {'ends' if len(edits) == 1 else 'end'} with blanks that do nothing.",
            "Take them out. Two blanks that break a line of text are left alone.",
            width=edits[0][3] - edits[0][1],
        )


def _edits(card: Card) -> Iterator[CardEdit]:
    kept: set[int] = set()
    for token in card.tokens:
        if token.map and token.type in ("fence", "code_block", "html_block"):
            kept.update(range(token.map[0] + 1, token.map[1] + 1))
    broken = {line for first, last in card.paragraphs for line in range(first, last)}
    for number, line in enumerate(card.lines, 1):
        bare = line.rstrip(" \t")
        if len(bare) == len(line) or number in kept or number <= card.front_matter:
            continue
        if number in broken and bare and line.endswith("  "):
            continue
        if bare.strip(" \t>") or not bare:
            yield number, len(bare) + 1, number, len(line) + 1, ""


CHECK = Check(RULE, described=_check)
