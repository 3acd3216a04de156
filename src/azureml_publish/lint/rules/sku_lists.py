"""Rules on the sizes of allow-lists, presets and recommended sizes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from azureml_publish.assets import SCENARIOS
from azureml_publish.diagnostics import Severity
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.subject import AssetSubject, Described, Fact, ModelSubject, ProjectSubject, alike
from azureml_publish.lint.written_skus import WrittenList, list_problems, some, written_lists
from azureml_publish.lint.yaml_fixes import replaced_by, without_items
from azureml_publish.skus.lists import own_lists


@rule("SKU001", "recommended-differs", Severity.ERROR, "The recommended sizes are not the sizes of the allow-list.")
def recommended_differs(subject: ModelSubject) -> Findings:
    """Recommended sizes that differ from the allow-list; Azure's validation requires the same set."""
    recommended = subject.folder.spec.recommended
    if recommended is None:
        return
    document = subject.folder.document
    for scenario in SCENARIOS:
        listed: tuple[str, ...] | None = getattr(recommended, scenario)
        allow_list = subject.compute.allow_lists.get(scenario)
        if listed is None:
            continue
        allowed = allow_list.skus if allow_list is not None else ()
        for index in _again(listed):
            where = document.location(("recommended", scenario, index))
            yield recommended_differs.at(where, f"{listed[index]} is listed twice.", "Keep one.")
        if found := _difference(scenario, allowed, listed):
            first, message = found
            where = document.location(("recommended", scenario, *(() if first is None else (first,))))
            hint = f"Recommend what is allowed, or leave recommended.{scenario} out: the allow-list is used then."
            yield recommended_differs.at(where, message, hint)


def _difference(scenario: str, allowed: Sequence[str], recommended: Sequence[str]) -> tuple[int | None, str] | None:
    """How recommended sizes differ from an allow-list, in one sentence, with the index of the first one not allowed."""
    extra = [name for name in dict.fromkeys(recommended) if name not in allowed]
    missing = [name for name in dict.fromkeys(allowed) if name not in recommended]
    parts = [f"recommends {some(extra)}, which the allow-list does not have"] if extra else []
    count = f"{len(missing)} size{'s' * (len(missing) != 1)}"
    parts += [f"allows {count} that it does not recommend: {some(missing)}"] if missing else []
    if not parts:
        return None
    return recommended.index(extra[0]) if extra else None, f"'{scenario}' {', and '.join(parts)}."


@recommended_differs.also
def _recommended_differs_of_asset(subject: AssetSubject) -> Findings:
    for one in written_lists(subject):
        if not one.allowed or not one.recommended or one.allowed == one.recommended:
            continue
        if found := _difference(one.scenario, one.allowed, one.recommended):
            first, message = found
            yield recommended_differs.at(
                one.place(one.recommended_key, first), message, "Recommend exactly what is allowed."
            )


@rule("SKU002", "sku-duplicate", Severity.ERROR, "A list has a size twice.")
def sku_duplicate(subject: ModelSubject | ProjectSubject) -> Findings:
    """A size that is twice in one list."""
    yield from list_problems(sku_duplicate, subject, "duplicate")


@sku_duplicate.also
def _duplicate_of_asset(subject: AssetSubject) -> Findings:
    """One finding for each list, at the first repeated size; the fix removes all repetitions."""
    for one in written_lists(subject):
        for key, names in ((one.allowed_key, one.allowed), (one.recommended_key, one.recommended)):
            if again := _again(names or ()):
                repeated = some(list(dict.fromkeys(again.values())))
                message = f"The list of '{one.scenario}' repeats {repeated}."
                fix = without_items(subject.read.document, one.key_path(key), again)
                yield sku_duplicate.at(one.place(key, next(iter(again))), message, "Keep one of each.", fix=fix)


def _again(names: Sequence[str]) -> dict[int, str]:
    """The repeated names, by their index in the list."""
    first: dict[str, int] = {}
    return {index: name for index, name in enumerate(names) if first.setdefault(name, index) != index}


_MEANT = 20
"""At most this many unknown names of a folder are compared with all known ones, which is slow."""


@rule("SKU003", "sku-unknown", Severity.ERROR, "A size, family or GPU model is not in the catalogue.")
def sku_unknown(subject: ModelSubject | ProjectSubject) -> Findings:
    """A size, family or GPU model that the catalogue does not know."""
    yield from list_problems(sku_unknown, subject, "unknown_size", "unknown_family", "unknown_gpu_model")


@sku_unknown.also
def _unknown_of_asset(subject: AssetSubject) -> Findings:
    known: dict[str, str] = {}
    for one in written_lists(subject):
        allowed = frozenset(one.allowed or ())
        for key, names in ((one.allowed_key, one.allowed), (one.recommended_key, one.recommended)):
            for index, name in enumerate(names or ()):
                if name in subject.catalogue or (key == one.recommended_key and name in allowed):
                    continue
                if name not in known and len(name.split()) > 1:
                    known[name] = f"A comma is missing: {', '.join(name.split())}."
                elif name not in known:
                    near = " or ".join(subject.catalogue.nearest(name)) if len(known) < _MEANT else ""
                    known[name] = f"Did you mean {near}?" if near else "`publish skus list` shows all sizes."
                yield sku_unknown.at(one.place(key, index), f"The catalogue knows no size '{name}'.", known[name])


@rule("SKU005", "sku-order-not-canonical", Severity.INFO, "The same sizes are in another order elsewhere.")
def sku_order_not_canonical(subject: ModelSubject) -> Findings:
    """A list with the sizes of another one in another order.

    No order is right in itself: the service reads a set. The order to take is that of an equal preset, and among asset
    folders that of most lists with the same sizes.

    This function compares literal lists with presets; SKU006 reports those in the same order.
    """
    presets = {name: selection.names for name, selection in subject.project.presets.items()}
    for use in own_lists(subject.folder):
        if not isinstance(use.body, tuple) or use.body in presets.values():
            continue
        same = next((name for name, names in presets.items() if sorted(names) == sorted(use.body)), None)
        if same is not None:
            yield sku_order_not_canonical.at(
                subject.folder.document.location(use.key_path),
                f"The list names the sizes of the preset '{same}' in another order.",
                f"Write {use.key_path[-1]}: {same}, unless the order is meant: the first size is recommended first.",
                # Recommended sizes are published in this order.
                fix=replaced_by(subject.folder.document, use.key_path, same, safe=False),
            )


@sku_order_not_canonical.keeps
def _order_facts(model: Described) -> Iterator[Fact]:
    """For each list digests of its sizes and of their order."""
    computes = model.metadata.get("supportedComputes")
    if not model.stated or not isinstance(computes, Mapping):
        return  # a model folder's list may come from a preset
    for scenario in SCENARIOS:
        names = computes.get(key := f"{scenario}Computes")
        if isinstance(names, list | tuple) and len(names) > 1:
            words = [str(name) for name in names]
            yield Fact(
                sku_order_not_canonical.rule.code,
                f"{model.name} {scenario}",
                _digest(sorted(words)),
                _digest(words),
                model.where(f"supportedComputes.{key}"),
            )


def _digest(words: Iterable[str]) -> str:
    return hashlib.blake2b("\0".join(words).encode(), digest_size=16).hexdigest()


@sku_order_not_canonical.also
def _order_compared(facts: Sequence[Fact]) -> Findings:
    for group in alike(facts, by="key"):
        (order, count), *others = Counter(fact.value for fact in group).most_common()
        if not others:
            continue
        usual = next(fact for fact in group if fact.value == order)
        lists = "1 other list" if count == 1 else f"{count} other lists"
        for fact in group:
            if fact.value != order:
                model, _, scenario = fact.model.rpartition(" ")
                yield sku_order_not_canonical.at(
                    fact.location,
                    f"The sizes of '{scenario}' of {model} are in another order in {lists}: "
                    f"{usual.location.path}:{usual.location.line}.",
                    "Use that order, unless this one is meant: equal lists can be compared, and share a preset.",
                )


@rule("SKU015", "scenario-incomplete", Severity.ERROR, "Only a part of a scenario is given.")
def scenario_incomplete(subject: AssetSubject) -> Findings:
    """A scenario of which only a part is given; upstream's validation requires all of it or nothing.

    Source: azureml-assets 1.17.8, `validate_model_spec`: allow-list, recommended sizes and min-SKU spec belong
    together, and fine-tune tasks to the lists for fine-tuning.
    """
    if subject.described.type != "mlflow_model":
        return
    lists = {one.scenario: one for one in written_lists(subject)}
    for one in lists.values():
        if missing := [what for what, value in _parts(one).items() if not value]:
            there = next(key for key, value in _keys(one).items() if value)
            message = f"'{one.scenario}' has no {' and no '.join(missing)}."
            hint = "Give allow-list, recommended sizes and min-SKU spec, or none of them."
            yield scenario_incomplete.at(one.place(there), message, hint)
    tasks = subject.described.metadata.get("tasks")
    tuned = isinstance(tasks, Mapping) and bool(tasks.get("fineTuningTasks"))
    if tuned and "finetune" not in lists:
        where = subject.described.where("tasks.fineTuningTasks")
        yield scenario_incomplete.at(
            where, "There are fine-tune tasks, but no sizes to fine-tune on.", "Add the lists, or drop the tasks."
        )
    if not tuned and "finetune" in lists:
        where = lists["finetune"].place(next(key for key, value in _keys(lists["finetune"]).items() if value))
        yield scenario_incomplete.at(
            where, "There are sizes to fine-tune on, but no fine-tune tasks.", "Add the tasks, or drop the lists."
        )


def _parts(one: WrittenList) -> dict[str, object]:
    return {"allow-list": one.allowed, "recommended sizes": one.recommended, "min-SKU spec": one.min_spec}


def _keys(one: WrittenList) -> dict[str, object]:
    return {one.allowed_key: one.allowed, one.recommended_key: one.recommended, one.min_spec_key: one.min_spec}
