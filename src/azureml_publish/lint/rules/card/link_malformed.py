"""CARD023: an address that is none, or a link whose brackets are not those of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import replacing, short, width_of
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.markdown.inline import Link
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD023", "link-malformed-url", Severity.ERROR, "A link's address cannot be followed as it is written.")

_SCHEME = re.compile(r"(?:https?://){2,}|h?t?t+ps?:?/+|https?[;.]/+|https?:(?!//)/*|https?//", re.IGNORECASE)
_GOOD = re.compile(r"https?://(?!/)(?!https?:)[^\s/?#:]+", re.IGNORECASE)
_BRACKETS = re.compile(
    r"(?<![\w\])!/=])\((https?://[^\s()<>]{1,500})\)\[([^\[\]\n]{1,200})\]|\((?P<t>[^()\[\]\n]{1,100})\)\[(?P<u>https?://[^\s\[\]]{1,500})\]"
)
_ADDRESS = re.compile(r"\s*(?:https?:|www\.|/|#)", re.IGNORECASE)


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    for link in card.links:
        if link.kind == "broken":
            yield from _broken(card, link)
        elif link.kind in ("markdown", "html", "definition"):
            yield from _address(card, link)
    if ")[" in card.prose:
        yield from _swapped(card)


def _broken(card: Card, link: Link) -> Iterator[Diagnostic]:
    """`](` with something behind it that is an address, yet no link: a blank within it, or no closing bracket."""
    if not _ADDRESS.match(link.url):
        return
    inner, closed, _ = link.url.partition(")")
    bare = inner.strip()
    edits = []
    if closed and " " in bare and "\n" not in bare and not re.search(r"\s[\"'(]", bare):
        message = f"The link '{short(link.text)}' has a blank in its address, so it is shown as text."
        hint = "Write %20 for the blank, or take it out."
        edits = [replacing(card, link.url_start, link.url_start + len(inner), bare.replace(" ", "%20"))]
    else:
        message = f"The link '{short(link.text)}' is not closed, so it is shown as text."
        hint = "Close the address with ')'."
    fix = card.fix(edits, safe=False) if edits else None
    yield RULE.at(card.at(link.start), message, hint, fix=fix, width=width_of(card.source[link.start : link.end]))


def _address(card: Card, link: Link) -> Iterator[Diagnostic]:
    url = link.url.strip()
    if _GOOD.match(url) or not (match := _SCHEME.match(url)):
        return
    rest = url[match.end() :].lstrip(":/")
    scheme = "http" if re.match(r"http(?!s)", url, re.IGNORECASE) else "https"
    host = re.match(r"[\w-]+(?:\.[\w-]+)+", rest)
    edit = replacing(card, link.url_start, link.url_start + len(link.url), f"{scheme}://{rest}")
    yield RULE.at(
        card.at(link.url_start),
        f"'{short(link.url)}' is no address: it begins with '{short(match[0])}'."
        if host
        else f"'{short(link.url)}' has no host.",
        f"Write {scheme}://{short(rest)}." if host else "Write the whole address, https:// included.",
        fix=card.fix([edit], safe=False) if host else None,
        width=width_of(link.url),
    )


def _swapped(card: Card) -> Iterator[Diagnostic]:
    for match in _BRACKETS.finditer(card.prose):
        url, text = (match[1], match[2]) if match[1] else (match["u"], match["t"])
        yield RULE.at(
            card.at(match.start()),
            f"The link to {short(url)} has its brackets the wrong way round, so it is shown as text.",
            f"Write [{short(text)}]({short(url)}).",
            fix=card.fix([replacing(card, match.start(), match.end(), f"[{text}]({url})")], safe=False),
            width=width_of(match[0]),
        )


CHECK = Check(RULE, described=_check)
