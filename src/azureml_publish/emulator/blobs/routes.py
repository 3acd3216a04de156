"""The blob service: which call is which, who may make it, and what it answers."""

import base64
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from azureml_publish.emulator.addresses import ACCOUNT, Addresses
from azureml_publish.emulator.blobs import transfer, wire
from azureml_publish.emulator.blobs.sas import Grant, Signer
from azureml_publish.emulator.blobs.sources import Sources
from azureml_publish.emulator.blobs.store import BlobStore
from azureml_publish.emulator.blobs.values import Blob, Listing
from azureml_publish.emulator.hub.checkpoints import Checkpoints
from azureml_publish.emulator.routing import NotServedError, RefusedError, Render
from azureml_publish.emulator.streaming import SpansResponse, UnsatisfiableRangeError, cut, parse_range

_MAX_RESULTS = 5000
_MAX_LIST_BODY = 16 * 1024 * 1024
"""Bytes of a Put Block List body: 50 000 ids of 64 bytes and their tags fit in."""


@dataclass(frozen=True, slots=True)
class _Call:
    """One request, taken apart and allowed."""

    request: Request
    container: str
    blob: str
    grant: Grant

    @property
    def query(self) -> dict[str, str]:
        return dict(self.request.query_params)


_Handler = Callable[[_Call], Awaitable[Response]]


def blob_service(
    store: BlobStore,
    signer: Signer,
    addresses: Addresses,
    checkpoints: Checkpoints,
    marks_folders: Callable[[], bool] = lambda: False,
) -> tuple[ASGIApp, Render]:
    """The application, and what renders its failures; `marks_folders` is whether lists hold entries for folders."""
    sources = Sources(store, signer, addresses, checkpoints)
    return _BlobService(store, signer, addresses, sources, marks_folders), wire.render_error


def _with_folders(page: Listing, prefix: str, marker: str) -> Listing:
    """The page with an empty blob for each folder before the first of its files; none for one of the page before."""
    names = {blob.name for blob in page.blobs}
    folders: dict[str, Blob] = {}
    for blob in page.blobs:
        parts = blob.name.split("/")[:-1]
        for length in range(1, len(parts) + 1):
            name = "/".join(parts[:length])
            if name.startswith(prefix) and name not in names and not marker.startswith(f"{name}/"):
                folders.setdefault(
                    name, replace(blob, name=name, size=0, content={}, metadata={"hdi_isfolder": "true"})
                )
    return replace(page, blobs=(*page.blobs, *folders.values()))


class _BlobService:
    def __init__(
        self,
        store: BlobStore,
        signer: Signer,
        addresses: Addresses,
        sources: Sources,
        marks_folders: Callable[[], bool],
    ) -> None:
        self._marks_folders = marks_folders
        self._store = store
        self._signer = signer
        self._addresses = addresses
        self._sources = sources
        # Keys: method, whether a blob is named, `restype`, `comp`.
        self._handlers: dict[tuple[str, bool, str, str], _Handler] = {
            ("PUT", False, "container", ""): self._create_container,
            ("GET", False, "container", ""): self._container_properties,
            ("HEAD", False, "container", ""): self._container_properties,
            ("GET", False, "container", "list"): self._list,
            ("GET", True, "", ""): self._get,
            ("HEAD", True, "", ""): self._get,
            ("PUT", True, "", ""): self._put,
            ("DELETE", True, "", ""): self._delete,
            ("PUT", True, "", "block"): self._put_block,
            ("PUT", True, "", "blocklist"): self._put_block_list,
            ("GET", True, "", "blocklist"): self._get_block_list,
            ("GET", True, "", "metadata"): self._metadata,
            ("HEAD", True, "", "metadata"): self._metadata,
            ("PUT", True, "", "metadata"): self._set_metadata,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["request_id"] = str(uuid.uuid4())
        request = Request(scope, receive, send)
        _, _account, container, blob = [*scope["path"].split("/", 3), "", ""][:4]
        query = request.query_params
        key = (scope["method"], blob != "", query.get("restype", ""), query.get("comp", ""))
        handler = self._handlers.get(key)
        if handler is None or not container:
            raise NotServedError(scope)
        if "x-ms-structured-body" in request.headers:
            raise RefusedError(501, "NotImplemented", "The emulator does not read structured message bodies.")
        grant = self._signer.check(container, dict(query), scope["scheme"])
        response = await handler(_Call(request, container, blob, grant))
        response.headers.update(wire.request_headers(scope))
        await response(scope, receive, send)

    # Containers

    async def _create_container(self, call: _Call) -> Response:
        call.grant.require("c", "w")
        if not self._store.create_container(call.container):
            raise RefusedError(409, "ContainerAlreadyExists", "The specified container already exists.")
        return Response(status_code=201, headers=self._container_headers(call.container))

    async def _container_properties(self, call: _Call) -> Response:
        call.grant.require("r", "l")
        return Response(headers=self._container_headers(call.container))

    def _container_headers(self, container: str) -> dict[str, str]:
        etag, modified = self._store.container(container)
        return {
            "ETag": etag,
            "Last-Modified": wire.http_date(modified),
            "x-ms-lease-status": "unlocked",
            "x-ms-lease-state": "available",
            "x-ms-has-immutability-policy": "false",
            "x-ms-has-legal-hold": "false",
        }

    async def _list(self, call: _Call) -> Response:
        call.grant.require("l")
        query = call.query
        included = set(query.get("include", "").split(","))
        try:
            limit = int(query.get("maxresults") or _MAX_RESULTS)
            marker = wire.marker_from(query)
        except ValueError as error:
            raise RefusedError(400, "OutOfRangeQueryParameterValue", f"maxresults or marker: {error}") from error
        if limit < 1:
            raise RefusedError(400, "OutOfRangeQueryParameterValue", "maxresults is at least 1.")
        page = self._store.page(
            call.container,
            prefix=query.get("prefix", ""),
            delimiter=query.get("delimiter", ""),
            marker=marker,
            limit=min(limit, _MAX_RESULTS),
            uncommitted="uncommittedblobs" in included,
        )
        if self._marks_folders() and not query.get("delimiter"):
            page = _with_folders(page, query.get("prefix", ""), marker)
        endpoint = f"{self._addresses.http}/{ACCOUNT}/"
        return wire.xml(
            wire.render_listing(endpoint, call.container, query, page, with_metadata="metadata" in included)
        )

    # Reading

    async def _get(self, call: _Call) -> Response:
        call.grant.require("r")
        blob = self._store.get(call.container, call.blob)
        headers = call.request.headers
        if (wanted := headers.get("if-match")) is not None and wanted not in {"*", blob.etag}:
            raise RefusedError(412, "ConditionNotMet", "The condition If-Match is not met.")
        if (known := headers.get("if-none-match")) is not None and known in {"*", blob.etag}:
            raise RefusedError(304, "ConditionNotMet", "The condition If-None-Match is not met.")
        answer = wire.blob_headers(blob)
        if call.request.method == "HEAD":
            answer["Content-Length"] = str(blob.size)
            return Response(headers=answer)
        spans = self._store.spans(call.container, call.blob)
        try:
            part = parse_range(headers.get("x-ms-range") or headers.get("range"), blob.size)
        except UnsatisfiableRangeError as error:
            range_headers = {"Content-Range": f"bytes */{blob.size}"}
            raise RefusedError(416, "InvalidRange", "The range specified is invalid.", range_headers) from error
        if part is None:
            return SpansResponse(spans, answer)
        offset, length = part
        spans = cut(spans, offset, length)
        if (md5 := answer.pop("Content-MD5", None)) is not None:
            answer["x-ms-blob-content-md5"] = md5
        if headers.get("x-ms-range-get-content-md5", "").lower() == "true":
            answer["Content-MD5"] = await transfer.md5_of(spans)
        answer["Content-Range"] = f"bytes {offset}-{offset + length - 1}/{blob.size}"
        return SpansResponse(spans, answer, 206)

    async def _metadata(self, call: _Call) -> Response:
        call.grant.require("r")
        blob = self._store.get(call.container, call.blob)
        named = {f"x-ms-meta-{name}": value for name, value in blob.metadata.items()}
        return Response(headers={**wire.stored_headers(blob), **named})

    async def _get_block_list(self, call: _Call) -> Response:
        call.grant.require("r")
        kind = call.query.get("blocklisttype", "committed").lower()
        committed, uncommitted = self._store.blocks(call.container, call.blob)
        blob = self._store.find(call.container, call.blob)
        headers = {} if blob is None else {**wire.stored_headers(blob), "x-ms-blob-content-length": str(blob.size)}
        return wire.xml(
            wire.render_block_list(
                committed if kind in {"committed", "all"} else None,
                uncommitted if kind in {"uncommitted", "all"} else None,
            ),
            headers=headers,
        )

    # Writing

    def _require_write(self, call: _Call) -> None:
        """`c` is enough where nothing is overwritten."""
        if self._store.find(call.container, call.blob) is None:
            call.grant.require("w", "c")
        else:
            call.grant.require("w")

    async def _put(self, call: _Call) -> Response:
        self._require_write(call)
        headers = call.request.headers
        if "x-ms-copy-source" in headers:
            return await self._copy(call)
        if headers.get("x-ms-blob-type") != "BlockBlob":
            raise RefusedError(
                501, "NotImplemented", f"The emulator has block blobs only, not {headers.get('x-ms-blob-type')!r}."
            )
        segment, md5 = await transfer.receive(call.request, self._store, with_md5=True)
        try:
            write = wire.write_from(call.request, plain_content_type=True, md5=md5)
            blob = self._store.put(call.container, call.blob, [segment], write)
        except BaseException:
            self._store.discard(segment)
            raise
        if not segment.size:
            self._store.discard(segment)
        return _written(blob, {"Content-MD5": md5})

    async def _copy(self, call: _Call) -> Response:
        """Copy Blob from URL, and Put Blob from URL, which differs in taking headers from the request."""
        source = call.request.headers["x-ms-copy-source"]
        whole_put = "x-ms-blob-type" in call.request.headers
        write = wire.write_from(call.request, plain_content_type=whole_put)
        inside = self._sources.blob(source)
        if inside is not None:
            blob = self._store.copy(inside, call.container, call.blob, write)
        else:
            segment = await transfer.fetch(await self._sources.spans(source), self._store)
            blob = self._store.put(call.container, call.blob, [segment], write)
        if whole_put:
            return _written(blob, {})
        answer = _written(blob, {"x-ms-copy-id": str(uuid.uuid4()), "x-ms-copy-status": "success"})
        answer.status_code = 202
        return answer

    async def _put_block(self, call: _Call) -> Response:
        call.grant.require("w", "c")
        block = call.query.get("blockid", "")
        if not _is_block_id(block):
            raise RefusedError(400, "InvalidQueryParameterValue", f"blockid {block!r} is not base64 of 1 to 64 bytes.")
        self._store.container(call.container)
        headers = call.request.headers
        source = headers.get("x-ms-copy-source")
        if source is None:
            segment, md5 = await transfer.receive(call.request, self._store, with_md5="content-md5" in headers)
        else:
            spans = await self._sources.spans(source)
            spans = self._sources.part(spans, headers.get("x-ms-source-range"))
            segment = await transfer.fetch(spans, self._store)
            md5 = await self._check_source_md5(segment.name, headers.get("x-ms-source-content-md5"))
        try:
            self._store.put_block(call.container, call.blob, block, segment)
        except BaseException:
            self._store.discard(segment)
            raise
        extra = {"Content-MD5": md5} if md5 else {}
        return Response(status_code=201, headers={"x-ms-request-server-encrypted": "true", **extra})

    async def _check_source_md5(self, segment: str, expected: str | None) -> str:
        if expected is None:
            return ""
        found = await transfer.md5_of([self._store.span(segment)])
        if found != expected:
            raise transfer.md5_mismatch(expected, found)
        return found

    async def _put_block_list(self, call: _Call) -> Response:
        self._require_write(call)
        body = await call.request.body()
        if len(body) > _MAX_LIST_BODY:
            raise RefusedError(413, "RequestBodyTooLarge", "The block list is too long.")
        wanted = wire.parse_block_list(body)
        blob = self._store.put_block_list(
            call.container, call.blob, wanted, wire.write_from(call.request, plain_content_type=False)
        )
        return _written(blob, {})

    async def _set_metadata(self, call: _Call) -> Response:
        call.grant.require("w")
        conditions = wire.conditions_from(call.request)
        blob = self._store.set_metadata(call.container, call.blob, wire.metadata_from(call.request), conditions)
        return Response(headers={**wire.stored_headers(blob), "x-ms-request-server-encrypted": "true"})

    async def _delete(self, call: _Call) -> Response:
        call.grant.require("d")
        self._store.delete(call.container, call.blob, wire.conditions_from(call.request))
        return Response(status_code=202, headers={"x-ms-delete-type-permanent": "true"})


def _is_block_id(text: str) -> bool:
    try:
        return 0 < len(base64.b64decode(text, validate=True)) <= 64
    except ValueError:
        return False


def _written(blob: Blob, extra: dict[str, str]) -> Response:
    headers = {**wire.stored_headers(blob), "x-ms-request-server-encrypted": "true", **extra}
    return Response(status_code=201, headers=headers)
