"""CARD042: a character without width that no emoji and no script needs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import once_a_card, replacing, times
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD042", "zero-width-char", Severity.INFO, "A character without width hides in the text.")

_LATIN = r"[\x00-\u024f\u2010-\u203f]"
_HIDDEN = re.compile(rf"\ufeff|\u2060|(?:(?<={_LATIN})|^)[\u200b\u200c\u200d]+(?={_LATIN}|$)")
"""Joiners elsewhere tie emoji together, or shape Arabic and Indic words."""


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    if card.text.isascii() or not any(hidden in card.source for hidden in "\ufeff\u2060\u200b\u200c\u200d"):
        return
    edits = [replacing(card, match.start(), match.end(), "") for match in _HIDDEN.finditer(card.source)]
    if edits:
        line, column = edits[0][:2]
        character = card.lines[line - 1][column - 1]
        yield once_a_card(
            RULE,
            card,
            edits,
            f"{times(len(edits), 'character')} without width, the first U+{ord(character):04X},"
            f" {'hides' if len(edits) == 1 else 'hide'} in the text: searching and copying trip over it.",
            "Take it out.",
        )


CHECK = Check(RULE, described=_check)
