"""Mistakes in files: one `Diagnostic` each, with its location and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from azureml_publish.patterns import pattern


class Severity(StrEnum):
    """How serious a finding is: an error stops plan and apply, the others are only reported."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file: path relative to the project, with `/` between its parts; line and column from 1."""

    path: str
    line: int = 1
    column: int = 1


def model_folder(path: str) -> str:
    """The name of the model folder that a path leads to or into, or whose rendering it is in; empty for all others."""
    top, _, rest = path.partition("/")
    return rest.partition("/")[0] if top in ("models", "build") else ""


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """One replacement in a file: from line and column, both from 1, to the end line and column, which are excluded."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str

    @classmethod
    def between(cls, text: str, changed: str) -> Edit:
        """The one edit that turns a text into another: all between their common beginning and end."""
        start = _common(text, changed)
        tail = _common(text[start:][::-1], changed[start:][::-1])
        end = len(text) - tail
        return cls(*_line_column(text, start), *_line_column(text, end), changed[start : len(changed) - tail])


def _common(one: str, other: str) -> int:
    """The length of the common beginning of two texts."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))


def _line_column(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that a program can make: in `path`, or in the finding's file if that is empty.

    A safe one keeps the meaning.
    """

    edits: tuple[Edit, ...]
    safe: bool = True
    path: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `code` is stable and never reused, `name` is a readable name for it, `hint` says what to write.

    `width` is the number of wrong characters from the column on; 0 means the word there. `also` has the other places of
    the same fact, such as a key that no model of a catalogue may have.
    """

    code: str
    name: str
    severity: Severity
    message: str
    location: Location
    hint: str
    fix: Fix | None = None
    width: int = 0
    also: tuple[Location, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """What the linter can find: a stable code, a kebab-case name, a severity and a one-sentence summary."""

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
        """A finding of this rule at a location; `severity` overrides the rule's. Its text repeats no credential."""
        if may_hold_credential(message):
            message = CREDENTIAL.sub(lambda match: "*" * len(match[0]), message)
        return Diagnostic(self.code, self.name, severity or self.severity, message, location, hint, fix, width)


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The findings sorted by location and code, each once: the order of every report."""

    def key(found: Diagnostic) -> tuple[str, int, int, str, str]:  # not of locations, which are compared slowly
        at = found.location
        return at.path, at.line, at.column, found.code, found.message

    return tuple(sorted(dict.fromkeys(diagnostics), key=key))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any finding is an error, which stops a plan."""
    return any(found.severity is Severity.ERROR for found in diagnostics)


CREDENTIAL = pattern(
    r"(?<=[?&;]sig=)[A-Za-z0-9%+/=_-]{20,}|(?<=AccountKey=)[A-Za-z0-9+/=]{40,}|(?<=SharedAccessKey=)[A-Za-z0-9+/=]{20,}"
    r"|\bhf_[A-Za-z0-9]{30,}\b|\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{40,}\b|\bsk-[A-Za-z0-9_-]{32,}"
    r"|\bnvapi-[\w-]{40,}|\bAKIA[0-9A-Z]{16}\b|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"
    r"|(?<=-----BEGIN )(?:[A-Z]{1,20} ){0,3}PRIVATE KEY"
)
"""Signatures, keys and tokens by their own forms: Azure's SAS and account keys, the Hub's, GitHub's, OpenAI's, NVIDIA's
and AWS' tokens, JSON Web Tokens, private keys."""

_SIGNS = ("nvapi-", "AKIA", "eyJ", "PRIVATE KEY")
_WITH = {
    "=": ("sig=", "AccountKey=", "SharedAccessKey="),
    "_": ("hf_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
}
"""One of these is in every text that the expression above finds; a single character is looked for much faster."""
_SHORTEST = 20
_OPENAI = pattern(r"sk-(?<!\wsk-)[A-Za-z0-9_-]{32}")


def may_hold_credential(text: str) -> bool:
    """Whether `CREDENTIAL` may find something; takes a tenth of the time of looking for it."""
    if len(text) < _SHORTEST:
        return False
    signs = (*_SIGNS, *(_WITH["="] if "=" in text else ()), *(_WITH["_"] if "_" in text else ()))
    return any(sign in text for sign in signs) or _OPENAI.search(text) is not None


def mask_passwords(text: str) -> str:
    """A text with credentials, and users and passwords in its URLs, replaced by as many stars, for reports."""
    hidden = re.sub(r"(?<=://)[^\s/]+(?=@)", lambda found: "*" * len(found[0]), text)
    return CREDENTIAL.sub(lambda found: "*" * len(found[0]), hidden)
