"""The Hub's ways that the emulator does not have: redirects to signed storage, ignored ranges, gated repositories."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import _detect_agent

from azureml_publish.content.packaging.tree import HubOrigin
from azureml_publish.content.sources.hub import Hub
from azureml_publish.content.upload.retry import RetryPolicy
from azureml_publish.emulator import Emulator
from azureml_publish.errors import ContentMismatch, NotAuthorised, NotFound, Unreachable
from azureml_publish.spec import HubSource
from azureml_publish.version import TOOL

DATA = bytes(range(256)) * 400
COMMIT = "5532cc56f74641d4bb33641f5c76a55d11f846e0"
ORIGIN = HubOrigin("org/little", COMMIT, "model.safetensors")


@dataclass
class Asked:
    """What two servers were asked: the Hub, and the storage behind it."""

    hub: list[str | None] = field(default_factory=list)
    agents: list[str | None] = field(default_factory=list)
    storage: list[str | None] = field(default_factory=list)
    signature: int = 0
    ranges: bool = True
    data: bytes = DATA


def serve(handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    return Asked()


@pytest.fixture
def hub(asked: Asked) -> Iterator[Hub]:
    class Quiet(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def answer(self, status: int, body: bytes = b"", **headers: Any) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), str(value))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    class Storage(Quiet):
        def do_GET(self) -> None:
            asked.storage.append(self.headers.get("Authorization"))
            if not self.path.endswith(f"sig={asked.signature}"):
                self.answer(403)
                return
            part = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            if part is None or not asked.ranges:
                self.answer(200, asked.data)
                return
            first, last = int(part[1]), int(part[2])
            told = f"bytes {first}-{last}/{len(asked.data)}"
            self.answer(206, asked.data[first : last + 1], Content_Range=told)

    storage = serve(Storage)

    class Front(Quiet):
        def do_GET(self) -> None:
            asked.hub.append(self.headers.get("Authorization"))
            asked.agents.append(self.headers.get("User-Agent"))
            where = f"http://localhost:{storage.server_address[1]}/blob?sig={asked.signature}"
            self.answer(302, Location=where)

    front = serve(Front)
    yield Hub(f"http://127.0.0.1:{front.server_address[1]}", sleep=lambda _seconds: None)
    for server in (front, storage):
        server.shutdown()
        server.server_close()


def read(hub: Hub, start: int, length: int) -> bytes:
    return b"".join(hub.read(ORIGIN, start, length, len(DATA)))


def test_the_signed_address_is_asked_for_once_and_the_token_does_not_go_there(hub: Hub, asked: Asked) -> None:
    for start in range(0, 4000, 1000):
        assert read(hub, start, 1000) == DATA[start : start + 1000]
    assert asked.hub == ["Bearer hf_secret"]
    assert asked.storage == [None] * 4


def test_nobody_is_asked_for_names_of_programs(
    hub: Hub, asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """huggingface_hub's own headers begin with a request to the public Hub, and keep for a day what came."""
    kept = tmp_path / "harnesses.json"
    kept.write_text("[1, 2]", encoding="utf-8")
    monkeypatch.setattr(constants, "AGENT_HARNESSES_PATH", str(kept))
    monkeypatch.setattr(_detect_agent, "_registry", None)
    assert read(hub, 0, 1000) == DATA[:1000]
    assert asked.agents == [TOOL]


def test_a_hub_that_is_not_there_is_named_with_the_reason() -> None:
    with pytest.raises(Unreachable) as raised:
        Hub("http://127.0.0.1:9", sleep=lambda _seconds: None).describe("org/little", None)
    assert raised.value.message == "The Hub at http://127.0.0.1:9 cannot be reached for org/little: connection refused."


def test_the_variable_that_keeps_the_hub_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub.errors import OfflineModeIsEnabled

    def offline(_hub: Hub) -> None:
        raise OfflineModeIsEnabled

    monkeypatch.setattr(Hub, "_client", offline)
    with pytest.raises(Unreachable, match="HF_HUB_OFFLINE") as raised:
        Hub().describe("org/little", None)
    assert "Unset HF_HUB_OFFLINE" in raised.value.hint


def test_an_address_that_has_run_out_is_asked_for_again(hub: Hub, asked: Asked) -> None:
    read(hub, 0, 1000)
    asked.signature = 1
    with pytest.raises(Unreachable) as raised:  # the next attempt asks the Hub
        read(hub, 1000, 1000)
    assert "sig=" not in str(raised.value)
    assert read(hub, 1000, 1000) == DATA[1000:2000]
    assert len(asked.hub) == 2


def test_a_server_that_ignores_ranges_is_read_up_to_them(hub: Hub, asked: Asked) -> None:
    asked.ranges = False
    assert read(hub, 70_000, 1000)[:1000] == DATA[70_000:71_000]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_of_another_size_is_not_read(hub: Hub, asked: Asked, ranges: bool) -> None:
    asked.ranges, asked.data = ranges, DATA + b"more"
    with pytest.raises(ContentMismatch, match="bytes now"):
        read(hub, 0, 1000)


@pytest.mark.parametrize(
    ("status", "code", "error", "mend"),
    [
        (403, "GatedRepo", NotAuthorised, "Accept its terms on the Hub, then set HF_TOKEN"),
        (401, "RepoNotFound", NotFound, "HF_TOKEN"),
        (404, "RevisionNotFound", NotFound, "source"),
        (401, "", NotAuthorised, "HF_TOKEN"),
    ],
)
def test_what_may_not_be_read_is_told_before_the_first_byte(
    emulator: Emulator, status: int, code: str, error: type[Exception], mend: str
) -> None:
    headers = {"X-Error-Code": code} if code else {}
    emulator.faults.add(service="hub", path="/api/models", status=status, headers=headers)
    source = HubSource(huggingface="google-bert/bert-base-cased", revision=COMMIT)
    with pytest.raises(error) as refused:
        Hub(emulator.environment["HF_ENDPOINT"], sleep=lambda _seconds: None).list_files(source)
    assert mend in refused.value.hint  # type: ignore[attr-defined]


LIMITS = [
    {"RateLimit": '"resolvers";r=0;t=40', "RateLimit-Policy": '"fixed window";"resolvers";q=3000;w=300'},
    {"Retry-After": "40"},
]
SOURCE = HubSource(huggingface="google-bert/bert-base-cased", revision=COMMIT)


@pytest.mark.parametrize("headers", LIMITS, ids=["RateLimit", "Retry-After"])
@pytest.mark.parametrize("call", ["list_files", "describe", "read"])
def test_a_rate_limit_is_waited_for_as_long_as_the_hub_says(
    emulator: Emulator, headers: dict[str, str], call: str
) -> None:
    """Both forms of https://huggingface.co/docs/hub/rate-limits; the window ends by the clock that is handed in."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if sum(slept) > 39.9:
            emulator.faults.clear()

    hub = Hub(emulator.environment["HF_ENDPOINT"], sleep=sleep)
    (card,) = (one for one in hub.list_files(SOURCE) if one.path == "config.json")
    emulator.faults.add(service="hub", status=429, headers=headers)
    if call == "list_files":
        assert card in hub.list_files(SOURCE)
    elif call == "describe":
        assert hub.describe(SOURCE.huggingface, COMMIT).revision == COMMIT
    else:
        origin = HubOrigin(SOURCE.huggingface, COMMIT, card.path)
        data = RetryPolicy(sleep=sleep).attempt(lambda: b"".join(hub.read(origin, 0, card.size, card.size)))
        assert len(data) == card.size
    assert sum(slept) == pytest.approx(40, abs=0.5)


@pytest.mark.parametrize("name", ["RateLimit", "Retry-After"])
def test_a_window_that_is_too_long_is_told_at_once(emulator: Emulator, name: str) -> None:
    slept: list[float] = []
    value = "301" if name == "Retry-After" else '"api";r=0;t=301'
    emulator.faults.add(service="hub", status=429, headers={name: value})
    with pytest.raises(Unreachable, match="429") as told:
        Hub(emulator.environment["HF_ENDPOINT"], sleep=slept.append).list_files(SOURCE)
    assert (told.value.retry_after, slept) == (301, [])
