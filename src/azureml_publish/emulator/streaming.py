"""Bytes between sockets and files in large pieces, so that memory stays bounded and Python stays out of the way."""

import asyncio
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

READ_BYTES = 512 * 1024
"""How much is read and sent at a time. Larger pieces make asyncio shift its own write buffer about."""

WRITE_BYTES = 1024 * 1024
"""How much is gathered before it is written."""

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class Span:
    """A run of bytes in a file."""

    path: Path
    offset: int
    length: int


class UnsatisfiableRangeError(Exception):
    """A range that starts beyond the end."""


def parse_range(value: str | None, size: int) -> tuple[int, int] | None:
    """Read a `Range` header of one range.

    Args:
        size: Size of the whole in bytes.

    Returns:
        Offset and length, or None where there is no range or one that RFC 9110 section 14.2 lets a server ignore.

    Raises:
        UnsatisfiableRangeError: The range starts at or after the end.
    """
    match = _RANGE.fullmatch(value.strip()) if value else None
    if match is None or match.group(1) == match.group(2) == "":
        return None
    first, last = match.groups()
    if first == "":
        length = min(int(last), size)
        if length == 0:
            raise UnsatisfiableRangeError
        return size - length, length
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    if start >= size:
        raise UnsatisfiableRangeError
    return (start, end - start + 1) if end >= start else None


def cut(spans: Sequence[Span], offset: int, length: int) -> list[Span]:
    """The part of a sequence of spans that starts `offset` bytes in and is `length` bytes long."""
    result = []
    for span in spans:
        if length <= 0:
            break
        if offset >= span.length:
            offset -= span.length
            continue
        take = min(span.length - offset, length)
        result.append(Span(span.path, span.offset + offset, take))
        offset, length = 0, length - take
    return result


def chunks(spans: Iterable[Span], size: int) -> Iterator[bytes]:
    """The bytes of spans, at most so many at a time."""
    for span in spans:
        with span.path.open("rb", buffering=0) as file:
            file.seek(span.offset)
            left = span.length
            while left:
                chunk = file.read(min(size, left))
                if not chunk:
                    raise OSError(f"{span.path} is shorter than recorded")
                left -= len(chunk)
                yield chunk


class SpansResponse(Response):
    """An answer whose body is read from files while it is sent."""

    def __init__(self, spans: Sequence[Span], headers: dict[str, str], status_code: int = 200) -> None:
        self._spans = spans
        length = sum(span.length for span in spans)
        super().__init__(status_code=status_code, headers={**headers, "Content-Length": str(length)})

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the head, and the body unless the request was a HEAD."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            for chunk in chunks(self._spans, READ_BYTES):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class Sink:
    """A file that takes a request body; the write of one piece overlaps with the arrival of the next.

    Attributes:
        size: Bytes taken so far.
        md5: MD5 of them with `with_md5`; complete after `finish`.
    """

    def __init__(self, file: BinaryIO, *, with_md5: bool) -> None:
        self._file = file
        self.md5 = hashlib.md5(usedforsecurity=False) if with_md5 else None
        self._gathered: list[bytes] = []
        self._waiting = 0
        self._task: asyncio.Future[None] | None = None
        self.size = 0

    async def take(self, chunk: bytes) -> None:
        """Accept bytes; they are on disk only after `finish`."""
        self._gathered.append(chunk)
        self._waiting += len(chunk)
        self.size += len(chunk)
        if self._waiting >= WRITE_BYTES:
            await self._hand_over()

    async def _hand_over(self) -> None:
        data, self._gathered, self._waiting = b"".join(self._gathered), [], 0
        await self._settle()
        self._task = asyncio.get_running_loop().run_in_executor(None, self.store, data)

    async def _settle(self) -> None:
        if self._task is not None:
            task, self._task = self._task, None
            await task

    def store(self, data: bytes) -> None:
        """Write one piece; runs in a worker thread."""
        self._file.write(data)
        if self.md5 is not None:
            self.md5.update(data)

    async def finish(self) -> None:
        """Write what is left."""
        await self._settle()
        if self._gathered:
            data, self._gathered = b"".join(self._gathered), []
            self.store(data)


async def pour(receive: Receive, sink: Sink) -> None:
    """Move a whole request body into a sink.

    Raises:
        ClientDisconnect: The client went away; the sink holds a part.
    """
    try:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            if body := message.get("body", b""):
                await sink.take(body)
            if not message.get("more_body", False):
                break
    finally:
        await sink.finish()
