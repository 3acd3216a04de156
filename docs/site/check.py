"""What may be wrong with the site: links, pages that nobody is led to, and Markdown that GitHub reads otherwise."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt

COUNTED = {
    "li": "items of lists",
    "table": "tables",
    "pre": "blocks of code",
    "blockquote": "quotations",
    "img": "pictures",
}


class _Reader(HTMLParser):
    """Targets, anchors and the elements of the article of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[tuple[str, str, str]] = []
        self.anchors: set[str] = set()
        self.elements: Counter[str] = Counter()
        self._depth = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.anchors |= {given[key] for key in ("id", "name") if key in given}
        for key in ("href", "src"):
            if key in given and given.get("rel") not in ("canonical", "prev", "next"):
                self.targets.append((tag, key, given[key]))
        if tag == "article":
            self._depth += 1
        if self._depth:
            self.elements[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self._depth -= 1


def problems(site: Path) -> Iterator[str]:
    """Links to what is not there, and whatever a page would load from another host."""
    for page in sorted(site.rglob("*.html")):
        here = page.relative_to(site).as_posix()
        if here == "404.html":  # its links are absolute, as it is shown at any address
            continue
        for tag, key, target in _read(page).targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                if key == "src" or tag == "link":
                    yield f"{here}: <{tag}> loads {target} from another host"
                continue
            found = site / posixpath.normpath(posixpath.join(posixpath.dirname(here), unquote(parts.path) or "."))
            found = page if not parts.path else found / "index.html" if found.is_dir() else found
            if not found.is_file():
                yield f"{here}: {target} is not there"
            elif parts.fragment and found.suffix == ".html" and unquote(parts.fragment) not in _read(found).anchors:
                yield f"{here}: {target} has no such place"


def rendered_otherwise(site: Path, pages: Mapping[str, str]) -> Iterator[str]:
    """Pages whose Markdown makes other lists, tables or code of it than GitHub does."""
    github = MarkdownIt("commonmark").enable("table")
    for name, text in pages.items():
        body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
        wanted = _Reader(f"<article>{github.render(body)}</article>").elements
        stem = name.removesuffix(".md")
        path = site / ("index.html" if stem == "index" else f"{stem.removesuffix('/index')}/index.html")
        made = _read(path).elements
        for tag, what in COUNTED.items():
            if made[tag] != wanted[tag]:
                yield f"{name}: {made[tag]} {what}, GitHub shows {wanted[tag]}"


def outside(navigation: list[Any], pages: Mapping[str, str]) -> Iterator[str]:
    """Pages that the navigation does not have, and entries of it without a page."""
    led = {*_entries(navigation)}
    yield from (f"{name}: not in the navigation" for name in sorted(pages.keys() - led))
    yield from (f"zensical.toml: {name} is no page" for name in sorted(led - pages.keys()))


def _entries(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    else:
        for one in part.values() if isinstance(part, dict) else part:
            yield from _entries(one)


@cache
def _read(page: Path) -> _Reader:
    return _Reader(page.read_text(encoding="utf-8"))
