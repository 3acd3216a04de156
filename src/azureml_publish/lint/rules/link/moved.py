"""LINK002: a link to a page that says it has moved for good."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote, urldefrag, urlsplit

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import short
from azureml_publish.lint.online import LinkAnswer, LinkState
from azureml_publish.lint.online_rules import LinkUse, OnlineCheck

RULE = Rule("LINK002", "link-moved", Severity.INFO, "A link goes to a page that has moved for good.")

_LASTING = re.compile(
    r"(?:aka\.ms|go\.microsoft\.com|(?:dx\.)?doi\.org|hdl\.handle\.net|n2t\.net|purl\.(?:org|oclc\.org)|w3id\.org"
    r"|identifiers\.org|bit\.ly|g\.co|goo\.gle|git\.io|spdx\.org|[\w-]+\.page\.link)",
    re.IGNORECASE,
)
"""Hosts whose addresses are made to lead elsewhere; theirs is the one to write."""

_WRITABLE = re.compile(r"[\w.~:/?#@!$&*+,;=%-]+", re.ASCII)
"""What may stand in Markdown, in a table and in HTML without being taken for something else."""

_LOCALE = re.compile(r"/[a-z]{2}(?:-[a-z]{2,4})?(?=/|$)", re.IGNORECASE)


def _check(use: LinkUse, answer: LinkAnswer) -> Iterator[Diagnostic]:
    if answer.state is not LinkState.FINE or not answer.moved:
        return
    host = urlsplit(use.url).hostname or ""
    if _LASTING.fullmatch(host) or _plain(use.url) == _plain(answer.moved):
        return
    if urlsplit(answer.moved).path in ("", "/") and urlsplit(use.url).path not in ("", "/"):
        finding = RULE.at(
            use.location,
            f"The link to {short(use.written)} leads to a front page: {short(answer.moved)}. "
            "The page that was meant is most likely gone.",
            "Link where the page is now, or take the link out.",
            width=use.width,
        )
        yield replace(finding, severity=Severity.WARNING)
        return
    fragment = urldefrag(use.written).fragment
    target = answer.moved if not fragment or "#" in answer.moved else f"{answer.moved}#{fragment}"
    yield RULE.at(
        use.location,
        f"The link to {short(use.written)} has moved for good, to {short(target)}.",
        f"Write {target}." if len(target) <= 300 else "Write the address that a browser shows there.",
        fix=use.to(target) if _WRITABLE.fullmatch(target) else None,
        width=use.width,
    )


def _plain(url: str) -> tuple[str, str, str]:
    """An address as it is compared: neither http for https, nor a `/` at the end, nor a language is a move."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    return host, _LOCALE.sub("", unquote(parts.path), count=1).rstrip("/"), parts.query


CHECK = OnlineCheck(RULE, link=_check)
