"""Web pages and other users of the machine before the emulator's two ports."""

from __future__ import annotations

import pytest
import requests

from azureml_publish.emulator import Emulator
from tests.conftest import switching


def _ask(emulator: Emulator, path: str, **headers: str) -> int:
    answers = set()
    for base in (emulator.url, emulator.http_url):
        session = requests.Session()
        session.trust_env = False
        bundle = emulator.environment["REQUESTS_CA_BUNDLE"]
        answers.add(session.get(f"{base}{path}", headers=headers, verify=bundle, timeout=120).status_code)
    (answer,) = answers
    return answer


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:443", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "[", "a b"],
)
def test_a_name_that_was_made_to_mean_loopback_is_not_served(emulator: Emulator, host: str) -> None:
    assert _ask(emulator, "/api/models/google-bert/bert-base-cased", Host=host) in (400, 421)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example", "file://", ""])
def test_no_page_of_another_host_is_served(emulator: Emulator, origin: str) -> None:
    assert _ask(emulator, "/x", Origin=origin) == 421


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost:1", "[::1]"])
def test_loopback_is_served_by_its_names(emulator: Emulator, host: str) -> None:
    for base in (emulator.http_url,):
        answer = requests.get(f"{base}/api/models/google-bert/bert-base-cased", headers={"Host": host}, timeout=120)
        assert answer.status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/reset", "/faults", "/quirks"])
@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer ", "Bearer x", "Bearer test-token", "Basic eDp4", "é"])
def test_no_switch_without_the_secret(emulator: Emulator, method: str, path: str, given: str | None) -> None:
    if (method, path) in (("GET", "/reset"), ("DELETE", "/reset")):
        return
    headers = {} if given is None else {"Authorization": given.encode()}
    answer = requests.request(method, f"{emulator.http_url}{path}", headers=headers, json={}, timeout=120)
    assert answer.status_code == 401
    assert emulator.secret not in answer.text


def test_the_secret_opens_them(emulator: Emulator) -> None:
    assert switching(emulator.secret).get(f"{emulator.http_url}/quirks", timeout=120).status_code == 200
