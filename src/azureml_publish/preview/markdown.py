"""A model card as HTML: what published cards use is rendered, what could harm a reader is taken out.

Rendered is CommonMark with GitHub's tables and the HTML that people write in cards. Everything else stays text, because
nobody has shown that Azure's page does more with it.
"""

from __future__ import annotations

import functools
import html
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TypeAlias
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from azureml_publish.lint.markdown.cards import slug_of
from azureml_publish.preview.code import code_block

Notes: TypeAlias = Mapping[int, str]
"""Trusted HTML by the line of the card, from 1, after whose block it is put."""

MOST_CHARACTERS = 128 * 1024
"""Characters of a card beyond which its beginning is shown as text; the largest published one has some 20,000."""

MOST_SHOWN = 32 * 1024
"""Characters that are shown of such a card."""

DEEPEST = 400
"""Elements within each other beyond which a card is shown as text: to put them right takes the square of it."""

MOST_INLINE = 20_000
"""Characters of one paragraph beyond which its emphasis and links stay text: matching them takes the square of it."""

_PARTS_OF_PAGES = {"article", "aside", "footer", "header", "nav"}
"""Safe elements that a card does not keep, because the page around it has them."""

_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan"},
    "details": {"open"},
    "ol": {"start"},
}
_SCHEMES = {"http", "https", "mailto"}
_PLACED = frozenset({"paragraph_open", "heading_open", "list_item_open", "blockquote_open", "tr_open"})
VOID = frozenset({"area", "br", "col", "hr", "img", "wbr"})
"""Elements without an end."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A card as HTML.

    Attributes:
        body: the HTML, clean.
        headings: level from 1, anchor and text of each heading.
        images: whether it has images of other hosts, which were left out.
        cut: how many characters the card has, where it is too long and only its beginning is there, as text; else 0.
    """

    body: str
    headings: tuple[tuple[int, str, str], ...] = ()
    images: bool = False
    cut: int = 0


def render_markdown(
    text: str, *, notes: Notes | None = None, images: bool = False, place: Callable[[int], str] = lambda _: ""
) -> Rendered:
    """Render a card.

    Args:
        notes: what stands after the block of a line; after the last block for a line below it.
        images: whether images of other hosts are shown; else each is a link to it.
        place: where a line of the card was written, for the attribute `data-from` of its block; empty for nowhere.
    """
    notes = notes or {}
    if len(text) > MOST_CHARACTERS:
        return _as_text(text, notes)
    source = text.replace("\r\n", "\n").replace("\r", "\n")
    marks = _Marks()
    tokens = _parser().parse(source)
    headings = _with_anchors(tokens, marks)
    body = _parser().renderer.render([*_marked(tokens, marks, notes, place)], _parser().options, {})
    if _depth(body) > DEEPEST:
        return _as_text(text, notes)
    finish = _Finish(marks, images=images)
    finish.feed(_clean(body, marks))
    finish.close()
    return Rendered("".join(finish.out), tuple(headings), images=finish.left_out)


def _as_text(text: str, notes: Notes) -> Rendered:
    shown = html.escape(text[:MOST_SHOWN]) + "…" * (len(text) > MOST_SHOWN)
    return Rendered(f'<pre class="plain" tabindex="0">{shown}</pre>' + "".join(notes.values()), cut=len(text))


def _depth(body: str) -> int:
    """How many elements are open at most at a time, by their tags."""
    depth = deepest = 0
    for end, name in re.findall(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)", body):
        if name not in VOID:
            depth += -1 if end else 1
            deepest = max(deepest, depth)
    return deepest


@dataclass(slots=True)
class _Marks:
    """Trusted parts of the result, and the names under which they pass the cleaning: nobody can know them before."""

    key: str = field(default_factory=lambda: secrets.token_hex(8))
    kept: list[str] = field(default_factory=list)

    @property
    def hold(self) -> str:
        """The attribute of an element that a kept part takes the place of."""
        return f"data-hold-{self.key}"

    @property
    def origin(self) -> str:
        """The attribute for where a block was written."""
        return f"data-from-{self.key}"

    @property
    def anchor(self) -> str:
        """The attribute for a heading's anchor."""
        return f"data-anchor-{self.key}"

    def keep(self, part: str) -> str:
        """An element in whose place the part will be."""
        self.kept.append(part)
        return f'<p {self.hold}="{len(self.kept) - 1}"></p>'


@functools.cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable("table")


def _with_anchors(tokens: Sequence[Token], marks: _Marks) -> list[tuple[int, str, str]]:
    """Give headings their anchors, as GitHub makes them, and a level below that of the page's own heading."""
    found: list[tuple[int, str, str]] = []
    seen: dict[str, int] = {}
    for opening, inner, closing in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opening.type != "heading_open":
            continue
        slug = slug_of(inner.content)
        seen[slug] = seen.get(slug, -1) + 1
        anchor = f"{slug}-{seen[slug]}" if seen[slug] else slug
        level = int(opening.tag[1:])
        opening.tag = closing.tag = f"h{min(level + 1, 6)}"
        opening.attrSet(marks.anchor, anchor)
        found.append((level, f"card-{anchor}", _plain(inner)))
    return found


def _plain(token: Token) -> str:
    return "".join(child.content for child in token.children or () if child.type in ("text", "code_inline"))


def _marked(tokens: Sequence[Token], marks: _Marks, notes: Notes, place: Callable[[int], str]) -> Iterable[Token]:
    """The tokens with places, notes after their blocks, colours in code, and alignment as an attribute."""
    waiting = sorted(notes)
    for token in tokens:
        if token.level == 0 and token.nesting >= 0 and token.map:
            yield from _notes_before(token.map[0] + 1, waiting, notes, marks)
        if token.map and token.type in _PLACED and (origin := place(token.map[0] + 1)):
            token.attrSet(marks.origin, origin)
        if token.type in ("td_open", "th_open") and (style := str(token.attrGet("style") or "")):
            token.attrs = {"align": style.rpartition(":")[2]}
        if token.type in ("fence", "code_block"):
            origin = place(token.map[0] + 1) if token.map else ""
            yield _raw(marks.keep(code_block(token.content, token.info, origin)))
        elif token.type == "inline" and len(token.content) > MOST_INLINE:
            yield _raw(html.escape(token.content))
        else:
            yield token
    yield from _notes_before(None, waiting, notes, marks)


def _notes_before(line: int | None, waiting: list[int], notes: Notes, marks: _Marks) -> Iterable[Token]:
    """The notes of the lines before a block's first; all that are left before the end."""
    while waiting and (line is None or waiting[0] < line):
        yield _raw(marks.keep(notes[waiting.pop(0)]))


def _raw(content: str) -> Token:
    return Token("html_block", "", 0, content=content)


def _clean(body: str, marks: _Marks) -> str:
    """The HTML without what runs, submits, styles or frames anything, well-formed."""
    import nh3

    own = {marks.hold, marks.origin, marks.anchor}
    tags = (nh3.ALLOWED_TAGS | {"tfoot"}) - _PARTS_OF_PAGES
    allowed = {tag: own | _ATTRIBUTES.get(tag, set()) for tag in tags}
    cleaned: str = nh3.clean(body, tags=tags, attributes=allowed, url_schemes=_SCHEMES, link_rel=None)
    return cleaned


class _Finish(HTMLParser):
    """Puts what was kept into clean HTML, and says of links and images where they lead."""

    def __init__(self, marks: _Marks, *, images: bool) -> None:
        super().__init__()
        self.out: list[str] = []
        self.left_out = False
        self._marks = marks
        self._images = images
        self._held: list[bool] = []
        self._tables = self._count = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Write the start of an element, or what stands in its place."""
        given = {name: value or "" for name, value in attrs}
        held = given.get(self._marks.hold)
        if tag == "p":
            self._held.append(held is not None)
        if held is not None:
            self.out.append(self._marks.kept[int(held)])
            return
        if tag == "img":
            self.out.append(self._image(given))
            return
        if tag == "table":
            self._tables += 1
            if self._tables == 1:
                self._count += 1
                self.out.append(f'<div class="wide" tabindex="0" role="region" aria-label="Table {self._count}">')
        written = self._link(given) if tag == "a" else self._attributes(given)
        self.out.append(f"<{tag}{''.join(_attribute(*one) for one in written.items())}>")

    def handle_endtag(self, tag: str) -> None:
        """Write the end of an element."""
        if tag in VOID or (tag == "p" and self._held and self._held.pop()):
            return
        self.out.append(f"</{tag}>")
        if tag == "table":
            self._tables -= 1
            if self._tables == 0:
                self.out.append("</div>")

    def handle_data(self, data: str) -> None:
        """Write text."""
        self.out.append(html.escape(data, quote=False))

    def _attributes(self, given: dict[str, str]) -> dict[str, str]:
        written = {name: value for name, value in given.items() if not name.endswith(self._marks.key)}
        if self._marks.anchor in given:
            written["id"] = f"card-{given[self._marks.anchor]}"
        if self._marks.origin in given:
            written["data-from"] = given[self._marks.origin]
        return written

    def _link(self, given: dict[str, str]) -> dict[str, str]:
        href, rest = given.get("href", ""), {"title": given["title"]} if "title" in given else {}
        if href.startswith("#"):
            return {"href": f"#card-{href[1:]}", **rest}
        if _scheme(href):
            return {"href": href, "target": "_blank", "rel": "noopener noreferrer", **rest}
        return {"class": "nowhere", "title": f"{href}: the registry shows no file beside a card"}

    def _image(self, given: dict[str, str]) -> str:
        source, alt = given.get("src", ""), given.get("alt", "")
        if _scheme(source) not in ("http", "https"):
            what = html.escape(alt or source or "image")
            return f'<span class="image" title="The registry shows no file beside a card.">{what}</span>'
        if self._images:
            size = {name: given[name] for name in ("width", "height") if given.get(name, "").isdecimal()}
            shown = {"src": source, "alt": alt, "referrerpolicy": "no-referrer", "loading": "lazy", **size}
            return f"<img{''.join(_attribute(*one) for one in shown.items())}>"
        self.left_out = True
        host = urlsplit(source).hostname or "another host"
        label = html.escape(f"{alt} (image from {host})" if alt else f"Image from {host}")
        return f'<span class="image" data-source="{html.escape(source)}">{label}</span>'


def _attribute(name: str, value: str) -> str:
    return f' {name}="{html.escape(value)}"'


def _scheme(address: str) -> str:
    try:
        scheme = urlsplit(address).scheme
    except ValueError:
        return ""
    return scheme if scheme in _SCHEMES else ""
