"""SKU005: a list that names the sizes of another one in another order.

No order is right in itself: the service reads a set, and no one order fits more than some published lists. What the
same sizes have elsewhere is the canonical one: a preset's, and among asset folders that of most lists.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from azureml_publish.assets import SCENARIOS
from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.spec.native_types import replaced_by
from azureml_publish.lint.subject import Check, Described, Fact, ModelSubject
from azureml_publish.skus.lists import own_lists

RULE = Rule("SKU005", "sku-order-not-canonical", Severity.INFO, "The same sizes stand in another order elsewhere.")


def _of_model(subject: ModelSubject) -> Iterator[Diagnostic]:
    """A literal list beside a preset; where the order is the same too, SKU006 tells it."""
    presets = {name: selection.names for name, selection in subject.project.presets.items()}
    for use in own_lists(subject.folder):
        if not isinstance(use.body, tuple) or use.body in presets.values():
            continue
        same = next((name for name, names in presets.items() if sorted(names) == sorted(use.body)), None)
        if same is not None:
            yield RULE.at(
                subject.folder.document.location(use.key_path),
                f"The list names the sizes of the preset '{same}' in another order.",
                f"Write {use.key_path[-1]}: {same}, unless the order is meant: the first size is recommended first.",
                # Recommended sizes are published in this order.
                fix=replaced_by(subject.folder.document, use.key_path, same, safe=False),
            )


def _facts(model: Described) -> Iterator[Fact]:
    """One fact a list: which sizes, and in which order, as digests."""
    computes = model.metadata.get("supportedComputes")
    if not model.stated or not isinstance(computes, Mapping):
        return  # a model folder's list may be a preset's
    for scenario in SCENARIOS:
        names = computes.get(key := f"{scenario}Computes")
        if isinstance(names, list | tuple) and len(names) > 1:
            words = [str(name) for name in names]
            yield Fact(
                RULE.code,
                f"{model.name} {scenario}",
                _digest(sorted(words)),
                _digest(words),
                model.where(f"supportedComputes.{key}"),
            )


def _digest(words: Iterable[str]) -> str:
    return hashlib.blake2b("\0".join(words).encode(), digest_size=16).hexdigest()


def _check(facts: Sequence[Fact]) -> Iterator[Diagnostic]:
    groups: dict[str, list[Fact]] = {}
    for fact in facts:
        groups.setdefault(fact.key, []).append(fact)
    for group in groups.values():
        (order, count), *others = Counter(fact.value for fact in group).most_common()
        if not others:
            continue
        usual = next(fact for fact in group if fact.value == order)
        lists = "1 other list" if count == 1 else f"{count} other lists"
        for fact in group:
            if fact.value != order:
                model, _, scenario = fact.model.rpartition(" ")
                yield RULE.at(
                    fact.location,
                    f"The sizes of '{scenario}' of {model} stand in another order in {lists}: "
                    f"{usual.location.path}:{usual.location.line}.",
                    "Take that order, unless this one is meant: equal lists can be compared, and share a preset.",
                )


CHECK = Check(RULE, model=_of_model, facts=_facts, catalogue=_check)
