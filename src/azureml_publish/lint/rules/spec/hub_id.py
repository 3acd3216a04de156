"""SPEC004: a Hub id that belongs to another model.

Neither of two things that tell can be proved without the Hub, hence a warning: MLflow's file names another repository
as the base, or another model of the catalogue is called as the id is while this one is not. Derived models
(`bert-base-cased-int8` of `bert-base-cased`) hold every word of the id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.subject import Check, Described, Fact

RULE = Rule("SPEC004", "huggingface-id-wrong", Severity.WARNING, "The Hub id is another model's.")


def _facts(model: Described) -> Iterator[Fact]:
    hub_id = model.metadata.get("huggingFaceModelId")
    if isinstance(hub_id, str) and hub_id and model.name:
        yield Fact(
            RULE.code, model.name, _base(model) if model.stated else "", hub_id, model.where("huggingFaceModelId")
        )


def _base(model: Described) -> str:
    data = model.mlmodel.data if model.mlmodel is not None else None
    metadata = data.get("metadata") if isinstance(data, Mapping) else None
    base = metadata.get("base_model_name") if isinstance(metadata, Mapping) else None
    return base if isinstance(base, str) and "/" in base else ""  # a repository, not just the model's own name


def _check(facts: Sequence[Fact]) -> Iterator[Diagnostic]:
    owners: dict[str, Fact] = {}
    for fact in facts:
        if _plain(fact.model) in (_plain(fact.value), _plain(_tail(fact.value))):
            owners.setdefault(_plain(fact.value), fact)
    for fact in facts:
        if _words(_tail(fact.value)) <= _words(fact.model):
            continue
        owner = owners.get(_plain(fact.value))
        if owner is not None and owner.model != fact.model:
            yield RULE.at(
                fact.location,
                f"'{fact.value}' is the Hub id of {owner.model} ({owner.location.path}), not of {fact.model}.",
                f"Write the repository that {fact.model} was made from.",
            )
        elif _is_another(fact):
            yield RULE.at(
                fact.location,
                f"The Hub id is '{fact.value}', while MLmodel says that {fact.model} is made from '{fact.key}'.",
                f"Write {fact.key} if that is right, or mend base_model_name in MLmodel.",
            )


def _is_another(fact: Fact) -> bool:
    """Whether MLflow's base is the model's own name and not the id's."""
    base = _words(_tail(fact.key))
    return bool(base) and base <= _words(fact.model) and not base & _words(_tail(fact.value))


def _tail(hub_id: str) -> str:
    return hub_id.rpartition("/")[2]


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _words(text: str) -> frozenset[str]:
    """The words of a name; a version such as v0.1 is one word, as it is where names may hold no point."""
    return frozenset(re.findall(r"[a-z0-9]+", text.lower().replace(".", "")))


CHECK = Check(RULE, facts=_facts, catalogue=_check)
