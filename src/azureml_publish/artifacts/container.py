"""A registry's blob container: files go in block by block and appear whole, checked; they are read back as streams."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from azureml_publish.artifacts.tree import ArtifactFile
from azureml_publish.assets import ContainerAccess, ManifestEntry
from azureml_publish.errors import ContentMismatch, NotAuthorised, NotFound, PublishError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.storage.blob import BlobClient, ContainerClient

BLOCK = 8 * 1024 * 1024
"""Bytes of one block; Azure allows 50,000 blocks a blob, which makes 390 GiB a file."""

WINDOW = 4
"""Blocks of one file under way at a time: what a transfer holds in memory is BLOCK * (WINDOW + 1)."""

SHA256_KEY = "sha256"
GIT_OID_KEY = "git_oid"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that lies in a container: its size, and the digests that were noted when it was checked and committed."""

    size: int
    sha256: str | None = None
    git_oid: str | None = None

    def is_known_to_be(self, file: ArtifactFile) -> bool:
        """Whether an earlier run brought and checked just this file."""
        if self.size != file.size or self.sha256 is None:
            return False
        if file.sha256 is not None:
            return self.sha256 == file.sha256
        return file.git_oid is not None and self.git_oid == file.git_oid


class Container:
    """Files below one folder of a container."""

    def __init__(self, access: ContainerAccess, folder: str) -> None:
        self._access = access
        self._folder = folder.strip("/")
        self._opened: ContainerClient | None = None

    @property
    def uri(self) -> str:
        """The folder's URI, without a signature."""
        return f"{self._access.uri}/{self._folder}" if self._folder else self._access.uri

    def files(self) -> Mapping[str, StoredFile]:
        """What lies in the folder, by path below it."""
        prefix = f"{self._folder}/" if self._folder else ""
        found: dict[str, StoredFile] = {}
        with _translated(self.uri):
            for blob in self._client().list_blobs(name_starts_with=prefix or None, include=["metadata"]):
                noted = blob.metadata or {}
                found[blob.name.removeprefix(prefix)] = StoredFile(
                    blob.size, noted.get(SHA256_KEY), noted.get(GIT_OID_KEY)
                )
        return MappingProxyType(found)

    def read(self, path: str) -> Iterator[bytes]:
        """The bytes of a file."""
        with _translated(f"{self.uri}/{path}"):
            yield from self._blob(path).download_blob(max_concurrency=1).chunks()

    def write(self, file: ArtifactFile, chunks: Iterable[bytes], advance: Callable[[int], None]) -> ManifestEntry:
        """Bring one file in. It appears when all of it is there and its size and digests are right, and not before.

        Raises:
            ContentMismatch: the bytes are not those that were promised; nothing appeared.
        """
        from azure.storage.blob import BlobBlock

        hashes = _Hashes(file)
        blob = self._blob(file.path)
        with _translated(f"{self.uri}/{file.path}"):
            blocks = _blocks(hashes.through(chunks))
            first = next(blocks, b"")
            if len(first) < BLOCK:
                entry = hashes.entry()
                blob.upload_blob(first, length=len(first), overwrite=True, metadata=hashes.metadata())
                advance(len(first))
                return entry
            names = _stage(blob, first, blocks, advance)
            entry = hashes.entry()
            blob.commit_block_list([BlobBlock(name) for name in names], metadata=hashes.metadata())
        return entry

    def _blob(self, path: str) -> BlobClient:
        return self._client().get_blob_client(f"{self._folder}/{path}" if self._folder else path)

    def _client(self) -> ContainerClient:
        if self._opened is None:
            from azure.storage.blob import ContainerClient

            # The SDK's own first wait of 15 s suits a batch job, not somebody at a terminal.
            self._opened = ContainerClient.from_container_url(
                self._access.sas_uri,
                max_chunk_get_size=BLOCK,
                max_single_get_size=BLOCK,
                initial_backoff=1,
                increment_base=2,
                retry_total=6,
            )
        return self._opened


class _Hashes:
    """Counts and hashes a file's bytes on their way."""

    def __init__(self, file: ArtifactFile) -> None:
        self._file = file
        self._size = 0
        self._sha256 = hashlib.sha256()
        # Git names a blob by SHA-1; this is a comparison with the Hub's word, not a protection.
        self._git = hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._size += len(chunk)
            self._sha256.update(chunk)
            if self._file.git_oid is not None:
                self._git.update(chunk)
            yield chunk

    def entry(self) -> ManifestEntry:
        """What came, if it is what was promised."""
        file, came = self._file, self._sha256.hexdigest()
        hint = "The source changed or was damaged on the way; nothing was registered. Run again."
        if self._size != file.size:
            raise ContentMismatch(f"{file.path}: {self._size:,} bytes came, {file.size:,} were promised.", hint=hint)
        if file.sha256 is not None and came != file.sha256:
            raise ContentMismatch(f"{file.path}: its SHA-256 is {came}, not {file.sha256}.", hint=hint)
        if file.git_oid is not None and self._git.hexdigest() != file.git_oid:
            raise ContentMismatch(
                f"{file.path}: its git blob id is {self._git.hexdigest()}, not {file.git_oid}.", hint=hint
            )
        return ManifestEntry(file.path, self._size, came)

    def metadata(self) -> dict[str, str]:
        noted = {SHA256_KEY: self._sha256.hexdigest()}
        return noted if self._file.git_oid is None else noted | {GIT_OID_KEY: self._file.git_oid}


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) >= BLOCK:
            yield bytes(waiting[:BLOCK])
            del waiting[:BLOCK]
    if waiting:
        yield bytes(waiting)


def _stage(blob: BlobClient, first: bytes, rest: Iterator[bytes], advance: Callable[[int], None]) -> list[str]:
    """Send blocks, a few at a time, while the next are read and hashed; their names in order."""
    names: list[str] = []
    under_way: set[Future[int]] = set()

    def send(name: str, block: bytes) -> int:
        blob.stage_block(name, block, length=len(block))
        return len(block)

    with ThreadPoolExecutor(WINDOW, thread_name_prefix="block") as pool:
        block: bytes | None = first
        while block is not None:
            name = base64.b64encode(f"{len(names):08}".encode()).decode()
            names.append(name)
            under_way.add(pool.submit(send, name, block))
            if len(under_way) >= WINDOW:
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for sent in done:
                    advance(sent.result())
            block = next(rest, None)
        for sent in wait(under_way).done:
            advance(sent.result())
    return names


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn azure-storage-blob's errors into this project's, by type and status; their text may hold a signature."""
    from azure.core import exceptions

    try:
        yield
    except exceptions.HttpResponseError as error:
        status, code = error.status_code, getattr(error, "error_code", None) or error.reason
        if status == 404:
            raise NotFound(f"The container has no {what}.") from None
        if status in (401, 403):
            hint = "The registry's signature has run out or lacks a permission; run again."
            raise NotAuthorised(f"The storage refuses {what}: {code}.", hint=hint) from None
        raise PublishError(f"The storage answers {status} ({code}) for {what}.", hint="Run again.") from None
    except exceptions.AzureError as error:
        hint = "Check the network; a private registry needs a route to its storage."
        raise Unreachable(f"The storage cannot be reached for {what}: {type(error).__name__}.", hint=hint) from None
