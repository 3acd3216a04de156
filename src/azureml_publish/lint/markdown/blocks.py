"""Markdown's blocks by markdown-it, without what no rule looks at: the cells of tables and everything inline.

This takes half off the parsing of a card (the bar: `publish lint --assets` in benchmarks/lint.py). A rule is called
only where a line begins as its block may begin. Nothing says where a block closes, except by its `map`. Of a table,
whose cells are three tokens each, rows alone become tokens; who looks at them splits them, and so has their places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Literal, TypeAlias

from markdown_it import MarkdownIt, rules_block
from markdown_it.parser_block import ParserBlock
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

_Rule: TypeAlias = Callable[[StateBlock, int, int, bool], bool]

_TEXT = ["paragraph", "reference", "blockquote"]
_FIRST: Mapping[str, tuple[_Rule, str, list[str]]] = {
    "fence": (rules_block.fence, "`~", [*_TEXT, "list"]),
    "blockquote": (rules_block.blockquote, ">", [*_TEXT, "list"]),
    "hr": (rules_block.hr, "*-_", [*_TEXT, "list"]),
    "list": (rules_block.list_block, "*+-0123456789", _TEXT),
    "reference": (rules_block.reference, "[", []),
    "html_block": (rules_block.html_block, "<", _TEXT),
    "heading": (rules_block.heading, "#", _TEXT),
}
"""Rules by name, with the characters that begin their blocks, and the blocks that they may end (as in markdown-it)."""


class _Blocks(StateBlock):
    """Makes no tokens that close a block."""

    _closing = Token("closing", "", -1)

    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        if nesting >= 0:
            return super().push(ttype, tag, nesting)
        self.level -= 1
        return self._closing


class _BlockParser(ParserBlock):
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


def _beginning_with(characters: str, rule: _Rule) -> _Rule:
    wanted = frozenset(characters)

    def look(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's form
        at = state.bMarks[start] + state.tShift[start]
        return state.src[at : at + 1] in wanted and rule(state, start, end, silent)

    return look


_BLANK = (
    "\t\n\x0b\x0c\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029"
    "\u202f\u205f\u3000"
)
"""What markdown-it takes for blank at the ends of a table's row."""


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's form
    """A table by markdown-it's rule, and its rows without cells."""
    if not rules_block.table(state, start, end, silent=True):
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


def block_parser() -> MarkdownIt:
    """A parser of CommonMark with GitHub's tables, for blocks alone."""
    parser = MarkdownIt("commonmark")
    parser.block = _BlockParser()
    parser.configure("commonmark")
    parser.enable("table")
    for name, (rule, characters, ends) in _FIRST.items():
        parser.block.ruler.at(name, _beginning_with(characters, rule), {"alt": ends})
    parser.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser
