"""Breaks lines that are wider than a terminal between their words, which the terminal itself would break anywhere."""

from __future__ import annotations

import re
import unicodedata

LEAST = 20
"""The narrowest terminal that lines are broken for."""

_COLOUR = re.compile(r"\x1b(?:\[[0-9;]*m|\]8;[^\x1b]*\x1b\\)")
_PIECE = re.compile(r"[ ]+|[^ ]+")


def folded(text: str, columns: int) -> str:
    """The text with every line broken at spaces where it is wider than the columns; the rest of a line is indented.

    A word that is wider than a whole line stays whole. Colours and links take no room.
    """
    if columns < LEAST:
        return text
    return "\n".join(line if width(line) <= columns else _fold(line, columns) for line in text.split("\n"))


def _fold(line: str, columns: int) -> str:
    bare = _COLOUR.sub("", line)
    indent = " " * min(len(bare) - len(bare.lstrip()) + 4, columns // 3)
    made, used, gap = "", 0, ""
    for piece in _PIECE.findall(line):
        if piece[0] == " ":
            gap = piece
            continue
        cells = width(piece)
        if made.strip() and used + len(gap) + cells > columns:
            made, used, gap = f"{made}\n{indent}", len(indent), ""
        made, used, gap = f"{made}{gap}{piece}", used + len(gap) + cells, ""
    return made


def width(text: str) -> int:
    """The cells that a text takes in a terminal; colours and links take none."""
    bare = _COLOUR.sub("", text)
    if bare.isascii():
        return len(bare)
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else not unicodedata.combining(one) for one in bare)
