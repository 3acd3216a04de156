"""Source map of a rendered text: the file, line and column that each part of it came from."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from azureml_publish.diagnostics import Edit, Location


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a rendered text and its origin.

    `verbatim`: the same characters are in the source, starting at `place`; otherwise an expression or a value
    produced them. `place` is None if the origin is unknown.
    """

    text: str
    place: Location | None
    verbatim: bool = False

    def at(self, offset: int) -> Location | None:
        """The origin of the character at an offset in this stretch."""
        if self.place is None or not self.verbatim:
            return self.place
        before = self.text[:offset]
        turns = before.count("\n")
        if not turns:
            return Location(self.place.path, self.place.line, self.place.column + offset)
        return Location(self.place.path, self.place.line + turns, offset - before.rfind("\n"))

    def part(self, start: int, end: int) -> Stretch:
        """A slice of it, with its own place."""
        return Stretch(self.text[start:end], self.at(start), self.verbatim)


class SourceMap:
    """A rendered text and the origin of each of its characters."""

    def __init__(self, stretches: Iterable[Stretch]) -> None:
        self._stretches = [one for one in stretches if one.text]
        self._starts: list[int] = []
        self.text = "".join(one.text for one in self._stretches)
        position = 0
        for one in self._stretches:
            self._starts.append(position)
            position += len(one.text)
        self._lines = [0, *(index + 1 for index, letter in enumerate(self.text) if letter == "\n")]

    def place(self, line: int, column: int) -> Location | None:
        """The origin of the character at a line and column (both from 1); None if unknown."""
        offset = self._offset(line, column)
        index = bisect.bisect_right(self._starts, offset) - 1
        if index < 0:
            return None
        start, stretch = self._starts[index], self._stretches[index]
        if stretch.place is None or not stretch.verbatim:
            return stretch.place
        turns = bisect.bisect_right(self._lines, offset) - bisect.bisect_right(self._lines, start)
        if turns:
            begin = self._lines[bisect.bisect_right(self._lines, offset) - 1]
            return Location(stretch.place.path, stretch.place.line + turns, offset - begin + 1)
        return Location(stretch.place.path, stretch.place.line, stretch.place.column + offset - start)

    def line_of(self, place: Location) -> int | None:
        """The first line of the text, from 1, that has something of a line of a source; None where nothing is of it."""
        for start, one in zip(self._starts, self._stretches, strict=True):
            if one.place is None or one.place.path != place.path:
                continue
            turns = place.line - one.place.line
            if turns == 0 or (one.verbatim and 0 < turns <= one.text.count("\n")):
                offset = start
                for _ in range(turns):
                    offset = self.text.index("\n", offset) + 1
                return bisect.bisect_right(self._lines, offset)
        return None

    def edit(self, edit: Edit) -> tuple[str, Edit] | None:
        """The same edit in the source file; None unless the text is in one file verbatim."""
        start, end = self._offset(edit.line, edit.column), self._offset(edit.end_line, edit.end_column)
        parts = [one for one in self._between(start, end) if one.text] or [*self._between(start, start + 1)]
        begin = parts[0].place if parts else None
        if begin is None or not all(one.verbatim for one in parts):
            return None
        for one, following in itertools.pairwise(parts):
            if one.at(len(one.text)) != following.place:
                return None
        stop = parts[-1].at(len(parts[-1].text)) if end > start else begin
        if stop is None:
            return None
        return begin.path, Edit(begin.line, begin.column, stop.line, stop.column, edit.text)

    def _offset(self, line: int, column: int) -> int:
        """The index of a character; the end of the line if the line is shorter."""
        if line > len(self._lines):
            return len(self.text)
        end = self._lines[line] - 1 if line < len(self._lines) else len(self.text)
        return min(self._lines[line - 1] + column - 1, end)

    def _between(self, start: int, end: int) -> Iterator[Stretch]:
        first = max(bisect.bisect_right(self._starts, start) - 1, 0)
        for begin, one in zip(self._starts[first:], self._stretches[first:], strict=True):
            if begin >= end:
                return
            yield one.part(max(start - begin, 0), min(end - begin, len(one.text)))
