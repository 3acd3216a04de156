"""Faults on demand, seen from the other side of the wire."""

import hashlib
import time
from typing import Any

import pytest
import requests

from azureml_publish.emulator import Emulator, Fault
from tests.conftest import switching

FILE = "/google-bert/bert-base-cased/resolve/5532cc56f74641d4bb33641f5c76a55d11f846e0/model.safetensors"


def put(emulator: Emulator, container: str, content: bytes = b"0123456789") -> requests.Response:
    url, _, query = container.partition("?")
    return requests.put(f"{url}/x?{query}", data=content, headers={"x-ms-blob-type": "BlockBlob"}, timeout=120)


def get(container: str) -> bytes:
    url, _, query = container.partition("?")
    return requests.get(f"{url}/x?{query}", timeout=120).content


def test_status_after_and_times(emulator: Emulator) -> None:
    emulator.faults.add(service="hub", path=r"/resolve/", after=1, times=2, status=503, headers={"Retry-After": "7"})
    statuses = [requests.head(emulator.http_url + FILE, timeout=120) for _ in range(4)]
    assert [answer.status_code for answer in statuses] == [200, 503, 503, 200]
    assert statuses[1].headers["Retry-After"] == "7"
    assert requests.get(f"{emulator.http_url}/api/models/google-bert/bert-base-cased", timeout=120).status_code == 200


def test_rules_act_in_their_order(emulator: Emulator) -> None:
    emulator.faults.add(Fault(service="hub", status=500, times=1))
    emulator.faults.add(Fault(service="hub", status=429))
    answers = [requests.get(emulator.http_url + FILE, timeout=120).status_code for _ in range(3)]
    assert answers == [500, 429, 429]
    emulator.faults.clear()
    assert requests.get(emulator.http_url + FILE, timeout=120).status_code == 200


def test_errors_have_the_format_of_the_service(emulator: Emulator, control: Any) -> None:
    emulator.faults.add(status=503, method="GET")
    assert control.call("GET", f"{control.base()}/models").json()["error"]["code"] == "InjectedFault"
    blob = requests.get(f"{emulator.http_url}/emulator/files/x", timeout=120)
    assert (blob.status_code, blob.headers["x-ms-error-code"]) == (503, "InjectedFault")
    assert blob.text.startswith("<?xml")
    assert requests.get(emulator.http_url + FILE, timeout=120).headers["X-Error-Code"] == "InjectedFault"


def test_delay(emulator: Emulator, control: Any) -> None:
    emulator.faults.add(service="registry", delay_seconds=0.3, times=1)
    start = time.monotonic()
    assert control.call("GET", f"{control.base()}/models").status_code == 200
    assert time.monotonic() - start >= 0.3


def test_corrupt_download_and_upload(emulator: Emulator) -> None:
    container = emulator.container("files")
    put(emulator, container)
    emulator.faults.add(service="blobs", method="GET", corrupt=True, times=1)
    damaged = get(container)
    assert len(damaged) == 10
    assert sum(a != b for a, b in zip(damaged, b"0123456789", strict=True)) == 1
    assert get(container) == b"0123456789"
    emulator.faults.add(service="blobs", method="PUT", corrupt=True, times=1)
    assert put(emulator, container).status_code == 201
    assert get(container) != b"0123456789"


def test_truncated_download(emulator: Emulator) -> None:
    whole = requests.get(emulator.http_url + FILE, timeout=120).content
    emulator.faults.add(service="hub", method="GET", path="safetensors", truncate_after=1000, times=1)
    answer = requests.get(emulator.http_url + FILE, stream=True, timeout=120)
    chunks = answer.iter_content(100)
    assert b"".join(next(chunks) for _ in range(10)) == whole[:1000]
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        next(chunks)
    assert requests.get(emulator.http_url + FILE, timeout=120).content == whole


def test_truncated_upload_keeps_nothing(emulator: Emulator) -> None:
    container = emulator.container("files")
    emulator.faults.add(service="blobs", method="PUT", truncate_after=5, times=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        put(emulator, container)
    assert b"BlobNotFound" in get(container)
    assert put(emulator, container).status_code == 201
    assert list(emulator._folder.incoming.iterdir()) == []


def test_azure_client_gets_through_a_fault(emulator: Emulator) -> None:
    from azure.storage.blob import ContainerClient, LinearRetry

    emulator.faults.add(service="blobs", method="PUT", path="comp=block", status=503, times=1)
    emulator.faults.add(service="blobs", method="GET", truncate_after=100_000, times=1)
    client = ContainerClient.from_container_url(
        emulator.container("files"),
        max_block_size=256 * 1024,
        max_single_put_size=1,
        retry_policy=LinearRetry(backoff=0, random_jitter_range=0),
    )
    content = bytes(range(256)) * 4000
    client.upload_blob("x", content, overwrite=True)
    got = client.download_blob("x").readall()
    assert hashlib.sha256(got).digest() == hashlib.sha256(content).digest()


def test_rules_over_http(emulator: Emulator) -> None:
    url = f"{emulator.http_url}/faults"
    added = switching(emulator.secret).post(url, json={"service": "hub", "status": 418, "times": 1}, timeout=120)
    assert (added.status_code, added.json()["status"]) == (201, 418)
    assert [rule["status"] for rule in switching(emulator.secret).get(url, timeout=120).json()] == [418]
    assert requests.get(emulator.http_url + FILE, timeout=120).status_code == 418
    for bad in ({"service": "queue"}, {"color": "red"}, {"path": "("}, {"status": 99}):
        answer = switching(emulator.secret).post(url, json=bad, timeout=120)
        assert answer.status_code == 400, bad
    assert switching(emulator.secret).post(url, data=b"x", timeout=120).status_code == 400
    assert switching(emulator.secret).delete(url, timeout=120).status_code == 204
    assert emulator.faults.rules == ()


def test_web_pages_cannot_switch(emulator: Emulator) -> None:
    for path in ("/reset", "/faults"):
        origin = {"Origin": "https://example.org"}
        answer = switching(emulator.secret).post(emulator.http_url + path, json={}, headers=origin, timeout=120)
        assert answer.status_code == 421
