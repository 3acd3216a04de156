"""Signing through a sigstore that refuses, answers nonsense or is not there, and with what is no token."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from azureml_publish.assets import ManifestEntry
from azureml_publish.content.signing import KeylessSigner, find_ambient_token
from azureml_publish.errors import NotAuthorised, PublishError

ENTRIES = (ManifestEntry("a", 1, "a" * 64),)


class Fulcio(ThreadingHTTPServer):
    """Answers every request in the same way, and keeps what was sent."""

    status = 403
    body = b"{}"

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Fulcio

    def do_GET(self) -> None:
        """What an issuer of tokens says of itself."""
        url = f"http://127.0.0.1:{self.server.server_port}"
        self._answer(200, json.dumps({"authorization_endpoint": url, "token_endpoint": url}).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.sent.append((self.path, body))
        self._answer(self.server.status, self.server.body)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def fulcio() -> Iterator[Fulcio]:
    with Fulcio() as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def token(**claims: Any) -> str:
    now = int(dt.datetime.now(dt.UTC).timestamp())
    content = {"iss": "https://issuer.example", "sub": "build", "aud": "sigstore", "iat": now - 5, "exp": now + 600}
    parts = ({"alg": "none"}, {**content, **claims})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "c2VjcmV0LXNpZ25hdHVyZQ"])


def trust(folder: Path, port: int) -> Path:
    """The description of a sigstore on this machine."""
    service = [
        {
            "url": f"http://127.0.0.1:{port}",
            "majorApiVersion": 1,
            "validFor": {"start": "2020-01-01T00:00:00Z"},
            "operator": "us",
        }
    ]
    config = {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [],
            "certificateAuthorities": [],
            "ctlogs": [],
            "timestampAuthorities": [],
        },
        "signingConfig": {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": service,
            "oidcUrls": service,
            "rekorTlogUrls": service,
            "tsaUrls": [],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaConfig": {"selector": "ANY"},
        },
    }
    path = folder / "trust.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("status", "body"), [(403, b"{}"), (500, b"x"), (200, b""), (200, b"[]"), (200, b"<html>"), (201, b'{"a": 1}')]
)
def test_a_sigstore_that_does_not_sign_is_reported(fulcio: Fulcio, tmp_path: Path, status: int, body: bytes) -> None:
    fulcio.status, fulcio.body = status, body
    identity = token()
    signer = KeylessSigner(lambda: identity, trust(tmp_path, fulcio.server_port))
    with pytest.raises(PublishError) as refused:
        signer.sign("m", b"{}", ENTRIES)
    assert [path for path, _ in fulcio.sent] == ["/api/v2/signingCert"]
    assert "certificateSigningRequest" in json.loads(fulcio.sent[0][1])
    assert identity.rpartition(".")[2] not in f"{refused.value.message} {refused.value.hint}"


@pytest.mark.parametrize("given", ["", "no-token", token(exp=1), token(aud="other")])
def test_what_is_no_token_is_sent_to_nobody(fulcio: Fulcio, tmp_path: Path, given: str) -> None:
    signer = KeylessSigner(lambda: given or "x", trust(tmp_path, fulcio.server_port))
    with pytest.raises(NotAuthorised, match="does not take the token"):
        signer.sign("m", b"{}", ENTRIES)
    assert fulcio.sent == []


def test_a_sigstore_that_is_not_there_is_reported(fulcio: Fulcio, tmp_path: Path) -> None:
    port = fulcio.server_port
    fulcio.shutdown()
    fulcio.server_close()
    with pytest.raises(PublishError):
        KeylessSigner(token, trust(tmp_path, port)).sign("m", b"{}", ENTRIES)


def test_without_a_build_server_nobody_hands_out_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "ACTIONS_ID_TOKEN_REQUEST_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "")  # it asks gcloud as well
    with pytest.raises(NotAuthorised, match="Nobody hands out a token"):
        find_ambient_token()
