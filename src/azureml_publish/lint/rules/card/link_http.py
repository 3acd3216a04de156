"""CARD020: a link over plain http."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import replacing, short, width_of
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD020", "link-http", Severity.WARNING, "A link goes over plain http.")

_HTTPS = re.compile(
    r"(?:[\w-]+\.)*(?:aclanthology\.org|aka\.ms|anthropic\.com|apache\.org|arxiv\.org|azure\.com|creativecommons\.org"
    r"|doi\.org|github\.com|github\.io|githubusercontent\.com|google\.com|huggingface\.co|hf\.co|ieee\.org|kaggle\.com"
    r"|microsoft\.com|nvidia\.com|openai\.com|pytorch\.org|readthedocs\.io|stanford\.edu|tensorflow\.org|wikipedia\.org"
    r"|wikimedia\.org|youtube\.com|zenodo\.org)",
    re.IGNORECASE,
)
"""Hosts that serve every page over https too; a redirect from http is what all of them answer."""

_LOCAL = re.compile(
    r"localhost|127\.|10\.|192\.168\.|0\.0\.0\.0|\[::1\]|example\.(?:com|org|net)|[\w-]+$", re.IGNORECASE
)


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    for link in card.links:
        if link.url[:7].lower() != "http://" or link.kind == "broken":
            continue
        host = re.split(r"[/:?#]", link.url[7:], maxsplit=1)[0]
        if not host or _LOCAL.match(host):
            continue
        known = _HTTPS.fullmatch(host) is not None
        edit = replacing(card, link.url_start, link.url_start + 7, "https://")
        yield RULE.at(
            card.at(link.url_start),
            f"The link to {short(link.url)} goes over plain http, which anybody on the way can read and change.",
            "Write https instead." if known else f"Write https instead, if {short(host)} answers there.",
            fix=card.fix([edit]) if known else None,
            width=width_of(link.url),
        )


CHECK = Check(RULE, described=_check)
