"""The unmodified azure-ai-ml against the emulator: every call that a publisher makes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.emulator import Emulator


def make(folder: Path, version: str = "1", **fields: Any) -> Any:
    from azure.ai.ml.entities import Model

    values = {"name": "bert", "version": version, "path": str(folder), "type": "custom_model", **fields}
    return Model(**values)


def test_create_uploads_and_registers(ml_client: Any, model_folder: Path, emulator: Emulator) -> None:
    made = ml_client.models.create_or_update(
        make(model_folder, description="A card", tags={"task": "fill-mask"}, properties={"SHA": "abc"})
    )
    read = ml_client.models.get("bert", version="1")
    assert made.id == read.id == "azureml://registries/local/models/bert/versions/1"
    assert (read.description, read.tags, read.properties) == ("A card", {"task": "fill-mask"}, {"SHA": "abc"})
    assert read.type == "custom_model"
    assert read.path.startswith(f"{emulator.url}/local-")
    assert read.path.endswith("/bert")
    assert read.creation_context.created_at is not None


# azure-ai-ml 1.35.2 downloads with two calls that azure-storage-blob 12.31 deprecates.
@pytest.mark.filterwarnings("ignore:content_as_bytes is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The use of a 'BlobProperties' instance:DeprecationWarning")
def test_download_gives_the_files_back(ml_client: Any, model_folder: Path, tmp_path: Path) -> None:
    ml_client.models.create_or_update(make(model_folder))
    ml_client.models.download("bert", "1", download_path=str(tmp_path / "down"))
    got = {path.name: path.read_bytes() for path in (tmp_path / "down").rglob("*") if path.is_file()}
    assert got == {path.name: path.read_bytes() for path in model_folder.rglob("*") if path.is_file()}


def test_update_replaces_tags_and_description_and_appends_properties(ml_client: Any, model_folder: Path) -> None:
    ml_client.models.create_or_update(
        make(model_folder, description="old", tags={"a": "1", "b": "2"}, properties={"p": "1"})
    )
    model = ml_client.models.get("bert", version="1")
    model.description, model.tags, model.properties = "new", {"a": "3"}, {"q": "2"}
    ml_client.models.create_or_update(model)
    read = ml_client.models.get("bert", version="1")
    assert (read.description, read.tags) == ("new", {"a": "3"})
    assert read.properties == {"p": "1", "q": "2"}


def test_changed_property_is_refused(ml_client: Any, model_folder: Path) -> None:
    from azure.core.exceptions import HttpResponseError

    ml_client.models.create_or_update(make(model_folder, properties={"sha": "1"}))
    model = ml_client.models.get("bert", version="1")
    model.properties = {"sha": "2"}
    with pytest.raises(HttpResponseError, match=r"cannot be replaced.*without increasing the version") as caught:
        ml_client.models.create_or_update(model)
    assert caught.value.status_code == 400
    assert ml_client.models.get("bert", version="1").properties == {"sha": "1"}


def test_changed_path_and_type_are_refused(ml_client: Any, model_folder: Path, control: Any) -> None:
    from azure.core.exceptions import HttpResponseError

    ml_client.models.create_or_update(make(model_folder))
    other = control.upload("bert", "2")
    for change in ({"path": other}, {"type": "mlflow_model"}):
        model = ml_client.models.get("bert", version="1")
        for name, value in change.items():
            setattr(model, name, value)
        with pytest.raises(HttpResponseError) as caught:
            ml_client.models.create_or_update(model)
        assert caught.value.status_code == 400


def test_archive_and_restore_a_version(ml_client: Any, model_folder: Path, control: Any) -> None:
    ml_client.models.create_or_update(make(model_folder, description="card", tags={"a": "b"}, properties={"p": "q"}))
    url = f"{control.base()}/models/bert/versions/1"
    before = control.call("GET", url).json()["properties"]
    ml_client.models.archive("bert", version="1")
    assert control.call("GET", url).json()["properties"] == {**before, "isArchived": True}
    ml_client.models.restore("bert", version="1")
    assert control.call("GET", url).json()["properties"] == before


def test_archive_and_restore_a_name(ml_client: Any, model_folder: Path) -> None:
    ml_client.models.create_or_update(make(model_folder))
    ml_client.models.archive("bert")
    assert [model.name for model in ml_client.models.list()] == []
    ml_client.models.restore("bert")
    assert [model.name for model in ml_client.models.list()] == ["bert"]


def test_list_and_latest_go_by_creation_not_by_number(ml_client: Any, control: Any) -> None:
    for version in ("1", "10", "9"):
        control.register("bert", version)
    control.register("roberta", "1")
    assert [model.version for model in ml_client.models.list(name="bert")] == ["9", "10", "1"]
    assert sorted(model.name for model in ml_client.models.list()) == ["bert", "roberta"]
    assert ml_client.models.get("bert", label="latest").version == "9"


def test_version_left_out_is_the_next_free_one(ml_client: Any, model_folder: Path, control: Any) -> None:
    control.register("bert", "7")
    control.call("DELETE", f"{control.models()}/bert:7")
    made = ml_client.models.create_or_update(make(model_folder, version=""))
    assert made.version == "8"


def test_deleted_version_cannot_come_back(ml_client: Any, model_folder: Path, control: Any) -> None:
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    ml_client.models.create_or_update(make(model_folder))
    assert control.call("DELETE", f"{control.models()}/bert:1").status_code == 200
    with pytest.raises(ResourceNotFoundError):
        ml_client.models.get("bert", version="1")
    with pytest.raises(HttpResponseError, match=r"was deleted at .* cannot be recreated"):
        ml_client.models.create_or_update(make(model_folder))


# load_model of azure-ai-ml 1.35.2 passes a context to its schema, which marshmallow 3 deprecates.
@pytest.mark.filterwarnings("ignore:The `context` parameter is deprecated")
def test_system_metadata_keeps_native_types(ml_client: Any, model_folder: Path, control: Any) -> None:
    from azure.ai.ml import load_model

    spec = model_folder.parent / "spec.yaml"
    spec.write_text(
        "name: bert\nversion: 1\ntype: custom_model\npath: ./bert\n"
        "system_metadata: {hiddenLayerScanned: true, maxTokens: 512, license: apache-2.0}\n"
    )
    ml_client.models.create_or_update(load_model(spec))
    read = control.call("GET", f"{control.models()}/bert:1").json()
    assert read["systemMetadata"] == {"hiddenLayerScanned": True, "maxTokens": 512, "license": "apache-2.0"}


def test_missing_model_and_denied_token(
    ml_client: Any, emulator_environment: dict[str, str], credential: Callable[[str], Any]
) -> None:
    from azure.ai.ml import MLClient
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    with pytest.raises(ResourceNotFoundError):
        ml_client.models.get("nothing", version="1")
    with pytest.raises(HttpResponseError) as caught:
        MLClient(credential("denied"), registry_name="local").models.get("bert", version="1")
    assert caught.value.status_code == 403


def test_import_from_one_registry_into_another(
    ml_client: Any, open_registry: Callable[[str], Any], model_folder: Path, control: Any
) -> None:
    from azure.ai.ml.entities._assets.workspace_asset_reference import WorkspaceAssetReference

    ml_client.models.create_or_update(make(model_folder, description="card", properties={"sha": "1"}))
    prod = open_registry("contoso-prod")
    # share() builds this reference from a workspace; a registry as its source takes the same call.
    made = prod.models.create_or_update(
        WorkspaceAssetReference(name="bert", version="3", asset_id="azureml://registries/local/models/bert/versions/1")
    )
    assert made.id == "azureml://registries/contoso-prod/models/bert/versions/3"
    assert (made.description, made.properties) == ("card", {"sha": "1"})
    control.call("DELETE", f"{control.models()}/bert:1")
    reference = control.call(
        "POST",
        f"{control.base('contoso-prod')}/datarefs/bert/versions/3",
        json={"assetId": made.id, "blobUri": made.path},
    ).json()["blobReferenceForConsumption"]
    url, _, query = reference["credential"]["sasUri"].partition("?")
    path = reference["blobUri"].removeprefix(url)
    assert control.call("GET", f"{url}{path}/MLmodel?{query}").text == "flavors: {}\n"
