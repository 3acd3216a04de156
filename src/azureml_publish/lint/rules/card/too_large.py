"""CARD050: a card that nobody reads to its end."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.markdown.cards import PARSED_CHARACTERS
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD050", "card-too-large", Severity.WARNING, "The card is larger than almost every published one.")

LARGE_BYTES = 16 * 1024
"""Of 156 cards that were published, three are larger."""


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    if len(card.text) <= LARGE_BYTES // 4:
        return
    size = len(card.text.encode("utf-8", "replace"))
    if size <= LARGE_BYTES:
        return
    beyond = (
        f" Beyond {PARSED_CHARACTERS // 1024} Ki characters a card is not checked further." if card.too_large else ""
    )
    yield RULE.at(
        card.place(1, 1),
        f"The card has {size / 1024:,.0f} KiB; three of 156 published ones exceed {LARGE_BYTES // 1024}.{beyond}",
        "Move long tables and licences to a page of their own, and link it.",
    )


CHECK = Check(RULE, described=_check)
