"""Applies fixes to a text: those that do not overlap. The others wait for the next round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from azureml_publish.diagnostics import Diagnostic, Fix
from azureml_publish.patterns import pattern

_NEWLINE = pattern(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class FixedText:
    """A text with fixes applied, and the findings whose fixes were applied."""

    text: str
    done: tuple[Diagnostic, ...]


def fix_path(found: Diagnostic) -> str:
    """The file that a finding's fix changes."""
    return (found.fix.path if found.fix else "") or found.location.path


def apply_fixes(text: str, found: Sequence[Diagnostic]) -> FixedText:
    """Apply the fixes of findings to the text of their file.

    A fix is applied completely or not at all. One that overlaps an applied fix is left out; the caller lints again
    afterwards. Inserted lines get the line ends of the file.
    """
    starts = [0, *(end.end() for end in _NEWLINE.finditer(text))]
    newline = "\r\n" if "\r\n" in text else "\n"
    taken: dict[tuple[int, int], str] = {}
    done = []
    for one in found:
        cuts = _cuts(text, starts, one.fix, newline) if one.fix else None
        if not cuts:
            continue
        fresh = {cut: new for cut, new in cuts.items() if taken.get(cut) != new}
        if any(_touch(cut, other) for cut in fresh for other in taken):
            continue
        taken.update(fresh)
        done.append(one)
    for (start, end), new in sorted(taken.items(), reverse=True):
        text = text[:start] + new + text[end:]
    return FixedText(text, tuple(done))


def _cuts(text: str, starts: Sequence[int], fix: Fix, newline: str) -> dict[tuple[int, int], str] | None:
    """The ranges that a fix replaces, with the new texts; None where an edit is outside the text, or two overlap."""
    cuts: dict[tuple[int, int], str] = {}
    for edit in fix.edits:
        start = _index(text, starts, edit.line, edit.column)
        end = _index(text, starts, edit.end_line, edit.end_column)
        if start is None or end is None or start > end or any(_touch((start, end), cut) for cut in cuts):
            return None
        cuts[start, end] = _NEWLINE.sub(newline, edit.text)
    return cuts


def _index(text: str, starts: Sequence[int], line: int, column: int) -> int | None:
    if not 1 <= line <= len(starts) or column < 1:
        return None
    index = starts[line - 1] + column - 1
    end = starts[line] if line < len(starts) else len(text)
    return index if index <= end else None


def _touch(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two ranges overlap or have the same start."""
    return (one[0] < other[1] and other[0] < one[1]) or one[0] == other[0]
