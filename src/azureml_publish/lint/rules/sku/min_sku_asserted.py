"""SKU004: an asserted min-SKU spec that is not what the allow-list derives."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.assets import SCENARIOS, MinSkuSpec
from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.sku.written import WrittenList, written_lists
from azureml_publish.lint.rules.spec.native_types import replaced_by
from azureml_publish.lint.subject import AssetSubject, Check, ModelSubject
from azureml_publish.skus.derive import derive_min_spec

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


def _of_asset(subject: AssetSubject) -> Iterator[Diagnostic]:
    for one in written_lists(subject):
        if not one.min_spec or not one.allowed:
            continue
        try:
            stated = MinSkuSpec.parse(one.min_spec)
        except ValueError as error:
            hint = "Write the least of each figure over the allow-list."
            yield RULE.at(one.place(one.min_spec_key), f"The min-SKU spec {error}.", hint)
            continue
        if len(one.skus) < len(one.allowed):
            continue  # unknown sizes are told; their figures nobody knows
        derived = derive_min_spec(one.skus)
        if derived.spec is not None and not derived.unknown and derived.spec != stated:
            yield _differs(one, derived.spec)


def _differs(one: WrittenList, derived: MinSkuSpec) -> Diagnostic:
    document = one.subject.read.document
    return RULE.at(
        one.place(one.min_spec_key),
        f"The sizes of '{one.scenario}' derive {derived}, not {one.min_spec}.",
        f"Write {derived}; validation wants the two equal.",
        fix=replaced_by(document, one.key_path(one.min_spec_key), str(derived), safe=False),
    )


CHECK = Check(RULE, model=_check, asset=_of_asset)
