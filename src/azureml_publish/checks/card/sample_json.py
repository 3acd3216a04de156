"""CARD060: a sample in the card that says it is JSON, and is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from azureml_publish.checks.card.sections import sample_fences
from azureml_publish.checks.markdown import Card, Fence
from azureml_publish.checks.subject import Check, Described
from azureml_publish.diagnostics import Diagnostic, Rule, Severity

RULE = Rule("CARD060", "card-sample-invalid-json", Severity.WARNING, "A sample in the card is not JSON.")

_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*+\"")
_CUT = re.compile(r"\.\.\.|\u2026|//|/\*|<[\w -]+>")
"""What stands for something left out: an answer is shown shortened, nobody sends it."""


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    for kind, fence in sample_fences(card):
        try:
            json.loads(fence.text, parse_constant=_refuse)
        except json.JSONDecodeError as error:
            if kind == "output" and _CUT.search(_STRING.sub("", fence.text)):
                continue
            yield RULE.at(
                card.place(*_position(card, fence, error)),
                f"The sample {kind} is not JSON: {error.msg}.",
                "Mend the JSON here or just before: people copy it into a request.",
            )
        except (ValueError, RecursionError) as error:
            what = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
            yield RULE.at(card.place(fence.line, 1), f"The sample {kind} is not JSON: {what}.", "Write plain values.")


def _position(card: Card, fence: Fence, error: json.JSONDecodeError) -> tuple[int, int]:
    """Where in the card the JSON went wrong: for one that just ends, behind its last character."""
    at = min(error.pos, len(fence.text.rstrip()))
    before = fence.text[:at]
    line = min(fence.line + 1 + before.count("\n"), len(card.lines))
    column = at - (before.rfind("\n") + 1)
    row = fence.text.split("\n")[before.count("\n")]
    shown = card.lines[line - 1]
    return line, min(max(0, shown.find(row)) + column, len(shown)) + 1


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


CHECK = Check(RULE, described=_check)
