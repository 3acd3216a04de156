"""The files beside the weights of a transformers model, as data, and whether its task says what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from azureml_publish.content.packaging.facts import ModelFacts
from azureml_publish.content.packaging.mlflow_model import (
    Flavour,
    is_served,
    rendered_documents,
    settings,
    signature,
)
from azureml_publish.content.packaging.mlflow_model import describe as describe_flavour
from azureml_publish.content.packaging.rules import NOT_SERVED, Finding
from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.project import ModelFolder
from azureml_publish.spec import ProjectConfig, meant_task

UNKNOWN_TASK = Rule(
    "TMPL007", "mlflow-classes-unknown", Severity.ERROR, "MLflow's classes do not follow from the task."
)


def describe(folder: ModelFolder, config: ProjectConfig, facts: ModelFacts | None) -> Mapping[str, tuple[str, Any]]:
    """Each file beside the weights: the name of its value in the template, and the data.

    Args:
        facts: what the source's files say; None where they are not known, so that only the task decides.
    """
    return rendered_documents(folder.spec, flavour_of(folder, config, facts))


def check_task(folder: ModelFolder, config: ProjectConfig) -> Iterator[Diagnostic]:
    """What is wrong with the task of a transformers model: MLflow has no flavour for it, or does not serve it."""
    flavour = flavour_of(folder, config, None)
    task = folder.spec.tasks.inference
    chosen = flavour.settings
    where = folder.document.location(("tasks", "inference"))
    if flavour.task is not None:
        if not is_served(flavour) or not signature(flavour):
            message = (
                f"mlflow.transformers loads a model for {task or chosen.task}, and MLflow serves no such pipeline."
            )
            hint = "An endpoint needs code of its own: write type: custom_model if the model is to be deployed."
            yield Finding(NOT_SERVED, message, hint, ("tasks", "inference")).placed(folder.document)
        return
    if None not in (chosen.model_class, chosen.pipeline_class):
        return
    if not task:
        message = "The spec names no task, and a transformers model is loaded by its task."
        yield UNKNOWN_TASK.at(
            where, message, "Write tasks: {inference: …}, for example fill-mask, or type: custom_model."
        )
        return
    meant = meant_task(task)
    guess = f"Did you mean '{meant}'? Else write" if meant else "Write"
    yield UNKNOWN_TASK.at(
        where,
        f"Which classes MLflow loads does not follow from the task '{task}', which MLflow does not know.",
        f"{guess} type: custom_model, or mlflow: {{model_class: …, pipeline_class: …}} with transformers' class names.",
    )


def flavour_of(folder: ModelFolder, config: ProjectConfig, facts: ModelFacts | None) -> Flavour:
    """How MLflow is to load the model of a folder; `facts` as for `describe`."""
    spec = folder.spec
    return describe_flavour(spec.tasks.inference, settings(spec, config.defaults.mlflow), facts)
