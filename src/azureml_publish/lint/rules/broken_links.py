"""Rules on the answers of the pages that cards link."""

from __future__ import annotations

import re
from urllib.parse import unquote, urldefrag, urlsplit

from azureml_publish.diagnostics import Severity
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.online.answers import LinkAnswer, LinkState
from azureml_publish.lint.online_subjects import LinkUse
from azureml_publish.patterns import pattern


@rule("LINK001", "link-broken", Severity.WARNING, "A link goes to a page that does not exist.")
def link_broken(use: LinkUse, answer: LinkAnswer) -> Findings:
    """A link to a page or host that does not exist."""
    if answer.state is LinkState.BROKEN:
        message = f"The link to {short(use.written)} is broken: it {answer.outcome}."
        yield link_broken.at(use.location, message, "Link where the page is now, or take the link out.")


_LASTING = pattern(
    r"(?:aka\.ms|go\.microsoft\.com|(?:dx\.)?doi\.org|hdl\.handle\.net|n2t\.net|purl\.(?:org|oclc\.org)|w3id\.org"
    r"|identifiers\.org|bit\.ly|g\.co|goo\.gle|git\.io|spdx\.org|[\w-]+\.page\.link)",
    re.IGNORECASE,
)
"""Hosts whose addresses redirect on purpose; they are the ones to link."""

_WRITABLE = pattern(r"[\w.~:/?#@!$&*+,;=%-]+", re.ASCII)
"""Characters that mean nothing else in Markdown, tables and HTML."""

_LOCALE = pattern(r"/[a-z]{2}(?:-[a-z]{2,4})?(?=/|$)", re.IGNORECASE)


@rule("LINK002", "link-moved", Severity.INFO, "A link goes to a page that has moved permanently.")
def link_moved(use: LinkUse, answer: LinkAnswer) -> Findings:
    """A link to a page that has moved permanently."""
    if answer.state is not LinkState.FINE or not answer.moved:
        return
    host = urlsplit(use.url).hostname or ""
    if _LASTING.fullmatch(host) or _plain(use.url) == _plain(answer.moved):
        return
    if urlsplit(answer.moved).path in ("", "/") and urlsplit(use.url).path not in ("", "/"):
        yield link_moved.at(
            use.location,
            f"The link to {short(use.written)} leads to a front page: {short(answer.moved)}. "
            "The original page is most likely gone.",
            "Link where the page is now, or take the link out.",
            severity=Severity.WARNING,
        )
        return
    fragment = urldefrag(use.written).fragment
    target = answer.moved if not fragment or "#" in answer.moved else f"{answer.moved}#{fragment}"
    message = f"The link to {short(use.written)} has moved permanently to {short(target)}."
    hint = f"Write {target}." if len(target) <= 300 else "Write the address that a browser shows there."
    yield link_moved.at(use.location, message, hint, fix=use.to(target) if _WRITABLE.fullmatch(target) else None)


def _plain(url: str) -> tuple[str, str, str]:
    """An address for comparison: https for http, a final `/` and a language are no move."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    return host, _LOCALE.sub("", unquote(parts.path), count=1).rstrip("/"), parts.query


@rule("LINK003", "link-unreachable", Severity.INFO, "A link could not be checked.")
def link_unreachable(use: LinkUse, answer: LinkAnswer) -> Findings:
    """A link that could not be checked: no answer, a server error, or a page that refuses programs."""
    if answer.state is LinkState.UNREACHABLE:
        message = f"The link to {short(use.written)} could not be checked: it {answer.outcome}."
        yield link_unreachable.at(use.location, message, "Open it in a browser, or run again later.")


@rule("LINK004", "link-private", Severity.INFO, "A link goes into a private network, and was not followed.")
def link_private(use: LinkUse, answer: LinkAnswer) -> Findings:
    """A link into a private network, which is not followed."""
    if answer.state is LinkState.PRIVATE:
        message = f"The link to {short(use.written)} was not followed: it {answer.outcome}, in a private network."
        hint = "Link what all readers can open; PUBLISH_LINKS_ALLOW_PRIVATE names hosts that links may lead to."
        yield link_private.at(use.location, message, hint)
