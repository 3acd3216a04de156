"""SKU012: a list whose min-SKU spec is derived without a figure that the catalogue does not know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.documents import Document
from azureml_publish.lint.rules.sku.lists import list_check
from azureml_publish.lint.rules.sku.written import some, written_lists
from azureml_publish.lint.subject import AssetSubject, ProjectSubject
from azureml_publish.skus.compute import resolve_body
from azureml_publish.skus.derive import SpecFigure, components, unknown_figures
from azureml_publish.skus.lists import ListUse

RULE = Rule("SKU012", "sku-figure-unknown", Severity.WARNING, "A min-SKU spec is derived without an unknown figure.")

SAID: dict[SpecFigure, str] = {
    "vcpus": "vCPUs",
    "gpus": "GPUs",
    "memory_gib": "memory",
    "temp_disk_gib": "temporary disk",
}


def _look(subject: ProjectSubject, use: ListUse, document: Document) -> Iterator[Diagnostic]:
    for one in components(resolve_body(subject.catalogue, use.body, subject.as_of).skus):
        for name in one.unknown:
            rest = "no min-SKU spec can be derived" if one.value is None else "the rest of the list decides it"
            yield RULE.at(
                document.location_of(name, below=use.key_path),
                f"The catalogue does not know {SAID[one.figure]} of {name} in {use.name}: {rest}.",
                f"State it in skus.overlay.csv (`publish skus refresh` can), or leave {name} out.",
            )


def _of_asset(subject: AssetSubject) -> Iterator[Diagnostic]:
    for one in written_lists(subject):
        if names := [sku.name for sku in one.skus if unknown_figures(sku)]:
            yield RULE.at(
                one.place(one.allowed_key),
                f"The catalogue lacks figures of {some(names)}: the min-SKU spec of '{one.scenario}' is not checked.",
                f"Check {one.min_spec or 'it'} by hand.",
            )


CHECK = replace(list_check(RULE, _look), asset=_of_asset)
