"""SKU001: recommended sizes that are not those of the allow-list; Azure's own validation wants the same set."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.assets import SCENARIOS
from azureml_publish.checks.subject import Check, ModelSubject
from azureml_publish.diagnostics import Diagnostic, Rule, Severity

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


CHECK = Check(RULE, model=_check)
