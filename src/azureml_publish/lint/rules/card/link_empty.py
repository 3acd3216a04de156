"""CARD022: a link that goes nowhere, or that nobody can see."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import short, width_of
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD022", "link-empty", Severity.ERROR, "A link has no target, or no text.")


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    for link in card.links:
        if link.kind not in ("markdown", "html"):
            continue
        shown = card.source[link.start : link.end]
        if link.url.strip() in ("", "#", "<>"):
            message, hint = f"The link '{short(link.text)}' has no target.", "Write the address, or take the link out."
        elif not re.sub(r"&nbsp;|\s", "", link.text) and shown.lower().endswith((")", "</a>")):
            message, hint = f"The link to {short(link.url)} has no text to click on.", "Write what the link is about."
        else:
            continue
        yield RULE.at(card.at(link.start), message, hint, width=width_of(shown))


CHECK = Check(RULE, described=_check)
