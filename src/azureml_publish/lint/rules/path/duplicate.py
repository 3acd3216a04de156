"""PATH004: two models whose files come from one place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.subject import Check, Described, Fact

RULE = Rule("PATH004", "container-path-duplicate", Severity.ERROR, "Two models take their files from one place.")


def _facts(model: Described) -> Iterator[Fact]:
    if model.origin is not None:
        uri, location = model.origin
        yield Fact(RULE.code, model.name, "uri", uri, location)


def _check(facts: Sequence[Fact]) -> Iterator[Diagnostic]:
    first: dict[str, Fact] = {}
    for fact in facts:
        other = first.setdefault(fact.value, fact)
        if other.model != fact.model:
            yield RULE.at(
                fact.location,
                f"{other.model} ({other.location.path}) takes its files from the same place.",
                "Give each model a folder of its own; one of the two would be registered with the other's files.",
            )


CHECK = Check(RULE, facts=_facts, catalogue=_check)
