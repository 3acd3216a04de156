"""Parses the blocks of Markdown with markdown-it, but not what no rule needs: cells of tables, and everything inline.

This halves the time for a card (the bar: `publish lint --assets` in benchmarks/lint.py). A block rule is tried only
where a line begins with a character that its block may begin with. There are no closing tokens; `map` has the lines
of a block. A table gives one token for each row and none for cells (three each); `cells_of` splits rows where needed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, MutableMapping
from typing import Any, Literal, TypeAlias

from markdown_it import MarkdownIt, rules_block
from markdown_it.parser_block import ParserBlock
from markdown_it.ruler import Ruler
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

_Rule: TypeAlias = Callable[[StateBlock, int, int, bool], bool]

_TEXT = ["paragraph", "reference", "blockquote"]


class _Blocks(StateBlock):
    """Makes no closing tokens, and no tokens for the text of paragraphs."""

    _unused = Token("unused", "", -1)

    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        if nesting < 0:
            self.level -= 1
        elif ttype != "inline" or self.tokens[-1].type != "paragraph_open":
            return super().push(ttype, tag, nesting)
        return self._unused


class _Rules(Ruler[_Rule]):
    """Tries only the rules whose blocks may begin with the line's first character."""

    def getRules(self, chainName: str = "") -> list[_Rule]:  # noqa: N802, N803
        return _first_of(chainName)


@functools.cache
def _first_of(chain: str) -> list[_Rule]:
    tried = [(rule, characters) for _, characters, rule, ends in _RULES if not chain or chain in ends]
    by_character = {
        first: tuple(rule for rule, characters in tried if not characters or first in characters)
        for first in "".join(characters for _, characters in tried)
    }
    always = tuple(rule for rule, characters in tried if not characters)

    def look(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's form
        at = state.bMarks[start] + state.tShift[start]
        for rule in by_character.get(state.src[at : at + 1], always):  # noqa: SIM110 - much faster than `any`
            if rule(state, start, end, silent):
                return True
        return False

    return [look]


class _BlockParser(ParserBlock):
    def __init__(self) -> None:
        self.ruler = _Rules()
        for name, _, rule, ends in _RULES:
            self.ruler.push(name, rule, {"alt": ends})

    def parse(
        self,
        src: str,
        md: MarkdownIt,
        env: MutableMapping[str, Any],
        outTokens: list[Token],  # noqa: N803
    ) -> list[Token] | None:
        if not src:
            return None
        state = _Blocks(src, md, env, outTokens)
        self.tokenize(state, state.line, state.lineMax)
        return state.tokens


_BLANK = (
    "\t\n\x0b\x0c\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029"
    "\u202f\u205f\u3000"
)
"""What markdown-it strips at the ends of a table row."""


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's form
    """A table by markdown-it's rule, with tokens for its rows but not for cells."""
    below = state.bMarks[start + 1] + state.tShift[start + 1]
    begins = state.src[below : below + 2]
    if begins[:1] not in _DELIMITERS or begins in _ITEMS or not rules_block.table(state, start, end, silent=True):
        return False
    if silent:
        return True
    before, state.parentType = state.parentType, "table"
    enders = state.md.block.ruler.getRules("blockquote")
    opened = state.push("table_open", "table", 1)
    line = start
    while line < end:
        text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
        if line > start + 1 and (
            state.sCount[line] < state.blkIndent
            or any(ender(state, line, end, True) for ender in enders)  # noqa: FBT003
            or not text.strip(_BLANK)
            or state.is_code_block(line)
        ):
            break
        if line != start + 1:
            state.push("row", "tr", 0).map = [line, line + 1]
        line += 1
    state.push("table_close", "table", -1)
    opened.map = [start, line]
    state.parentType = before
    state.line = line
    return True


def _ruler(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's form
    """A thematic break by markdown-it's rule, tried only where the third character fits; mostly it does not."""
    at = state.bMarks[start] + state.tShift[start] + 2
    return state.src[at : at + 1] in "*-_ \t" and rules_block.hr(state, start, end, silent)


_DELIMITERS = frozenset("|-:")
_ITEMS = frozenset({"- ", "-\t"})
"""The beginnings of list items, which are not delimiter rows."""
_RULES: tuple[tuple[str, str, _Rule, list[str]], ...] = (
    ("table", "", _table, ["paragraph", "reference"]),
    ("code", "", rules_block.code, []),
    ("fence", "`~", rules_block.fence, [*_TEXT, "list"]),
    ("blockquote", ">", rules_block.blockquote, [*_TEXT, "list"]),
    ("hr", "*-_", _ruler, [*_TEXT, "list"]),
    ("list", "*+-0123456789", rules_block.list_block, _TEXT),
    ("reference", "[", rules_block.reference, []),
    ("html_block", "<", rules_block.html_block, _TEXT),
    ("heading", "#", rules_block.heading, _TEXT),
    ("lheading", "", rules_block.lheading, []),
    ("paragraph", "", rules_block.paragraph, []),
)
"""Name, first characters (empty: any), rule, and the kinds of blocks that it may interrupt; as in markdown-it."""


def block_parser() -> MarkdownIt:
    """A parser of CommonMark with GitHub's tables, for blocks only. The text must have plain line feeds and no NUL."""
    parser = MarkdownIt("commonmark")
    parser.block = _BlockParser()
    parser.core.ruler.enableOnly(["block"])
    return parser
