"""What rules on cards have in common when they report a finding: its edits, and one finding for many places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from azureml_publish.diagnostics import Diagnostic, Location, Severity
from azureml_publish.lint.check import Check
from azureml_publish.lint.markdown.cards import Card, CardEdit

MOST_EDITS = 1000
"""More are not put into one fix; the next run finds the rest."""


class Wrong(NamedTuple):
    """One figure that is not the model's: its place, what is stated there, and what is true."""

    where: Location
    stated: str
    true: str

    @property
    def message(self) -> str:
        """Both in one sentence."""
        return f"{self.stated}, while {self.true}."


def contradicted(card: Card, offset: int, text: str, true: str, by: str = "The card") -> Wrong:
    """What a text of a card says, and what is true."""
    return Wrong(card.at(offset, text), f"{by} says '{short(text)}'", true)


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


def short(text: str) -> str:
    """A text of the card as a message quotes it: one line, not long."""
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."


def once_a_card(
    check: Check,
    card: Card,
    edits: Sequence[CardEdit],
    message: str,
    hint: str,
    *,
    width: int = 1,
    safe: bool = True,
    severity: Severity | None = None,
) -> Diagnostic:
    """One finding for a matter of style, at the first of its places; its fix changes all that are in that file."""
    here = card.place(edits[0][0], edits[0][1])
    near = [
        edit
        for edit in edits[:MOST_EDITS]
        if card.place(edit[0], edit[1]).path == here.path and card.fix([edit]) is not None
    ]
    fix = card.fix(near, safe=safe) if near else None
    return check.at(here, message, hint, fix=fix, width=width, severity=severity)


def times(count: int, what: str) -> str:
    """`1 tab`, `3 tabs`."""
    return f"{count} {what}{'s' * (count != 1)}"
