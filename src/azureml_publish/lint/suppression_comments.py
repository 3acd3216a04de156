"""Suppressions in cards and templates, as comments of HTML or of Jinja.

```
<!-- publish: ignore CARD001 the table is cut on purpose -->      the block below, or the line it stands in
{# publish: ignore-file CARD001,CARD020 generated text #}          the whole file
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache

from azureml_publish.diagnostics import Edit, Fix, Location
from azureml_publish.globs import escaped
from azureml_publish.lint.suppressions import Suppression
from azureml_publish.patterns import pattern
from azureml_publish.spec.silence import SilenceComment, silence_comments

_FENCE = pattern(r" {0,3}(`{3,}|~{3,})")


def comment_suppressions(text: str, path: str, *, judged: bool) -> Iterator[Suppression]:
    """The suppressions in the comments of one file."""
    lines = re.split(r"\r\n|\r|\n", text)
    comments = {number: [*silence_comments(line)] for number, line in enumerate(lines, 1) if "publish:" in line}
    alone = {number for number, found in comments.items() if found and not _beside(lines[number - 1], found)}
    scopes = _Scopes(lines, alone)
    for number, found in comments.items():
        for comment in found:
            where = Location(path, number, comment.start + 1)
            scope = None if comment.kind == "ignore-file" else scopes.of(number)
            codes = [code for code in comment.codes.split(",") if code] or [""]
            only = number in alone and len(found) == 1
            fix = _removal(lines, number, comment, only=only) if len(codes) == 1 else None
            for code in codes:
                width = comment.end - comment.start
                yield Suppression(code, comment.reason, where, escaped(path), scope, judged, fix, width)


def _beside(line: str, comments: Sequence[SilenceComment]) -> bool:
    """Whether a line has text beside its comments."""
    ends = [0, *(comment.end for comment in comments)]
    starts = [*(comment.start for comment in comments), len(line)]
    return any(line[end:start].strip() for end, start in zip(ends, starts, strict=True))


class _Scopes:
    """The lines to which comments apply: their own where there is text beside them, else the next block."""

    def __init__(self, lines: Sequence[str], alone: AbstractSet[int]) -> None:
        self._lines = lines
        self._following: dict[int, int] = {}
        following = len(lines) + 1
        for number in range(len(lines), 0, -1):
            if number in alone:
                self._following[number] = following
            elif lines[number - 1].strip():
                following = number
        self._last = lru_cache(maxsize=1)(self._end_of_block)  # comments above the same block come one after the other

    def of(self, number: int) -> tuple[int, int]:
        first = self._following.get(number, len(self._lines) + 1)
        return (number, self._last(first)) if first <= len(self._lines) else (number, number)

    def _end_of_block(self, first: int) -> int:
        lines, last = self._lines, first
        fence = _FENCE.match(lines[first - 1])
        while last < len(lines):
            following = lines[last].strip()
            if fence is None and not following:
                break
            last += 1
            if fence is not None and following.startswith(fence[1]) and not following.strip(fence[1][0]):
                break
        return last


def _removal(lines: Sequence[str], number: int, comment: SilenceComment, *, only: bool) -> Fix:
    """The fix that removes a comment, with its line where nothing else is in it."""
    line = lines[number - 1]
    if only and number < len(lines):
        return Fix((Edit(number, 1, number + 1, 1, ""),))
    start = comment.start
    while start and line[start - 1] in " \t":
        start -= 1
    return Fix((Edit(number, start + 1, number, comment.end + 1, ""),))
