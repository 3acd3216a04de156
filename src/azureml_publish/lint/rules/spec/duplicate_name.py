"""SPEC030: two asset folders of one name and version. Model folders are compared where a project is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from azureml_publish.diagnostics import Diagnostic
from azureml_publish.lint.subject import Check, Described, Fact
from azureml_publish.project import DUPLICATE_NAME

RULE = DUPLICATE_NAME


def _facts(model: Described) -> Iterator[Fact]:
    if model.stated and model.name:
        yield Fact(RULE.code, model.name, str(model.version), model.name, model.where("name"))


def _check(facts: Sequence[Fact]) -> Iterator[Diagnostic]:
    first: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        other = first.setdefault((fact.value, fact.key), fact)
        if other is not fact:
            yield RULE.at(
                fact.location,
                f"'{fact.model}' is also the name of {other.location.path}, in the same version.",
                "Give one of the two another name; a registry holds one model of a name.",
            )


CHECK = Check(RULE, facts=_facts, catalogue=_check)
