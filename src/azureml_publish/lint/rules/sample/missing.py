"""SMPL004: a model that can be deployed, and nobody is told what to send it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.rules.sample.reading import is_offered
from azureml_publish.lint.subject import Check, Described

RULE = Rule("SMPL004", "sample-missing", Severity.WARNING, "No sample input is shown for a model that can be deployed.")

_WORDS = ("input_data", "input_string", '"messages"', '"inputs"', '"prompt"')
"""What requests to models hold."""

_TITLE = re.compile(
    r"\b(sample|example)s?\b.*\b(inputs?|requests?|payload)\b|\binput (format|schema|data)\b", re.IGNORECASE
)


def _check(model: Described) -> Iterator[Diagnostic]:
    if not is_offered(model) or any(sample.name == "input" for sample in model.samples):
        return
    if not any(_shows(page) for page in (model.card, *model.pages)):
        yield RULE.at(
            model.card.place(1, 1),
            "The model can be deployed, but neither its card nor its notes show a sample input.",
            "Add samples/input.json to a model folder, or a section 'Sample input' with a JSON fence to the card.",
        )


def _shows(page: Card) -> bool:
    if any(word in page.text for word in _WORDS):
        return True
    return any(_TITLE.search(line) for line in page.lines if "input" in line.lower() or "request" in line.lower())


CHECK = Check(RULE, described=_check)
