"""CARD047: a last line that is not ended."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD047", "no-final-newline", Severity.INFO, "The last line is not ended.")


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    if not card.text.strip() or card.text.endswith(("\n", "\r")):
        return
    line, column = len(card.lines), len(card.lines[-1]) + 1
    yield RULE.at(
        card.place(line, max(1, column - 1)),
        "No line feed ends the card's last line, so that a line added below shows up as a change of two.",
        "End it with a line feed.",
        fix=card.fix([(line, column, line, column, "\n")]),
        width=1,
    )


CHECK = Check(RULE, described=_check)
