"""Suppressions in cards and templates, as comments of HTML or of Jinja.

```
<!-- publish: ignore CARD001 the table is cut on purpose -->      the block below, or the line it stands in
{# publish: ignore-file CARD001,CARD020 generated text #}          the whole file
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from azureml_publish.diagnostics import Edit, Fix, Location
from azureml_publish.lint.suppressions import Suppression
from azureml_publish.spec.silence import SILENCE_COMMENT

_PARTS = ("kind", "codes", "reason")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def comment_suppressions(text: str, path: str, *, judged: bool) -> Iterator[Suppression]:
    """The suppressions in the comments of one file."""
    lines = re.split(r"\r\n|\r|\n", text)
    for number, line in enumerate(lines, 1):
        for comment in SILENCE_COMMENT.finditer(line):
            where = Location(path, number, comment.start() + 1)
            kind, named, reason = (comment[part] or comment[f"{part}_jinja"] or "" for part in _PARTS)
            scope = None if kind == "ignore-file" else _scope(lines, number)
            codes = [code for code in named.split(",") if code] or [""]
            fix = _removal(lines, number, comment) if len(codes) == 1 else None
            for code in codes:
                width = comment.end() - comment.start()
                yield Suppression(code, reason, where, path, scope, judged, fix, width)


def _scope(lines: Sequence[str], number: int) -> tuple[int, int]:
    """The lines that a comment means: its own where text stands beside it, else the next block."""
    line = lines[number - 1]
    if SILENCE_COMMENT.sub("", line).strip():
        return number, number
    first = number + 1
    while first <= len(lines) and (not lines[first - 1].strip() or _alone(lines[first - 1])):
        first += 1
    if first > len(lines):
        return number, number
    fence = _FENCE.match(lines[first - 1])
    last = first
    while last < len(lines):
        following = lines[last]
        if fence is None and not following.strip():
            break
        last += 1
        if fence is not None and following.strip().startswith(fence[1]) and not following.strip().strip(fence[1][0]):
            break
    return number, last


def _alone(line: str) -> bool:
    return SILENCE_COMMENT.search(line) is not None and not SILENCE_COMMENT.sub("", line).strip()


def _removal(lines: Sequence[str], number: int, comment: re.Match[str]) -> Fix:
    """Takes a comment away, and its line where nothing else stands there."""
    line = lines[number - 1]
    if not SILENCE_COMMENT.sub("", line, count=1).strip() and number < len(lines):
        return Fix((Edit(number, 1, number + 1, 1, ""),))
    start = len(line[: comment.start()].rstrip(" \t"))
    return Fix((Edit(number, start + 1, number, comment.end() + 1, ""),))
