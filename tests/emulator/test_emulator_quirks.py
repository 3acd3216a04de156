"""The quirks of the service, each switched on: what a client sees on the wire."""

import datetime as dt
import time
from typing import Any

import pytest
import requests

from azureml_publish.emulator import Emulator, Quirks
from tests.conftest import switching, version_of


def read_reference(control: Any, made: dict[str, Any]) -> str:
    name, version = made["name"], version_of(made)
    answer = control.call(
        "POST",
        f"{control.base()}/datarefs/{name}/versions/{version}",
        json={"assetId": made["id"], "blobUri": made["properties"]["modelUri"]},
    )
    answer.raise_for_status()
    return str(answer.json()["blobReferenceForConsumption"]["credential"]["sasUri"])


def read(sas: str) -> requests.Response:
    url, _, query = sas.partition("?")
    return requests.get(f"{url}/content/MLmodel?{query}", timeout=120)


def test_lent_signatures_end_when_asked_to(emulator: Emulator, control: Any) -> None:
    made = control.register("bert", "1")
    emulator.quirks = Quirks(sas_seconds=90)
    asked = dt.datetime.now(dt.UTC)
    query = requests.models.PreparedRequest()
    query.prepare_url(read_reference(control, made), None)
    end = dt.datetime.fromisoformat(str(query.url).partition("se=")[2].partition("&")[0].replace("%3A", ":"))
    assert dt.timedelta(seconds=90) <= end - asked <= dt.timedelta(seconds=100)


def test_lent_signature_that_is_used_up_is_answered_as_expired(emulator: Emulator, control: Any) -> None:
    made = control.register("bert", "1")
    emulator.quirks = Quirks(sas_requests=2)
    first = read_reference(control, made)
    assert [read(first).status_code for _ in range(4)] == [200, 200, 403, 403]
    assert read(first).headers["x-ms-error-code"] == "AuthenticationFailed"
    second = read_reference(control, made)
    assert second != first
    assert read(second).status_code == 200
    emulator.quirks = Quirks()
    third = read_reference(control, made)
    assert {read(third).status_code for _ in range(4)} == {200}


def test_upload_with_a_signature_that_is_used_up_goes_on_with_another(emulator: Emulator, control: Any) -> None:
    emulator.quirks = Quirks(sas_requests=1)
    url = f"{control.base()}/models/bert/versions/1/startPendingUpload"

    def lend() -> str:
        return str(control.call("POST", url, json={}).json()["blobReferenceForConsumption"]["credential"]["sasUri"])

    def write(sas: str, name: str) -> int:
        base, _, query = sas.partition("?")
        headers = {"x-ms-blob-type": "BlockBlob"}
        return requests.put(f"{base}/m/{name}?{query}", data=b"x", headers=headers, timeout=120).status_code

    first = lend()
    assert [write(first, "a"), write(first, "b")] == [201, 403]
    again = lend()
    assert again.partition("?")[0] == first.partition("?")[0]
    assert write(again, "b") == 201


def test_quirks_over_the_wire(emulator: Emulator) -> None:
    url = f"{emulator.http_url}/quirks"
    assert switching(emulator.secret).post(url, json={"sas_seconds": 5}, timeout=120).json()["sas_seconds"] == 5
    assert switching(emulator.secret).post(url, json={"sas_requests": 3}, timeout=120).status_code == 200
    assert emulator.quirks == Quirks(sas_seconds=5, sas_requests=3)
    assert switching(emulator.secret).get(url, timeout=120).json()["sas_requests"] == 3
    assert switching(emulator.secret).delete(url, timeout=120).status_code == 204
    assert emulator.quirks == Quirks()
    emulator.quirks = Quirks(sas_requests=3)
    emulator.reset()
    assert emulator.quirks == Quirks()


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ({"sas_secnods": 5}, "sas_secnods is 5: Extra inputs are not permitted"),
        ({"sas_seconds": "5"}, "sas_seconds is '5': Input should be a valid number"),
        ({"sas_requests": 1.5}, "sas_requests is 1.5: Input should be a valid integer"),
        ({"sas_requests": True}, "sas_requests is True: Input should be a valid integer"),
        ({"sas_requests": 0}, "sas_requests is 0: Input should be greater than or equal to 1"),
        ({"ignore_archive": 1}, "ignore_archive is 1: Input should be a valid boolean"),
        ({"throttle_every": 1}, "throttle_every is 1: Input should be greater than or equal to 2"),
        ({"stale_reads": None}, "stale_reads is None: Input should be a valid integer"),
        ([1], "argument after"),
    ],
)
def test_quirks_that_make_no_sense_are_refused(emulator: Emulator, sent: Any, reason: str) -> None:
    answer = switching(emulator.secret).post(f"{emulator.http_url}/quirks", json=sent, timeout=120)
    assert answer.status_code == 400
    assert reason in answer.text
    assert emulator.quirks == Quirks()


def test_quirks_are_not_for_web_pages(emulator: Emulator) -> None:
    url = f"{emulator.http_url}/quirks"
    page = {"Origin": "https://example.com"}
    assert switching(emulator.secret).post(url, json={"sas_seconds": 5}, headers=page, timeout=120).status_code == 421
    assert switching(emulator.secret).delete(url, headers=page, timeout=120).status_code == 421


def described(control: Any, api: str = "front", name: str = "bert") -> str | None:
    """The description that a GET gives, None for a version that it does not find."""
    url = f"{control.base()}/models/{name}/versions/1" if api == "front" else f"{control.models()}/{name}:1"
    answer = control.call("GET", url)
    if answer.status_code == 404:
        return None
    answer.raise_for_status()
    body = answer.json()
    return str((body["properties"] if api == "front" else body)["description"])


def test_stale_reads_show_what_was_there_before_a_write(emulator: Emulator, control: Any) -> None:
    emulator.quirks = Quirks(stale_reads=2)
    control.register("bert", "1", description="first")
    assert [described(control), described(control, "native"), described(control)] == [None, None, "first"]
    control.put("bert", "1", {"description": "second"})
    control.register("other", "1", description="other")
    assert [described(control) for _ in range(3)] == ["first", "first", "second"]
    change = [{"op": "replace", "path": "/description", "value": "third"}]
    control.call("PATCH", f"{control.models()}/bert:1", json=change).raise_for_status()
    assert [described(control, "native") for _ in range(3)] == ["second", "second", "third"]
    control.call("DELETE", f"{control.models()}/bert:1").raise_for_status()
    assert [described(control) for _ in range(3)] == ["third", "third", None]
    assert [described(control, name="other") for _ in range(3)] == [None, None, "other"]


def test_writes_rest_on_the_truth_while_reads_are_stale(emulator: Emulator, control: Any) -> None:
    emulator.quirks = Quirks(stale_reads=5)
    control.register("bert", "1", properties={"p": "1"})
    assert control.put("bert", "1", {"properties": {"p": "2"}}).status_code == 400
    asset = "azureml://registries/local/models/bert/versions/1"
    again = control.call("PUT", f"{control.base()}/tempdatarefs/bert/versions/1", json={"assetId": asset})
    assert again.status_code == 409
    control.call("DELETE", f"{control.models()}/bert:1").raise_for_status()
    assert "cannot be recreated" in control.put("bert", "1", {"modelUri": "https://example.com/x"}).text


def test_reset_ends_stale_reads(emulator: Emulator, control: Any) -> None:
    emulator.quirks = Quirks(stale_reads=9)
    control.register("bert", "1", description="before")
    control.put("bert", "1", {"description": "after"})
    emulator.reset()
    assert described(control) is None


def test_archive_without_effect(emulator: Emulator, control: Any) -> None:
    control.register("bert", "1")
    emulator.quirks = Quirks(ignore_archive=True)
    version, name = f"{control.base()}/models/bert/versions/1", f"{control.base()}/models/bert"
    assert control.put("bert", "1", {"isArchived": True}).status_code == 200
    change = [{"op": "replace", "path": "/isArchived", "value": True}]
    assert control.call("PATCH", f"{control.models()}/bert:1", json=change).status_code == 200
    assert control.call("PUT", name, json={"properties": {"isArchived": True}}).status_code == 200
    assert [control.call("GET", url).json()["properties"]["isArchived"] for url in (version, name)] == [False, False]
    emulator.quirks = Quirks()
    assert control.call("PATCH", f"{control.models()}/bert:1", json=change).json()["isArchived"] is True


def test_lists_of_names_without_tags(emulator: Emulator, control: Any) -> None:
    control.register("bert", "1", tags={"a": "b"})
    control.call("PUT", f"{control.base()}/models/bert", json={"properties": {"tags": {"c": "d"}}})
    lists = {
        f"{control.base()}/models/bert/versions": {"a": "b"},
        f"{control.base()}/models": {"c": "d"},
        control.models(): {"a": "b"},
    }

    def tags(url: str) -> dict[str, str]:
        entry = control.call("GET", url).json()["value"][0]
        found: dict[str, str] = entry["kvTags"] if "kvTags" in entry else entry["properties"]["tags"]
        return found

    assert {url: tags(url) for url in lists} == lists
    emulator.quirks = Quirks(bare_name_lists=True)
    assert {url: tags(url) for url in lists} == {**lists, f"{control.base()}/models": {}}
    assert control.call("GET", f"{control.base()}/models/bert").json()["properties"]["tags"] == {"c": "d"}


def test_lists_that_ignore_the_view(emulator: Emulator, control: Any) -> None:
    control.register("bert", "1", isArchived=True)
    urls = (f"{control.base()}/models/bert/versions", control.models())
    active = {"listViewType": "ActiveOnly"}
    assert [len(control.call("GET", url, params=active).json()["value"]) for url in urls] == [0, 0]
    emulator.quirks = Quirks(ignore_list_view=True)
    assert [len(control.call("GET", url, params=active).json()["value"]) for url in urls] == [1, 1]


def test_put_that_takes_its_time(emulator: Emulator, control: Any) -> None:
    uri = control.upload("bert", "1")
    emulator.quirks = Quirks(put_polls=2, async_operation_header=True)
    accepted = control.put("bert", "1", {"modelUri": uri, "description": "first"})
    assert (accepted.status_code, accepted.content) == (202, b"null")
    assert described(control) is None
    operation, location = accepted.headers["Azure-AsyncOperation"], accepted.headers["Location"]
    assert control.call("GET", location).status_code == 202
    assert [control.call("GET", operation).json()["status"] for _ in range(2)] == ["InProgress", "Succeeded"]
    ended = control.call("GET", location)
    assert (ended.status_code, ended.json()) == (200, {"assetId": "azureml://registries/local/models/bert/versions/1"})
    assert described(control) == "first"
    # Who does not poll sees it after as many looks.
    assert control.put("bert", "1", {"description": "second"}).status_code == 202
    assert [described(control) for _ in range(3)] == ["first", "first", "second"]
    refused = control.put("bert", "1", {"modelType": "mlflow_model"})
    assert refused.status_code == 400
    emulator.quirks = Quirks(put_polls=0)
    accepted = control.put("bert", "1", {"description": "third"})
    assert "Azure-AsyncOperation" not in accepted.headers
    assert control.call("GET", accepted.headers["Location"]).status_code == 200


def test_operation_that_fails_writes_nothing(emulator: Emulator, control: Any) -> None:
    control.register("bert", "1", description="first")
    emulator.quirks = Quirks(put_polls=1, failed_operations=True, async_operation_header=True)
    accepted = control.put("bert", "1", {"description": "second"})
    polls = [control.call("GET", accepted.headers["Location"]) for _ in range(2)]
    assert [poll.status_code for poll in polls] == [202, 200]
    assert polls[1].json()["status"] == "Failed"
    assert polls[1].json()["error"]["code"] == "ModelRegistryError"
    assert control.call("GET", accepted.headers["Azure-AsyncOperation"]).json()["status"] == "Failed"
    assert described(control) == "first"


def test_throttling_refuses_every_nth_request(emulator: Emulator, control: Any) -> None:
    control.register("bert", "1")
    emulator.quirks = Quirks(throttle_every=3, retry_after_seconds=7)
    url = f"{control.base()}/models/bert/versions/1"
    answers = [control.call("GET", url) for _ in range(6)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 2
    assert {answer.headers["Retry-After"] for answer in refused} == {"7"}
    assert {answer.json()["error"]["code"] for answer in refused} == {"TooManyRequests"}
    free = f"{emulator.url}/metadata/endpoints"
    assert {control.call("GET", free).status_code for _ in range(4)} == {200}
    container = emulator.container("files").replace("?", "?restype=container&comp=list&")
    assert {requests.get(container, timeout=120).status_code for _ in range(4)} == {200}


def test_latency_is_in_every_service(emulator: Emulator, control: Any) -> None:
    container = emulator.container("files").replace("?", "?restype=container&comp=list&")
    hub = f"{emulator.http_url}/api/models/google-bert/bert-base-cased"
    emulator.quirks = Quirks(latency_seconds=0.2)
    for url in (f"{control.base()}/models", container, hub):
        start = time.monotonic()
        assert control.call("GET", url).status_code == 200
        assert time.monotonic() - start >= 0.2


def test_pages_of_another_size(emulator: Emulator, control: Any) -> None:
    for version in "123":
        control.register("bert", version)
    emulator.quirks = Quirks(page_size=2)
    first = control.call("GET", f"{control.base()}/models/bert/versions").json()
    second = control.call("GET", first["nextLink"]).json()
    assert ([version_of(each) for each in first["value"]], [version_of(each) for each in second["value"]]) == (
        ["3", "2"],
        ["1"],
    )
    assert "nextLink" not in second
