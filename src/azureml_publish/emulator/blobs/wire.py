"""Blob headers and XML, as clients of Azure Storage read them.

https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
"""

import base64
import re
from collections.abc import Iterable, Mapping
from email.utils import formatdate
from html import escape
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from azureml_publish.emulator.blobs.values import Blob, Conditions, Listing, Write
from azureml_publish.emulator.routing import status_and_code

_CONTENT_HEADERS = ("Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition", "Cache-Control")
_BLOCK = re.compile(rb"<(Latest|Uncommitted|Committed)>([^<]*)</\1>")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DECLARATION = '\ufeff<?xml version="1.0" encoding="utf-8"?>'
"""It begins with a byte order mark, as was recorded."""


def http_date(seconds: float) -> str:
    """A time since the epoch as HTTP writes it."""
    return formatdate(seconds, usegmt=True)


def xml(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An XML answer."""
    return Response(_DECLARATION + text, status, dict(headers or {}), media_type="application/xml")


def render_error(error: Exception, scope: Scope) -> Response:
    """Any failure as Azure Storage reports it: a code in a header and again, with a message, in XML."""
    status, code, message, headers = status_and_code(error)
    headers = {"x-ms-error-code": code, **request_headers(scope), **headers}
    if scope["method"] == "HEAD" or status == 304:
        return Response(status_code=status, headers=headers)
    return xml(f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>", status, headers)


def request_headers(scope: Scope) -> dict[str, str]:
    """Headers that every answer carries; the client library compares the echoed request id with its own."""
    sent = {name: value.decode("latin-1") for name, value in scope["headers"] if name.startswith(b"x-ms-")}
    echoed = {name: sent[raw] for name, raw in _ECHOED.items() if raw in sent}
    return {"x-ms-request-id": scope["state"].get("request_id", ""), **echoed}


_ECHOED = {"x-ms-version": b"x-ms-version", "x-ms-client-request-id": b"x-ms-client-request-id"}


def metadata_from(request: Request) -> dict[str, str]:
    """`x-ms-meta-*` of a request. Names come in lower case: the HTTP server below has already folded them."""
    return {name[10:]: value for name, value in request.headers.items() if name.startswith("x-ms-meta-")}


def conditions_from(request: Request) -> Conditions:
    """`If-Match` and `If-None-Match` of a request."""
    return Conditions(request.headers.get("if-match"), request.headers.get("if-none-match"))


def write_from(request: Request, *, plain_content_type: bool, md5: str | None = None) -> Write:
    """What goes beside the bytes of a blob.

    Args:
        request: A Put Blob, a Put Block List or a copy.
        plain_content_type: Whether `Content-Type` describes the blob; in a Put Block List it describes the XML.
        md5: Base64 of the MD5 of the blob, if it is known.
    """
    headers = request.headers
    content = {name: value for name in _CONTENT_HEADERS if (value := headers.get(f"x-ms-blob-{name.lower()}"))}
    if plain_content_type and "Content-Type" not in content and "content-type" in headers:
        content["Content-Type"] = headers["content-type"]
    content.setdefault("Content-Type", "application/octet-stream")
    if md5 := md5 or headers.get("x-ms-blob-content-md5"):
        content["Content-MD5"] = md5
    return Write(content, metadata_from(request), conditions_from(request))


def stored_headers(blob: Blob) -> dict[str, str]:
    """ETag and time, the answer to every write."""
    return {"ETag": blob.etag, "Last-Modified": http_date(blob.modified)}


def blob_headers(blob: Blob) -> dict[str, str]:
    """All headers of a GET or HEAD but the length."""
    return {
        **stored_headers(blob),
        **blob.content,
        "Accept-Ranges": "bytes",
        "x-ms-blob-type": "BlockBlob",
        "x-ms-creation-time": http_date(blob.created),
        "x-ms-access-tier": "Hot",
        "x-ms-access-tier-inferred": "true",
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-server-encrypted": "true",
        **{f"x-ms-meta-{name}": value for name, value in blob.metadata.items()},
    }


def parse_block_list(body: bytes) -> list[tuple[str, str]]:
    """Kind and id of each entry, in order. A pattern is enough: ids are base64 and need no XML escapes."""
    return [(kind.decode(), block.decode("latin-1").strip()) for kind, block in _BLOCK.findall(body)]


def render_block_list(
    committed: Iterable[tuple[str, int]] | None, uncommitted: Iterable[tuple[str, int]] | None
) -> str:
    """Blocks as XML; None leaves a kind out."""
    parts = []
    for kind, blocks in (("CommittedBlocks", committed), ("UncommittedBlocks", uncommitted)):
        if blocks is not None:
            inner = "".join(f"<Block><Name>{escape(name)}</Name><Size>{size}</Size></Block>" for name, size in blocks)
            parts.append(f"<{kind}>{inner}</{kind}>")
    return f"<BlockList>{''.join(parts)}</BlockList>"


def _name(name: str) -> str:
    if _NOT_XML.search(name):
        return f'<Name Encoded="true">{quote(name)}</Name>'
    return f"<Name>{escape(name)}</Name>"


def _element(tag: str, value: str) -> str:
    return f"<{tag}>{escape(value)}</{tag}>"


def _blob_xml(blob: Blob, *, with_metadata: bool) -> str:
    properties = {
        "Creation-Time": http_date(blob.created),
        "Last-Modified": http_date(blob.modified),
        "Etag": blob.etag.strip('"'),
        "Content-Length": str(blob.size),
        **dict.fromkeys((*_CONTENT_HEADERS, "Content-MD5"), ""),
        **blob.content,
        "BlobType": "BlockBlob",
        "AccessTier": "Hot",
        "AccessTierInferred": "true",
        "LeaseStatus": "unlocked",
        "LeaseState": "available",
        "ServerEncrypted": "true",
    }
    inner = "".join(_element(name, value) for name, value in properties.items())
    metadata = ""
    if with_metadata:
        metadata = f"<Metadata>{''.join(_element(name, value) for name, value in blob.metadata.items())}</Metadata>"
    return f"<Blob>{_name(blob.name)}<Properties>{inner}</Properties>{metadata}<OrMetadata /></Blob>"


def marker_from(query: Mapping[str, str]) -> str:
    """Where a listing goes on; opaque to clients, since a name may hold what a URL or XML cannot.

    Raises:
        ValueError: It is not a marker that was given out.
    """
    return base64.urlsafe_b64decode(query.get("marker", "")).decode()


def render_listing(
    endpoint: str, container: str, query: Mapping[str, str], page: Listing, *, with_metadata: bool
) -> str:
    """One page of a container as XML; blobs and prefixes are merged in the order of their names."""
    entries = [(blob.name, _blob_xml(blob, with_metadata=with_metadata)) for blob in page.blobs]
    entries += [(prefix, f"<BlobPrefix>{_name(prefix)}</BlobPrefix>") for prefix in page.prefixes]
    echoed = "".join(
        _element(tag, query[name])
        for tag, name in (
            ("Prefix", "prefix"),
            ("Marker", "marker"),
            ("MaxResults", "maxresults"),
            ("Delimiter", "delimiter"),
        )
        if query.get(name)
    )
    marker = base64.urlsafe_b64encode(page.next_marker.encode()).decode()
    body = "".join(entry for _, entry in sorted(entries, key=lambda entry: entry[0]))
    return (
        f'<EnumerationResults ServiceEndpoint="{escape(endpoint)}" ContainerName="{escape(container)}">{echoed}'
        f"<Blobs>{body}</Blobs>{_element('NextMarker', marker)}</EnumerationResults>"
    )
