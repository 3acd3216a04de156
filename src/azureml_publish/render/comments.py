"""Leaves the suppressions for the linter out of published cards."""

from __future__ import annotations

import re

from jinja2.ext import Extension

from azureml_publish.spec.silence import SILENCE_COMMENT

_RAW = re.compile(r"\{%[-+]?\s*raw\b.*?endraw\s*[-+]?%\}", re.DOTALL)


class SuppressionComments(Extension):
    """Turns a suppression in an HTML comment into a Jinja comment of the same length, so that positions stay."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The source for Jinja."""
        del name, filename
        raw = [found.span() for found in _RAW.finditer(source)]

        def hidden(comment: re.Match[str]) -> str:
            start, end = comment.span()
            if not comment[0].startswith("<!--") or any(first <= start < last for first, last in raw):
                return comment[0]
            begins = source.rfind("\n", 0, start) + 1
            alone = not source[begins:start].strip() and source[end : end + 1] in ("", "\n", "\r")
            # A Jinja comment removes the end of its line, which is only right if it has the line to itself.
            return "{#  " + comment[0][4:-3] + (" #}" if alone else "+#}")

        return SILENCE_COMMENT.sub(hidden, source)


def kept_parts(card: str) -> list[tuple[int, int]]:
    """The published parts of a finished card: all but suppressions and their lines, if these have no other text."""
    parts = []
    position = 0
    for comment in SILENCE_COMMENT.finditer(card):
        start, end = comment.span()
        begins = card.rfind("\n", 0, start) + 1
        rest = re.compile(r"[ \t]*(\r?\n|\Z)").match(card, end)
        if not card[begins:start].strip() and rest is not None:
            start, end = begins, rest.end()
        parts.append((position, start))
        position = end
    return [*parts, (position, len(card))]
