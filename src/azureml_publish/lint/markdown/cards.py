"""A model card as the checks see it: parsed once, with the place in its source of everything that is found in it."""

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
"""Where line and column of a card, both from 1, were written: in a template, a model folder or an asset folder."""

Verbatim: TypeAlias = Callable[[Edit], tuple[str, Edit] | None]
"""The file and the edit there that make an edit of the card; None where its text does not stand there as it is."""

CardEdit: TypeAlias = tuple[int, int, int, int, str]
"""One replacement in a card: line, column, end line, end column (both from 1, the end not included), and the text."""

PARSED_CHARACTERS = 256 * 1024
"""Cards beyond this are not parsed; the largest that was seen published has some 20,000 characters."""

_PARSER = block_parser()

_FRONT_MATTER_LINES = 200
_FRONT_MATTER_KEY = pattern(r"[\w-]+[ \t]*:|[ \t]+\S|-[ \t]|#|[ \t]*$")
_BAR = pattern(r"(?<!\\)\|")


WIDEST = 200
"""More characters are not underlined."""


def width_of(text: str) -> int:
    """How much of a text to underline: its first line, within bounds."""
    return max(1, min(WIDEST, len(text.split("\n", 1)[0])))


@dataclass(frozen=True, slots=True, eq=False)
class Passage(Location):
    """A place in a file, and how many characters from there on a finding underlines."""

    width: int = 0


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its place, its level from 1, and its text as it is written."""

    line: int
    column: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block of code: the line of its opening fence, its language in lower case, and its text."""

    line: int
    language: str
    text: str


class Cell(NamedTuple):
    """One cell of a table row: its text without the spaces round it, and the columns between its bars.

    A card may have thousands; so a tuple (the bar: `publish lint --assets` in benchmarks/lint.py).
    """

    line: int
    column: int
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table and its cells."""

    line: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; its delimiter row stands in the line after its header. `nested`: within a list or a quotation."""

    header: Row
    rows: tuple[Row, ...]
    nested: bool

    @property
    def delimiter_line(self) -> int:
        """The line of the row of dashes."""
        return self.header.line + 1


class Card:
    """One model card.

    Attributes:
        text: the whole card.
        place: where a line and column of it were written; for one of a template, that takes a second rendering.
    """

    def __init__(
        self, text: str, place: Place, verbatim: Verbatim | None = None, beginning: Location | None = None
    ) -> None:
        """A card; without `verbatim` and `beginning` it is a file of its own."""
        self.text = text
        self.place = place
        self._beginning = beginning
        self._verbatim = verbatim

    @property
    def beginning(self) -> Location:
        """Where the card as a whole is reported."""
        return self._beginning or self.place(1, 1)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The card's lines without their ends, as Markdown counts them."""
        return tuple(self.source.split("\n"))

    @cached_property
    def source(self) -> str:
        """The card with plain line feeds; offsets count in it."""
        return self.text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in self.text else self.text

    @property
    def too_large(self) -> bool:
        """Whether the card is beyond what is parsed."""
        return len(self.text) > PARSED_CHARACTERS

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The card's blocks by the rules of CommonMark with GitHub's tables; `map` counts lines from 0."""
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
        """How many lines of YAML stand before the card, its fences included; 0 where there is none."""
        if not self.text.startswith("---") or self.lines[0].rstrip() != "---":
            return 0
        for number, line in enumerate(self.lines[1:_FRONT_MATTER_LINES], 1):
            if line.rstrip() in ("---", "..."):
                return number + 1
            if not _FRONT_MATTER_KEY.match(line):
                return 0
        return 0

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The offset in `source` at which each line begins."""
        return tuple(accumulate((len(line) + 1 for line in self.lines[:-1]), initial=0))

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of an offset in `source`."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def at(self, offset: int, text: str | None = None) -> Location:
        """Where the character at an offset of `source` was written, or the text there."""
        return self.passage(*self.position(offset), text)

    def passage(self, line: int, column: int, text: str | None) -> Location:
        """Where a text that begins in this line and column was written; without one, its first character."""
        where = self.place(line, column)
        return Passage(where.path, where.line, where.column, width_of(text)) if text is not None else where

    def place_of(self, part: Cell | Heading) -> Location:
        """Where a cell or a heading was written."""
        return self.passage(part.line, part.column, part.text)

    @cached_property
    def prose(self) -> str:
        """`source` with front matter, code of every kind and comments blanked out; every offset stays."""
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
        """The offset at which the line of this index (from 0) begins, or the card's end."""
        return self.starts[index] if index < len(self.starts) else len(self.source)

    def offset_of(self, part: Cell | Heading) -> int:
        """The offset at which a cell or a heading begins."""
        return self.starts[part.line - 1] + part.column - 1

    @cached_property
    def words(self) -> str:
        """`prose` without what no reader sees: targets of links and tags of HTML."""
        return masked_links(self.prose, self.links)

    @cached_property
    def lowered(self) -> str:
        """`words` in lower case, for a quick look whether a word is there at all; offsets may differ."""
        return self.words.lower()

    def near(self, form: re.Pattern[str], *words: str) -> Iterator[re.Match[str]]:
        """What an expression finds in `words` that holds one of these, or has it beside it; they are in lower case."""
        return near_words(form, self.words, self.lowered, words)

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Links in Markdown, in HTML and as plain addresses, in order; images are none. Text of code has none."""
        if self.too_large:
            return ()
        return links_in(self.source, self.prose, self.html, self._definitions)

    @cached_property
    def images(self) -> tuple[Link, ...]:
        """Images in Markdown and in HTML, in order; one whose target a definition has is among `links`."""
        return () if self.too_large else images_in(self.source, self.prose, self.html)

    @cached_property
    def html(self) -> tuple[tuple[int, int], ...]:
        """Spans of HTML blocks, in which Markdown means nothing: offset of the first character and after the last."""
        maps = [token.map for token in self.tokens if token.type == "html_block" and token.map]
        return tuple((self.starts[first], self.start_of(end)) for first, end in maps)

    @cached_property
    def paragraphs(self) -> tuple[tuple[int, int], ...]:
        """First and last line, both from 1, of each paragraph; those of list items and quotations as well."""
        return tuple(
            (token.map[0] + 1, token.map[1]) for token in self.tokens if token.type == "paragraph_open" and token.map
        )

    @cached_property
    def _definitions(self) -> tuple[int, ...]:
        """Offsets of the lines that define a link's target: `[name]: target`."""
        found = []
        for defined in self._parsed[1].values():
            lines = defined.get("map")
            if isinstance(lines, list):
                found.append(self.starts[lines[0]])
        return tuple(found)

    @cached_property
    def definitions(self) -> frozenset[str]:
        """The names of links that the card defines: `[name]: target`."""
        return frozenset(self._parsed[1])

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """The card's headings, in order."""
        found: list[Heading] = []
        for token, inner in zip(self.tokens, self.tokens[1:], strict=False):
            if token.type == "heading_open" and token.map:
                line, text = token.map[0], inner.content
                column = max(0, self.lines[line].find(text.split("\n", 1)[0])) + 1
                found.append(Heading(line + 1, column, int(token.tag[1:]), text))
        return tuple(found)

    @cached_property
    def anchors(self) -> frozenset[str]:
        """The anchors that GitHub gives the headings: `data`, and `data-1` for the second of that text."""
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
        """The heading under which a line stands."""
        index = bisect_right(self._heading_lines, line)
        return self.headings[index - 1] if index else None

    @cached_property
    def fences(self) -> tuple[Fence, ...]:
        """The card's fenced code."""
        return tuple(
            Fence(token.map[0] + 1, token.info.strip().split(" ")[0].lower().strip("{.}"), token.content)
            for token in self.tokens
            if token.type == "fence" and token.map
        )

    def in_fences(self, form: re.Pattern[str]) -> Iterator[tuple[re.Match[str], int]]:
        """Every match of an expression in fenced code, with its offset in `source`."""
        for fence in self.fences:
            for match in form.finditer(fence.text):
                yield match, self.offset_in(fence, match[0])

    def offset_in(self, fence: Fence, text: str) -> int:
        """The offset in `source` of a text of fenced code; of that code, where the text is not there as it is."""
        start = self.starts[min(fence.line, len(self.starts) - 1)]
        return max(start, self.source.find(text, start))

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The card's tables, cells split at bars as GitHub splits them."""
        found: list[Table] = []
        lines = [token.map[0] for token in self.tokens if token.type == "row" and token.map]
        for token in self.tokens:
            if token.type == "table_open" and token.map:
                first, last = bisect_left(lines, token.map[0]), bisect_left(lines, token.map[1])
                header, *rows = (Row(line + 1, cells_of(self.lines[line], line + 1)) for line in lines[first:last])
                found.append(Table(header, tuple(rows), token.level > 0))
        return tuple(found)

    def fix(self, edits: Sequence[CardEdit], *, safe: bool = True) -> Fix | None:
        """A fix that makes these edits of the card where it was written.

        Args:
            edits: line, column, end line and end column in the card, from 1, the end excluded, and the new text.
            safe: whether the fix cannot change what is meant.

        Returns:
            the fix; None where any of the text was made by an expression, or where it stands in several files.
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
    """Cells of one row by the rules of GitHub's tables: outer bars are optional, an escaped bar is text."""
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
    """The anchor of a heading as GitHub makes it; the second of one text gets `-1` after it, which is not done here.

    Source: https://docs.github.com/en/get-started/writing-on-github (section links).
    """
    text = re.sub(r"!?\[([^\[\]]*)\]\([^()]*\)", r"\1", heading)
    text = re.sub(r"<[^<>]*>", "", text)
    text = re.sub(r"(?<!\w)_+|_+(?!\w)", "", text)
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
