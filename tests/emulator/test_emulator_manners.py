"""The odd manners of the service, each switched on: what a client sees on the wire."""

import datetime as dt
from typing import Any

import pytest
import requests

from azureml_publish.emulator import Emulator, Manners


def read_reference(control: Any, made: dict[str, Any]) -> str:
    name, version = made["id"].split("/")[-3], made["name"]
    answer = control.call(
        "POST",
        f"{control.base()}/datarefs/{name}/versions/{version}",
        json={"assetId": made["id"], "blobUri": made["properties"]["modelUri"]},
    )
    answer.raise_for_status()
    return str(answer.json()["blobReferenceForConsumption"]["credential"]["sasUri"])


def read(sas: str) -> requests.Response:
    url, _, query = sas.partition("?")
    return requests.get(f"{url}/content/MLmodel?{query}", timeout=10)


def test_lent_signatures_end_when_asked_to(emulator: Emulator, control: Any) -> None:
    made = control.register("bert", "1")
    emulator.manners = Manners(sas_seconds=90)
    asked = dt.datetime.now(dt.UTC)
    query = requests.models.PreparedRequest()
    query.prepare_url(read_reference(control, made), None)
    end = dt.datetime.fromisoformat(str(query.url).partition("se=")[2].partition("&")[0].replace("%3A", ":"))
    assert dt.timedelta(seconds=90) <= end - asked <= dt.timedelta(seconds=100)


def test_lent_signature_that_is_used_up_is_answered_as_expired(emulator: Emulator, control: Any) -> None:
    made = control.register("bert", "1")
    emulator.manners = Manners(sas_requests=2)
    first = read_reference(control, made)
    assert [read(first).status_code for _ in range(4)] == [200, 200, 403, 403]
    assert read(first).headers["x-ms-error-code"] == "AuthenticationFailed"
    second = read_reference(control, made)
    assert second != first
    assert read(second).status_code == 200
    emulator.manners = Manners()
    third = read_reference(control, made)
    assert {read(third).status_code for _ in range(4)} == {200}


def test_upload_with_a_signature_that_is_used_up_goes_on_with_another(emulator: Emulator, control: Any) -> None:
    emulator.manners = Manners(sas_requests=1)
    url = f"{control.base()}/models/bert/versions/1/startPendingUpload"

    def lend() -> str:
        return str(control.call("POST", url, json={}).json()["blobReferenceForConsumption"]["credential"]["sasUri"])

    def write(sas: str, name: str) -> int:
        base, _, query = sas.partition("?")
        headers = {"x-ms-blob-type": "BlockBlob"}
        return requests.put(f"{base}/m/{name}?{query}", data=b"x", headers=headers, timeout=10).status_code

    first = lend()
    assert [write(first, "a"), write(first, "b")] == [201, 403]
    again = lend()
    assert again.partition("?")[0] == first.partition("?")[0]
    assert write(again, "b") == 201


def test_manners_over_the_wire(emulator: Emulator) -> None:
    url = f"{emulator.http_url}/manners"
    assert requests.post(url, json={"sas_seconds": 5}, timeout=10).json()["sas_seconds"] == 5
    assert requests.post(url, json={"sas_requests": 3}, timeout=10).status_code == 200
    assert emulator.manners == Manners(sas_seconds=5, sas_requests=3)
    assert requests.get(url, timeout=10).json()["sas_requests"] == 3
    assert requests.delete(url, timeout=10).status_code == 204
    assert emulator.manners == Manners()
    emulator.manners = Manners(sas_requests=3)
    emulator.reset()
    assert emulator.manners == Manners()


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ({"sas_secnods": 5}, "there is no manner sas_secnods"),
        ({"sas_seconds": "5"}, "sas_seconds is a number, not '5'"),
        ({"sas_requests": 1.5}, "sas_requests is a whole number, not 1.5"),
        ({"sas_requests": True}, "sas_requests is a whole number, not True"),
        ({"sas_requests": 0}, "sas_requests is 1 to 1e"),
        ([1], "argument after"),
    ],
)
def test_manners_that_make_no_sense_are_refused(emulator: Emulator, sent: Any, reason: str) -> None:
    answer = requests.post(f"{emulator.http_url}/manners", json=sent, timeout=10)
    assert answer.status_code == 400
    assert reason in answer.text
    assert emulator.manners == Manners()


def test_manners_are_not_for_web_pages(emulator: Emulator) -> None:
    url = f"{emulator.http_url}/manners"
    page = {"Origin": "https://example.com"}
    assert requests.post(url, json={"sas_seconds": 5}, headers=page, timeout=10).status_code == 403
    assert requests.delete(url, headers=page, timeout=10).status_code == 403
