"""Each recorded exchange, read by the client's own readers; and none is left out."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import datetime
from functools import partial
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.core.exceptions import ResourceNotFoundError
from requests.structures import CaseInsensitiveDict

from azureml_publish.assets import AssetId, ContainerAccess
from azureml_publish.errors import Conflict, Deleted, NotAuthorised, NotFound, Refused, UnexpectedAnswer
from azureml_publish.network import BY_ENVIRONMENT
from azureml_publish.registry import http
from azureml_publish.registry.answers import (
    access_of,
    container_numbers,
    place_of,
    require_unlisted,
    says_absent,
    version_of,
)
from azureml_publish.registry.diagnostics import examine_rights
from azureml_publish.registry.failures import OperationFailed, failure_of, reason_of
from tests.recordings.exchange import FOLDER, NUMBERS, Recorded, document, exchanges, marked

ASSET = AssetId("testFeed", "m", 1)


def test_every_number_is_there_with_its_source_and_has_a_check() -> None:
    assert sorted(int(path.name[:2]) for path in FOLDER.glob("*.yaml")) == list(NUMBERS)
    for number in NUMBERS:
        assert {"repository", "path", "commit", "copied"} <= set(document(number)["source"])
        assert document(number).get("exchanges") or document(number)["facts"]
    assert marked(*Path(__file__).parent.glob("test_*.py")) == set(NUMBERS)


class Played:
    """A client to which recorded exchanges are played back in their order."""

    def __init__(self, played: list[Recorded]) -> None:
        self.left = played

    def send_request(self, request: Any, **_options: Any) -> Any:
        one = self.left.pop(0)
        assert request.method == one.method
        if one.url.startswith("https:"):
            assert request.url.partition("?")[0] == one.url.partition("?")[0]
        text = one.text if one.text is not None else json.dumps(one.body) if one.body is not None else ""
        headers = CaseInsensitiveDict(one.headers)
        return SimpleNamespace(
            status_code=one.status, headers=headers, body=text.encode, request=SimpleNamespace(url=one.url)
        )


send = partial(http.send, sleep=lambda _seconds: None)


@pytest.mark.recordings(4, 11, 17, 20, 29)
@pytest.mark.parametrize("number", [4, 11, 17, 20, 29])
def test_an_operation_is_followed_on_the_other_host_to_its_end(number: int) -> None:
    played = Played(list(exchanges(number)))
    url = exchanges(number)[0].url
    client: Any = played
    assert send(client, "PUT", url.replace("<", "").replace(">", ""), body={}) is None
    assert played.left == []


@pytest.mark.recordings(31)
def test_an_operation_is_found_by_the_body_where_no_header_tells() -> None:
    (begun,) = exchanges(31)
    done = exchanges(11)[2]
    without = Recorded(begun.method, begun.url, begun.sent, begun.status, {}, (), None, begun.body)
    last = Recorded("GET", begun.body["location"], None, done.status, {}, (), None, done.body)
    played: Any = Played([without, last])
    assert send(played, "PATCH", begun.url, body=[]) is None
    assert played.left == []


@pytest.mark.recordings(25)
def test_an_operation_is_followed_by_its_status_too_and_may_fail_with_200() -> None:
    put, under_way = exchanges(25)
    put = replace(put, url="https://management.azure.com/x")
    headers = {"Azure-AsyncOperation": "https://management.azure.com/operation"}
    begun = Recorded("PUT", put.url, None, put.status, headers, (), None, None)

    def look(**body: Any) -> Recorded:
        return Recorded("GET", headers["Azure-AsyncOperation"], None, 200, {}, (), None, body)

    played: Any = Played([begun, look(**under_way.body), look(status="Succeeded")])
    assert send(played, "PUT", "https://management.azure.com/x", body={}) is None
    assert played.left == []
    failing: Any = Played([begun, look(status="Failed", error={"code": "ModelRegistryError", "message": "No."})])
    with pytest.raises(OperationFailed, match="ModelRegistryError: No"):
        send(failing, "PUT", "https://management.azure.com/x", body={})


@pytest.mark.recordings(1, 8, 15)
@pytest.mark.parametrize(("number", "region"), [(1, "int"), (8, "eastus2"), (15, "privatelink")])
def test_discovery_names_two_hosts(number: int, region: str) -> None:
    (recorded,) = exchanges(number)
    place = place_of(recorded.body, recorded.body["registryName"], recorded.url)
    assert place.front == recorded.body["primaryRegionResourceProviderUri"].rstrip("/")
    assert region in place.region
    assert place.front != place.region
    assert not place.region.endswith("/")


@pytest.mark.recordings(3, 6, 10, 16, 34)
@pytest.mark.parametrize("number", [3, 6, 10, 16, 34])
def test_a_container_is_lent_with_a_signature_that_no_report_shows(number: int) -> None:
    for recorded in exchanges(number):
        access = access_of(recorded.body, BY_ENVIRONMENT, recorded.url)
        lent = recorded.body["blobReferenceForConsumption"]
        assert (access.uri, access.sas_uri) == (lent["blobUri"], lent["credential"]["sasUri"])
        assert "sas_uri" not in repr(access)


@pytest.mark.recordings(33)
def test_the_fallback_of_an_upload_is_the_call_of_microsofts_script() -> None:
    (recorded,) = exchanges(33)
    assert recorded.url.partition("?")[0].endswith("/models/<name>/versions/<v>/startPendingUpload")
    assert recorded.sent == {"pendingUploadType": "TemporaryBlobReference"}
    assert access_of(recorded.body, BY_ENVIRONMENT, recorded.url) == ContainerAccess("<uri>", "<uri>")


@pytest.mark.recordings(5, 12, 14, 18, 26)
@pytest.mark.parametrize("number", [5, 12, 18, 26])
def test_a_version_is_read_without_a_null(number: int) -> None:
    (recorded,) = exchanges(number)
    body = json.loads(json.dumps(recorded.body).replace("dataUri", "modelUri"))
    found = version_of(body, {}, ASSET, "https://region.api.azureml.ms")
    assert found.system_metadata == {}
    assert (found.shown_keys is None) == (number != 26)
    assert found.shown_keys is None or len(found.shown_keys[""]) == 77
    assert not found.archived
    assert None not in (*found.tags.values(), *found.properties.values(), found.modified_by)
    assert datetime.fromisoformat(found.created_at).tzinfo is not None
    # It proves nothing: 2024 and 2025 it is before the creation.
    (times,) = (exchanges(14)[-1].body["systemData"],)
    assert times["lastModifiedAt"] < times["createdAt"]


@pytest.mark.recordings(26)
def test_the_mapping_table_knows_every_key_of_the_vocabulary() -> None:
    table = resources.files("azureml_publish.layouts").joinpath("mapping.csv").read_text(encoding="utf-8")
    keys = {row["path"].partition(".")[0] for row in csv.DictReader(table.splitlines())}
    assert set(exchanges(26)[0].body["properties"]["system_metadata"]) <= keys


@pytest.mark.recordings(2, 9, 27)
@pytest.mark.parametrize(("number", "entries"), [(2, 0), (9, 0), (27, 3)])
def test_a_list_is_whole_and_may_be_empty(number: int, entries: int) -> None:
    (recorded,) = exchanges(number)
    url = recorded.url.replace("<name>", "n")
    client: Any = Played([replace(recorded, url=url)])
    assert len(list(http.pages(client, url, {}))) == entries


@pytest.mark.recordings(19)
def test_numbers_of_a_container_that_cannot_be_so_are_not_believed() -> None:
    assert container_numbers(exchanges(19)[0].body) == (None, 1)
    assert container_numbers({"properties": {"latestVersion": "3", "nextVersion": "1"}}) == (3, 1)
    assert container_numbers({"properties": {"latestVersion": "3", "nextVersion": "5"}}) == (3, 5)
    assert container_numbers({"properties": {"latestVersion": None, "nextVersion": "5"}}) == (None, 5)


@pytest.mark.recordings(21)
def test_content_need_not_lie_on_a_blob_host() -> None:
    uri = exchanges(21)[0].body["properties"]["codeUri"].replace("...", "x")
    container = uri.split("/")[3]
    access = ContainerAccess(f"https://store1.blob.core.windows.net:443/{container}", "")
    assert access.folder_of(uri) == uri.partition(f"{container}/")[2]


@pytest.mark.recordings(22, 23, 24, 28, 30, 32)
@pytest.mark.parametrize(
    ("number", "failure", "code"),
    [
        (22, NotAuthorised, "UnAuthorizedRegistryAccess"),
        (23, NotAuthorised, "UnAuthorizedRegistryAccess"),
        (24, NotFound, "ModelNotFound"),
        (28, Conflict, "TemporaryDataReferencesForExistingAsset"),
        (30, Refused, "UserError"),
        (32, NotFound, "NotFoundError"),
    ],
)
def test_a_refusal_is_told_by_its_innermost_code(number: int, failure: type[Exception], code: str) -> None:
    (recorded,) = exchanges(number)
    reason = reason_of(recorded.body)
    assert reason is not None
    found = failure_of(recorded.status, reason, "testFeed", "the model")
    assert type(found) is failure
    assert code in found.message
    assert recorded.body["error"]["message"] in found.message
    assert "bump" not in found.hint
    assert ("role" in found.hint and "az login" not in found.hint) or failure is not NotAuthorised


@pytest.mark.recordings(32)
def test_a_404_that_names_another_asset_or_nothing_is_no_absence_unless_the_list_lacks_it_too() -> None:
    body = json.dumps(exchanges(32)[0].body).replace(
        "azureml://<id>", "azureml://registries/r/environments/e/versions/2"
    )
    said = {body: "about another asset", "<html>": "answers with something else", "": "answers with something else"}
    for text, why in said.items():
        assert not says_absent(answered(text), ASSET)
        require_unlisted(answered(text), ASSET, [2, 3])
        for listed in ([1, 2], None):
            with pytest.raises(UnexpectedAnswer, match=why):
                require_unlisted(answered(text), ASSET, listed)
    assert says_absent(
        answered(body.replace("registries/r/environments/e/versions/2", "registries/testfeed/models/m/versions/1")),
        ASSET,
    )


def answered(text: str) -> ResourceNotFoundError:
    """azure-core's error for an answer."""
    error = ResourceNotFoundError("404")
    error.response = SimpleNamespace(body=text.encode, headers={}, request=SimpleNamespace(url="https://host/path"))
    return error


@pytest.mark.recordings(35)
@pytest.mark.parametrize("status", [400, 409, 404, 500, None])
def test_a_tombstone_is_told_by_its_words_whatever_the_status(status: int | None) -> None:
    text = document(35)["facts"]["texts"][0]
    reason = reason_of({"error": {"code": text["code"], "message": text["text"]}})
    assert reason is not None
    found = failure_of(status, reason, "azureml", "the model")
    assert (type(found), "publish bump" in found.hint) == (Deleted, True)


@pytest.mark.recordings(36)
def test_the_role_of_azure_is_enough_for_every_call() -> None:
    role = document(36)["facts"]["role"]
    rights = examine_rights("testFeed", "https://x/r", lambda _url, _version: {"value": [role]})
    assert rights.state == "fine"


@pytest.mark.recordings(7, 13, 37)
def test_uploads_go_the_way_of_microsofts_own_pipeline() -> None:
    upload = document(37)["facts"]["upload"]
    assert (upload["call"], upload["host"]) == ("tempdatarefs", "front end")
    for number in (7, 13):
        assert {one.method for one in exchanges(number)} <= {"HEAD", "PUT", "GET"}, "no right to delete is needed"


@pytest.mark.parametrize("text", ["<html>Sign in</html>", "{", "plain"])
def test_a_200_that_is_no_json_is_a_failure_of_the_world(text: str) -> None:
    recorded = replace(exchanges(26)[0], text=text)
    client: Any = Played([recorded])
    with pytest.raises(
        UnexpectedAnswer, match=f"{urlsplit(recorded.url).netloc} answers.*: (a page|text that is not JSON)"
    ):
        send(client, "GET", recorded.url)


@pytest.mark.parametrize("body", [[], {}, {"value": None}, {"value": {}}, "text", 1])
def test_json_of_another_shape_is_one_too(body: Any) -> None:
    recorded = replace(exchanges(9)[0], body=body)
    client: Any = Played([recorded])
    with pytest.raises(UnexpectedAnswer):
        list(http.pages(client, recorded.url, {}))
    with pytest.raises(UnexpectedAnswer):
        place_of(body, "r", recorded.url)
    with pytest.raises(UnexpectedAnswer):
        access_of(body, BY_ENVIRONMENT, recorded.url)
    assert container_numbers(body) == (None, 1)
