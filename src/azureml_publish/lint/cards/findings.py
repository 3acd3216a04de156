"""What rules on cards have in common when they report a finding: its edits, and one finding for many places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from azureml_publish.diagnostics import Diagnostic, Location
from azureml_publish.lint.check import Check
from azureml_publish.lint.markdown.cards import Card, CardEdit

MOST_EDITS = 1000
"""More are not put into one fix; the next run finds the rest."""

WIDEST = 200
"""More characters are not underlined."""


class Wrong(NamedTuple):
    """One figure that is not the model's: its place, what is stated there, what is true, and how wide the words are."""

    where: Location
    stated: str
    true: str
    width: int = 0


def once_a_place(found: Iterable[Wrong]) -> Iterator[Wrong]:
    """Of findings in one line of one file the first: two checks may know a figure from two files."""
    seen: set[tuple[str, int]] = set()
    for one in found:
        place = (one.where.path, one.where.line)
        if place not in seen:
            seen.add(place)
            yield one


def replacing(card: Card, start: int, end: int, text: str) -> CardEdit:
    """The edit that puts a text in the place of the characters between two offsets of a card."""
    return (*card.position(start), *card.position(end), text)


def width_of(text: str) -> int:
    """How much of a text to underline: its first line, within bounds."""
    return max(1, min(WIDEST, len(text.split("\n", 1)[0])))


def short(text: str) -> str:
    """A text of the card as a message quotes it: one line, not long."""
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."


def once_a_card(
    check: Check, card: Card, edits: Sequence[CardEdit], message: str, hint: str, *, width: int = 1, safe: bool = True
) -> Diagnostic:
    """One finding for a matter of style, at the first of its places; its fix changes all that are in that file."""
    here = card.place(edits[0][0], edits[0][1])
    near = [
        edit
        for edit in edits[:MOST_EDITS]
        if card.place(edit[0], edit[1]).path == here.path and card.fix([edit]) is not None
    ]
    return check.at(here, message, hint, fix=card.fix(near, safe=safe) if near else None, width=width)


def times(count: int, what: str) -> str:
    """`1 tab`, `3 tabs`."""
    return f"{count} {what}{'s' * (count != 1)}"
