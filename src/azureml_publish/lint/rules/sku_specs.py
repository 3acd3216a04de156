"""Rules on min-SKU specs and the figures that they are derived from."""

from __future__ import annotations

from azureml_publish.assets import SCENARIOS, MinSkuSpec
from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.documents import Document
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.subject import AssetSubject, ModelSubject, ProjectSubject
from azureml_publish.lint.written_skus import WrittenList, allow_lists, project_of, some, written_lists
from azureml_publish.lint.yaml_fixes import replaced_by
from azureml_publish.skus.compute import resolve_body
from azureml_publish.skus.derive import SpecFigure, components, derive_min_spec, unknown_figures
from azureml_publish.skus.lists import ListUse


@rule(
    "SKU004", "min-spec-not-componentwise-min", Severity.ERROR, "An asserted min-SKU spec differs from the derived one."
)
def min_spec_not_componentwise_min(subject: ModelSubject) -> Findings:
    """An asserted min-SKU spec that differs from the one derived from the allow-list."""
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
                yield min_spec_not_componentwise_min.at(
                    where, f"'{scenario}' has no allow-list to derive it from.", f"Add compute.{scenario}."
                )
        elif allow_list.min_sku is not None and str(allow_list.min_sku) != written:
            message = f"The sizes of '{scenario}' derive {allow_list.min_sku}, not {written}."
            hint = f"Write {allow_list.min_sku}, or leave the line out: it is always derived."
            yield min_spec_not_componentwise_min.at(where, message, hint)


@min_spec_not_componentwise_min.also
def _min_sku_asserted_of_asset(subject: AssetSubject) -> Findings:
    for one in written_lists(subject):
        if not one.min_spec or not one.allowed:
            continue
        try:
            stated = MinSkuSpec.parse(one.min_spec)
        except ValueError as error:
            hint = "Write the smallest of each figure over the allow-list."
            yield min_spec_not_componentwise_min.at(one.place(one.min_spec_key), f"The min-SKU spec {error}.", hint)
            continue
        if len(one.skus) < len(one.allowed):
            continue  # SKU003 reports unknown sizes; their figures are unknown
        derived = derive_min_spec(one.skus)
        if derived.spec is not None and not derived.unknown and derived.spec != stated:
            yield _differs(one, derived.spec)


def _differs(one: WrittenList, derived: MinSkuSpec) -> Diagnostic:
    document = one.subject.read.document
    return min_spec_not_componentwise_min.at(
        one.place(one.min_spec_key),
        f"The sizes of '{one.scenario}' derive {derived}, not {one.min_spec}.",
        f"Write {derived}; validation requires them to be equal.",
        fix=replaced_by(document, one.key_path(one.min_spec_key), str(derived), safe=False),
    )


_FIGURES: dict[SpecFigure, str] = {
    "vcpus": "vCPUs",
    "gpus": "GPUs",
    "memory_gib": "memory",
    "temp_disk_gib": "temporary disk",
}


@rule("SKU012", "sku-figure-unknown", Severity.INFO, "A min-SKU spec is derived although a figure is unknown.")
def sku_figure_unknown(subject: ModelSubject | ProjectSubject) -> Findings:
    """A list whose min-SKU spec is derived without a figure that the catalogue lacks."""
    for use, document in allow_lists(subject):
        yield from _unknown_figures_of(project_of(subject), use, document)


def _unknown_figures_of(project: ProjectSubject, use: ListUse, document: Document) -> Findings:
    for one in components(resolve_body(project.catalogue, use.body, project.as_of).skus):
        for name in one.unknown:
            rest = "no min-SKU spec can be derived" if one.value is None else "the rest of the list decides it"
            message = f"The catalogue does not know {_FIGURES[one.figure]} of {name} in {use.name}: {rest}."
            hint = f"State it in skus.overlay.csv (`publish skus refresh` can), or leave {name} out."
            yield sku_figure_unknown.at(document.location_of(name, below=use.key_path), message, hint)


@sku_figure_unknown.also
def _figure_unknown_of_asset(subject: AssetSubject) -> Findings:
    for one in written_lists(subject):
        if names := [sku.name for sku in one.skus if unknown_figures(sku)]:
            yield sku_figure_unknown.at(
                one.place(one.allowed_key),
                f"The catalogue lacks figures of {some(names)}: the min-SKU spec of '{one.scenario}' is not checked.",
                f"Check {one.min_spec or 'it'} by hand.",
            )
