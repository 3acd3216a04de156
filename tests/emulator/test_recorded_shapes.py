"""The emulator answers the recorded requests as the service did: status, headers that matter, keys and JSON types.

The recordings are data with their sources, in `tests/recordings/`. Hosts, names and times are those of the emulator;
what was recorded before April 2026 may lack keys that the service has had since.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from azureml_publish.emulator import PLAIN, RECORDED, Emulator
from tests.conftest import ControlPlane
from tests.emulator.recorded import (
    ELSEWHERE,
    EXCHANGES,
    Replay,
    conforms,
    differences,
    first,
    identity,
)
from tests.recordings.exchange import NUMBERS, document, marked


@pytest.fixture
def plane(emulator: Emulator) -> Iterator[ControlPlane]:
    emulator.quirks = RECORDED
    plane = ControlPlane(emulator)
    yield plane
    plane.close()


@pytest.mark.recordings(1, 8, 15)
@pytest.mark.parametrize("number", [1, 8, 15])
def test_discovery(plane: ControlPlane, number: int) -> None:
    answer = Replay(plane).send(first(number))
    conforms(first(number), answer)
    assert answer.json()["registryName"] == first(number)["response"]["body"]["registryName"]


@pytest.mark.recordings(2, 3, 9, 10)
@pytest.mark.parametrize("number", [2, 3, 9, 10])
def test_unknown_names_and_first_uploads(plane: ControlPlane, number: int) -> None:
    answer = Replay(plane).send(first(number))
    conforms(first(number), answer)
    if number in {3, 10}:
        uri = answer.json()["blobReferenceForConsumption"]["credential"]["sasUri"]
        recorded = first(number)["response"]["body"]["blobReferenceForConsumption"]["credential"]["sasUri"]
        sent, given = (
            dict(part.split("=", 1) for part in each.partition("?")[2].split("&")) for each in (recorded, uri)
        )
        assert set(sent) <= set(given)
        assert (given["sr"], given["sp"]) == (sent["sr"], sent["sp"])
        assert re.search("/testfeed-[0-9a-f-]{36}[?]", uri)


@pytest.mark.recordings(4, 11)
@pytest.mark.parametrize("number", [4, 11])
def test_create(plane: ControlPlane, number: int) -> None:
    replay = Replay(plane)
    registry, name, version = identity(first(number)["request"]["url"])
    replay.content = plane.upload(name, version, registry, path="lightgbm_mlflow_model/MLmodel")
    created = replay.send(first(number))
    conforms(first(number), created)
    for exchange in EXCHANGES[number][1:]:
        poll = plane.call("GET", created.headers["Location"])
        conforms(exchange, poll)
    assert poll.json()["assetId"] == f"azureml://registries/{registry.lower()}/models/{name}/versions/{version}"


@pytest.mark.recordings(5, 12, 26)
@pytest.mark.parametrize("number", [5, 12, 26])
def test_version(plane: ControlPlane, number: int) -> None:
    plane.emulator.quirks = RECORDED.changed(front_metadata=number == 26)
    replay = Replay(plane)
    replay.registered(first(number)["request"]["url"])
    answer = replay.send(first(number))
    conforms(first(number), answer)
    recorded, body = first(number)["response"]["body"], answer.json()
    assert (body["id"], body["name"]) == (recorded["id"].replace("testFeed", "testfeed"), recorded["name"])
    assert ("system_metadata" in body["properties"]) is (number == 26)
    dates = body["systemData"]
    assert dates["lastModifiedAt"] < dates["createdAt"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,7}\+00:00", dates["createdAt"])


def test_metadata_comes_back_with_every_key_and_no_other(plane: ControlPlane) -> None:
    replay = Replay(plane)
    url = first(26)["request"]["url"]
    registry, name, version = identity(url)
    replay.registered(url)
    known, unknown = {"license": "mit", "datasets": ["a"], "featured": True}, {"hiddenLayerScanned": True}
    plane.put(name, version, {"system_metadata": {**known, **unknown}}, registry)
    answers = [replay.send(first(26)) for _ in range(2)]
    recorded = first(26)["response"]["body"]["properties"]["system_metadata"]
    assert answers[1].json()["properties"]["system_metadata"] == {**recorded, **known}
    plane.put(name, version, {"system_metadata": None}, registry)
    assert [replay.send(first(26)) for _ in range(2)][1].json()["properties"]["system_metadata"]["license"] == "mit"
    plane.put(name, version, {"system_metadata": {"preview": False}}, registry)
    last = [replay.send(first(26)) for _ in range(2)][1].json()["properties"]["system_metadata"]
    assert last == {**recorded, "preview": False}


VALIDATED_LISTS = (
    *("azureOffers", "deploymentOptions", "domain", "hostedOn", "inputModalities", "keywords", "languages"),
    *("modelCapabilities", "outputModalities"),
)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"featured": "true"}, {"languages": "en"}, {"maxOutputTokens": True}, {"tasks": ["fill-mask"]}),
        *({name: ["nonsense"]} for name in VALIDATED_LISTS),
        *({name: "nonsense"} for name in ("benchmark", "industry", "maapSurchargeType", "playgroundRateLimitTier")),
        *({"tasks": {name: ["nonsense"]}} for name in ("inferenceTasks", "fineTuningTasks")),
        {"deploymentOptionDetails": {"nonsense": "text"}},
    ],
)
def test_metadata_that_the_service_validates_is_refused(plane: ControlPlane, wrong: dict[str, Any]) -> None:
    plane.emulator.quirks = PLAIN.changed(typed_metadata=True)
    plane.register("bert", "1")
    answer = plane.put("bert", "1", {"system_metadata": wrong})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "UserError")
    assert next(iter(wrong)) in answer.json()["error"]["message"]
    assert plane.put("bert", "1", {"system_metadata": dict.fromkeys(wrong)}).status_code == 200


@pytest.mark.recordings(6)
def test_download(plane: ControlPlane) -> None:
    replay = Replay(plane)
    replay.registered(first(6)["request"]["url"])
    answer = replay.send(first(6))
    conforms(first(6), answer)
    assert "sp=rl&" in answer.json()["blobReferenceForConsumption"]["credential"]["sasUri"]


@pytest.mark.recordings(7, 13)
@pytest.mark.parametrize("number", [7, 13])
def test_blobs(plane: ControlPlane, number: int) -> None:
    uri = plane.upload("test_1", "1", path="other/file")
    _, _, container = urlsplit(uri).path.strip("/").partition("/")
    base = plane.emulator.container(container.split("/")[0], permissions="rcwl")
    root, _, sas = base.partition("?")
    for exchange in EXCHANGES[number]:
        request = exchange["request"]
        path, _, query = urlsplit(request["url"]).path.strip("/").partition("/")[2], "", urlsplit(request["url"]).query
        kept = "&".join(each for each in query.split("&") if each and not each.startswith("<"))
        sent = {key: value for key, value in (request.get("headers") or {}).items() if key != "Content-MD5"}
        url = f"{root}/{path}?{kept}&{sas}" if path else f"{root}?{kept}&{sas}"
        answer = requests.request(request["method"], url, headers=sent, data=b"x", timeout=120)
        conforms({**exchange, "response": {**exchange["response"], "body": None}}, answer)
        if "comp=list" in query:
            assert answer.content.startswith(b"\xef\xbb\xbf<?xml")
            assert b"<OrMetadata />" in answer.content
            assert not re.search(b'<Etag>"', answer.content)


def test_account_of_a_version_changes_from_read_to_read(plane: ControlPlane) -> None:
    replay = Replay(plane)
    url = first(5)["request"]["url"]
    replay.registered(url)
    hosts = [urlsplit(replay.send(first(5)).json()["properties"]["modelUri"]).hostname for _ in range(3)]
    assert set(hosts) == {"127.0.0.1", "localhost"}
    assert hosts[0] == hosts[2]
    registry, _, _ = identity(url)
    lent = [plane.upload("other", "1", registry) for _ in range(2)]
    assert len({urlsplit(each).hostname for each in lent}) == 2
    assert len({urlsplit(each).path for each in lent}) == 1


@pytest.mark.recordings(16, 17, 18, 19, 20, 21, 25)
@pytest.mark.parametrize("number", ELSEWHERE)
def test_what_is_no_model_is_not_served(plane: ControlPlane, number: int) -> None:
    for exchange in EXCHANGES[number]:
        if exchange["request"]["url"].startswith("<Location>") or "operations" in exchange["request"]["url"]:
            continue
        if "Azure-AsyncOperation" in exchange["request"]["url"]:
            continue
        status = Replay(plane).send(exchange).status_code
        assert status == (400 if "tempdatarefs" in exchange["request"]["url"] else 501)


@pytest.mark.recordings(22, 23)
def test_no_access(plane: ControlPlane) -> None:
    denied = ControlPlane(plane.emulator, token="denied")
    url = f"{plane.emulator.url}/registrymanagement/v1.0/registries/testFeed/discovery?api-version=v1.0"
    conforms(first(22), denied.call("GET", url))
    reader = ControlPlane(plane.emulator, token="reader")
    refused = reader.put("bert", "1", {"modelUri": "https://contoso.example/x"}, "sdk-test")
    recorded = first(23)
    body = recorded["response"]["body"]["error"]
    body["additionalInfo"] = body["additionalInfo"][:1]  # entries differ in form; their kinds are compared below
    conforms(recorded, refused)
    kinds = [each["type"] for each in refused.json()["error"]["additionalInfo"]]
    assert kinds == ["ComponentName", "Correlation", "Environment", "Location", "Time", "InnerError"]
    assert "UnAuthorizedRegistryAccess" in refused.text
    for each in (denied, reader):
        each.close()


@pytest.mark.recordings(24)
def test_absent_name(plane: ControlPlane) -> None:
    answer = plane.call("GET", f"{plane.base('testFeed')}/models/nothing")
    recorded = first(24)
    recorded["response"]["body"]["error"]["additionalInfo"] = [{"...": None}]
    conforms(recorded, answer)
    assert answer.json()["error"]["details"][0]["code"] == "ModelNotFound"


@pytest.mark.recordings(27)
def test_list_of_versions(plane: ControlPlane) -> None:
    replay = Replay(plane)
    url = replay.url(first(27)["request"]["url"]).replace("<name>", "bert")
    for version in ("1", "2", "6"):
        replay.registered(url.replace("/versions", f"/versions/{version}"))
    answer = plane.call("GET", url)
    entries = answer.json()["value"]
    assert [each["id"].rpartition("/")[2] for each in entries] == ["6", "2", "1"]
    recorded = first(27)["response"]["body"]["value"][0]["properties"]
    for entry in entries:
        assert entry["properties"]["defaultDeploymentTemplate"] == recorded["defaultDeploymentTemplate"]
        assert "system_metadata" not in entry["properties"]
    assert len({each["systemData"]["lastModifiedAt"] for each in entries}) == 1
    assert "nextLink" not in answer.json()


@pytest.mark.recordings(28)
def test_upload_for_what_is_there(plane: ControlPlane) -> None:
    replay = Replay(plane)
    url = first(28)["request"]["url"]
    replay.registered(url)
    registry, name, version = identity(url)
    asset = f"azureml://registries/{registry}/models/{name}/versions/{version}"
    answer = plane.call("PUT", replay.url(url), json={"assetId": asset})
    recorded = first(28)["response"]["body"]["error"]
    assert answer.status_code == 409
    assert answer.json()["error"]["message"] == recorded["message"]
    assert answer.json()["error"]["additionalInfo"][-1] == recorded["additionalInfo"][-1]
    kinds = [each["type"] for each in recorded["additionalInfo"]]
    assert [each["type"] for each in answer.json()["error"]["additionalInfo"]] == kinds
    assert answer.headers["x-ms-response-type"] == "error"


@pytest.mark.recordings(14, 29)
@pytest.mark.parametrize("number", [14, 29])
def test_update(plane: ControlPlane, number: int) -> None:
    replay = Replay(plane)
    url = EXCHANGES[number][0]["request"]["url"]
    replay.registered(url)
    registry, name, version = identity(url)
    updated = plane.put(name, version, {"modelUri": replay.content, "system_metadata": None}, registry)
    conforms(first(number), updated)
    for exchange in EXCHANGES[number][1:3]:
        conforms(exchange, plane.call("GET", updated.headers["Location"]))


@pytest.mark.recordings(30)
def test_update_that_is_refused_for_its_container(plane: ControlPlane) -> None:
    replay = Replay(plane)
    url = first(30)["request"]["url"]
    replay.registered(url)
    registry, name, version = identity(url)
    plane.emulator.quirks = RECORDED.changed(invalid_container=True)
    answer = plane.put(name, version, {"modelUri": replay.content}, registry)
    recorded = first(30)["response"]["body"]["error"]
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["message"].partition("http")[0]) == ("UserError", "Invalid containerUri ")
    assert error["additionalInfo"][0] == recorded["additionalInfo"][0]
    assert "InnerError" not in answer.text


@pytest.mark.recordings(31, 32)
def test_patch(plane: ControlPlane) -> None:
    replay = Replay(plane)
    replay.registered(first(31)["request"]["url"])
    answer = replay.send(first(31))
    conforms(first(31), answer)
    assert answer.json()["location"] == answer.headers["Location"]
    plane.emulator.quirks = RECORDED.changed(api_not_found=True)
    absent = plane.call("PATCH", replay.url(first(32)["request"]["url"]), json=[])
    recorded = first(32)
    recorded["response"]["body"]["error"].pop("innerError")
    conforms(recorded, absent)
    assert absent.json()["error"]["innerError"]["code"] == "NotFoundError"
    assert "/models/" not in absent.json()["message"]


@pytest.mark.recordings(33, 34)
@pytest.mark.parametrize("number", [33, 34])
def test_pending_upload(plane: ControlPlane, number: int) -> None:
    exchange = first(number)
    recorded = exchange["response"]["body"]
    url = f"{plane.emulator.url}/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices"
    body = {"pendingUploadType": "TemporaryBlobReference"}
    answer = plane.call("POST", f"{url}/registries/testFeed/models/bert/versions/1/startPendingUpload", json=body)
    assert answer.status_code == 200
    missing = [each for each in differences(recorded, answer.json()) if not each.endswith("is added")]
    assert missing == []


@pytest.mark.recordings(35)
def test_deleted_version_says_when(plane: ControlPlane) -> None:
    replay = Replay(plane)
    replay.registered("https://x/registries/testFeed/models/bert/versions/3")
    path = plane.models("testFeed").replace(plane.emulator.url, replay.region)
    assert plane.call("DELETE", f"{path}/bert:3").status_code == 200
    answer = plane.put("bert", "3", {"modelUri": "https://contoso.example/x"}, "testFeed")
    text = (
        r"Asset azureml://registries/testfeed/models/bert/versions/3 was deleted at \d\d/\d\d/\d{4} \d\d:\d\d:\d\d"
        r" \+00:00, it cannot be recreated. Please try again with a different version."
    )
    assert answer.json()["error"]["code"] == "UserError"
    assert re.fullmatch(text, answer.json()["error"]["message"])


@pytest.mark.recordings(37)
def test_dotted_names_and_the_folder_that_microsofts_own_script_registers(plane: ControlPlane) -> None:
    uri = plane.upload("Phi-3.5-mini-instruct", "1", "azureml", path="mlflow_model_folder/MLmodel")
    assert plane.put("Phi-3.5-mini-instruct", "1", {"modelUri": uri}, "azureml").status_code == 202


def test_azure_ai_ml_in_this_shape(ml_client: Any, model_folder: Path, plane: ControlPlane, tmp_path: Path) -> None:
    """The unmodified client creates, reads, updates and lists; what it archives stays active, as its people say."""
    from azure.ai.ml.entities import Model

    ml_client.models.create_or_update(
        Model(name="bert", version="1", path=str(model_folder), type="custom_model", tags={"a": "b"})
    )
    ml_client.models.get("bert", version="1")
    model = ml_client.models.get("bert", version="1")
    assert (model.tags, set(model.properties)) == ({"a": "b"}, {"modelManifestPathOrUri"})
    model.description = "second"
    ml_client.models.create_or_update(model)
    ml_client.models.archive("bert", version="1")
    assert [each.version for each in ml_client.models.list(name="bert")] == ["1"]
    read = ml_client.models.get("bert", label="latest")
    assert read.description == "second"
    url = f"{plane.base()}/models/bert/versions/1"
    assert plane.call("GET", url).json()["properties"]["isArchived"] is False


@pytest.mark.parametrize("switch", ["mferp", "modelregistry"])
def test_each_service_is_on_its_own_host(plane: ControlPlane, switch: str) -> None:
    replay = Replay(plane)
    wrong: dict[str, Callable[[], str]] = {
        "mferp": lambda: plane.base().replace(plane.emulator.url, replay.region) + "/models",
        "modelregistry": plane.models,
    }
    assert plane.call("GET", wrong[switch]()).status_code == 501


@pytest.mark.recordings(36)
def test_the_role_of_azure_is_what_the_emulator_grants(plane: ControlPlane) -> None:
    url = f"{plane.emulator.url}/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices"
    rights = "registries/testFeed/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
    (granted,) = plane.call("GET", f"{url}/{rights}").json()["value"]
    recorded = document(36)["facts"]["role"]
    assert (granted["actions"], granted["notActions"]) == (recorded["actions"], recorded["notActions"])


def test_every_recording_has_a_replay_here() -> None:
    assert marked(Path(__file__)) == set(EXCHANGES) == set(NUMBERS)
