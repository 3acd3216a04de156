"""A registry that is busy says when to come again; a client that does so gets its answer."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trustme

from azureml_publish.assets import AssetRecord
from azureml_publish.emulator import Quirks
from azureml_publish.emulator.registry.wire import render_cloud, render_discovery
from azureml_publish.errors import PublishError
from azureml_publish.network import Network
from azureml_publish.registry.azure import AzureRegistry
from azureml_publish.registry.cloud import Cloud
from tests.conftest import StaticCredential
from tests.unit.content.test_odd_answers import Odd
from tests.unit.registry.test_odd_registry_answers import ABSENT

NAME = "contoso"
OURS = "publish"
"""The user agent of all requests that azure-ai-ml does not send."""


@dataclass
class Load:
    """How often a registry is too busy, with which status, for whom, and what that client asked."""

    times: int = 0
    status: int = 429
    of_sdk: bool = False
    asked: list[str] = field(default_factory=list)


class Busy(Odd):
    """A registry without models."""

    load = Load()

    def do_GET(self) -> None:  # noqa: N802 - the name is that of the standard library
        addresses: Any = SimpleNamespace(https=f"https://127.0.0.1:{self.server.server_port}")  # type: ignore[attr-defined]
        path = self.path.partition("?")[0]
        if path == "/metadata":
            self.respond("application/json", json.dumps(render_cloud("Busy", addresses)).encode())
        elif path.endswith("/discovery"):
            self.respond("application/json", json.dumps(render_discovery(NAME, addresses, Quirks())).encode())
        elif (self.headers["User-Agent"] != OURS) != self.load.of_sdk:
            self.respond("application/json", ABSENT.encode(), 404)
        else:
            self.load.asked.append(f"{self.command} {path.rpartition('/registries/')[2]}")
            busy = len(self.load.asked) <= self.load.times
            self.respond("application/json", b"{}" if busy else b'{"value": []}', self.load.status if busy else 200)

    def end_headers(self) -> None:
        self.send_header("Retry-After", "0.01")
        super().end_headers()

    do_PUT = do_POST = do_PATCH = do_GET  # noqa: N815 - the names are those of the standard library


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    given = Load()
    monkeypatch.setattr(Busy, "load", given)
    return given


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[AzureRegistry]:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"https://127.0.0.1:{server.server_port}"
        network = Network(True, str(tmp_path / "ca.pem"))
        cloud = Cloud(url, url, name="Busy", metadata_url=f"{url}/metadata", network=network)
        credential: Any = StaticCredential("test-token")
        yield AzureRegistry(NAME, credential, cloud, OURS, lambda _seconds: None)
        server.shutdown()
        thread.join()


def test_a_busy_registry_is_asked_until_it_has_time(registry: AzureRegistry, load: Load) -> None:
    load.times = 8
    assert registry.versions("m") == ()


def test_it_is_not_asked_without_end(registry: AzureRegistry, load: Load) -> None:
    load.times = 1_000
    with pytest.raises(PublishError, match="too busy"):
        registry.versions("m")
    assert len(load.asked) == 11


def test_one_that_fails_is_not_asked_as_often(registry: AzureRegistry, load: Load) -> None:
    load.times, load.status = 1_000, 503
    with pytest.raises(PublishError):
        registry.versions("m")
    assert len(load.asked) == 4


def test_azure_ai_ml_asks_a_busy_registry_more_often_than_its_default(registry: AzureRegistry, load: Load) -> None:
    load.times, load.of_sdk = 1_000, True
    with pytest.raises(PublishError, match="too busy"):
        registry.create(AssetRecord("m", 1, "custom_model", "text", {}, {}, {}), "https://store/c/model")
    assert len(set(load.asked)) == 1
    assert len(load.asked) == 7
