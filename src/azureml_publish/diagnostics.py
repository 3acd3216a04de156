"""What a person has to mend in a file: one `Diagnostic` each, with its place and the mend."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs: an error stops plan and apply, the others are told."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file: path relative to the project, with `/` between its parts; line and column from 1."""

    path: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """One replacement in a file: from line and column, both from 1, up to and without the end line and column."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str

    @classmethod
    def between(cls, text: str, changed: str) -> Edit:
        """The one edit that makes a text out of another: what lies between their common beginning and end."""
        start = _common(text, changed)
        tail = _common(text[start:][::-1], changed[start:][::-1])
        end = len(text) - tail
        return cls(*_line_column(text, start), *_line_column(text, end), changed[start : len(changed) - tail])


def _common(one: str, other: str) -> int:
    """How many characters two texts have in common from their beginning on."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))


def _line_column(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


@dataclass(frozen=True, slots=True)
class Fix:
    """A mend that a program can make: in `path`, or in the file of the finding where that is empty.

    A safe one cannot change what is meant.
    """

    edits: tuple[Edit, ...]
    safe: bool = True
    path: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `code` is stable and never reused, `name` is its readable twin, `hint` says what to write.

    `width` is how many characters from the column on are at fault; 0: the word that stands there.
    """

    code: str
    name: str
    severity: Severity
    message: str
    location: Location
    hint: str
    fix: Fix | None = None
    width: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """What can be found: a stable code, a kebab-case name, a severity and one sentence of what it means."""

    code: str
    name: str
    severity: Severity
    summary: str

    def at(
        self,
        location: Location,
        message: str,
        hint: str,
        *,
        fix: Fix | None = None,
        width: int = 0,
        severity: Severity | None = None,
    ) -> Diagnostic:
        """A finding of this rule at a place; `severity` is its own, where it is not the rule's."""
        return Diagnostic(self.code, self.name, severity or self.severity, message, location, hint, fix, width)


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The findings by place, then code, each once: the order in which every report shows them."""
    return tuple(sorted(dict.fromkeys(diagnostics), key=lambda found: (found.location, found.code, found.message)))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any finding is severe enough to stop a plan."""
    return any(found.severity is Severity.ERROR for found in diagnostics)


def mask_passwords(text: str) -> str:
    """A text with the users and passwords of its addresses replaced by as many stars; no report shows them."""
    return re.sub(r"(?<=://)[^\s/]+(?=@)", lambda found: "*" * len(found[0]), text)
