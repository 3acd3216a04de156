"""Blob storage as far as the recordings and azure-storage-blob need it: accounts that share what is in a container.

Signatures give what was recorded and no more: `rcwl` for an upload, `rl` for a download. Folders of a hierarchical
namespace are listed as empty blobs.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from email.utils import formatdate
from xml.etree import ElementTree as ET

from tests.recordings.proxy import Answer, Request

XML = {"Content-Type": "application/xml"}
NEEDED = {"GET": "r", "HEAD": "r", "PUT": "w", "DELETE": "d", "POST": "w"}


@dataclass
class Blob:
    """A blob: its bytes, its metadata, and the account that it was written to."""

    content: bytes
    account: str
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        return {
            "ETag": f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"',
            "Last-Modified": formatdate(0, usegmt=True),
            "x-ms-blob-type": "BlockBlob",
            **{f"x-ms-meta-{key}": value for key, value in self.metadata.items()},
        }


class Storage:
    """Containers by name, whichever account is asked."""

    def __init__(self) -> None:
        self.containers: dict[str, dict[str, Blob]] = {}
        self._blocks: dict[tuple[str, str], dict[str, bytes]] = {}

    def answer(self, request: Request) -> Answer:
        container, _, path = request.path.strip("/").partition("/")
        comp = request.query.get("comp", "")
        needed = "l" if comp == "list" else NEEDED.get(request.method, "?")
        if needed not in request.query.get("sp", "") or request.query.get("sig") != container:
            return self._error(403, "AuthorizationPermissionMismatch")
        blobs = self.containers.setdefault(container, {})
        account = request.host.partition(".")[0]
        if comp == "list":
            return self._list(blobs, request.query.get("prefix", ""))
        if request.method == "PUT":
            return self._put(blobs, (container, path), account, request)
        if comp == "blocklist":
            return self._blocklist(container, path)
        return self._get(blobs, path, request)

    def _put(self, blobs: dict[str, Blob], place: tuple[str, str], account: str, request: Request) -> Answer:
        path, comp = place[1], request.query.get("comp", "")
        metadata = {
            key.removeprefix("x-ms-meta-"): value
            for key, value in request.headers.items()
            if key.startswith("x-ms-meta-")
        }
        waiting = self._blocks.setdefault(place, {})
        if comp == "block":
            if "x-ms-copy-source" in request.headers:
                return self._error(400, "CannotVerifyCopySource")
            waiting[request.query["blockid"]] = request.body
        elif comp == "blocklist":
            names = [node.text or "" for node in ET.fromstring(request.body)]
            blobs[path] = Blob(b"".join(waiting[name] for name in names), account, metadata)
            waiting.clear()
        elif comp == "metadata":
            blobs[path].metadata = metadata
            return Answer(200)
        elif request.headers.get("if-none-match") == "*" and path in blobs:
            return self._error(409, "BlobAlreadyExists")
        else:
            blobs[path] = Blob(request.body, account, metadata)
        return Answer(
            201,
            None,
            {"x-ms-request-server-encrypted": "true", "ETag": '"0x1"', "Last-Modified": formatdate(0, usegmt=True)},
        )

    def _get(self, blobs: dict[str, Blob], path: str, request: Request) -> Answer:
        blob = blobs.get(path)
        if blob is None:
            return self._error(404, "BlobNotFound")
        wanted = request.headers.get("x-ms-range") or request.headers.get("range")
        if not wanted:
            return Answer(200, blob.content, blob.headers)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        if int(first) >= len(blob.content):
            return self._error(416, "InvalidRange")
        part = blob.content[int(first) : int(last) + 1 if last else None]
        size = len(blob.content)
        shown = f"bytes {first}-{int(first) + len(part) - 1}/{size}"
        return Answer(206, part, {**blob.headers, "Content-Range": shown})

    def _blocklist(self, container: str, path: str) -> Answer:
        root = ET.Element("BlockList")
        below = ET.SubElement(root, "UncommittedBlocks")
        for name, content in self._blocks.get((container, path), {}).items():
            block = ET.SubElement(below, "Block")
            ET.SubElement(block, "Name").text = name
            ET.SubElement(block, "Size").text = str(len(content))
        return Answer(200, ET.tostring(root, xml_declaration=True, encoding="utf-8"), XML)

    def _list(self, blobs: dict[str, Blob], prefix: str) -> Answer:
        root = ET.Element("EnumerationResults")
        below = ET.SubElement(root, "Blobs")
        folders = {path.rpartition("/")[0] for path in blobs if "/" in path}
        folders |= {"/".join(folder.split("/")[:end]) for folder in folders for end in range(1, folder.count("/") + 1)}
        markers = {folder: Blob(b"", "", {"hdi_isfolder": "true"}) for folder in folders}
        for path, blob in sorted((blobs | markers).items()):
            if not path.startswith(prefix):
                continue
            entry = ET.SubElement(below, "Blob")
            ET.SubElement(entry, "Name").text = path
            properties = ET.SubElement(entry, "Properties")
            ET.SubElement(properties, "Content-Length").text = str(len(blob.content))
            ET.SubElement(properties, "Content-MD5").text = base64.b64encode(
                hashlib.md5(blob.content, usedforsecurity=False).digest()
            ).decode()
            ET.SubElement(properties, "BlobType").text = "BlockBlob"
            metadata = ET.SubElement(entry, "Metadata")
            for key, value in blob.metadata.items():
                ET.SubElement(metadata, key).text = value
            ET.SubElement(entry, "OrMetadata")
        return Answer(200, b"\xef\xbb\xbf" + ET.tostring(root, xml_declaration=True, encoding="utf-8"), XML)

    @staticmethod
    def _error(status: int, code: str) -> Answer:
        body = f"<?xml version='1.0' encoding='utf-8'?><Error><Code>{code}</Code><Message>-</Message></Error>"
        return Answer(status, body.encode(), {"x-ms-error-code": code, "Content-Type": "application/xml"})
