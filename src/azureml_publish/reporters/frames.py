"""The source line of a finding for a terminal, with its number and carets below the wrong characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from azureml_publish.diagnostics import Diagnostic, mask_passwords
from azureml_publish.reporters.folding import width
from azureml_publish.reporters.hostile_text import shown as visible_letter
from azureml_publish.reporters.paint import PLAIN, Paint

Sources: TypeAlias = Callable[[str], Sequence[str] | None]
"""The lines of a file by its path in findings; None if it cannot be shown."""

LEAST = 20
"""The fewest cells of a line to show, however narrow the terminal is."""

_WORD = re.compile(r"[\w./:@#%+-]*[\w/@#%+-]|\S")


def span_of(found: Diagnostic, sources: Sources) -> int:
    """The number of wrong characters: from the finding, or else the word at its location; 0 if there is none."""
    if found.width:
        return found.width
    line = line_of(found, sources)
    word = _WORD.match(line, found.location.column - 1) if line else None
    return len(word[0]) if word else 0


def line_of(found: Diagnostic, sources: Sources) -> str:
    """The line of a finding, without passwords; empty if its file has no such line."""
    lines = sources(found.location.path)
    number = found.location.line
    return mask_passwords(lines[number - 1]) if lines is not None and number <= len(lines) else ""


def frame(found: Diagnostic, sources: Sources, columns: int, paint: Paint = PLAIN, *styles: str) -> str:
    """The line of a finding with carets below the wrong characters; empty if there is no line to show."""
    line = line_of(found, sources)
    if not line.strip():
        return ""
    shown = [_shown(letter) for letter in line]
    start = min(found.location.column - 1, len(shown))
    end = min(start + max(span_of(found, sources), 1), len(shown))
    gutter = max(len(str(found.location.line)), 4)
    first, last = _window(shown, start, end, max(columns - gutter - 3, LEAST))
    before, after = "…" if first else "", "…" if last < len(shown) else ""
    text = before + "".join(letter for letter, _ in shown[first:last]) + after
    indent = len(before) + sum(cells for _, cells in shown[first:start])
    carets = max(sum(cells for _, cells in shown[start : min(end, last)]), 1)
    number = paint(f"{found.location.line:>{gutter}} |", "dim")
    below = paint(" " * gutter + " |", "dim")
    return f"{number} {text}\n{below} {' ' * indent}{paint('^' * carets, *styles)}\n"


def _shown(letter: str) -> tuple[str, int]:
    """A character as it is printed, and its width in cells."""
    text = visible_letter(letter)
    return text, 1 if " " <= letter <= "~" else width(text)


def _window(shown: Sequence[tuple[str, int]], start: int, end: int, room: int) -> tuple[int, int]:
    """The characters that fit: all, or those around the mistake, with a third of the room before it."""
    if sum(cells for _, cells in shown) <= room:
        return 0, len(shown)
    room -= 2  # for the ellipses
    first, before = start, 0
    while first > 0 and before + shown[first - 1][1] <= max(room // 3, room - _sum(shown, start, end, room)):
        first -= 1
        before += shown[first][1]
    last, used = first, 0
    while last < len(shown) and used + shown[last][1] <= room:
        used += shown[last][1]
        last += 1
    while first > 0 and last == len(shown) and used + shown[first - 1][1] <= room:
        first -= 1
        used += shown[first][1]
    return first, last


def _sum(shown: Sequence[tuple[str, int]], start: int, end: int, room: int) -> int:
    """Cells from the mistake to the end of the line, as far as needed."""
    total = 0
    for _, cells in shown[start : max(end, start + room)]:
        total += cells
        if total >= room:
            break
    return total
