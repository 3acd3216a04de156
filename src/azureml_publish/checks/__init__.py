"""The checks: one rule a file, a folder a family, all of them listed here; they look and never change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from azureml_publish.checks import card, finetune, path, sample, sku, spec
from azureml_publish.checks.assets import describe_asset
from azureml_publish.checks.markdown import Card
from azureml_publish.checks.subject import (
    AssetSubject,
    Check,
    Described,
    Fact,
    ModelSubject,
    ProjectSubject,
    describe,
)
from azureml_publish.diagnostics import Diagnostic

__all__ = [
    "ALL_CHECKS",
    "AssetSubject",
    "Card",
    "Check",
    "Described",
    "Fact",
    "ModelSubject",
    "ProjectSubject",
    "check_asset",
    "check_described",
    "compare",
    "describe",
    "describe_asset",
    "facts_of",
    "run_checks",
]

ALL_CHECKS: tuple[Check, ...] = (
    *spec.CHECKS,
    *sku.CHECKS,
    *finetune.CHECKS,
    *path.CHECKS,
    *sample.CHECKS,
    *card.CHECKS,
)


def run_checks(project: ProjectSubject, models: Iterable[ModelSubject]) -> Iterator[Diagnostic]:
    """Every finding of every check over a project: the project first, then model by model, then all models together."""
    for check in ALL_CHECKS:
        if check.project is not None:
            yield from check.project(project)
    facts: list[Fact] = []
    for model in models:
        for check in ALL_CHECKS:
            if check.model is not None:
                yield from check.model(model)
        if model.rendered is not None:
            described = describe(model, model.rendered)
            yield from check_described(described)
            facts += facts_of(described)
    yield from compare(facts)


def check_asset(subject: AssetSubject) -> Iterator[Diagnostic]:
    """The findings of the checks that look at one asset folder."""
    for check in ALL_CHECKS:
        if check.asset is not None:
            yield from check.asset(subject)
    yield from check_described(subject.described)


def check_described(model: Described) -> Iterator[Diagnostic]:
    """The findings of the checks that look at one model wherever it is described."""
    for check in ALL_CHECKS:
        if check.described is not None:
            yield from check.described(model)


def facts_of(model: Described) -> Iterator[Fact]:
    """What is kept of a model to compare it with its neighbours."""
    for check in ALL_CHECKS:
        if check.facts is not None:
            yield from check.facts(model)


def compare(facts: Iterable[Fact]) -> Iterator[Diagnostic]:
    """The findings of the checks that compare models, from the facts of all of them."""
    by_code: dict[str, list[Fact]] = {}
    for fact in facts:
        by_code.setdefault(fact.code, []).append(fact)
    for check in ALL_CHECKS:
        if check.catalogue is not None:
            yield from check.catalogue(by_code.get(check.rule.code, []))
