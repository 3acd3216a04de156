"""SPEC021: notebooks for fine-tuning in the card of a model that cannot be fine-tuned, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import width_of
from azureml_publish.lint.rules.card.identity import tasks_of
from azureml_publish.lint.rules.card.sections import finetune_section
from azureml_publish.lint.subject import Check, Described

RULE = Rule(
    "SPEC021", "card-spec-scenario-mismatch", Severity.WARNING, "Card and spec do not agree on what can be fine-tuned."
)


def _check(model: Described) -> Iterator[Diagnostic]:
    tasks = tasks_of(model, "fineTuningTasks")
    card = model.card
    if card.too_large:
        return
    section = finetune_section(card)
    if section is not None and not tasks:
        yield RULE.at(
            card.place(section.line, section.column),
            f"The card has a section '{section.text}', but the spec names no task to fine-tune for.",
            "Name the tasks under `tasks.finetune`, or take the section out.",
            width=width_of(section.text),
        )
    elif section is None and tasks and card.headings:
        yield RULE.at(
            model.where("tasks.fineTuningTasks"),
            f"The spec says that the model can be fine-tuned for {', '.join(tasks)}; the card has no samples for that.",
            "Add a section 'Finetuning samples', or take the tasks out.",
        )


CHECK = Check(RULE, described=_check)
