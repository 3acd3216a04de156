"""Which findings of the linter are accepted, and why: in `model.yaml` for one model, in `publish.yaml` by path.

In cards and templates a comment of HTML or of Jinja says it: `<!-- publish: ignore CARD001 cut on purpose -->`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from azureml_publish.spec.reading import Written

_OPENING = re.compile(r"(<!--|\{#[-+]?)[ \t]*+publish:[ \t]*+(ignore-file|ignore)\b")
_CLOSING = re.compile(r"-->|#\}|[\r\n]")
_WORDS = re.compile(r"[ \t]*+([\w,-]*+)")


@dataclass(frozen=True, slots=True)
class SilenceComment:
    """A suppression in a card or template, on one line.

    Attributes:
        start: where it begins in the text; `end` is where it ends.
        kind: `ignore`, or `ignore-file`.
        codes: codes or names, separated by commas.
        reason: what stands after them.
    """

    start: int
    end: int
    kind: str
    codes: str
    reason: str


def silence_comments(text: str) -> Iterator[SilenceComment]:
    """The suppressions of a text, in one pass over it."""
    closing: re.Match[str] | None = None
    position = 0
    while opening := _OPENING.search(text, position):
        position = opening.end()
        if closing is None or closing.start() < position:
            closing = _CLOSING.search(text, position)
            if closing is None:
                return  # nothing closes this one, nor any after it
        jinja = opening[1].startswith("{")
        if closing[0] != ("#}" if jinja else "-->"):
            continue
        position = closing.end()
        body = text[opening.end() : closing.start()]
        body = body.removesuffix("-") if jinja and body.endswith("-") else body.removesuffix("+") if jinja else body
        words = _WORDS.match(body)
        codes, rest = (words[1], body[words.end() :]) if words else ("", body)
        yield SilenceComment(opening.start(), closing.end(), opening[2], codes, rest.strip(" \t"))


def blank_before(text: str, position: int) -> bool:
    """Whether only white space stands before a place in its line."""
    while position and text[position - 1] != "\n" and text[position - 1].isspace():
        position -= 1
    return position == 0 or text[position - 1] == "\n"


class Silence(Written):
    """One rule whose findings are accepted, with the reason."""

    rule: Annotated[str, Field(description="Code or name of the rule, for example SKU010.", min_length=1)]
    reason: Annotated[str, Field(description="Why the finding is accepted.", min_length=1)]


class PathSilence(Silence):
    """One rule whose findings are accepted in some files."""

    path: Annotated[
        str, Field(description="Glob over paths from the project, for example models/old-*/**; ** crosses folders.")
    ] = "**"


class Lint(Written):
    """What holds for `publish lint`, and for the checks that plan and apply begin with."""

    silence: Annotated[tuple[PathSilence, ...], Field(description="Findings that are accepted.")] = ()
    severity: Annotated[
        dict[str, Literal["error", "warning", "info", "off"]],
        Field(
            description="How serious findings are, by the rule's code, its name, or the beginning of a code: "
            "{CARD031: off, SKU: info}. The longest beginning wins."
        ),
    ] = Field(default_factory=dict)
    docs: Annotated[
        str,
        Field(
            description="Where the team shows the documentation of azureml-publish: reports in SARIF and in terminals "
            "link the rules' pages there.",
            pattern=r"^https://",
        ),
    ] = ""
