"""The transport below the registry's REST calls, over real sockets, beside azure-core's own."""

from __future__ import annotations

import gzip
import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import (
    AzureError,
    ServiceRequestError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest

from azureml_publish.emulator import Emulator
from azureml_publish.errors import UsageProblem
from azureml_publish.registry.transport import PooledTransport

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
FINE = b"HTTP/1.1 200 OK\r\nConnection: close\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\n{}"
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, *BUNDLES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class Speaking(socketserver.ThreadingTCPServer):
    """Says the same to everybody; keeps what was asked. As a proxy it passes CONNECT on."""

    daemon_threads = True

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.asked: list[bytes] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(socketserver.StreamRequestHandler):
    server: Speaking

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return
            head += line
        self.server.asked.append(head)
        if head.startswith(b"CONNECT "):
            host, _, port = head.split()[1].decode().partition(":")
            with socket.create_connection((host, int(port)), timeout=120) as there:
                self.wfile.write(b"HTTP/1.1 200 Through\r\n\r\n")
                back = threading.Thread(target=_pass_on, args=(there, self.connection), daemon=True)
                back.start()
                _pass_on(self.connection, there)
                back.join(120)
        else:
            self.wfile.write(self.server.answer)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@contextmanager
def speaking(answer: bytes = FINE) -> Iterator[Speaking]:
    with Speaking(answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(120)


def get(url: str, transport: PooledTransport | None = None, **options: Any) -> Any:
    with transport or PooledTransport(2) as sender:
        return sender.send(HttpRequest("GET", url), **options)


class TestAnswers:
    def test_status_headers_and_body_as_they_came(self) -> None:
        packed = gzip.compress(json.dumps({"said": "ä"}).encode())
        head = f"HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}"
        with speaking(f"{head}\r\nContent-Type: application/json\r\n\r\n".encode() + packed) as server:
            answer = get(f"{server.url}/a/b?c=d%20e")
        assert (answer.status_code, answer.reason, answer.content_type) == (429, "Slow Down", "application/json")
        assert answer.headers.get("retry-after") == "7"
        assert json.loads(answer.body()) == json.loads(answer.text()) == {"said": "ä"}
        assert server.asked[0].startswith(b"GET /a/b?c=d%20e HTTP/1.1\r\n")

    def test_a_redirect_is_an_answer(self) -> None:
        with speaking(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n") as server:
            assert get(server.url).status_code == 302
        assert len(server.asked) == 1

    def test_what_is_sent(self) -> None:
        with speaking() as server, PooledTransport(2) as transport:
            headers = {"Authorization": "Bearer t", "Content-Type": "application/json-patch+json"}
            transport.send(HttpRequest("PATCH", f"{server.url}/m", json=[1], headers=headers))
        asked = server.asked[0].decode().lower()
        for line in ("authorization: bearer t", "content-type: application/json-patch+json", "content-length: 3"):
            assert f"\r\n{line}\r\n" in asked

    def test_no_cookie_and_no_password_of_netrc(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        with speaking() as server, PooledTransport(2) as transport:
            for _ in range(2):
                transport.send(HttpRequest("GET", server.url, headers={"Authorization": "Bearer t"}))
        for asked in server.asked:
            assert b"\r\nAuthorization: Bearer t\r\n" in asked
            assert b"cookie" not in asked.lower()
            assert b"Basic" not in asked


class TestFailures:
    """Each kind is one that azure-core's policies and our messages tell apart."""

    @staticmethod
    def kinds(url: str, **options: Any) -> tuple[type[AzureError], type[AzureError]]:
        """What ours raises, and what azure-core's transport raises."""
        with pytest.raises(AzureError) as ours:
            get(url, **options)
        with pytest.raises(AzureError) as theirs, RequestsTransport() as transport:
            transport.send(HttpRequest("GET", url), **options)
        return type(ours.value), type(theirs.value)

    def test_nobody_listens(self) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
            assert self.kinds(url) == (ServiceRequestError, ServiceRequestError)

    def test_the_connection_ends_without_an_answer(self) -> None:
        with speaking(b"") as server:
            assert self.kinds(server.url) == (ServiceResponseError, ServiceResponseError)

    def test_no_answer_in_time(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            expected = (ServiceResponseTimeoutError, ServiceResponseTimeoutError)
            assert self.kinds(url, read_timeout=0.05) == expected

    def test_half_an_answer(self) -> None:
        """azure-core has an HttpResponseError for it, which would be told as an answer with the status None."""
        half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"
        with speaking(half) as server, pytest.raises(ServiceResponseError):
            get(server.url)

    def test_a_certificate_that_nobody_vouches_for(self, emulator: Emulator) -> None:
        assert self.kinds(emulator.url) == (ServiceRequestError, ServiceRequestError)

    def test_a_proxy_that_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://")
        with pytest.raises(AzureError):
            get("http://registry.invalid/")


class TestEnvironment:
    @pytest.mark.parametrize("name", BUNDLES)
    def test_the_bundle_of_certificates(self, name: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(name, emulator.environment["REQUESTS_CA_BUNDLE"])
        assert get(emulator.environment["ARM_CLOUD_METADATA_URL"]).status_code == 200

    @pytest.mark.parametrize("content", [None, "no certificate"])
    def test_a_bundle_that_is_none(self, content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        if content is not None:
            (tmp_path / "ca.pem").write_text(content)
        with pytest.raises(UsageProblem, match=r"No certificates can be read at .*ca\.pem") as told:
            get("https://127.0.0.1:1/")
        assert "REQUESTS_CA_BUNDLE" in told.value.hint

    def test_threads_that_come_at_once_share_connections_and_certificates(
        self, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", emulator.environment["REQUESTS_CA_BUNDLE"])
        url = emulator.environment["ARM_CLOUD_METADATA_URL"]
        transport = PooledTransport(4)
        with transport, ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: transport.send(HttpRequest("GET", url)).status_code, range(12)))
            (route,) = transport._routes.values()
        assert answers == [200] * 12
        assert route.pool.num_requests == 12
        assert route.pool.num_connections <= 4

    def test_a_proxy_for_one_host_and_none_for_another(
        self, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", emulator.environment["REQUESTS_CA_BUNDLE"])
        with speaking() as proxy:
            with_password = proxy.url.replace("//", "//me:secret@")
            monkeypatch.setenv("HTTP_PROXY", with_password)
            monkeypatch.setenv("HTTPS_PROXY", with_password)
            monkeypatch.setenv("NO_PROXY", "127.0.0.1")
            with PooledTransport(2) as transport:
                direct = transport.send(HttpRequest("GET", emulator.environment["ARM_CLOUD_METADATA_URL"]))
                assert direct.status_code == 200
                assert proxy.asked == []
                for _ in range(2):
                    assert transport.send(HttpRequest("GET", "http://registry.invalid/a?b=c")).status_code == 200
        assert len(proxy.asked) == 2
        for asked in proxy.asked:
            assert asked.startswith(b"GET http://registry.invalid/a?b=c HTTP/1.1\r\n")
            assert b"\r\nProxy-Authorization: Basic " in asked

    def test_a_tunnel_through_a_proxy(self, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", emulator.environment["REQUESTS_CA_BUNDLE"])
        with speaking() as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            assert get(emulator.environment["ARM_CLOUD_METADATA_URL"]).status_code == 200
        assert len(proxy.asked) == 1
        assert proxy.asked[0].startswith(b"CONNECT 127.0.0.1:")
