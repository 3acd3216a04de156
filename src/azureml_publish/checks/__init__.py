"""The checks: one rule a file, a folder a family, all of them listed here; they look and never change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from azureml_publish.checks import card, finetune, sku, spec
from azureml_publish.checks.markdown import Card
from azureml_publish.checks.subject import Check, Described, ModelSubject, ProjectSubject, describe
from azureml_publish.diagnostics import Diagnostic

__all__ = [
    "ALL_CHECKS",
    "Card",
    "Check",
    "Described",
    "ModelSubject",
    "ProjectSubject",
    "check_described",
    "describe",
    "run_checks",
]

ALL_CHECKS: tuple[Check, ...] = (*spec.CHECKS, *sku.CHECKS, *finetune.CHECKS, *card.CHECKS)


def run_checks(project: ProjectSubject, models: Iterable[ModelSubject]) -> Iterator[Diagnostic]:
    """Every finding of every check over a project: the project first, then model by model, then all models together."""
    for check in ALL_CHECKS:
        if check.project is not None:
            yield from check.project(project)
    described = []
    for model in models:
        for check in ALL_CHECKS:
            if check.model is not None:
                yield from check.model(model)
        if model.rendered is not None:
            described.append(describe(model, model.rendered))
    yield from check_described(described)


def check_described(models: Sequence[Described]) -> Iterator[Diagnostic]:
    """The findings of the checks that look at a model wherever it is described, and of those that compare models."""
    for check in ALL_CHECKS:
        if check.described is not None:
            for model in models:
                yield from check.described(model)
        if check.catalogue is not None:
            yield from check.catalogue(models)
