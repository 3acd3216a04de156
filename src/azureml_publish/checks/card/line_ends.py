"""CARD046: lines that end as Windows ends them."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.checks.card.reporting import once_a_card, times
from azureml_publish.checks.markdown import CardEdit
from azureml_publish.checks.subject import Check, Described
from azureml_publish.diagnostics import Diagnostic, Rule, Severity

RULE = Rule("CARD046", "crlf", Severity.WARNING, "Lines end with CR LF.")


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    count = card.text.count("\r")
    if not count or card.too_large:
        return
    raw = card.text.replace("\r\n", "\r").replace("\n", "\n\0").replace("\r", "\r\0").split("\0")
    edits: list[CardEdit] = [
        (number, len(line), number + 1, 1, "\n") for number, line in enumerate(raw, 1) if line.endswith("\r")
    ]
    yield once_a_card(
        RULE,
        card,
        edits,
        f"{times(count, 'line')} {'ends' if count == 1 else 'end'} with CR LF: a change by somebody with another"
        " editor is a change of every line.",
        "Save the file with LF; `publish lint --fix` does, and `* text=auto eol=lf` in .gitattributes keeps it.",
    )


CHECK = Check(RULE, described=_check)
