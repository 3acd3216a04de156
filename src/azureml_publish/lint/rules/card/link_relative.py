"""CARD064: a link to a file beside the card, which is not there in a registry."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import short, width_of
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD064", "link-relative", Severity.WARNING, "A link goes to a file beside the card.")

_FILE = re.compile(r"(?:\.{0,2}/)?[\w.%~-]+(?:/[\w.%~-]+)*(?:[?#]\S*)?$")
_SITE = re.compile(r"(?:www\.)?[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|ai|edu|dev|co|gov)(?:[/?#]|$)", re.IGNORECASE)


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    for link in card.links:
        if link.kind not in ("markdown", "html", "definition") or not _FILE.match(link.url):
            continue
        if _SITE.match(link.url):
            message = f"The link to {short(link.url)} lacks https://, so viewers look for a file of that name."
            hint = f"Write https://{short(link.url)}."
        else:
            message = f"The link to {short(link.url)} goes to a file beside the card; a registry has the card alone."
            hint = "Write the whole address, https:// included."
        yield RULE.at(card.at(link.url_start), message, hint, width=width_of(link.url))


CHECK = Check(RULE, described=_check)
