"""Shows the difference between two values, part by part."""

from __future__ import annotations

import difflib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple, TypeGuard

from azureml_publish.assets import Value
from azureml_publish.layouts.wire import decode
from azureml_publish.reporters.hostile_text import one_line
from azureml_publish.reporters.paint import PLAIN, Paint

WIDTH = 60
"""Characters of one value to show."""

ITEMS = 4
"""Items of a list to show."""

DIFF_LINES = 24
"""Lines of a diff to show."""

COLOURS = {"+": "green", "-": "red", "@": "cyan"}
"""The colour of a line, by its sign."""

_DIFF_WIDTH = 96
_COMPARABLE = 400_000
"""The most characters of two texts that are compared line by line; a card has some tens of thousands."""


class Line(NamedTuple):
    """One line: `sign` is `+`, `-`, `@` (a position in a text) or a space; `depth` counts the maps around it."""

    sign: str
    text: str
    depth: int = 0

    def __str__(self) -> str:
        """The line with its sign; the text of an `@` line already has it."""
        sign = f"{self.sign} " if self.sign in ("+", "-") else ""
        return f"{'  ' * self.depth}{sign}{self.text}".rstrip(" ")


def painted(line: Line, paint: Paint) -> str:
    """A line in the colour of its sign."""
    colour = COLOURS.get(line.sign)
    return paint(str(line), colour) if colour else str(line)


def difference(before: Value, after: Value, *, items: int = ITEMS, diff_lines: int = DIFF_LINES) -> list[Line]:
    """The lines that show a difference; None means that there is no value.

    Maps are shown key by key, lists by added and removed items, long texts as a unified diff. Strings of the service
    that contain a list or map are shown as such.
    """
    return list(_lines(_read(before), _read(after), (items, diff_lines)))


def _lines(before: Value, after: Value, bounds: tuple[int, int]) -> Iterator[Line]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            if before.get(key) != after.get(key):
                yield Line(" ", short(key))
                inner = _lines(before.get(key), after.get(key), bounds)
                yield from (line._replace(depth=line.depth + 1) for line in inner)
        return
    if isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        yield from _text_change(before, after, bounds[1])
        return
    if is_list(before) and is_list(after):
        gone, come = beyond(before, after), beyond(after, before)
        yield from _some([Line("-", short(item)) for item in gone], bounds[0])
        yield from _some([Line("+", short(item)) for item in come], bounds[0])
        if not gone and not come:
            yield Line(" ", "the same items in another order")
        return
    if before is not None:
        yield Line("-", short(before))
    if after is not None:
        yield Line("+", short(after))


def file_diff(path: str, before: str, after: str, paint: Paint = PLAIN) -> str:
    """The change of a file as a unified diff that `patch` and `git apply` accept; empty where nothing changes."""
    # Only \n ends a line to them: str.splitlines would end one at other characters as well.
    old, new = list(io.StringIO(before, newline="\n")), list(io.StringIO(after, newline="\n"))
    parts = []
    for line in difflib.unified_diff(old, new, f"a/{one_line(path)}", f"b/{one_line(path)}"):
        text = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        colour = COLOURS.get(line[0]) if not line.startswith(("---", "+++")) else "bold"
        parts.append(f"{paint(text.rstrip(chr(10)), colour)}\n" if colour else text)
    return "".join(parts)


def unified(before: str, after: str) -> str:
    """Two texts as a unified diff without file names; empty if only line ends differ."""
    if len(before) + len(after) > _COMPARABLE:
        return ""
    compared = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return "\n".join(list(compared)[2:])


def _text_change(before: str, after: str, most: int) -> Iterator[Line]:
    if len(before) + len(after) > _COMPARABLE:
        yield Line(" ", f"{len(before)} characters become {len(after)}: too long to compare line by line")
        return
    lines = unified(before, after).split("\n")
    if lines == [""]:
        yield Line(" ", "the same text with other line ends")
        return
    yield from _some(list(_windows(lines)), most)


def _windows(lines: Sequence[str]) -> Iterator[Line]:
    """The lines of a diff, long ones cut around the change."""
    gone: list[str] = []
    come: list[str] = []
    for line in [*lines, " "]:
        if line[:1] == "-" and not come:
            gone.append(line[1:])
        elif line[:1] == "+":
            come.append(line[1:])
        else:
            pairs = list(zip_longest(gone, come))
            yield from (Line("-", _window(old, new)) for old, new in pairs if old is not None)
            yield from (Line("+", _window(new, old)) for old, new in pairs if new is not None)
            gone, come = ([line[1:]] if line[:1] == "-" else []), []
            if line[:2] == "@@":
                yield Line("@", line)
            elif line[:1] == " " and line != " ":
                yield Line(" ", f"  {_visible(line[1:], _DIFF_WIDTH)}")


def _window(text: str, other: str | None) -> str:
    if other is None or len(text) <= _DIFF_WIDTH:
        return _visible(text, _DIFF_WIDTH)
    alike = next((n for n, (one, two) in enumerate(zip(text, other, strict=False)) if one != two), len(other))
    start = alike - 30 if alike > _DIFF_WIDTH - 40 else 0
    return ("…" if start else "") + _visible(text[start:], _DIFF_WIDTH - 1)


def is_list(value: Value) -> TypeGuard[Sequence[Value]]:
    """Whether a value is a list; a text is not."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def read_lists(before: Value, after: Value) -> tuple[Sequence[Value], Sequence[Value]] | None:
    """Both values as lists, if both are."""
    one, other = _read(before), _read(after)
    return (one, other) if is_list(one) and is_list(other) else None


def beyond(items: Iterable[Value], others: Iterable[Value]) -> list[Value]:
    """The items that the others do not have, or have less often."""
    left = list(others)
    found = []
    for item in items:
        if item in left:
            left.remove(item)
        else:
            found.append(item)
    return found


def _some(lines: list[Line], most: int) -> list[Line]:
    """The first lines, and how many more there are; JSON has all of them."""
    return lines if len(lines) <= most else [*lines[: most - 1], Line(" ", f"… and {len(lines) - most + 1} more")]


def _read(value: Value) -> Value:
    """A string of the service as the list or map that it contains, so that its parts can be compared."""
    return decode(value) if isinstance(value, str) else value


def short(value: Value, width: int = WIDTH) -> str:
    """A value on one line. Invisible characters, and those that control a terminal, are escaped."""
    if isinstance(value, str):
        return _visible(value, width) or '""'
    if isinstance(value, Mapping):
        text = ", ".join(f"{short(key)}: {short(item)}" for key, item in value.items()) or "{}"
    elif isinstance(value, Sequence):
        text = ", ".join(short(item) for item in value) or "[]"
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
    return _cut(text, width)


def _visible(text: str, width: int) -> str:
    return _cut(text if text == text.rstrip() and text.isprintable() else repr(text), width)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
