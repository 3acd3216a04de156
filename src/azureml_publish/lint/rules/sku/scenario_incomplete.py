"""SKU015: a scenario of which only a part is said; upstream's validation wants all of it or nothing.

Source: azureml-assets 1.17.8, `validate_model_spec`: allow-list, recommended sizes and min-SKU spec belong together,
and fine-tune tasks to the lists for fine-tuning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.sku.written import WrittenList, written_lists
from azureml_publish.lint.subject import AssetSubject, Check

RULE = Rule("SKU015", "scenario-incomplete", Severity.ERROR, "Only a part of a scenario is said.")


def _check(subject: AssetSubject) -> Iterator[Diagnostic]:
    if subject.described.type != "mlflow_model":
        return
    lists = {one.scenario: one for one in written_lists(subject)}
    for one in lists.values():
        if missing := [what for what, value in _parts(one).items() if not value]:
            there = next(key for key, value in _keys(one).items() if value)
            yield RULE.at(
                one.place(there),
                f"'{one.scenario}' has no {' and no '.join(missing)}.",
                "Say allow-list, recommended sizes and min-SKU spec, or none of them.",
            )
    tasks = subject.described.metadata.get("tasks")
    tuned = isinstance(tasks, Mapping) and bool(tasks.get("fineTuningTasks"))
    if tuned and "finetune" not in lists:
        where = subject.described.where("tasks.fineTuningTasks")
        yield RULE.at(
            where, "There are fine-tune tasks, but no sizes to fine-tune on.", "Add the lists, or drop the tasks."
        )
    if not tuned and "finetune" in lists:
        where = lists["finetune"].place(next(key for key, value in _keys(lists["finetune"]).items() if value))
        yield RULE.at(
            where, "There are sizes to fine-tune on, but no fine-tune tasks.", "Add the tasks, or drop the lists."
        )


def _parts(one: WrittenList) -> dict[str, object]:
    return {"allow-list": one.allowed, "recommended sizes": one.recommended, "min-SKU spec": one.min_spec}


def _keys(one: WrittenList) -> dict[str, object]:
    return {one.allowed_key: one.allowed, one.recommended_key: one.recommended, one.min_spec_key: one.min_spec}


CHECK = Check(RULE, asset=_check)
