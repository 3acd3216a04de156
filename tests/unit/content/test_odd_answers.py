"""Something else answers in a service's place, with status 200: a sign-in page, a proxy, another service."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from azureml_publish.assets import ContainerAccess
from azureml_publish.content.failures import failure_of, storage_failures
from azureml_publish.content.packaging.tree import ArtifactFile, BlobOrigin, HubOrigin, RenderedOrigin
from azureml_publish.content.sources.azureblob import Blobs
from azureml_publish.content.sources.hub import Hub
from azureml_publish.content.upload.container import STORAGE, Container
from azureml_publish.errors import ContentMismatch, NotAuthorised, PublishError, UnexpectedAnswer
from azureml_publish.spec import BlobFolder, HubSource

COMMIT = "0" * 40
# The SDKs leave an answer that they cannot read unread, and its connection open until it is collected.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ANSWERS = {
    "page": ("text/html; charset=utf-8", b"<html>Sign in, please</html>"),
    "list": ("application/json", b"[]"),
    "object": ("application/json", b'{"a": 1}'),
    "repository without files": ("application/json", b'{"id": "contoso/bert"}'),
    "text": ("application/json", b'"x"'),
    "nothing": ("text/html", b""),
    "xml": ("application/xml", b"<?xml version='1.0'?><x/>"),
    "no utf-8": ("application/xml", b"\xff\xfe\x00"),
}


class Odd(BaseHTTPRequestHandler):
    """Answers every request with the same."""

    answer = ANSWERS["page"]

    def do_GET(self) -> None:
        self.respond(*self.answer)

    def respond(self, kind: str, body: bytes, status: int = 200) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_GET  # noqa: N815 - the name is that of the standard library

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Odd) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def stored(host: str, call: Callable[[Container], object]) -> object:
    with Container(ContainerAccess(f"http://{host}/c", f"http://{host}/c?sig=geheim"), "folder") as container:
        return call(container)


def source(host: str, call: Callable[[Blobs], object]) -> object:
    with closing(Blobs(f"http://{host}/{{storage}}")) as blobs:
        return call(blobs)


FOLDER = BlobFolder(storage="contoso", container="models", path="a")
BLOB = BlobOrigin("contoso", "models", "x", with_credential=False)
FILE = ArtifactFile("x", 3, RenderedOrigin(b"abc"))
CALLS: dict[str, Callable[[str], object]] = {
    "hub list": lambda host: Hub(f"http://{host}").list_files(HubSource(huggingface="contoso/bert", revision=COMMIT)),
    "hub describe": lambda host: Hub(f"http://{host}").describe("contoso/bert", None),
    "hub read": lambda host: list(Hub(f"http://{host}").read(HubOrigin("contoso/bert", COMMIT, "x"), 0, 100, 100)),
    "source list": lambda host: source(host, lambda blobs: blobs.list_files(FOLDER)),
    "source read": lambda host: source(host, lambda blobs: list(blobs.read(BLOB, 0, 100, None))),
    "container list": lambda host: stored(host, lambda container: container.files()),
    "container begun": lambda host: stored(host, lambda container: container.begun()),
    "container blocks": lambda host: stored(host, lambda container: container.blocks("x")),
    "container read": lambda host: stored(host, lambda container: container.read_part("x")),
    "container part": lambda host: stored(host, lambda container: container.read_part("x", 0, 100)),
    "container put": lambda host: stored(host, lambda container: container.put(FILE, b"abc", {})),
    "container stage": lambda host: stored(host, lambda container: container.stage(FILE, "AAAA", b"abc")),
    "container commit": lambda host: stored(host, lambda container: container.commit(FILE, ["AAAA"], {})),
}


@pytest.mark.parametrize("call", CALLS)
def test_what_came_instead_is_told_with_the_host(host: str, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, answer in ANSWERS.items():
        monkeypatch.setattr(Odd, "answer", answer)
        if call == "container blocks" and name in ("xml", "object", "repository without files"):
            continue  # no block waits, says that
        with pytest.raises(PublishError) as told:
            CALLS[call](host)
        assert host in told.value.message or isinstance(told.value, ContentMismatch), (name, told.value)
        assert told.value.hint
        assert "geheim" not in told.value.message + told.value.hint
        if name == "page":
            assert isinstance(told.value, UnexpectedAnswer)
            assert "text/html" in told.value.message


@pytest.mark.parametrize("call", ["hub list", "hub describe", "hub read"])
def test_a_token_with_another_letter_is_told(host: str, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_ü")
    with pytest.raises(NotAuthorised, match="The token for the Hub holds a character that no token has") as told:
        CALLS[call](host)
    assert "ü" not in told.value.message + told.value.hint


@pytest.mark.parametrize(
    ("code", "hint"), [("AuthorizationFailure", "network"), ("AuthorizationPermissionMismatch", "permission")]
)
def test_a_storage_behind_a_firewall_is_no_missing_permission(code: str, hint: str) -> None:
    assert hint in failure_of(STORAGE, 403, None, "https://store.example/c", code).hint


def test_a_token_for_a_storage_with_another_letter_is_told_and_not_shown() -> None:
    """A storage wants TLS for tokens, so what http.client does with one is done by hand."""
    for translating in (storage_failures(STORAGE, "a file"), Blobs()._failures(FOLDER)):
        with pytest.raises(NotAuthorised, match="holds a character that none has") as told, translating:
            "Bearer t\u20acken".encode("latin-1")
        assert "t\u20acken" not in told.value.message + told.value.hint
