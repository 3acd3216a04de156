"""SMPL006: a sample input whose shape is not the one that the model's task takes on Azure ML's endpoints.

Source: Microsoft Learn, Deploy MLflow models to online endpoints: the payload's key is `input_data`
(https://learn.microsoft.com/azure/machine-learning/how-to-deploy-mlflow-models-online-endpoints). The shapes by task
are those of all published samples of Azure/azureml-assets at 4b41f8ccbc (fill-mask 13 of 13, question-answering 4 of
4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.sample.reading import flavours, inputs, place_in, signature, tasks_of
from azureml_publish.lint.subject import Check, Described

RULE = Rule("SMPL006", "sample-shape-not-the-tasks", Severity.WARNING, "A sample input is not of its task's shape.")


def _check(model: Described) -> Iterator[Diagnostic]:
    if model.type != "mlflow_model":
        return
    tasks = tasks_of(model)
    for sample, data in inputs(model):
        if not isinstance(data, Mapping) or "input_data" not in data:
            if _is_request(data):
                yield RULE.at(
                    place_in(sample, tuple(data)[:1]),
                    f"The sample input begins with '{next(iter(data))}'; an endpoint of an MLflow model reads "
                    "'input_data'.",
                    'Write {"input_data": ...}, with `params` beside it where the model takes any.',
                )
            continue
        for task in tasks if signature(model.mlmodel) is None else ():  # else SMPL002 compares with the signature
            shape = _SHAPES.get(task)
            if shape and not shape[0](data["input_data"], model):
                where = place_in(sample, ("input_data",))
                yield RULE.at(where, f"A model for {task} takes {shape[1]}; this is something else.", shape[2])


def _is_request(data: Any) -> bool:
    """Whether a sample looks like a request to a model in another service's form."""
    return isinstance(data, Mapping) and next(iter(data), "") in ("inputs", "input", "instances", "dataframe_split")


def _texts(given: Any, model: Described) -> bool:
    if "hftransformersv2" in flavours(model.mlmodel):  # this flavour reads `input_string`
        return True
    return isinstance(given, list) and all(isinstance(text, str) for text in given)


def _question(given: Any, _model: Described) -> bool:
    text = str(given)
    return "question" in text and "context" in text


_SHAPES = {
    "fill-mask": (
        _texts,
        "a list of sentences",
        'Write {"input_data": ["Paris is the [MASK] of France."]}.',
    ),
    "question-answering": (
        _question,
        "questions and their contexts",
        'Give both: {"input_data": {"question": ["..."], "context": ["..."]}}.',
    ),
}
"""By task: what tells its inputs from others, what they are, and the mend."""

CHECK = Check(RULE, described=_check)
