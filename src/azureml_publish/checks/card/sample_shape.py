"""CARD061: a sample request whose shape is not what the model's task takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from azureml_publish.checks.card.identity import tasks_of
from azureml_publish.checks.card.mask_tokens import POINTED, SQUARE, mask_token
from azureml_publish.checks.card.reporting import short
from azureml_publish.checks.card.sections import sample_fences
from azureml_publish.checks.subject import Check, Described
from azureml_publish.diagnostics import Diagnostic, Rule, Severity

RULE = Rule(
    "CARD061", "card-sample-shape", Severity.WARNING, "The card's sample request is not of the shape of the task."
)

_TASKS = frozenset(
    [
        "fill-mask",
        "question-answering",
        "text-classification",
        "token-classification",
        "summarization",
        "translation",
        "text-translation",
    ]
)
"""Tasks whose requests are alike in all published cards; a chat's or an image's are not."""


def _check(model: Described) -> Iterator[Diagnostic]:
    tasks = tasks_of(model, "inferenceTasks")
    if model.type != "mlflow_model" or len(tasks) != 1 or tasks[0] not in _TASKS:
        return
    for kind, fence in sample_fences(model.card):
        if kind != "input":
            continue
        try:
            data = json.loads(fence.text)
        except (ValueError, RecursionError):
            continue  # CARD060 tells
        wrong = _wrong(model, tasks[0], data)
        if wrong:
            place = model.card.place(min(fence.line + 1, len(model.card.lines)), 1)
            yield RULE.at(place, *wrong)


def _wrong(model: Described, task: str, data: Any) -> tuple[str, str] | None:
    """What is wrong with a request, and the mend.

    Source: https://learn.microsoft.com/azure/machine-learning/how-to-deploy-mlflow-models (online endpoints take
    `input_data`, whatever MLflow's own server takes).
    """
    if not isinstance(data, Mapping) or "input_data" not in data:
        given = f"has '{short(str(next(iter(data))))}'" if isinstance(data, Mapping) and data else "is no such object"
        return (
            f"The sample input {given} where an online endpoint of an MLflow model asks for 'input_data'.",
            'Write {"input_data": ...}.',
        )
    inner = data["input_data"]
    if task == "question-answering" and not _asks(inner):
        return "The sample input lacks a question or its context.", "Give both `question` and `context`."
    if task == "fill-mask":
        masks = (token,) if (token := mask_token(model)) else (SQUARE, POINTED)
        for text in _texts(inner):
            if not any(mask in text for mask in masks):
                return (
                    f"The text '{short(text)}' of the sample input has no mask to fill in.",
                    f"Write {' or '.join(masks)} in each text.",
                )
    return None


def _asks(inner: Any) -> bool:
    text = json.dumps(inner)
    return '"question"' in text and '"context"' in text


def _texts(inner: Any) -> Iterator[str]:
    """The texts of a request: a list of them, a column `input_string`, or the first column of a table."""
    if isinstance(inner, Mapping):
        inner = inner.get("input_string", inner.get("data"))
    if isinstance(inner, str):
        yield inner
    elif isinstance(inner, list):
        for one in inner:
            first = one[0] if isinstance(one, list) and one else one
            if isinstance(first, str):
                yield first


CHECK = Check(RULE, described=_check)
