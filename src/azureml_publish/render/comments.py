"""Leaves the suppressions for the linter out of published cards."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from jinja2.ext import Extension

from azureml_publish.spec.silence import blank_before, silence_comments

_RAW = re.compile(r"\{%[-+]?\s*+raw\b")
_END_OF_RAW = re.compile(r"endraw\s*+[-+]?%\}")
_REST = re.compile(r"[ \t]*+(\r?\n|\Z)")


def _raw_parts(source: str) -> Iterator[tuple[int, int]]:
    """The stretches that Jinja takes as they are."""
    position = 0
    while (begin := _RAW.search(source, position)) and (end := _END_OF_RAW.search(source, begin.end())):
        yield begin.start(), end.end()
        position = end.end()


class SuppressionComments(Extension):
    """Turns a suppression in an HTML comment into a Jinja comment of the same length, so that positions stay."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The source for Jinja."""
        del name, filename
        raw = [*_raw_parts(source), (len(source), len(source))]
        made, position, at = [], 0, 0
        for comment in silence_comments(source):
            start, end = comment.start, comment.end
            while raw[at][1] <= start and at < len(raw) - 1:
                at += 1
            if not source.startswith("<!--", start) or raw[at][0] <= start < raw[at][1]:
                continue
            alone = blank_before(source, start) and source[end : end + 1] in ("", "\n", "\r")
            # A Jinja comment removes the end of its line, which is only right if it has the line to itself.
            made += [source[position:start], "{#  ", source[start + 4 : end - 3], " #}" if alone else "+#}"]
            position = end
        return "".join([*made, source[position:]])


SYNTAX: Mapping[str, Any] = MappingProxyType(
    {"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True, "extensions": [SuppressionComments]}
)
"""How templates are written, for every environment that parses them."""


def kept_parts(card: str) -> list[tuple[int, int]]:
    """The published parts of a finished card: all but suppressions and their lines, if these have no other text."""
    parts = []
    position = 0
    for comment in silence_comments(card):
        start, end = comment.start, comment.end
        rest = _REST.match(card, end)
        if rest is not None and blank_before(card, start):
            start, end = card.rfind("\n", 0, start) + 1, rest.end()
        parts.append((position, start))
        position = end
    return [*parts, (position, len(card))]
