"""CARD031: a section of the card under another name than all other cards give it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import once_a_card, times
from azureml_publish.lint.markdown.cards import CardEdit
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD031", "heading-not-canonical", Severity.INFO, "A section goes by another name than in other cards.")

_NAMES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(form, re.IGNORECASE), name)
    for form, name in (
        (r"samples?\s+inputs?\s*(?:and|&|/)\s*outputs?(?:\s*\(for .{1,40}\))?|samples?\s+inputs?/outputs?",
         "Sample inputs and outputs"),
        (r"(?:model\s+)?evaluations?(?:\s+samples?)|model\s+evaluation(?=s?$)s?", "Model Evaluation samples"),
        (r"fine-?\s?tun(?:e|ing)\s+samples?", "Finetuning samples"),
        (r"inference\s+samples?|inferencing\s+samples?", "Inference samples"),
    )
)  # fmt: skip


def _check(model: Described) -> Iterator[Diagnostic]:
    """Capitals alone are nobody's concern: the spellings differ in the words."""
    card = model.card
    edits: list[CardEdit] = []
    told = ""
    for heading in card.headings:
        for form, name in _NAMES:
            bare = heading.text.strip().rstrip(":")
            if form.fullmatch(bare) and bare.casefold() != name.casefold():
                told = told or f"'{heading.text}' is '{name}' in other cards"
                width = len(heading.text)
                edits.append((heading.line, heading.column, heading.line, heading.column + width, name))
    if edits:
        more = f", and {times(len(edits) - 1, 'more heading')}" if len(edits) > 1 else ""
        yield once_a_card(
            RULE,
            card,
            edits,
            f"{told}{more}: readers and programs look for one name.",
            "Take the common name.",
            width=edits[0][3] - edits[0][1],
        )


CHECK = Check(RULE, described=_check)
