"""What the rules for online answers look at: a link in a card, or a model's source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urldefrag, urlsplit

from azureml_publish.diagnostics import Fix, Location
from azureml_publish.lint.cards.findings import replacing
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern

_RESERVED = pattern(r"(?:.*\.)?(?:example(?:\.(?:com|net|org))?|test|invalid)", re.IGNORECASE)
"""Reserved names: https://www.rfc-editor.org/rfc/rfc2606."""

_HOST = pattern(r"[\w-]+(?:\.[\w-]+)*\.?|\[[0-9a-fA-F:.]+\]")


@dataclass(frozen=True, slots=True)
class LinkUse:
    """A link in a card.

    Attributes:
        url: the address without its fragment, which is not sent to a server.
        written: the address as it is written.
        location: where it is written.
        fix: replaces `written` by itself, to be changed by `to`; None where it cannot be edited.
    """

    url: str
    written: str
    location: Location
    fix: Fix | None

    def to(self, address: str) -> Fix | None:
        """The fix that writes another address, never marked as safe: people should look at the new page."""
        if self.fix is None:
            return None
        return Fix(tuple(replace(edit, text=address) for edit in self.fix.edits), safe=False)


@dataclass(frozen=True, slots=True)
class ModelUse:
    """The parts of a model folder that are compared with Hub and registry, and where its keys are written."""

    license: str
    where: Callable[[str], Location]


def link_uses(model: Described) -> Iterator[LinkUse]:
    """The links to web pages in a model's card and pages, without reserved hosts and patterns such as `{region}`."""
    for card in model.cards:
        yield from _uses(card)


def _uses(card: Card) -> Iterator[LinkUse]:
    for link in card.links:
        written = link.url.strip()
        if link.kind == "broken" or not _is_page(written):
            continue
        edit = replacing(card, link.url_start, link.url_start + len(link.url), written)
        url = urldefrag(written).url.replace("&amp;", "&")
        yield LinkUse(url, written, card.at(link.url_start, link.url), card.fix([edit], safe=False))


def _is_page(url: str) -> bool:
    """Whether an address can be followed: http or https, a host that exists, no password, no placeholder."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False  # CARD023 reports it
    if parts.scheme.lower() not in ("http", "https") or "@" in parts.netloc or re.search(r"[{}<>\s\\]", url):
        return False
    return bool(_HOST.fullmatch(host) or ":" in host) and not _RESERVED.fullmatch(host.rstrip("."))
