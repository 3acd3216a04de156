"""Blob containers as a source, through the real SDK against a small server: public, private, missing, gone."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from azureml_publish.content.packaging.tree import BlobOrigin
from azureml_publish.content.sources.azureblob import Blobs
from azureml_publish.errors import NotAuthorised, NotFound, Unreachable, UnusableSource
from azureml_publish.spec import BlobFolder

BLOBS = {
    "models/bert/MLmodel": b"flavors: {a: 1}\n",
    "models/bert/model/weights.bin": bytes(range(256)) * 40_000,
    "models/bert-large/MLmodel": b"another",
}


class Storage(BaseHTTPRequestHandler):
    """As much of Azure Blob Storage as reading a container takes."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        _, storage, container, *rest = unquote(url.path).split("/")
        if storage == "private":
            code = b"<?xml version='1.0'?><Error><Code>PublicAccessNotPermitted</Code><Message>no</Message></Error>"
            self.answer(409, code, Content_Type="application/xml")
        elif container != "public":
            code = b"<?xml version='1.0'?><Error><Code>ContainerNotFound</Code><Message>no</Message></Error>"
            self.answer(404, code, Content_Type="application/xml")
        elif not rest:
            prefix = parse_qs(url.query).get("prefix", [""])[0]
            entries = "".join(
                f"<Blob><Name>{name}</Name><Properties><Content-Length>{len(data)}</Content-Length><BlobType>BlockBlob</BlobType>"
                "</Properties></Blob>"
                for name, data in BLOBS.items()
                if name.startswith(prefix)
            )
            listing = f"<?xml version='1.0'?><EnumerationResults><Blobs>{entries}</Blobs></EnumerationResults>"
            self.answer(200, listing.encode(), Content_Type="application/xml")
        else:
            self.send_blob(BLOBS["/".join(rest)])

    def send_blob(self, data: bytes) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("x-ms-range") or self.headers.get("Range") or "")
        first, last = (int(asked[1]), int(asked[2] or len(data))) if asked else (0, len(data))
        part = data[first : last + 1]
        self.answer(
            206,
            part,
            Content_Range=f"bytes {first}-{first + len(part) - 1}/{len(data)}",
            ETag='"one"',
            x_ms_blob_type="BlockBlob",
        )


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Storage)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/{{storage}}"
    server.shutdown()
    server.server_close()


def folder(storage: str = "account", container: str = "public", path: str = "models/bert/") -> BlobFolder:
    return BlobFolder(storage=storage, container=container, path=path)


def test_a_public_folder_is_listed_and_read_as_it_is(endpoint: str) -> None:
    blobs = Blobs(endpoint)
    files = blobs.list_files(folder())
    assert [(file.path, file.size) for file in files] == [("MLmodel", 16), ("model/weights.bin", 10_240_000)]
    origin = files[1].origin
    assert isinstance(origin, BlobOrigin)
    assert not origin.with_credential
    assert b"".join(blobs.read(origin, 0, files[1].size)) == BLOBS["models/bert/model/weights.bin"]
    assert b"".join(blobs.read(origin, 1_000_000, 300)) == BLOBS["models/bert/model/weights.bin"][1_000_000:1_000_300]


def test_a_whole_container_can_be_meant(endpoint: str) -> None:
    assert len(Blobs(endpoint).list_files(folder(path=""))) == 3


def test_an_empty_folder_is_no_source(endpoint: str) -> None:
    with pytest.raises(UnusableSource, match="no file below account/public/models/gpt"):
        Blobs(endpoint).list_files(folder(path="models/gpt"))


def test_what_is_not_there_or_not_open_is_told_apart(endpoint: str) -> None:
    with pytest.raises(NotFound, match="other"):
        Blobs(endpoint).list_files(folder(container="other"))
    with pytest.raises(NotAuthorised) as refused:
        Blobs(endpoint).list_files(folder(storage="private"))
    assert "Storage Blob Data Reader" in refused.value.hint


def test_a_credential_is_asked_for_only_where_nobody_may_read(endpoint: str) -> None:
    asked = []
    Blobs(endpoint, lambda: asked.append(1)).list_files(folder())
    assert asked == []
    with pytest.raises(NotAuthorised):
        Blobs(endpoint, lambda: asked.append(1)).list_files(folder(storage="private"))
    assert asked == [1]


@pytest.mark.filterwarnings("default")
def test_a_storage_that_is_not_there_is_told() -> None:
    from azure.core.exceptions import ServiceRequestError

    blobs = Blobs("http://127.0.0.1:9/{storage}")
    with pytest.raises(Unreachable, match="cannot be reached"), blobs._failures(folder()):
        raise ServiceRequestError("refused")


def test_a_storage_that_cannot_be_reached_is_told() -> None:
    with pytest.raises(
        Unreachable, match=r"The storage cannot be reached for http://127.0.0.1:9/contoso/public/a: "
    ) as told:
        Blobs(endpoint="http://127.0.0.1:9/{storage}").list_files(
            BlobFolder(storage="contoso", container="public", path="a")
        )
    assert told.value.hint == "Check the account's name and the network."
