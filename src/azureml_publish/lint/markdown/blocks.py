"""Markdown's blocks by markdown-it, without what no rule looks at: the cells of tables and everything inline.

A card's tables have thousands of cells, each of them three tokens; leaving them out takes a quarter off the parsing.
Rows are split where they are looked at, which gives each cell the place that markdown-it's tokens do not have.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Literal

from markdown_it import MarkdownIt
from markdown_it.parser_block import ParserBlock
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

_OPEN = frozenset({"td_open", "th_open"})
_CLOSE = frozenset({"td_close", "th_close"})


class _Blocks(StateBlock):
    """Hands out one token for all cells, and keeps it out of the stream."""

    _cell = False
    _scrap = Token("td_open", "td", 0)

    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        if ttype in _OPEN:
            self._cell = True
            return self._scrap
        if ttype in _CLOSE:
            self._cell = False
            return self._scrap
        return self._scrap if self._cell else super().push(ttype, tag, nesting)


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


def block_parser() -> MarkdownIt:
    """A parser of CommonMark with GitHub's tables, for blocks alone."""
    parser = MarkdownIt("commonmark")
    parser.block = _BlockParser()
    parser.configure("commonmark")
    parser.enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser
