"""CARD046: lines that end as Windows ends them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import once_a_card, times
from azureml_publish.lint.markdown.cards import CardEdit
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD046", "crlf", Severity.WARNING, "Lines end with CR LF.")

_END = re.compile(r"\r\n?|\n")


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    count = card.text.count("\r")
    if not count or card.too_large:
        return
    ends = enumerate(_END.finditer(card.text), 1)
    edits: list[CardEdit] = [
        (number, len(card.lines[number - 1]) + 1, number + 1, 1, "\n") for number, end in ends if end[0] != "\n"
    ]
    yield once_a_card(
        RULE,
        card,
        edits,
        f"{times(count, 'line')} {'ends' if count == 1 else 'end'} with CR LF: a change by somebody with another"
        " editor is a change of every line.",
        "Save the file with LF; `* text=auto eol=lf` in .gitattributes keeps it.",
    )


CHECK = Check(RULE, described=_check)
