"""A registry's blob container: files go in block by block and appear whole; they are read back as streams."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from azureml_publish.assets import ContainerAccess
from azureml_publish.content.failures import Service, storage_failures
from azureml_publish.content.packaging.tree import ArtifactFile
from azureml_publish.content.upload.lease import Lease, Renew
from azureml_publish.content.upload.retry import (
    OnWait,
    RetryPolicy,
    Stop,
    ignore_wait,
    never,
)
from azureml_publish.errors import NotAuthorised, NotFound

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, ContainerClient, ContentSettings

BLOCK = 8 * 1024 * 1024
"""Bytes of one block, as long as a file has no more than Azure's 50,000 of them (390 GiB)."""

MOST_BLOCKS = 50_000
"""https://learn.microsoft.com/azure/storage/blobs/scalability-targets"""

FETCH_ATTEMPTS = 3
"""How often the service may try to fetch a block itself, before the block is sent, which always works."""

STORAGE = Service(
    "The storage",
    access="The registry's signature has run out or lacks a permission; run again.",
    check="Run again.",
    network="Check the network: rules of the storage or a private endpoint may keep this machine out.",
    is_source=False,
)

SHA256_KEY = "sha256"
"""Key of the metadata that holds a blob's SHA-256, written when the blob was checked."""
GIT_OID_KEY = "git_oid"
ETAG_KEY = "source_etag"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that lies in a container: its size, and the digests that were noted when it was checked and committed."""

    size: int
    sha256: str | None = None
    git_oid: str | None = None
    etag: str | None = None

    def is_known_to_be(self, file: ArtifactFile) -> bool:
        """Whether an earlier run brought and checked just this file."""
        if self.size != file.size or self.sha256 is None:
            return False
        if file.sha256 is not None:
            return self.sha256 == file.sha256
        if file.git_oid is not None:
            return self.git_oid == file.git_oid
        return file.etag is not None and self.etag == _plain(file.etag)


class Container:
    """Files below one folder of a container; leaving the `with` closes its connections. Thread-safe."""

    def __init__(
        self,
        access: ContainerAccess,
        folder: str,
        renew: Renew | None = None,
        *,
        retry: RetryPolicy | None = None,
        stop: Stop = never,
        on_wait: OnWait = ignore_wait,
        connections: int = 8,
    ) -> None:
        """Name a folder.

        Args:
            access: the container's address with its signature.
            folder: path in it; empty for all of it.
            renew: gets another signature for the same container.
            connections: how many requests there are at a time.
        """
        self._lease = Lease(access, renew, connections=connections)
        self._folder = folder.strip("/")
        self._retry = retry or RetryPolicy()
        self._stop = stop
        self._on_wait = on_wait

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._lease.close()

    @property
    def uri(self) -> str:
        """The folder's URI, without a signature."""
        return f"{self._lease.uri}/{self._folder}" if self._folder else self._lease.uri

    def files(self) -> Mapping[str, StoredFile]:
        """The files of the folder, by path below it."""

        def call(client: ContainerClient) -> Mapping[str, StoredFile]:
            found: dict[str, StoredFile] = {}
            for blob in client.list_blobs(name_starts_with=self._prefix or None, include=["metadata"]):
                if is_folder(blob):
                    continue
                noted = blob.metadata or {}
                found[blob.name.removeprefix(self._prefix)] = StoredFile(
                    blob.size, noted.get(SHA256_KEY), noted.get(GIT_OID_KEY), noted.get(ETAG_KEY)
                )
            return MappingProxyType(found)

        return self._do(call, self.uri)

    def begun(self) -> frozenset[str]:
        """Paths of files that were begun and not committed, or that have no note of a check."""

        def call(client: ContainerClient) -> frozenset[str]:
            listed = client.list_blobs(name_starts_with=self._prefix or None, include=["metadata", "uncommittedblobs"])
            return frozenset(
                blob.name.removeprefix(self._prefix)
                for blob in listed
                if SHA256_KEY not in (blob.metadata or {}) and not is_folder(blob)
            )

        return self._do(call, self.uri)

    def blocks(self, path: str) -> Mapping[str, int]:
        """Names and sizes of a file's blocks that wait to be committed."""

        def call(client: ContainerClient) -> Mapping[str, int]:
            _, waiting = self._blob(client, path).get_block_list("uncommitted")
            return {block.id: block.size for block in waiting}

        try:
            return self._do(call, f"{self.uri}/{path}")
        except NotFound:
            return {}

    def read(self, path: str, size: int | None = None) -> Iterator[bytes]:
        """The bytes of a file; block by block where a size is given and is large."""
        if size is None:
            yield self.read_part(path)
            return
        for start in range(0, size, BLOCK):
            yield self.read_part(path, start, min(BLOCK, size - start))

    def read_part(self, path: str, *part: int) -> bytes:
        """Bytes of a file: `part` is the start and the length; without it, all bytes."""

        def call(client: ContainerClient) -> bytes:
            return self._blob(client, path).download_blob(*part, max_concurrency=1).readall()

        return self._do(call, f"{self.uri}/{path}")

    def address(self, path: str) -> str:
        """A file's signed URL, for another storage service. It must not appear in any report."""
        return self._blob(self._lease.client(), path).url

    def put(self, file: ArtifactFile, data: bytes, metadata: Mapping[str, str]) -> None:
        """Write a whole file. The service compares the MD5 of the bytes that arrived."""

        def call(client: ContainerClient) -> None:
            self._blob(client, file.path).upload_blob(
                data,
                length=len(data),
                overwrite=True,
                metadata=dict(metadata),
                content_settings=_settings(file, data),
                validate_content=True,
            )

        self._do(call, f"{self.uri}/{file.path}")

    def stage(self, file: ArtifactFile, name: str, data: bytes) -> None:
        """Send a block; it is not visible before it is committed.

        HTTPS itself protects the bytes. Over plain HTTP the service compares the block's MD5.
        """
        checked = self._lease.uri.startswith("http://")

        def call(client: ContainerClient) -> None:
            self._blob(client, file.path).stage_block(name, data, length=len(data), validate_content=checked)

        self._do(call, f"{self.uri}/{file.path}")

    def stage_from(self, path: str, name: str, source: tuple[str, str | None], start: int, data: bytes) -> None:
        """Let the service fetch a block itself, and compare its MD5 with that of the bytes that were read here.

        Args:
            name: the block's name.
            source: address and `Authorization` of the source.
            start: where the block begins in the source.
            data: what it holds.

        Raises:
            PublishError: the service cannot do that, or not from this source; the block may be sent instead.
        """
        url, authorization = source
        shown: dict[str, Any] = {"source_authorization": authorization} if authorization else {}
        md5 = hashlib.md5(data, usedforsecurity=False).digest()

        def once() -> None:
            # The source may be what refused, so the container's signature is not renewed here.
            with storage_failures(STORAGE, f"{self.uri}/{path}"):
                self._blob(self._lease.client(), path).stage_block_from_url(
                    name, url, start, len(data), source_content_md5=bytearray(md5), **shown
                )

        retry = replace(self._retry, attempts=min(FETCH_ATTEMPTS, self._retry.attempts))
        retry.attempt(once, stop=self._stop, on_wait=self._on_wait)

    def commit(self, file: ArtifactFile, names: list[str], metadata: Mapping[str, str]) -> None:
        """Make a file appear from its blocks."""
        from azure.storage.blob import BlobBlock

        def call(client: ContainerClient) -> None:
            self._blob(client, file.path).commit_block_list(
                [BlobBlock(name) for name in names], metadata=dict(metadata), content_settings=_settings(file)
            )

        self._do(call, f"{self.uri}/{file.path}")

    def forget_blocks(self, path: str) -> None:
        """Drop the uncommitted blocks of a file; it is empty afterwards, without a note of a check."""
        self._do(lambda client: self._blob(client, path).commit_block_list([]), f"{self.uri}/{path}")

    @property
    def _prefix(self) -> str:
        return f"{self._folder}/" if self._folder else ""

    def _blob(self, client: ContainerClient, path: str) -> BlobClient:
        return client.get_blob_client(f"{self._prefix}{path}")

    def _do(self, call: Callable[[ContainerClient], T], what: str) -> T:
        """Call with retries, and with another signature where this one is refused."""
        refusals = 0

        def once() -> T:
            nonlocal refusals
            while True:
                client = self._lease.client()
                try:
                    with storage_failures(STORAGE, what):
                        return call(client)
                except NotAuthorised:
                    refusals += 1
                    if refusals > 2 or not self._lease.refused(client):
                        raise

        return self._retry.attempt(once, stop=self._stop, on_wait=self._on_wait)


def metadata_of(file: ArtifactFile, sha256: str) -> dict[str, str]:
    """The metadata of a file that was checked, by which the next run recognises it."""
    noted = {SHA256_KEY: sha256}
    if file.git_oid is not None:
        noted[GIT_OID_KEY] = file.git_oid
    if file.etag is not None:
        noted[ETAG_KEY] = _plain(file.etag)
    return noted


def block_size(size: int, least: int = BLOCK) -> int:
    """Bytes of a block of a file of this size: whole MiB, and no more of them than the service allows."""
    mib = 1024 * 1024
    return max(least, -(-size // MOST_BLOCKS // mib) * mib if size > least * MOST_BLOCKS else 0)


def is_folder(blob: Any) -> bool:
    """Whether a blob stands for a folder, as storage with a hierarchical namespace lists them."""
    noted = {key.lower(): str(value).lower() for key, value in (blob.metadata or {}).items()}
    return noted.get("hdi_isfolder") == "true" or (blob.name.endswith("/") and not blob.size)


def _plain(etag: str) -> str:
    return etag.strip('"')


def _settings(file: ArtifactFile, data: bytes | None = None) -> ContentSettings:
    from azure.storage.blob import ContentSettings

    md5 = None if data is None else bytearray(hashlib.md5(data, usedforsecurity=False).digest())
    return ContentSettings(content_type=file.content_type, content_md5=md5)
