"""Runs the rules in `lint/rules` over what they look at. Rules never change anything."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

from azureml_publish.diagnostics import Diagnostic, Location, Severity
from azureml_publish.lint.asset_folders import describe_asset
from azureml_publish.lint.check import COMPARES, Check, Findings, Look
from azureml_publish.lint.limits import MAX_SECONDS, first_findings, within_limits
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.model_folders import describe
from azureml_publish.lint.online_subjects import LinkUse, ModelUse, link_uses
from azureml_publish.lint.plugins import plugin_checks
from azureml_publish.lint.rules import ALL_CHECKS, ONLINE_CHECKS
from azureml_publish.lint.subject import AssetSubject, Described, Fact, ModelSubject, ProjectSubject

__all__ = [
    "ALL_CHECKS",
    "ONLINE_CHECKS",
    "AssetSubject",
    "Card",
    "Check",
    "Checked",
    "Described",
    "Fact",
    "LinkUse",
    "ModelSubject",
    "ModelUse",
    "ProjectSubject",
    "check",
    "check_asset",
    "check_model",
    "checks_of",
    "compare",
    "describe",
    "describe_asset",
    "facts_of",
    "link_uses",
]

Checked: TypeAlias = tuple[tuple[Diagnostic, ...], tuple[Fact, ...], tuple[LinkUse, ...]]
"""For one folder: its findings, the facts for comparing all folders, and the links of its cards, if wanted."""


def checks_of(
    which: Literal["none", "errors", "all"] = "all", raised: Collection[str] = frozenset()
) -> tuple[Check, ...]:
    """The rules for models, including those of plug-ins.

    They are selected by a name, which another process can be sent, unlike functions. "errors" are the rules that can
    stop
    a plan: a finding is never more severe than its rule, unless its code is in `raised`.
    """
    checks = (*ALL_CHECKS, *plugin_checks()) if which != "none" else ()
    return tuple(
        one for one in checks if which == "all" or one.rule.severity is Severity.ERROR or one.rule.code in raised
    )


def check(*seen: object, checks: Sequence[Check] | None = None) -> Findings:
    """The findings of all rules in one subject (`SUBJECTS`): a project, for example, or a link with its answer."""
    subject, pages = ", ".join(type(one).__name__ for one in seen), tuple(_pages_of(seen))
    for look, of_pages in _looks(subject, tuple(checks_of() if checks is None else checks)):
        found: list[Diagnostic] = []
        for one in first_findings(look(*seen)):
            found.append(one)
            yield one  # at once, so that it is kept if the time runs out
        for page in pages if of_pages else ():  # findings in the spec came with the card already
            there = [one for one in first_findings(look(page)) if one not in found]
            yield from (replace(one, message=one.message.replace("The card ", "The page ", 1)) for one in there)


@functools.lru_cache(maxsize=16)
def _looks(subject: str, checks: tuple[Check, ...]) -> tuple[tuple[Look, bool], ...]:
    return tuple((each.looks[subject], each.pages) for each in checks if subject in each.looks)


def _pages_of(seen: tuple[object, ...]) -> Iterator[Described]:
    """Copies of the model in which a page takes the card's place, one for each page beside the card."""
    for one in seen:
        if isinstance(one, Described):
            yield from (replace(one, card=page, pages=(), samples=()) for page in one.pages)


def check_model(
    model: ModelSubject, checks: Sequence[Check] | None = None, *, links: bool = False, seconds: float = MAX_SECONDS
) -> Checked:
    """Check a model folder and, where it was rendered, the model that it describes; `seconds` limits the time."""
    facts: list[Fact] = []
    linked: list[LinkUse] = []

    def look() -> Findings:
        yield from check(model, checks=checks)
        if model.rendered is not None:
            described = describe(model, model.rendered)
            yield from check(described, checks=checks)
            facts.extend(facts_of(described, checks))
            linked.extend(link_uses(described) if links else ())

    found = within_limits(Location(model.folder.card_path), look, seconds)
    return found, tuple(facts), tuple(linked)


def check_asset(subject: AssetSubject, *, links: bool = False) -> Checked:
    """Check an asset folder and the model that it describes."""
    facts: list[Fact] = []
    linked: list[LinkUse] = []
    checks = checks_of()

    def look() -> Findings:
        described = subject.described
        yield from check(subject, checks=checks)
        yield from check(described, checks=checks)
        facts.extend(facts_of(described, checks))
        linked.extend(link_uses(described) if links else ())

    found = within_limits(subject.place(("description",)), look)
    return found, tuple(facts), tuple(linked)


def facts_of(model: Described, checks: Sequence[Check] | None = None) -> Iterator[Fact]:
    """The facts of a model that are kept to compare it with the others."""
    for one in checks_of() if checks is None else checks:
        if one.facts is not None:
            yield from one.facts(model)


def compare(facts: Iterable[Fact], checks: Sequence[Check] | None = None) -> Findings:
    """The findings of rules that compare all models, from the facts of each."""
    by_code: dict[str, list[Fact]] = {}
    for fact in facts:
        by_code.setdefault(fact.code, []).append(fact)
    for one in checks_of() if checks is None else checks:
        if COMPARES in one.looks:
            yield from one.looks[COMPARES](by_code.get(one.rule.code, []))
