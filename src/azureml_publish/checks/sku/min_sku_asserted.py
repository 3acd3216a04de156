"""SKU004: an asserted min-SKU spec that is not what the allow-list derives."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.assets import SCENARIOS
from azureml_publish.checks.subject import Check, ModelSubject
from azureml_publish.diagnostics import Diagnostic, Rule, Severity

RULE = Rule(
    "SKU004", "min-spec-not-componentwise-min", Severity.ERROR, "An asserted min-SKU spec differs from the derived one."
)


def _check(subject: ModelSubject) -> Iterator[Diagnostic]:
    asserted = subject.folder.spec.min_sku
    if asserted is None:
        return
    for scenario in SCENARIOS:
        written: str | None = getattr(asserted, scenario)
        allow_list = subject.compute.allow_lists.get(scenario)
        where = subject.folder.document.location(("min_sku", scenario))
        if written is None:
            continue
        if allow_list is None:
            if getattr(subject.folder.spec.compute, scenario) is None:
                yield RULE.at(where, f"'{scenario}' has no allow-list to derive it from.", f"Add compute.{scenario}.")
        elif allow_list.min_sku is not None and str(allow_list.min_sku) != written:
            yield RULE.at(
                where,
                f"The sizes of '{scenario}' derive {allow_list.min_sku}, not {written}.",
                f"Write {allow_list.min_sku}, or leave the line out: it is always derived.",
            )


CHECK = Check(RULE, model=_check)
