"""A model card, parsed once, in which everything has its place in the source."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple, TypeAlias

from markdown_it.token import Token

from azureml_publish.diagnostics import Edit, Fix, Location
from azureml_publish.lint.markdown.blocks import block_parser
from azureml_publish.lint.markdown.inline import Link, images_in, links_in, masked_code, masked_links, without
from azureml_publish.patterns import near_words, pattern

Place: TypeAlias = Callable[[int, int], Location]
"""Finds where a line and column of a card, both from 1, were written: in a template, model folder or asset folder."""

Verbatim: TypeAlias = Callable[[Edit], tuple[str, Edit] | None]
"""Converts an edit of the card to the file and edit at its source; None where the source does not have that text."""

CardEdit: TypeAlias = tuple[int, int, int, int, str]
"""A replacement in a card: line, column, end line, end column (from 1, the end not included), and the new text."""

PARSED_CHARACTERS = 256 * 1024
"""Longer cards are not parsed; the longest published one that is known has some 20,000 characters."""

_PARSER = block_parser()

_FRONT_MATTER_LINES = 200
_FRONT_MATTER_KEY = pattern(r"[\w-]+[ \t]*:|[ \t]+\S|-[ \t]|#|[ \t]*$")
_BAR = pattern(r"(?<!\\)\|")


WIDEST = 200
"""The most characters that are underlined."""


def width_of(text: str) -> int:
    """How many characters of a text to underline: those of its first line, within limits."""
    return max(1, min(WIDEST, len(text.split("\n", 1)[0])))


@dataclass(frozen=True, slots=True, eq=False)
class Passage(Location):
    """A location with the number of characters that a finding underlines."""

    width: int = 0


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its place, its level from 1, and its text as written."""

    line: int
    column: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced code block: the line of its opening fence, its language in lower case, and its text."""

    line: int
    language: str
    text: str


class Cell(NamedTuple):
    """A table cell: its text without surrounding spaces, and the columns between its bars.

    A tuple, as a card may have thousands (the bar: `publish lint --assets` in benchmarks/lint.py).
    """

    line: int
    column: int
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table, and its cells."""

    line: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table. Its delimiter row is in the line after the header. `nested`: inside a list or a block quotation."""

    header: Row
    rows: tuple[Row, ...]
    nested: bool

    @property
    def delimiter_line(self) -> int:
        """The line of the delimiter row."""
        return self.header.line + 1


class Card:
    """A model card.

    Attributes:
        text: the whole card.
        place: finds where a line and column were written; for a card from a template that takes a second rendering.
    """

    def __init__(
        self, text: str, place: Place, verbatim: Verbatim | None = None, beginning: Location | None = None
    ) -> None:
        """Without `verbatim` and `beginning` the card is a file of its own."""
        self.text = text
        self.place = place
        self._beginning = beginning
        self._verbatim = verbatim

    @property
    def beginning(self) -> Location:
        """The location for findings on the card as a whole."""
        return self._beginning or self.place(1, 1)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines of the card without line ends, as Markdown counts them."""
        return tuple(self.source.split("\n"))

    @cached_property
    def source(self) -> str:
        """The card with plain line feeds. All offsets refer to it."""
        return self.text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in self.text else self.text

    @property
    def too_large(self) -> bool:
        """Whether the card is too long to be parsed."""
        return len(self.text) > PARSED_CHARACTERS

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The blocks by the rules of CommonMark with GitHub's tables; `map` counts lines from 0."""
        return self._parsed[0]

    @cached_property
    def _parsed(self) -> tuple[tuple[Token, ...], dict[str, dict[str, object]]]:
        if self.too_large:
            return (), {}
        body = self.source
        if self.front_matter:
            body = "\n" * self.front_matter + "\n".join(self.lines[self.front_matter :])
        env: dict[str, dict[str, dict[str, object]]] = {}
        tokens = tuple(_PARSER.parse(body.replace("\0", "\ufffd"), env))
        return tokens, env.get("references", {})

    @cached_property
    def front_matter(self) -> int:
        """The number of lines of YAML front matter, its fences included; 0 where there is none."""
        if not self.text.startswith("---") or self.lines[0].rstrip() != "---":
            return 0
        for number, line in enumerate(self.lines[1:_FRONT_MATTER_LINES], 1):
            if line.rstrip() in ("---", "..."):
                return number + 1
            if not _FRONT_MATTER_KEY.match(line):
                return 0
        return 0

    @property
    def text_start(self) -> int:
        """The offset in `source` at which the text below front matter begins."""
        return self.start_of(self.front_matter)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The offset in `source` of the beginning of each line."""
        return tuple(accumulate((len(line) + 1 for line in self.lines[:-1]), initial=0))

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, for an offset in `source`."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def at(self, offset: int, text: str | None = None) -> Location:
        """The location of the character at an offset of `source`, or of `text` there."""
        return self.passage(*self.position(offset), text)

    def passage(self, line: int, column: int, text: str | None) -> Location:
        """The location of a text that begins at a line and column; without a text, of one character."""
        where = self.place(line, column)
        return Passage(where.path, where.line, where.column, width_of(text)) if text is not None else where

    def place_of(self, part: Cell | Heading) -> Location:
        """The location of a cell or heading."""
        return self.passage(part.line, part.column, part.text)

    @cached_property
    def prose(self) -> str:
        """`source` with front matter, all code and comments replaced by spaces; offsets stay the same."""
        blank: list[tuple[int, int]] = [(0, self.front_matter)] if self.front_matter else []
        blocks: list[tuple[int, int]] = []
        for token in self.tokens:
            if token.map is None:
                continue
            if token.type in ("fence", "code_block"):
                blank.append((token.map[0], token.map[1]))
            elif token.type in ("paragraph_open", "heading_open", "row"):
                blocks.append((self.starts[token.map[0]], self.start_of(token.map[1])))
        text = without(self.source, [(self.starts[first], self.start_of(end)) for first, end in blank])
        return masked_code(text, blocks)

    def start_of(self, index: int) -> int:
        """The offset of the beginning of a line by its index (from 0), or the end of the card."""
        return self.starts[index] if index < len(self.starts) else len(self.source)

    def offset_of(self, part: Cell | Heading) -> int:
        """The offset of the beginning of a cell or heading."""
        return self.starts[part.line - 1] + part.column - 1

    @cached_property
    def words(self) -> str:
        """`prose` without what readers do not see: link targets and HTML tags. Offsets stay the same."""
        return masked_links(self.prose, self.links)

    @cached_property
    def lowered(self) -> str:
        """`words` in lower case, to test quickly whether a word occurs. Offsets may differ."""
        return self.words.lower()

    def near(self, form: re.Pattern[str], *words: str) -> Iterator[re.Match[str]]:
        """Matches of a pattern in `words` that have one of these (lower-case) words in or beside them."""
        return near_words(form, self.words, self.lowered, words)

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Links in Markdown, HTML and as plain addresses, in order, without images and without links in code."""
        if self.too_large:
            return ()
        return links_in(self.source, self.prose, self.html, self._definitions)

    @cached_property
    def images(self) -> tuple[Link, ...]:
        """Images in Markdown and HTML, in order. An image by reference is among `links`, with its definition."""
        return () if self.too_large else images_in(self.source, self.prose, self.html)

    @cached_property
    def html(self) -> tuple[tuple[int, int], ...]:
        """The spans of HTML blocks, which are not Markdown, as offsets of their start and end."""
        maps = [token.map for token in self.tokens if token.type == "html_block" and token.map]
        return tuple((self.starts[first], self.start_of(end)) for first, end in maps)

    @cached_property
    def paragraphs(self) -> tuple[tuple[int, int], ...]:
        """First and last line, both from 1, of each paragraph, including those in list items and block quotations."""
        return tuple(
            (token.map[0] + 1, token.map[1]) for token in self.tokens if token.type == "paragraph_open" and token.map
        )

    @cached_property
    def _definitions(self) -> tuple[int, ...]:
        """Offsets of the lines that define link targets: `[name]: target`."""
        found = []
        for defined in self._parsed[1].values():
            lines = defined.get("map")
            if isinstance(lines, list):
                found.append(self.starts[lines[0]])
        return tuple(found)

    @cached_property
    def definitions(self) -> frozenset[str]:
        """The names that the card defines as link targets: `[name]: target`."""
        return frozenset(self._parsed[1])

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """The headings, in order."""
        found: list[Heading] = []
        for token, inner in zip(self.tokens, self.tokens[1:], strict=False):
            if token.type == "heading_open" and token.map:
                line, text = token.map[0], inner.content
                column = max(0, self.lines[line].find(text.split("\n", 1)[0])) + 1
                found.append(Heading(line + 1, column, int(token.tag[1:]), text))
        return tuple(found)

    @cached_property
    def anchors(self) -> frozenset[str]:
        """The anchors that GitHub gives to the headings: `data`, and `data-1` for the second `data`."""
        found: dict[str, int] = {}
        for heading in self.headings:
            slug = slug_of(heading.text)
            count = found.get(slug, 0)
            found[slug] = count + 1
            if count:
                found[f"{slug}-{count}"] = 1
        return frozenset(found)

    @cached_property
    def _heading_lines(self) -> tuple[int, ...]:
        return tuple(heading.line for heading in self.headings)

    def heading_of(self, line: int) -> Heading | None:
        """The heading above a line."""
        index = bisect_right(self._heading_lines, line)
        return self.headings[index - 1] if index else None

    @cached_property
    def fences(self) -> tuple[Fence, ...]:
        """The fenced code blocks."""
        return tuple(
            Fence(token.map[0] + 1, token.info.strip().split(" ")[0].lower().strip("{.}"), token.content)
            for token in self.tokens
            if token.type == "fence" and token.map
        )

    def in_fences(self, form: re.Pattern[str]) -> Iterator[tuple[re.Match[str], int]]:
        """The matches of a pattern in fenced code, with their offsets in `source`."""
        for fence in self.fences:
            for match in form.finditer(fence.text):
                yield match, self.offset_in(fence, match[0])

    def offset_in(self, fence: Fence, text: str) -> int:
        """The offset in `source` of a text in a fence; that of the code where the text is not found as it is."""
        start = self.starts[min(fence.line, len(self.starts) - 1)]
        return max(start, self.source.find(text, start))

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The tables, with rows split into cells as GitHub splits them."""
        found: list[Table] = []
        lines = [token.map[0] for token in self.tokens if token.type == "row" and token.map]
        for token in self.tokens:
            if token.type == "table_open" and token.map:
                first, last = bisect_left(lines, token.map[0]), bisect_left(lines, token.map[1])
                header, *rows = (Row(line + 1, cells_of(self.lines[line], line + 1)) for line in lines[first:last])
                found.append(Table(header, tuple(rows), token.level > 0))
        return tuple(found)

    def fix(self, edits: Sequence[CardEdit], *, safe: bool = True) -> Fix | None:
        """The fix that makes these edits where the text of the card was written.

        Args:
            edits: line, column, end line, end column in the card (from 1, the end not included), and the new text.
            safe: whether the fix cannot change the meaning.

        Returns:
            the fix; None where an expression made any of the text, or where it is in several files.
        """
        if not edits or any(edit[2] > len(self.lines) for edit in edits):
            return None
        written = [(self._verbatim or self._as_it_stands)(Edit(*edit)) for edit in edits]
        there = [one for one in written if one is not None]
        files = {path for path, _ in there}
        if len(there) < len(written) or len(files) > 1:
            return None
        return Fix(tuple(edit for _, edit in there), safe, files.pop())

    def _as_it_stands(self, edit: Edit) -> tuple[str, Edit]:
        """The edit in a card that is a file of its own."""
        return self.place(edit.line, edit.column).path, edit


def cells_of(row: str, line: int) -> tuple[Cell, ...]:
    """The cells of a row by GitHub's rules: outer bars are optional, an escaped bar is text."""
    start, end = len(row) - len(row.lstrip()), len(row.rstrip())
    while start < end and row[start] in "> \t":
        start += 1
    start += row.startswith("|", start)
    if end > start and row[end - 1] == "|" and row[end - 2 : end - 1] != "\\":
        end -= 1
    found = []
    for inner in row[start:end].split("|") if "\\" not in row else _BAR.split(row[start:end]):
        text = inner.strip()
        indent = inner.find(text)
        after = start + len(inner) + 1
        found.append(Cell(line, start + indent + 1, text, start + 1, after))
        start = after
    return tuple(found)


def slug_of(heading: str) -> str:
    """The anchor that GitHub gives to a heading, without the `-1` that it appends for a repeated one.

    Source: https://docs.github.com/en/get-started/writing-on-github (section links).
    """
    text = re.sub(r"!?\[([^\[\]]*)\]\([^()]*\)", r"\1", heading)
    text = re.sub(r"<[^<>]*>", "", text)
    text = re.sub(r"(?<!\w)_+|_+(?!\w)", "", text)
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
