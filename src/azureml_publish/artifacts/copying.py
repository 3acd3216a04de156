"""From container to container: a registered version's files, copied by the service where it can, and checked.

The service copies by Put Blob From URL and Put Block From URL
(https://learn.microsoft.com/rest/api/storageservices/put-blob-from-url), with the source's read signature in a header
that no log shows. Where it cannot reach the source the bytes go through here. Either way the copy is hashed before its
digest is noted with it, so that a run that is done again knows what is whole.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from azureml_publish.artifacts.container import Container, translated
from azureml_publish.artifacts.manifest import read_manifest
from azureml_publish.artifacts.tree import MANIFEST_FILE, manifest_digest
from azureml_publish.assets import ContainerAccess, ManifestEntry
from azureml_publish.errors import ContentMismatch, NotAuthorised, PublishError

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, ContainerClient

FILES = 4
"""Files under way at a time."""

WHOLE = 256 * 1024 * 1024
"""Bytes up to which a file is copied with one call; Azure allows 5000 MiB."""

BLOCK = 128 * 1024 * 1024
"""Bytes of a block of a larger one; Azure allows 4000 MiB, and 50,000 blocks a blob."""

CHUNK = 8 * 1024 * 1024
"""Bytes that are read at a time."""

SIGNATURES = 5
"""Signatures that are tried for one file; those of a registry are good for an hour or so."""

_SHA256 = "sha256"
_UNCHECKED = {"copied": "unchecked"}
"""Noted with a copy until its digest is; without a note the service takes over the source's, digest and all."""


class Way(StrEnum):
    """How a file got there."""

    KEPT = "kept"
    """An earlier run brought and checked it."""
    COPIED = "copied"
    """The service copied it."""
    STREAMED = "streamed"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of a container; `lend` lends the same container again, with another signature."""

    access: ContainerAccess
    folder: str
    lend: Callable[[], ContainerAccess]

    @property
    def uri(self) -> str:
        """Its URI, without a signature."""
        return f"{self.access.uri}/{self.folder}" if self.folder else self.access.uri


@dataclass(frozen=True, slots=True)
class Copied:
    """A version's files in their new place; `ways` holds one entry a file, the manifest among them."""

    uri: str
    manifest: str
    files: int
    size: int
    ways: tuple[Way, ...]


def copy_content(source: Place, target: Place, promised: str, told: Callable[[str, Way], None]) -> Copied:
    """Copy all files of a manifest, and the manifest itself to the byte.

    Args:
        source: where they are.
        target: where they are to be; what an earlier run brought and checked stays.
        promised: the manifest's digest, from the properties.
        told: hears of every file.

    Raises:
        ContentMismatch: the manifest is not the promised one, or a file is not as it says.
        PublishError: the storage fails, or holds what does not belong there. What has arrived stays for the next run.
    """
    entries, manifest = _read_manifest(source, promised)
    present = Container(target.access, target.folder).files()
    wanted = [*entries, manifest]
    if beyond := sorted(set(present) - {entry.path for entry in wanted}):
        raise PublishError(
            f"{target.uri} holds files that the manifest does not list: {', '.join(beyond[:5])}.",
            hint="Another attempt left them there. Promote another version.",
        )
    copier = _Copier(source, target)

    def one(entry: ManifestEntry) -> Way:
        stored = present.get(entry.path)
        known = stored is not None and (stored.size, stored.sha256) == (entry.size, entry.sha256)
        way = Way.KEPT if known else copier.bring(entry)
        told(entry.path, way)
        return way

    with ThreadPoolExecutor(FILES, thread_name_prefix="copy") as pool:
        ways = tuple(pool.map(one, entries))
    ways += (one(manifest),)
    return Copied(target.uri, promised, len(entries), sum(entry.size for entry in entries), ways)


def _read_manifest(source: Place, promised: str) -> tuple[tuple[ManifestEntry, ...], ManifestEntry]:
    """The files that the manifest lists, and the manifest as a file."""
    container = Container(source.access, source.folder)
    try:
        entries = read_manifest(container)
        digest = manifest_digest(entries)
        data = b"".join(container.read(MANIFEST_FILE))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ContentMismatch(f"{MANIFEST_FILE} in {source.uri} cannot be read: {error}.") from error
    if digest != promised:
        raise ContentMismatch(
            f"{MANIFEST_FILE} in {source.uri} has the digest {digest}, the registered one is {promised}.",
            hint="`publish verify` shows what differs. Nothing was registered.",
        )
    return entries, ManifestEntry(MANIFEST_FILE, len(data), hashlib.sha256(data).hexdigest())


class _Copier:
    """Brings files from one place to another; remembers where the service cannot reach the source."""

    def __init__(self, source: Place, target: Place) -> None:
        self._source, self._target = source, target
        self._clients = (_client(source.access), _client(target.access))
        self._renewing = threading.Lock()
        self._out_of_reach = threading.Event()

    def bring(self, entry: ManifestEntry) -> Way:
        """Copy a file, check it, and note its digest with it; with other signatures where these are refused."""
        for _ in range(SIGNATURES - 1):
            clients = self._clients
            try:
                return self._bring(entry, *clients)
            except NotAuthorised:
                self._renew(clients)
        return self._bring(entry, *self._clients)

    def _renew(self, refused: tuple[ContainerClient, ContainerClient]) -> None:
        with self._renewing:
            if self._clients is refused:  # else another file was faster
                self._clients = (_client(self._source.lend()), _client(self._target.lend()))
                self._out_of_reach.clear()

    def _bring(self, entry: ManifestEntry, reader: ContainerClient, writer: ContainerClient) -> Way:
        source, target = self._blob(reader, self._source, entry), self._blob(writer, self._target, entry)
        at = f"{self._target.uri}/{entry.path}"
        way = Way.STREAMED
        if not self._out_of_reach.is_set() and self._copy(source, target, entry):
            with translated(at):
                came = _sha256(target.download_blob(max_concurrency=1).chunks())
            way = Way.COPIED
        else:
            came = _stream(source, target, entry, f"{self._source.uri}/{entry.path}", at)
        if came != entry.sha256:
            raise ContentMismatch(
                f"{entry.path}: the SHA-256 of the copy is {came}, {entry.sha256} in the manifest.",
                hint="The source is damaged, or was on the way; `publish verify` tells. Nothing was registered.",
            )
        with translated(at):
            target.set_blob_metadata({_SHA256: came})
        return way

    def _copy(self, source: BlobClient, target: BlobClient, entry: ManifestEntry) -> bool:
        """Have the service copy a file; whether it could."""
        from azure.core.exceptions import HttpResponseError
        from azure.storage.blob import BlobBlock

        try:
            if entry.size <= WHOLE:
                target.upload_blob_from_url(source.url, overwrite=True, metadata=dict(_UNCHECKED))
                return True
            names = []
            for number, start in enumerate(range(0, entry.size, BLOCK)):
                names.append(base64.b64encode(f"{number:08}".encode()).decode())
                target.stage_block_from_url(names[-1], source.url, start, min(BLOCK, entry.size - start))
            target.commit_block_list([BlobBlock(name) for name in names], metadata=dict(_UNCHECKED))
        except HttpResponseError:
            # Storage behind a private network, or another cloud's. The text may hold the signature: it is not told.
            self._out_of_reach.set()
            return False
        return True

    @staticmethod
    def _blob(client: ContainerClient, place: Place, entry: ManifestEntry) -> BlobClient:
        return client.get_blob_client(f"{place.folder}/{entry.path}" if place.folder else entry.path)


def _stream(source: BlobClient, target: BlobClient, entry: ManifestEntry, read: str, written: str) -> str:
    """Read a file and write it; the SHA-256 of what came."""
    digest = hashlib.sha256()

    def chunks() -> Iterator[bytes]:
        with translated(read):
            for chunk in source.download_blob(max_concurrency=1).chunks():
                digest.update(chunk)
                yield chunk

    with translated(written):
        target.upload_blob(chunks(), length=entry.size, overwrite=True, metadata=dict(_UNCHECKED))
    return digest.hexdigest()


def _sha256(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _client(access: ContainerAccess) -> ContainerClient:
    from azure.storage.blob import ContainerClient

    # As for uploads: the SDK's own first wait of 15 s suits a batch job, not somebody at a terminal.
    return ContainerClient.from_container_url(
        access.sas_uri,
        max_chunk_get_size=CHUNK,
        max_single_get_size=CHUNK,
        max_block_size=CHUNK,
        initial_backoff=1,
        increment_base=2,
        retry_total=6,
    )
