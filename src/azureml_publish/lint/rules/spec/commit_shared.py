"""SPEC005: a commit that two repositories cannot share: it was copied from another model.

Models of one repository may share its commit. Where a model does not say which repository it is of, that may be so too,
hence a warning then.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.subject import Check, Described, Fact

RULE = Rule("SPEC005", "sha-shared-between-models", Severity.ERROR, "Models of different repositories share a commit.")


def _facts(model: Described) -> Iterator[Fact]:
    if model.commit and len(model.commit) == 40:
        hub_id = model.metadata.get("huggingFaceModelId")
        where = model.where("properties.SHA") if model.stated else model.where("source.revision")
        yield Fact(RULE.code, model.name, str(hub_id or ""), model.commit, where)


def _check(facts: Sequence[Fact]) -> Iterator[Diagnostic]:
    groups: dict[str, list[Fact]] = {}
    for fact in facts:
        groups.setdefault(fact.value, []).append(fact)
    for group in groups.values():
        repositories = {fact.key: fact for fact in reversed(group)}
        for fact in group:
            elsewhere = (one for key, one in repositories.items() if one.model != fact.model and _differ(key, fact.key))
            if others := list(itertools.islice(elsewhere, 3)):
                some = ", ".join(f"{one.model} ({one.key or 'no Hub id'})" for one in others)
                finding = RULE.at(
                    fact.location,
                    f"The commit {fact.value[:12]} is also that of {some}; no two repositories share a commit.",
                    "Write the commit of the model's own repository: `git ls-remote` shows it.",
                )
                certain = bool(fact.key) and any(one.key for one in others)
                yield finding if certain else replace(finding, severity=Severity.WARNING)


def _differ(one: str, other: str) -> bool:
    """Whether two Hub ids cannot be one repository; the organisation may be left out of old ids."""
    if not one or not other:
        return True
    one, other = one.lower(), other.lower()
    return one != other and not one.endswith(f"/{other}") and not other.endswith(f"/{one}")


CHECK = Check(RULE, facts=_facts, catalogue=_check)
