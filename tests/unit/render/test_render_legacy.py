"""Tags and properties that no layout has moved come out in the same place in both layouts."""

from __future__ import annotations

import pytest

from azureml_publish.assets import Value
from azureml_publish.render.metadata import legacy_values
from azureml_publish.spec import PLACES, Legacy

EVERY = {
    "base_weights_id": ("properties", "baseWeightsId", "Llama-2-7b", "Llama-2-7b"),
    "batch_compute_allow_list": (
        "tags",
        "batch_compute_allow_list",
        ["Standard_NC4as_T4_v3"],
        ["Standard_NC4as_T4_v3"],
    ),
    "copy_registry_files_to_workspace": ("properties", "azureml.copyRegistryFilesToWorkspace", True, True),
    "deprecated": ("tags", "Deprecated", True, ""),
    "model_id": ("properties", "model_id", "org/model", "org/model"),
    "training_dataset": ("tags", "training_dataset", "COCO", "COCO"),
    "training_datasets": ("tags", "training_datasets", "bookcorpus, wikipedia", "bookcorpus, wikipedia"),
    "vanity_registry": ("tags", "_aml_system_vanity_registry", "own", "own"),
}


@pytest.mark.parametrize("name", EVERY)
def test_a_key_stands_where_the_service_looks_for_it(name: str) -> None:
    section, key, value, written = EVERY[name]
    other = "tags" if section == "properties" else "properties"
    assert legacy_values(Legacy.model_validate({name: value})) == {section: {key: written}, other: {}}


def test_every_key_has_a_place() -> None:
    assert set(EVERY) == set(PLACES) == set(Legacy.model_fields)


@pytest.mark.parametrize("legacy", [None, Legacy(), Legacy(deprecated=False)])
def test_what_is_not_set_is_not_written(legacy: Legacy | None) -> None:
    nothing: dict[str, dict[str, Value]] = {"tags": {}, "properties": {}}
    assert legacy_values(legacy) == nothing


def test_false_is_a_value_where_a_presence_is_not_meant() -> None:
    values = legacy_values(Legacy(copy_registry_files_to_workspace=False))
    assert values["properties"] == {"azureml.copyRegistryFilesToWorkspace": False}
