"""Helpers for rules that report findings in cards: edits, short quotations, and one finding for many places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from azureml_publish.diagnostics import Diagnostic, Location, Severity
from azureml_publish.lint.check import Check
from azureml_publish.lint.markdown.cards import Card, CardEdit

MOST_EDITS = 1000
"""The most edits in one fix; the next run fixes the rest."""


class Wrong(NamedTuple):
    """A wrong statement: its location, what it says, and what is true."""

    where: Location
    stated: str
    true: str

    @property
    def message(self) -> str:
        """The statement and the truth in one sentence."""
        return f"{self.stated}, while {self.true}."


def contradicted(card: Card, offset: int, text: str, true: str, by: str = "The card") -> Wrong:
    """A wrong statement at an offset of a card."""
    return Wrong(card.at(offset, text), f"{by} says '{short(text)}'", true)


def first_in_each_line(found: Iterable[Wrong]) -> Iterator[Wrong]:
    """Only the first finding in each line: two checks may know one figure from two files."""
    seen: set[tuple[str, int]] = set()
    for one in found:
        place = (one.where.path, one.where.line)
        if place not in seen:
            seen.add(place)
            yield one


def replacing(card: Card, start: int, end: int, text: str) -> CardEdit:
    """The edit that replaces the characters between two offsets of a card."""
    return (*card.position(start), *card.position(end), text)


def short(text: str) -> str:
    """A text as a message quotes it: in one line, shortened."""
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
    """One finding for a matter of style, at its first place; the fix changes all places in that file."""
    here = card.place(edits[0][0], edits[0][1])
    near = [
        edit
        for edit in edits[:MOST_EDITS]
        if card.place(edit[0], edit[1]).path == here.path and card.fix([edit]) is not None
    ]
    fix = card.fix(near, safe=safe) if near else None
    return check.at(here, message, hint, fix=fix, width=width, severity=severity)


def times(count: int, what: str, verb: str = "") -> str:
    """`1 tab`, `3 tabs`; with the verb `is`: `1 tab is`, `3 tabs are`."""
    several = {"is": "are", "has": "have", "does": "do"}.get(verb, verb.removesuffix("s"))
    return f"{count} {what}{'s' * (count != 1)} {verb if count == 1 else several}".rstrip()
