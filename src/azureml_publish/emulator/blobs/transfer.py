"""Bytes of blobs on their way in: from a request body, or from another file of the emulator."""

import asyncio
import base64
import hashlib
from collections.abc import Sequence

from starlette.requests import Request

from azureml_publish.emulator.blobs.store import BlobStore
from azureml_publish.emulator.blobs.values import Segment
from azureml_publish.emulator.routing import RefusedError
from azureml_publish.emulator.streaming import WRITE_BYTES, Sink, Span, chunks, pour


def md5_mismatch(expected: str, found: str) -> RefusedError:
    """What a wrong Content-MD5 is answered with."""
    return RefusedError(
        400,
        "Md5Mismatch",
        f"The MD5 value specified in the request did not match with the MD5 value calculated by the server:"
        f" {expected} was sent, {found} came out.",
    )


def _compare(expected: str | None, found: str) -> None:
    if expected is not None and found and expected != found:
        raise md5_mismatch(expected, found)


async def receive(request: Request, store: BlobStore, *, with_md5: bool) -> tuple[Segment, str]:
    """Write a request body to disk, and check it against its `Content-MD5` if it has one.

    Returns:
        The segment, and the base64 of its MD5; empty if it was not requested.

    Raises:
        RefusedError: 400, the MD5 differs.
        ClientDisconnect: The body ended early. Nothing is kept in either case.
    """
    path = store.incoming()
    try:
        with path.open("wb", buffering=0) as file:
            sink = Sink(file, with_md5=with_md5)
            await pour(request.receive, sink)
        md5 = base64.b64encode(sink.md5.digest()).decode() if sink.md5 is not None else ""
        _compare(request.headers.get("content-md5"), md5)
        return store.adopt(path, sink.size), md5
    except BaseException:
        path.unlink(missing_ok=True)
        raise


async def fetch(spans: Sequence[Span], store: BlobStore) -> Segment:
    """Copy bytes that the emulator already has into a segment, in a worker thread."""
    path = store.incoming()

    def copy() -> int:
        size = 0
        with path.open("wb", buffering=0) as target:
            for chunk in chunks(spans, WRITE_BYTES):
                size += target.write(chunk)
        return size

    try:
        return store.adopt(path, await asyncio.to_thread(copy))
    except BaseException:
        path.unlink(missing_ok=True)
        raise


async def md5_of(spans: Sequence[Span]) -> str:
    """Base64 of the MD5 of a run of bytes, computed in a worker thread."""

    def compute() -> str:
        digest = hashlib.md5(usedforsecurity=False)
        for chunk in chunks(spans, WRITE_BYTES):
            digest.update(chunk)
        return base64.b64encode(digest.digest()).decode()

    return await asyncio.to_thread(compute)
