"""CARD002: rows of a table without the row of dashes that makes them one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import times, width_of
from azureml_publish.lint.markdown.cards import Card, cells_of
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD002", "table-missing-delimiter", Severity.ERROR, "Rows of a table lack the row of dashes.")

_DASHES = re.compile(r"[ >]*\|?[ :|-]+$")


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    if "|" not in card.source:
        return
    for first, last in card.paragraphs:
        if last - first >= 1:
            yield from _rows(card, first, last)


def _rows(card: Card, first: int, last: int) -> Iterator[Diagnostic]:
    """Two lines or more of one paragraph that are rows by their looks: bars round them, or two within."""
    texts = [card.lines[line - 1] for line in range(first, last + 1)]
    seen = [
        card.prose[card.starts[line - 1] : card.starts[line - 1] + len(card.lines[line - 1])]
        for line in range(first, last + 1)
    ]
    if not all(_is_row(text) for text in seen):
        return
    counts = {len(cells_of(text, first)) for text in texts}
    if len(counts) != 1 or any(_DASHES.match(text) for text in texts):
        return
    (count,) = counts
    head = texts[0]
    column = len(head) - len(head.lstrip(" >")) + 1
    framed = head.strip().startswith("|")
    dashes = f"| {' | '.join(['---'] * count)} |" if framed else "|".join(["---"] * count)
    fix = None if column > 1 else card.fix([(first + 1, 1, first + 1, 1, f"{dashes}\n")])
    yield RULE.at(
        card.place(first, column),
        f"{times(len(texts), 'row')} of {count} cells lack the row of dashes below the first: readers see no table.",
        f"Write `{dashes}` below the header.",
        fix=fix,
        width=width_of(head.strip()),
    )


def _is_row(text: str) -> bool:
    bare = text.strip(" >")
    bars = bare.count("|") - bare.count("\\|")
    return (bare.startswith("|") and bare.endswith("|") and bars >= 3) or (bars >= 2 and "||" not in bare)


CHECK = Check(RULE, described=_check)
