"""Packages sources in memory, as plan does with those of the Hub."""

from __future__ import annotations

from typing import Any

from azureml_publish.assets import ModelType
from azureml_publish.content.packaging.kinds import Package, build_package
from azureml_publish.content.packaging.layout import Request
from azureml_publish.content.packaging.mlflow_model import describe, requirements, settings_of
from azureml_publish.spec import Mlflow
from tests.checkpoints import Files, source


def package(
    files: Files,
    task: str = "fill-mask",
    kind: ModelType = "mlflow_model",
    *,
    allow_pickle: bool = False,
    **mlflow: Any,
) -> Package:
    chosen = settings_of(task, Mlflow.model_validate(mlflow))
    return build_package(Request(kind, task, chosen, allow_pickle), source(files))


def paths(files: Files, task: str = "fill-mask", kind: ModelType = "mlflow_model", **more: Any) -> list[str]:
    """Where the files of a source that nothing refuses go."""
    made = package(files, task, kind, **more)
    assert made.refusals == ()
    return [file.path for file in made.files]


def codes(files: Files, task: str = "fill-mask", kind: ModelType = "mlflow_model", **more: Any) -> list[str]:
    """The rules whose findings refuse a source."""
    return [one.rule.code for one in package(files, task, kind, **more).refusals]


def refusal(files: Files, task: str = "fill-mask", kind: ModelType = "mlflow_model", **more: Any) -> str:
    """The one reason why a source is refused, with its fix: code, message and hint."""
    (found,) = package(files, task, kind, **more).refusals
    return f"{found.rule.code} {found.message} {found.hint}"


def required(files: Files, task: str, **mlflow: Any) -> list[str]:
    """The requirements of a model's environment, by what its files say."""
    chosen = settings_of(task, Mlflow.model_validate(mlflow))
    facts = package(files, task, **mlflow).facts
    assert facts is not None
    return requirements(describe(task, chosen, facts))
