"""SPEC022: a task that is not the one that MLflow's file was logged for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.sample.reading import flavours, tasks_of
from azureml_publish.lint.subject import Check, Described

RULE = Rule("SPEC022", "task-vs-mlmodel", Severity.WARNING, "The task is not the one that MLmodel was logged for.")

_SAME = (
    ("fill-mask",),
    ("text-classification", "sentiment-analysis"),
    ("zero-shot-classification", "text-classification"),
    ("token-classification", "ner", "named-entity-recognition"),
    ("question-answering",),
    ("summarization", "text2text-generation", "text-summarization"),
    ("translation", "text-translation", "text2text-generation"),
    ("text-generation", "chat-completion", "conversational", "completions", "text-to-text"),
    ("automatic-speech-recognition", "speech-recognition"),
    ("embeddings", "feature-extraction", "sentence-similarity"),
)
"""Tasks of text and speech; those of one row are words for one thing, or serve each other. Other tasks are not judged:
their words differ from tool to tool."""


def _check(model: Described) -> Iterator[Diagnostic]:
    logged = _logged(model)
    task = next(iter(tasks_of(model)), None)
    if task is None or logged is None:
        return
    known = {word for row in _SAME for word in row}
    one, other = _plain(task), _plain(logged)
    if one in known and other in known and not any(one in row and other in row for row in _SAME):
        yield RULE.at(
            model.where("tasks.inferenceTasks"),
            f"The task is {task}, and MLmodel was logged for {logged}.",
            f"Write {other}, or log the model for {task}: samples and endpoints follow the task.",
        )


def _logged(model: Described) -> str | None:
    """The task of the flavour that serves the model."""
    found = flavours(model.mlmodel)
    for flavour, key in (("transformers", "task"), ("hftransformersv2", "task_type"), ("hftransformers", "task_type")):
        written = found.get(flavour)
        task = written.get(key) if isinstance(written, Mapping) else None
        if isinstance(task, str):
            return task
    return None


def _plain(task: str) -> str:
    """Without the languages of a translation: `translation_en_to_de` is a translation."""
    return re.sub(r"_\w+_to_\w+$", "", task.strip().lower())


CHECK = Check(RULE, described=_check)
