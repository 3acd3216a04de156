"""The values that pass between stages: identities and the min-SKU spec."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_publish.assets import (
    AssetId,
    ContainerAccess,
    MinSkuSpec,
    Origin,
    RenderedAsset,
    RenderedFile,
    RenderedModel,
    Value,
    is_bookkeeping,
    prune,
)
from azureml_publish.errors import PublishError

COUNTS = st.integers(0, 10**6)


@given(st.from_regex(r"[\w-]{1,20}", fullmatch=True), st.from_regex(r"[\w.-]{1,20}", fullmatch=True), COUNTS)
def test_an_asset_uri_reads_back(registry: str, name: str, version: int) -> None:
    asset = AssetId(registry, name, version)
    assert AssetId.parse(str(asset)) == asset


@pytest.mark.parametrize(
    "text",
    [
        "",
        "azureml://registries/azureml/models/bert",
        "azureml://registries/azureml/models/bert/versions/",
        "azureml://registries/azureml/models/bert/versions/latest",
        "azureml://registries/azureml/models/bert/versions/²",
        "azureml://registries/azureml/models/a/b/versions/1",
        "azureml://registries/azureml/models/bert/versions/1/",
        "azureml:bert:1",
    ],
)
def test_what_is_no_asset_uri_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="azureml://registries/R/models/N/versions/V"):
        AssetId.parse(text)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_a_min_sku_spec_reads_back(vcpus: int, gpus: int, memory: int, disk: int) -> None:
    spec = MinSkuSpec(vcpus, gpus, memory, disk)
    assert MinSkuSpec.parse(str(spec)) == spec


def test_blanks_in_a_min_sku_spec_do_not_count() -> None:
    assert str(MinSkuSpec.parse(" 4 | 1|28 |64")) == "4|1|28|64"


@pytest.mark.parametrize(
    "text", ["", "4|1|28", "4|1|28|64|2", "4|1|28|64.5", "4|-1|28|64", "4|a|28|64", "4||28|64", "²|1|1|1"]
)
def test_what_is_no_min_sku_spec_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"for example 4\|1\|28\|64"):
        MinSkuSpec.parse(text)


def test_a_rendered_file_is_found_by_its_name() -> None:
    asset = RenderedAsset("a", 1, "custom_model", "", {}, {}, {})
    model = RenderedModel("a", asset, (RenderedFile("spec.yaml", "x"),))
    assert model.file("spec.yaml").text == "x"
    with pytest.raises(KeyError, match="MLmodel"):
        model.file("MLmodel")


def test_a_container_knows_which_folder_an_asset_path_means() -> None:
    access = ContainerAccess("https://one.blob.core.windows.net/c-1", "https://one/c-1?sig=secret")
    assert access.folder_of("https://other.host:444/c-1/abc/model") == "abc/model"
    assert access.folder_of("https://other.host/c-1") == ""
    with pytest.raises(PublishError, match=r"https://one\.blob\.core\.windows\.net/c-1"):
        access.folder_of("https://one.blob.core.windows.net/c-2/abc/model")


def test_a_signature_is_never_shown() -> None:
    assert "secret" not in repr(ContainerAccess("https://one/c", "https://one/c?sig=secret"))


@pytest.mark.parametrize("value", [None, "", " ", "\n\t", [], {}, [None], {"a": None}, {"a": {"b": [" ", {}]}}])
def test_what_is_not_set_is_pruned_at_any_depth(value: Value) -> None:
    assert prune(value) is None


@pytest.mark.parametrize("value", [0, 0.0, False, "x", ["x"], {"a": False}])
def test_what_is_set_stays(value: Value) -> None:
    assert prune(value) == value
    assert prune({"a": {"b": value, "c": None}, "d": " "}) == {"a": {"b": value}}


def test_an_origin_reads_back_and_any_other_text_says_nothing() -> None:
    origin = Origin("run-1", "azureml://registries/r/models/m/versions/1", "abc", "", "tool/1", archived=True)
    assert Origin.of({"publish.run": origin.encode()}) == origin
    for text in ("", "run-1", "[]", "1", '{"run": 1, "archived": "true"}'):
        assert Origin.of({"publish.run": text}) == Origin()


@pytest.mark.parametrize("key", ["publish.run", "publish.manifest", "publish.apply.7", "modelManifestPathOrUri"])
def test_properties_of_tool_and_service_are_none_of_a_folders(key: str) -> None:
    assert is_bookkeeping(key)
    assert not is_bookkeeping("published")
