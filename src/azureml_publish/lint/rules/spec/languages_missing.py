"""SPEC007: a model that reads or writes text, and nobody says in which languages."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.sample.reading import is_offered, tasks_of
from azureml_publish.lint.subject import Check, Described

RULE = Rule("SPEC007", "languages-missing", Severity.INFO, "A model of language names no languages.")

TASKS = frozenset(
    {
        "automatic-speech-recognition", "chat-completion", "fill-mask", "question-answering", "summarization",
        "text-classification", "text-generation", "text-translation", "text2text-generation", "token-classification",
        "translation", "zero-shot-classification",
    }
)  # fmt: skip
"""Tasks whose models are of a language."""


def _check(model: Described) -> Iterator[Diagnostic]:
    tasks = [task for task in tasks_of(model) if task in TASKS]
    if tasks and is_offered(model) and not model.metadata.get("languages"):
        yield RULE.at(
            model.where("languages"),
            f"{model.name} does {tasks[0]} and names no languages; the catalogue filters by them.",
            "Write ISO 639 codes, for example languages: [en].",
        )


CHECK = Check(RULE, described=_check)
