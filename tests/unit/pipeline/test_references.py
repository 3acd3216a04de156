"""Which registered version an argument means."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from azureml_publish.assets import AssetId, RegisteredAsset
from azureml_publish.errors import UsageProblem
from azureml_publish.pipeline.references import find_registered, read_project
from azureml_publish.pipeline.run import RunContext
from tests.unit.execute.applying import MemoryRegistry

HELD = RegisteredAsset(AssetId("local", "bert", 2), "custom_model", "", {}, {}, {}, path="https://one/c")


@pytest.mark.parametrize("reference", ["bert", "bert:2", "azureml://registries/local/models/bert/versions/2"])
def test_a_name_a_version_and_an_address_mean_a_version(reference: str) -> None:
    assert find_registered(MemoryRegistry({"bert": HELD}), reference, None) == HELD


@pytest.mark.parametrize("number", ["²", "٢", "\uff12", "Ⅱ", "", " 2", "-2", "+2", "2.0", "0x2", "1_0", "latest"])
@pytest.mark.parametrize("before", ["bert:", "azureml://registries/local/models/bert/versions/"])
def test_what_is_no_number_in_ascii_digits_is_a_usage_problem(before: str, number: str) -> None:
    with pytest.raises(UsageProblem) as told:
        find_registered(MemoryRegistry({"bert": HELD}), before + number, None)
    assert told.value.exit_code == 2


@pytest.mark.parametrize(
    ("references", "read"),
    [
        (None, True),
        (["bert-base-cased"], True),
        (["bert-base-cased:1", "bert-*"], True),
        (["models/bert-base-cased"], True),
        ([], False),
        (["bert-base-cased:1", "azureml://registries/local/models/bert/versions/2"], False),
    ],
)
def test_model_folders_are_read_where_a_reference_may_mean_one(references: list[str] | None, *, read: bool) -> None:
    project = read_project(RunContext(Path(__file__).parents[3], {}, date(2026, 11, 21)), references)
    assert bool(project.models) is read
    assert "local" in project.config.registries
