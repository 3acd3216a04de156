"""What rules on answers from the network look at: a link of a card, or what a model folder says of its source."""

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
"""Names that belong to nobody: https://www.rfc-editor.org/rfc/rfc2606."""

_HOST = pattern(r"[\w-]+(?:\.[\w-]+)*\.?|\[[0-9a-fA-F:.]+\]")


@dataclass(frozen=True, slots=True)
class LinkUse:
    """A link of a card: which address, and where it is written.

    Attributes:
        url: the address without its fragment, which no server sees.
        written: the address as it is written.
        location: its place.
        fix: puts `written` in its place; None where that place cannot be written to.
    """

    url: str
    written: str
    location: Location
    fix: Fix | None

    def to(self, address: str) -> Fix | None:
        """The fix that puts another address here. Never a safe one: what stands there now is for people to look at."""
        if self.fix is None:
            return None
        return Fix(tuple(replace(edit, text=address) for edit in self.fix.edits), safe=False)


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What a model folder says that Hub and registry are compared with, and where a key of it is written."""

    license: str
    where: Callable[[str], Location]


def link_uses(model: Described) -> Iterator[LinkUse]:
    """The links to web pages of a model's card and pages. Places of code, and names that belong to nobody, are none."""
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
    """Whether an address can be followed: on the web, without a password, and no pattern such as `{region}`."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False  # CARD023 reports it
    if parts.scheme.lower() not in ("http", "https") or "@" in parts.netloc or re.search(r"[{}<>\s\\]", url):
        return False
    return bool(_HOST.fullmatch(host) or ":" in host) and not _RESERVED.fullmatch(host.rstrip("."))
