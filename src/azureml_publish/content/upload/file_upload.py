"""The upload of one file: its blocks are read several at a time, hashed in order, sent, and committed if all agree.

A block is named after its number and the SHA-256 of the file up to its end. A block of that name that an earlier run
left with the service is thus the block that was just read and hashed, and need not be sent again; one of another file,
another place or another state of the source has another name.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

from azureml_publish.assets import ManifestEntry
from azureml_publish.content.packaging.tree import ArtifactFile
from azureml_publish.content.sources.readers import Readers
from azureml_publish.content.upload.container import BLOCK, Container, block_size, metadata_of
from azureml_publish.content.upload.pool import UploadPool
from azureml_publish.content.upload.progress import Progress
from azureml_publish.content.upload.retry import RetryPolicy, Stop
from azureml_publish.errors import ContentMismatch, Interrupted, PublishError, Unreachable

_CHANGED = "The source changed or was damaged on the way; nothing was registered. Run again."


@dataclass(frozen=True, slots=True)
class Watcher:
    """Passes the progress of one file to that of the run, from several threads; `trouble`: one will not be there."""

    model: str
    file: ArtifactFile
    progress: Progress
    trouble: threading.Event

    def advance(self, count: int) -> None:
        """So many more bytes are in the container."""
        self.progress.advance(self.model, self.file.path, count)

    def waits(self, seconds: float, error: Unreachable) -> None:
        """Something did not answer; the next attempt is in `seconds`."""
        self.progress.waits(self.model, self.file.path, seconds, error.message)

    def done(self) -> None:
        """The file is in the container, whole and checked."""
        self.progress.file_done(self.model, self.file.path, self.file.size, reused=False)


@dataclass(frozen=True, slots=True)
class UploadContext:
    """What the uploads of a run share."""

    container: Container
    source: Readers
    pool: UploadPool
    retry: RetryPolicy
    stop: Stop
    block: int = BLOCK


class FileUpload:
    """The upload of one file. `bring` is called for every span, in any order and from any thread."""

    def __init__(
        self, file: ArtifactFile, context: UploadContext, watcher: Watcher, present: Mapping[str, int]
    ) -> None:
        """Begin.

        Args:
            present: names and sizes of the blocks that an earlier run left with the service.
        """
        self.file = file
        self.entry: ManifestEntry | None = None
        self.error: BaseException | None = None
        self._context = context
        self._watcher = watcher
        self._present = present
        self.fetched = 0
        """Bytes that the storage fetched itself."""
        self._fetches = file.size > context.block
        self._hashes = _Hashes(file)
        self._turn = threading.Condition()
        self._next = 0
        size = block_size(file.size, context.block)
        self.spans = tuple(
            Span(index, start, min(size, file.size - start))
            for index, start in enumerate(range(0, max(file.size, 1), size))
        )
        self._names = [""] * len(self.spans)
        self._left = len(self.spans)

    def bring(self, span: Span) -> None:
        """Read, hash in turn and send one span; the last one commits the file.

        A failure is kept in `error`, and ends the other spans.
        """
        try:
            self._go_on()
            data = self._read(span)
            name = self._hash(span, data)
            if len(self.spans) == 1:
                entry = self._hashes.entry()
                self._go_on()
                self._context.container.put(self.file, data, metadata_of(self.file, entry.sha256))
                self.entry = entry
                self._watcher.advance(len(data))
                self._watcher.done()
                return
            self._send(span, name, data)
            self._commit()
        except BaseException as error:  # noqa: BLE001 - it is raised where the file is waited for
            with self._turn:
                self.error = self.error or error
                self._turn.notify_all()
            self._watcher.trouble.set()

    def _read(self, span: Span) -> bytes:
        context, buffer = self._context, BytesIO()

        def fetch() -> None:
            missing = span.length - buffer.tell()
            if not missing:
                return
            for chunk in context.source.stream(self.file, span.start + buffer.tell(), missing):
                self._go_on()
                context.pool.bandwidth.take(len(chunk), self._over)
                buffer.write(chunk[: span.length - buffer.tell()])
            if buffer.tell() < span.length:
                at = span.start + buffer.tell()
                raise Unreachable(f"The source ended {self.file.path} after {at:,} of {self.file.size:,} bytes.")

        context.retry.attempt(fetch, stop=self._over, on_wait=self._watcher.waits, position=buffer.tell)
        return buffer.getvalue()

    def _hash(self, span: Span, data: bytes) -> str:
        """Wait for the spans before this one, hash, and name the block."""
        with self._turn:
            self._turn.wait_for(lambda: self._next == span.index or self.error is not None)
        self._go_on()
        name = self._hashes.add(span.index, data)  # nobody else has its turn now
        self._names[span.index] = name
        with self._turn:
            self._next += 1
            self._turn.notify_all()
        return name

    def _send(self, span: Span, name: str, data: bytes) -> None:
        container = self._context.container
        if self._present.get(name) != len(data):
            self._go_on()
            if not self._fetched_by_service(span, name, data):
                container.stage(self.file, name, data)
        self._watcher.advance(len(data))

    def _fetched_by_service(self, span: Span, name: str, data: bytes) -> bool:
        # Requested for every block, because the signature in an address may end before the last block is there.
        source = self._context.source.copy_source(self.file) if self._fetches else None
        if source is None:
            return False
        try:
            self._context.container.stage_from(self.file.path, name, source, span.start, data)
        except PublishError:
            self._fetches = False  # the service does not do it, or not from there
            return False
        with self._turn:
            self.fetched += len(data)
        return True

    def _commit(self) -> None:
        with self._turn:
            self._left -= 1
            if self._left:
                return
        entry = self._hashes.entry()
        self._context.container.commit(self.file, self._names, metadata_of(self.file, entry.sha256))
        self.entry = entry
        self._watcher.done()

    def _over(self) -> bool:
        return self.error is not None or self._context.stop()

    def _go_on(self) -> None:
        if self._over():
            raise Interrupted(f"Stopped at {self.file.path}.", hint="Run again to carry on from here.")


@dataclass(frozen=True, slots=True)
class Span:
    """A run of bytes of a file that makes one block."""

    index: int
    start: int
    length: int


NAME_LENGTH = 49
"""Characters of a block's name: six digits and a SHA-256 in base64. Azure wants one length for all blocks of a blob."""


class _Hashes:
    """Counts and hashes a file's bytes in order."""

    def __init__(self, file: ArtifactFile) -> None:
        self._file = file
        self._size = 0
        self._sha256 = hashlib.sha256()
        # Git names a blob by its SHA-1; this only compares with what the Hub says, and protects nothing.
        self._git = hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)

    def add(self, index: int, data: bytes) -> str:
        """Hash the next bytes, and name the block that they make; all names have one length."""
        self._size += len(data)
        self._sha256.update(data)
        if self._file.git_oid is not None:
            self._git.update(data)
        return f"{index:06}{base64.urlsafe_b64encode(self._sha256.digest()).decode().rstrip('=')}"

    def entry(self) -> ManifestEntry:
        """The manifest's entry for the bytes that came.

        Raises:
            ContentMismatch: it is not what was promised.
        """
        file, came = self._file, self._sha256.hexdigest()
        if self._size != file.size:
            raise ContentMismatch(
                f"{file.path}: {self._size:,} bytes came, {file.size:,} were promised.", hint=_CHANGED
            )
        if file.sha256 is not None and came != file.sha256:
            raise ContentMismatch(f"{file.path}: its SHA-256 is {came}, not {file.sha256}.", hint=_CHANGED)
        if file.git_oid is not None and self._git.hexdigest() != file.git_oid:
            raise ContentMismatch(
                f"{file.path}: its git blob id is {self._git.hexdigest()}, not {file.git_oid}.", hint=_CHANGED
            )
        return ManifestEntry(file.path, self._size, came)
