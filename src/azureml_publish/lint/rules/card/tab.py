"""CARD044: a tab within text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import once_a_card, replacing, times
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD044", "tab-in-prose", Severity.INFO, "A tab stands within text.")

_TAB = re.compile(r"(?<=[^\s>*+#.)-])\t+(?=\S)")
"""Tabs that indent, or that follow a list's mark, make blocks; these do nothing but look odd."""


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    if "\t" not in card.source:
        return
    edits = [replacing(card, match.start(), match.end(), " ") for match in _TAB.finditer(card.prose)]
    if edits:
        yield once_a_card(
            RULE,
            card,
            edits,
            f"{times(len(edits), 'tab')} {'stands' if len(edits) == 1 else 'stand'} within text.",
            "Write a blank.",
        )


CHECK = Check(RULE, described=_check)
