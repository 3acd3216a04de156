"""The kinds of model folders that Microsoft's own tests pass and refuse: each is refused here for the same reason.

Source: test/test_validate_assets.py of Azure/azureml-assets at 4e0c76d76e, restated.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from azureml_publish.diagnostics import Severity
from azureml_publish.pipeline.lint_assets import lint_assets
from azureml_publish.pipeline.run import RunContext
from tests.unit.lint.assets import write

DAY = date(2026, 11, 28)
SCHEMA = "$schema: https://azuremlschemas.azureedge.net/latest/model.schema.json\n"
ORIGIN = (
    "path:\n  container_name: files\n  container_path: made/up/mlflow_model_folder\n  storage_name: contosofiles\n"
    "  type: azureblob\npublish:\n  description: description.md\n  type: mlflow_model\n"
)


def folder(name: str, entry_name: str | None = None, *, complete: bool = True) -> dict[str, str | bytes]:
    """A folder in the layout `tags`; not complete, it lacks the minimum of inference and shared capacity."""
    tags = "author: microsoft\n  task: text-generation\n  license: apache-2.0\n"
    tags += "  inference_compute_allow_list: [Standard_DS3_v2]\n" + "  SharedComputeCapacityEnabled: ''\n" * complete
    held = "SHA: 9da301148150e37e533abef672062fa49f6bda4f\n  inference-recommended-sku: Standard_DS3_v2\n"
    held += "  inference-min-sku-spec: 4|0|14|28\n  SharedComputeCapacityEnabled: true\n" * complete
    return {
        "spec.yaml": f"{SCHEMA}name: {name}\nversion: 1\npath: ./\ntags:\n  {tags}properties:\n  {held}",
        "asset.yaml": f"name: {entry_name or name}\nversion: 1\ntype: model\nspec: spec.yaml\n"
        "extra_config: model.yaml\ncategories: [test]\n",
        "model.yaml": ORIGIN,
        "description.md": "A model of Contoso.\n",
    }


def environment() -> dict[str, str | bytes]:
    files = folder("Azure-reader")
    files["spec.yaml"] = (
        "$schema: https://azuremlschemas.azureedge.net/latest/environment.schema.json\n"
        'name: "{{asset.name}}"\nversion: "{{asset.version}}"\nimage: contoso\nos_type: linux\n'
    )
    return files


REFUSED = {
    "asset yaml of another name": (folder("contoso-reader", "contoso-writer"), "SPEC035"),
    "no minimum": (folder("contoso-reader", complete=False), "SKU015"),
    "spec of an environment": (environment(), "IMP007"),
    "azure in the name": (folder("azure-reader"), "GATE008"),
    "azure within the name": (folder("contoso-azure-reader"), "GATE008"),
    "aml in the name": (folder("contoso-aml-reader"), "GATE008"),
}


def errors(root: Path, files: dict[str, str | bytes]) -> set[str]:
    write(root, files, "reader")
    found = lint_assets(
        RunContext(root, {}, DAY), ("assets",), DAY, cache=False, jobs=1, profile="microsoft-catalog"
    ).found
    return {one.code for one in found if one.severity == Severity.ERROR}


@pytest.mark.parametrize("why", REFUSED)
def test_what_microsofts_tests_refuse_is_refused_for_the_same_reason(tmp_path: Path, why: str) -> None:
    files, code = REFUSED[why]
    assert code in errors(tmp_path, files)


@pytest.mark.parametrize("name", ["Azure-reader", "contoso-reader"])
def test_what_they_pass_has_no_error_but_for_the_layout_of_before_2026(tmp_path: Path, name: str) -> None:
    """The validator of today takes metadata as system metadata alone, which GATE006 says, and closes the tags."""
    assert errors(tmp_path, folder(name)) <= {"GATE004", "GATE006"}


def test_a_registry_of_ones_own_takes_any_name(tmp_path: Path) -> None:
    write(tmp_path, folder("azure-reader"), "reader")
    found = lint_assets(RunContext(tmp_path, {}, DAY), ("assets",), DAY, cache=False, jobs=1).found
    assert [str(one.severity) for one in found if one.code == "GATE008"] == ["warning"]
    assert not any(one.severity == Severity.ERROR for one in found)


def test_a_publisher_that_is_almost_that_of_three_others_is_reported(tmp_path: Path) -> None:
    for number, publisher in enumerate(("Fabrikam", "Fabrikam", "Fabrikam", "Fabrikkam", "Northwind")):
        files = folder(f"reader-{number}")
        files["spec.yaml"] = str(files["spec.yaml"]).replace("author: microsoft", f"author: {publisher}")
        write(tmp_path, files, f"reader-{number}")
    found = lint_assets(RunContext(tmp_path, {}, DAY), ("assets",), DAY, cache=False, jobs=1).found
    assert [one.location.path for one in found if one.code == "MATCH013"] == ["assets/reader-3/spec.yaml"]
