"""CARD041: a no-break space where nobody means one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import once_a_card, replacing, times
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD041", "nbsp", Severity.WARNING, "A no-break space stands where a blank is meant.")

_NBSP = re.compile(
    "(?<![0-9\u00ab\u00c2\u00a0])\u00a0(?![:;!?%\u00bb\u00b0\u20ac\u00a0])"  # units and French punctuation keep theirs
    "|(?<=[^\u00c2])\u00a0(?=[ \u00a0\n]|$)|(?<=[ \u00a0])\u00a0"
)


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    if "\u00a0" not in card.source:
        return
    edits = [replacing(card, match.start(), match.end(), " ") for match in _NBSP.finditer(card.source)]
    if edits:
        yield once_a_card(
            RULE,
            card,
            edits,
            f"The card has {times(len(edits), 'no-break space')} (U+00A0) where a blank is meant:"
            " programs that split at blanks, Markdown among them, do not see it.",
            "Write a plain blank.",
        )


CHECK = Check(RULE, described=_check)
