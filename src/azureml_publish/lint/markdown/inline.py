"""Finds links, code and tags within the blocks of a card, with offsets, which markdown-it-py does not give.

Every search is linear in the length of the card, or limited in how far it looks from one place.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from azureml_publish.patterns import pattern

LinkKind: TypeAlias = Literal["markdown", "html", "plain", "definition", "broken"]
"""How a link is written. `broken`: it looks like a Markdown link and is none."""

_LONGEST_TARGET = 2000
_LONGEST_TEXT = 1000

_PIECE = pattern(r"\\.|!\[|\[|\][(\[]?|\n[ \t>]*(?=\n)")
"""Every alternative begins with its own character, so `re` skips all other text quickly."""
_TARGET = pattern(
    r"\(\s{0,20}"
    r"(?:<(?P<angle>[^<>\n]{0,2000})>"
    r"|(?P<plain>(?:[^\s()\\<]|\\.|\((?:[^\s()\\]|\\.){0,500}+\))(?:[^\s()\\]|\\.|\((?:[^\s()\\]|\\.){0,500}+\)){0,2000}+)?)"
    r"(?:\s{1,20}(?:\"[^\"]{0,500}+\"|'[^']{0,500}+'|\([^()]{0,500}+\)))?"
    r"\s{0,20}\)"
)
_ANCHOR = pattern(r"<a\b([^<>]*)>", re.IGNORECASE)
_SOURCE = pattern(r"<(?:img|video|audio|source|embed|iframe)\b([^<>]*)>", re.IGNORECASE)
_SRC = pattern(r"\b(?:src|srcset|poster)\s{0,5}=\s{0,5}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_HREF = pattern(r"\bhref\s{0,5}=\s{0,5}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_TAG = pattern(r"</?[a-zA-Z][^<>]*>")
_PLAIN = pattern(
    r"https?://[^\s<>\"'`|)\]\u201c\u201d\u3001-\u3003\u3008-\u3011\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f]{1,2000}"
)
_DEFINITION = pattern(r"[ \t>]*\[[^\]\n]{1,999}\]:\s{0,20}<?([^\s<>]{1,2000})")
_CODE_TAG = pattern(r"<(/?)(?:code|pre|script|style)\b[^<>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """A link.

    Attributes:
        start: the offset of its first character; `end` is the offset after its last.
        url: its target as it is written; `url_start` is the offset of the target.
        attributes: those of an HTML link other than `href`.
    """

    kind: LinkKind
    start: int
    end: int
    text: str
    url: str
    url_start: int
    attributes: str = ""


def masked_code(text: str, blocks: Sequence[tuple[int, int]]) -> str:
    """The text with code spans (in these blocks), comments and HTML code replaced by spaces; offsets stay."""
    gaps = [gap for start, end in blocks if "`" in text[start:end] for gap in _code_spans(text, start, end)]
    text = without(text, gaps)
    if "<" not in text:
        return text
    return without(text, sorted([*_comments(text), *_code_tags(text)]))


def _code_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The code spans of a block: from a run of backticks to the next run of the same length."""
    runs = [(match.start(), match.end()) for match in re.finditer(r"`+", text[start:end])]
    places: dict[int, list[int]] = {}
    for index, (first, last) in enumerate(runs):
        places.setdefault(last - first, []).append(index)
    index = 0
    while index < len(runs):
        first, last = runs[index]
        escaped = _escaped(text, start, start + first)
        same = places.get(last - first - escaped, [])
        later = bisect_right(same, index)
        if last - first == escaped or later == len(same):
            index += 1
            continue
        index = same[later]
        yield start + first + escaped, start + runs[index][1]
        index += 1


def _escaped(text: str, floor: int, offset: int) -> bool:
    """Whether an odd number of backslashes is directly before an offset."""
    count = 0
    while offset - count > floor and text[offset - count - 1] == "\\":
        count += 1
    return count % 2 == 1


def _comments(text: str) -> Iterator[tuple[int, int]]:
    at = text.find("<!--")
    while at >= 0:
        end = text.find("-->", at + 4)
        if end < 0:
            return
        yield at, end + 3
        at = text.find("<!--", end + 3)


def _code_tags(text: str) -> Iterator[tuple[int, int]]:
    opened = -1
    for match in _CODE_TAG.finditer(text):
        if not match[1] and opened < 0:
            opened = match.end()
        elif match[1] and opened >= 0:
            yield opened, match.start()
            opened = -1


def without(text: str, gaps: Iterable[tuple[int, int]]) -> str:
    """The text with the gaps, which must be in order, replaced by spaces; line feeds are kept."""
    parts, at = [], 0
    for start, end in gaps:
        if start < at:
            continue
        parts += [text[at:start], blanked(text[start:end])]
        at = end
    return "".join([*parts, text[at:]]) if parts else text


def blanked(text: str) -> str:
    """As many spaces as the text has characters; line feeds are kept."""
    if "\n" not in text:
        return " " * len(text)
    return "\n".join([" " * len(line) for line in text.split("\n")])


def links_in(source: str, prose: str, html: Sequence[tuple[int, int]], definitions: Sequence[int]) -> tuple[Link, ...]:
    """The links of a card.

    Args:
        source: the card.
        prose: the card without code, with the same offsets.
        html: spans of HTML blocks, which are not Markdown.
        definitions: offsets of lines that define a target.
    """
    found = []
    if "](" in prose:
        found += [link for link in _markdown(source, prose) if not within(link.start, html)]
    if "<a" in prose or "<A" in prose:
        found += _anchors(source, prose)
    for start in definitions:
        match = _DEFINITION.match(prose, start)
        if match and not match[0].lstrip().startswith("[//]:"):  # a common way to write a comment
            found.append(Link("definition", start, match.end(), "", match[1], match.start(1)))
    found += _plain(prose, found)
    return tuple(sorted(found, key=lambda link: link.start))


def images_in(source: str, prose: str, html: Sequence[tuple[int, int]]) -> tuple[Link, ...]:
    """The images of a card, in Markdown and HTML, as links to their files; arguments as for `links_in`."""
    found: list[Link] = []
    if "![" in prose:
        found += [one for one in _markdown(source, prose, images=True) if not within(one.start, html)]
    for match in _SOURCE.finditer(prose) if "<" in prose else ():
        for src in _SRC.finditer(match[1]):
            group = next((number for number in (1, 2, 3) if src[number] is not None), 1)
            several = src[0][:6].lower() == "srcset"  # several addresses, each with a width
            url = src[group].partition(" ")[0].rstrip(",") if several else src[group]
            found.append(Link("html", match.start(), match.end(), "", url, match.start(1) + src.start(group)))
    return tuple(sorted(found, key=lambda image: image.start))


def within(offset: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether an offset is in one of the spans, which are in order and do not overlap."""
    index = bisect_right(spans, (offset, sys.maxsize))
    return index > 0 and offset < spans[index - 1][1]


def _markdown(source: str, prose: str, *, images: bool = False) -> Iterator[Link]:
    """Links in Markdown, or images."""
    opened: list[tuple[int, bool]] = []
    for match in _PIECE.finditer(prose):
        piece = match[0]
        if piece.endswith("[") and piece[0] in "[!":
            opened.append((match.start(), piece[0] == "!"))
        elif piece[0] == "\n":
            opened.clear()
        elif piece == "][" and not opened:
            opened.append((match.end() - 1, False))
        elif piece[0] == "]" and opened:
            start, image = opened.pop()
            if piece == "][":
                opened.append((match.end() - 1, False))
            if piece != "](" or image != images:
                continue
            first = start + 1
            text = source[first : min(match.start(), first + _LONGEST_TEXT)]
            target = _TARGET.match(prose, match.end() - 1)
            if target:
                name = "angle" if target["angle"] is not None else "plain"
                url, at = target[name] or "", target.start(name)
                at = at if at >= 0 else match.end()
                yield Link("markdown", start, target.end(), text, url, at)
            else:
                end = _line_end(prose, match.end())
                yield Link("broken", start, end, text, source[match.end() : end], match.end())


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset, offset + _LONGEST_TARGET)
    return end if end >= 0 else min(len(text), offset + _LONGEST_TARGET)


def _anchors(source: str, prose: str) -> Iterator[Link]:
    for match in _ANCHOR.finditer(prose):
        href = _HREF.search(match[1])
        if href is None:
            continue
        group = next((number for number in (1, 2, 3) if href[number] is not None), 1)
        attributes = (match[1][: href.start()] + match[1][href.end() :]).strip()
        stop = prose.find("<", match.end(), match.end() + _LONGEST_TEXT)
        closed = stop >= 0 and prose[stop : stop + 4].lower() == "</a>"
        end = stop + 4 if closed else match.end()
        text = source[match.end() : stop] if stop >= 0 else ""
        yield Link("html", match.start(), end, text, href[group], match.start(1) + href.start(group), attributes)


def _plain(prose: str, known: Sequence[Link]) -> Iterator[Link]:
    """Addresses in the text or between angle brackets."""
    if "://" not in prose:
        return
    spans = sorted((link.start, max(link.end, link.url_start + len(link.url))) for link in known)
    for match in _PLAIN.finditer(without(prose, spans) if spans else prose):
        url = match[0].rstrip(".,;:!?*_")
        if url.rstrip("/") not in ("http:", "https:"):
            yield Link("plain", match.start(), match.start() + len(url), url, url, match.start())


def masked_links(prose: str, links: Sequence[Link]) -> str:
    """The prose without link targets and tags, as a reader sees it; offsets stay the same."""
    gaps = [(link.url_start, link.url_start + len(link.url)) for link in links if link.kind != "broken"]
    text = without(prose, gaps)
    if "<" in text:
        text = without(text, ((match.start(), match.end()) for match in _TAG.finditer(text)))
    return text
