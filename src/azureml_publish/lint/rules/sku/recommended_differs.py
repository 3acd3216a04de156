"""SKU001: recommended sizes that are not those of the allow-list; Azure's own validation wants the same set."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.assets import SCENARIOS
from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.sku.written import some, written_lists
from azureml_publish.lint.subject import AssetSubject, Check, ModelSubject

RULE = Rule(
    "SKU001", "recommended-differs", Severity.ERROR, "The recommended sizes are not the sizes of the allow-list."
)


def _check(subject: ModelSubject) -> Iterator[Diagnostic]:
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
        for index, name in enumerate(listed):
            if name not in allowed or name in listed[:index]:
                where = document.location(("recommended", scenario, index))
                again = "stands twice" if name in listed[:index] else f"is not in the allow-list of '{scenario}'"
                yield RULE.at(where, f"{name} {again}.", "Take it out, or add it to the allow-list.")
        if missing := [name for name in allowed if name not in listed]:
            some = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
            where = document.location(("recommended", scenario))
            hint = f"Add what is missing, or leave recommended.{scenario} out: it then is the allow-list."
            yield RULE.at(where, f"{len(missing)} sizes of the allow-list are not recommended: {some}.", hint)


def _of_asset(subject: AssetSubject) -> Iterator[Diagnostic]:
    for one in written_lists(subject):
        if not one.allowed or not one.recommended:
            continue
        allowed, recommended = frozenset(one.allowed), frozenset(one.recommended)
        if extra := [name for name in one.recommended if name not in allowed]:
            where = one.place(one.recommended_key, one.recommended.index(extra[0]))
            message = f"'{one.scenario}' recommends {some(extra)}, which the allow-list has not."
            yield RULE.at(where, message, "Take it out, or add it to the allow-list.")
        if missing := [name for name in one.allowed if name not in recommended]:
            count = f"{len(missing)} size{'s' * (len(missing) != 1)}"
            message = f"'{one.scenario}' allows {count} that it does not recommend: {some(missing)}."
            yield RULE.at(one.place(one.recommended_key), message, "Recommend what is allowed, no more and no less.")


CHECK = Check(RULE, model=_check, asset=_of_asset)
