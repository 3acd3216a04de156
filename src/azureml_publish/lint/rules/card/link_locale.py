"""CARD025: a link to a page of Microsoft in one language, where the reader's own would be shown without it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import once_a_card, replacing, times
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD025", "link-locale-segment", Severity.INFO, "A link fixes the language of a page.")

_LOCALE = re.compile(r"https?://(?:[\w-]+\.)*microsoft\.com(/[a-z]{2}-[a-z]{2})(?=[/?#]|$)", re.IGNORECASE)


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    edits, first = [], ""
    for link in card.links:
        match = _LOCALE.match(link.url) if "microsoft.com" in link.url.lower() and link.kind != "broken" else None
        if match:
            first = first or match[1]
            edits.append(replacing(card, link.url_start + match.start(1), link.url_start + match.end(1), ""))
    if edits:
        yield once_a_card(
            RULE,
            card,
            edits,
            f"The card fixes the language of {times(len(edits), 'link')} to microsoft.com: '{first}'.",
            "Leave the language out: the site then takes the reader's.",
            width=len(first),
        )


CHECK = Check(RULE, described=_check)
