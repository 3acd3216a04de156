"""CARD024: a link to a heading that the card does not have."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from urllib.parse import unquote

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import short, width_of
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD024", "link-anchor-missing", Severity.WARNING, "A link goes to a heading that the card does not have.")

_NAMED = re.compile(r"<[a-z][^<>]*?\b(?:id|name)\s*=\s*[\"']?([^\s\"'<>]+)", re.IGNORECASE)


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    links = [link for link in card.links if link.url.startswith("#") and len(link.url) > 1 and link.kind != "broken"]
    if not links:
        return
    anchors = card.anchors | {match[1].lower() for match in _NAMED.finditer(card.prose)}
    for link in links:
        wanted = unquote(link.url[1:]).lower().removeprefix("user-content-")
        if wanted in anchors or wanted == "top":
            continue
        close = difflib.get_close_matches(wanted[:100], sorted(anchors)[:500], n=1)
        yield RULE.at(
            card.at(link.url_start),
            f"No heading of the card has the anchor '{short(link.url)}'.",
            f"Write #{close[0]}, or take the link out."
            if close
            else "Name a heading of this card, or take the link out.",
            width=width_of(link.url),
        )


CHECK = Check(RULE, described=_check)
