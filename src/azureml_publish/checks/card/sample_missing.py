"""SMPL004: a card that shows no request, so that everybody has to guess its form."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.checks.card.identity import tasks_of
from azureml_publish.checks.card.sections import has_samples
from azureml_publish.checks.subject import Check, Described
from azureml_publish.diagnostics import Diagnostic, Rule, Severity

RULE = Rule("SMPL004", "sample-missing", Severity.WARNING, "The card shows neither a sample input nor a sample output.")


def _check(model: Described) -> Iterator[Diagnostic]:
    """A card without a single heading is a note and no card with a gap."""
    card = model.card
    if not card.headings or has_samples(card) or not tasks_of(model, "inferenceTasks"):
        return
    yield RULE.at(
        card.place(1, 1),
        f"The card shows no sample input for {', '.join(tasks_of(model, 'inferenceTasks'))}.",
        "Put the request into samples/input.json and the answer into samples/output.json; the template shows both.",
    )


CHECK = Check(RULE, described=_check)
