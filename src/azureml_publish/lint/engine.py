"""The checks: one rule a file, a folder a family, all of them listed here; they look and never change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.lint.asset_folders import describe_asset
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.online import HubAnswer, LinkAnswer, RegistryAnswer
from azureml_publish.lint.online_rules import LinkUse, ModelUse, OnlineCheck, link_uses
from azureml_publish.lint.rules import card, finetune, hub, link, path, registry, sample, sku, spec
from azureml_publish.lint.subject import AssetSubject, Check, Described, Fact, ModelSubject, ProjectSubject, describe

__all__ = [
    "ALL_CHECKS",
    "ERROR_CHECKS",
    "ONLINE_CHECKS",
    "AssetSubject",
    "Card",
    "Check",
    "Described",
    "Fact",
    "LinkUse",
    "ModelSubject",
    "ModelUse",
    "OnlineCheck",
    "ProjectSubject",
    "check_asset",
    "check_described",
    "check_hub",
    "check_link",
    "check_model",
    "check_project",
    "check_registry",
    "compare",
    "describe",
    "describe_asset",
    "facts_of",
    "link_uses",
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

ERROR_CHECKS = tuple(check for check in ALL_CHECKS if check.rule.severity is Severity.ERROR)
"""Those that can stop a plan: a finding is as severe as its rule."""

ONLINE_CHECKS: tuple[OnlineCheck, ...] = (*link.CHECKS, *hub.CHECKS, *registry.CHECKS)
"""Rules on what the network said; they run with `--online` alone."""


def run_checks(
    project: ProjectSubject, models: Iterable[ModelSubject], checks: Sequence[Check] = ALL_CHECKS
) -> Iterator[Diagnostic]:
    """Every finding of the checks over a project: the project first, then model by model, then all models together."""
    yield from check_project(project, checks)
    facts: list[Fact] = []
    for model in models:
        looked = check_model(model, checks)
        yield from looked.found
        facts += looked.facts
    yield from compare(facts, checks)


def check_project(project: ProjectSubject, checks: Sequence[Check] = ALL_CHECKS) -> Iterator[Diagnostic]:
    """The findings of the checks that look at `publish.yaml`."""
    for check in checks:
        if check.project is not None:
            yield from check.project(project)


class Looked(NamedTuple):
    """What came of looking at one model: findings, what it is compared with its neighbours by, and its description."""

    found: tuple[Diagnostic, ...]
    facts: tuple[Fact, ...] = ()
    described: Described | None = None


def check_model(model: ModelSubject, checks: Sequence[Check] = ALL_CHECKS) -> Looked:
    """The findings of the checks that look at one model folder; it is described but once."""
    found = [one for check in checks if check.model is not None for one in check.model(model)]
    if model.rendered is None:
        return Looked(tuple(found))
    described = describe(model, model.rendered)
    found += check_described(described, checks)
    return Looked(tuple(found), tuple(facts_of(described, checks)), described)


def check_asset(subject: AssetSubject) -> Iterator[Diagnostic]:
    """The findings of the checks that look at one asset folder."""
    for check in ALL_CHECKS:
        if check.asset is not None:
            yield from check.asset(subject)
    yield from check_described(subject.described)


def check_described(model: Described, checks: Sequence[Check] = ALL_CHECKS) -> Iterator[Diagnostic]:
    """The findings of the checks that look at one model wherever it is described."""
    for check in checks:
        if check.described is not None:
            yield from check.described(model)


def facts_of(model: Described, checks: Sequence[Check] = ALL_CHECKS) -> Iterator[Fact]:
    """What is kept of a model to compare it with its neighbours."""
    for check in checks:
        if check.facts is not None:
            yield from check.facts(model)


def compare(facts: Iterable[Fact], checks: Sequence[Check] = ALL_CHECKS) -> Iterator[Diagnostic]:
    """The findings of the checks that compare models, from the facts of all of them."""
    by_code: dict[str, list[Fact]] = {}
    for fact in facts:
        by_code.setdefault(fact.code, []).append(fact)
    for check in checks:
        if check.catalogue is not None:
            yield from check.catalogue(by_code.get(check.rule.code, []))


def check_link(use: LinkUse, answer: LinkAnswer) -> Iterator[Diagnostic]:
    """The findings about one link, from what came of following it."""
    for check in ONLINE_CHECKS:
        if check.link is not None:
            yield from check.link(use, answer)


def check_hub(use: ModelUse, answer: HubAnswer) -> Iterator[Diagnostic]:
    """The findings about one model's source, from what the Hub says of it."""
    for check in ONLINE_CHECKS:
        if check.hub is not None:
            yield from check.hub(use, answer)


def check_registry(use: ModelUse, answer: RegistryAnswer) -> Iterator[Diagnostic]:
    """The findings about one model's version, from what a registry says of it."""
    for check in ONLINE_CHECKS:
        if check.registry is not None:
            yield from check.registry(use, answer)
