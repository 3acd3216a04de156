"""The unmodified azure-ai-ml against each quirk of the service."""

from pathlib import Path
from typing import Any

import pytest

from azureml_publish.emulator import Emulator, Quirks


def make(folder: Path, version: str = "1", **fields: Any) -> Any:
    from azure.ai.ml.entities import Model

    return Model(name="bert", version=version, path=str(folder), type="custom_model", **fields)


def test_a_put_that_takes_its_time_is_followed_to_its_end(
    ml_client: Any, model_folder: Path, emulator: Emulator
) -> None:
    emulator.quirks = Quirks(put_polls=3)
    made = ml_client.models.create_or_update(make(model_folder, description="card", tags={"a": "b"}))
    assert (made.version, made.description, made.tags) == ("1", "card", {"a": "b"})
    made.description = "other"
    assert ml_client.models.create_or_update(made).description == "other"
    ml_client.models.archive("bert", version="1")
    emulator.quirks = Quirks()
    assert ml_client.models.get("bert", version="1").description == "other"


def test_a_create_that_is_read_back_late_fails_though_it_was_done(
    ml_client: Any, model_folder: Path, emulator: Emulator
) -> None:
    """The client reads once after its PUT, and takes what it gets for the outcome."""
    from azure.core.exceptions import ResourceNotFoundError

    emulator.quirks = Quirks(stale_reads=2)
    with pytest.raises(ResourceNotFoundError):
        ml_client.models.create_or_update(make(model_folder, description="first"))
    with pytest.raises(ResourceNotFoundError):
        ml_client.models.get("bert", version="1")
    assert ml_client.models.get("bert", version="1").description == "first"


def test_an_update_that_is_read_back_late_returns_what_was_before(
    ml_client: Any, model_folder: Path, emulator: Emulator
) -> None:
    model = ml_client.models.create_or_update(make(model_folder, description="first"))
    emulator.quirks = Quirks(stale_reads=2)
    model.description = "second"
    assert ml_client.models.create_or_update(model).description == "first"
    assert [ml_client.models.get("bert", version="1").description for _ in range(2)] == ["first", "second"]


def test_archive_on_a_stale_read_undoes_the_update_before_it(
    ml_client: Any, model_folder: Path, emulator: Emulator
) -> None:
    """The client reads, changes one flag and writes all of it back: what makes a stale read dangerous."""
    model = ml_client.models.create_or_update(make(model_folder, description="first"))
    emulator.quirks = Quirks(stale_reads=2)
    model.description = "second"
    ml_client.models.create_or_update(model)
    ml_client.models.archive("bert", version="1")
    assert [ml_client.models.get("bert", version="1").description for _ in range(3)] == ["second", "second", "first"]


def test_archive_has_no_effect(ml_client: Any, model_folder: Path, emulator: Emulator, control: Any) -> None:
    ml_client.models.create_or_update(make(model_folder))
    emulator.quirks = Quirks(ignore_archive=True)
    url = f"{control.base()}/models/bert/versions/1"
    for verb in (ml_client.models.archive, ml_client.models.restore):
        verb("bert", version="1")
        assert control.call("GET", url).json()["properties"]["isArchived"] is False
    ml_client.models.archive("bert")
    assert [model.name for model in ml_client.models.list()] == ["bert"]


def test_lists_of_names_have_no_tags_and_hold_what_is_archived(
    ml_client: Any, model_folder: Path, emulator: Emulator
) -> None:
    from azure.ai.ml.constants import ListViewType

    ml_client.models.create_or_update(make(model_folder, tags={"a": "b"}))
    ml_client.models.archive("bert", version="1")
    ml_client.models.archive("bert")
    assert [model.tags for model in ml_client.models.list(name="bert")] == [{"a": "b"}]
    assert list(ml_client.models.list(list_view_type=ListViewType.ACTIVE_ONLY)) == []
    emulator.quirks = Quirks(bare_name_lists=True, ignore_list_view=True)
    assert [model.tags for model in ml_client.models.list(name="bert")] == [{"a": "b"}]
    assert [model.tags for model in ml_client.models.list()] == [{}]
    assert [m.name for m in ml_client.models.list(list_view_type=ListViewType.ACTIVE_ONLY)] == ["bert"]


def test_throttling_is_waited_out(ml_client: Any, model_folder: Path, emulator: Emulator) -> None:
    emulator.quirks = Quirks(throttle_every=2, retry_after_seconds=0)
    ml_client.models.create_or_update(make(model_folder, description="card"))
    assert ml_client.models.get("bert", version="1").description == "card"
    assert [model.version for model in ml_client.models.list(name="bert")] == ["1"]


def test_lists_are_followed_over_short_pages(ml_client: Any, emulator: Emulator, control: Any) -> None:
    for version in "12345":
        control.register("bert", version)
    emulator.quirks = Quirks(page_size=2)
    assert [model.version for model in ml_client.models.list(name="bert")] == ["5", "4", "3", "2", "1"]


# azure-ai-ml 1.35.2 downloads with two calls that azure-storage-blob 12.31 deprecates.
@pytest.mark.filterwarnings("ignore:content_as_bytes is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The use of a 'BlobProperties' instance:DeprecationWarning")
def test_a_lent_signature_that_ends_is_the_end_of_a_download(
    ml_client: Any, model_folder: Path, emulator: Emulator, tmp_path: Path
) -> None:
    """azure-ai-ml asks for one signature and never for another."""
    ml_client.models.create_or_update(make(model_folder))
    emulator.quirks = Quirks(sas_requests=1)
    with pytest.raises(Exception, match=r"AuthenticationFailed|expired") as caught:
        ml_client.models.download("bert", "1", download_path=str(tmp_path / "down"))
    assert "sig=" not in str(caught.value)
