"""Opens a source of any kind: its list of files, and the small parts of them that packaging reads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from azureml_publish.content.digests import Digests
from azureml_publish.content.packaging.source_files import Part, SourceFiles, parts_to_read, rest_of_header
from azureml_publish.content.packaging.tree import (
    ArtifactFile,
    BlobOrigin,
    HubOrigin,
    LocalOrigin,
    ReadOrigin,
    RenderedOrigin,
    StoredOrigin,
)
from azureml_publish.content.sources.azureblob import Blobs
from azureml_publish.content.sources.azureml import AzureMlFiles
from azureml_publish.content.sources.git import Clones
from azureml_publish.content.sources.hub import Hub
from azureml_publish.content.sources.local import list_local_files, read_local_file
from azureml_publish.content.sources.mlflow import MlflowFiles
from azureml_publish.content.sources.selection import choose
from azureml_publish.content.upload.retry import RetryPolicy, Stop
from azureml_publish.errors import ContentMismatch, Unreachable
from azureml_publish.project import CARRIED_FOLDER, ModelFolder
from azureml_publish.spec import AzuremlSource, BlobSource, GitSource, HubSource, LocalSource, MlflowSource

HASHED = 8 * 1024 * 1024
"""Bytes that are read at a time of a file that is hashed."""

AT_A_TIME = 8
"""Parts of files that are read at a time, of one source."""


def _silent(_path: str, _seconds: float, _error: Unreachable) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class SourceHost:
    """What the host of a source says about it: the commit, the task, how access is granted; empty for nothing."""

    commit: str = ""
    task: str = ""
    gated: str = ""
    stand_in: bool = False


@dataclass(frozen=True, slots=True)
class Readers:
    """What reads sources: one for each place where files can lie.

    `stop`: whether to stop; `waits` is called before every wait for a file.
    """

    hub: Hub
    blobs: Blobs = field(default_factory=Blobs)
    clones: Clones = field(default_factory=Clones)
    azureml: AzureMlFiles = field(default_factory=AzureMlFiles)
    mlflow: MlflowFiles = field(default_factory=MlflowFiles)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    stop: Stop = bool
    waits: Callable[[str, float, Unreachable], None] = _silent

    def list_files(self, folder: ModelFolder) -> tuple[ArtifactFile, ...]:
        """The files of a model folder's source without those that it excludes and those that tools leave behind.

        Raises:
            PublishError: the source cannot be read; see `list_files` of each kind.
        """
        source = folder.spec.source
        match source:
            case LocalSource(local=local):
                return list_local_files(find_local(folder, local), source.include, source.exclude, hashed=False)
            case BlobSource(azureblob=blob):
                listed = self.blobs.list_files(blob)
            case GitSource(git=repository):
                listed = self.clones.list_files(repository)
            case AzuremlSource(azureml=address):
                listed = self.azureml.list_files(address)
            case MlflowSource(mlflow=address):
                kept = self.mlflow.in_workspace(address)
                listed = self.azureml.list_files(kept) if kept else self.mlflow.list_files(address)
            case HubSource():
                return self.hub.list_files(source)
        chosen = set(choose((file.path for file in listed), source.include, source.exclude))
        return tuple(file for file in listed if file.path in chosen)

    def close(self) -> None:
        """Close all connections but the Hub's, which the process shares, once no request is under way."""
        self.blobs.close()
        self.azureml.close()
        self.mlflow.close()

    def read(self, file: ArtifactFile, start: int, length: int) -> bytes:
        """A small part of a file; a connection that breaks is continued where it ended.

        Raises:
            PublishError: it cannot be read.
            Interrupted: `stop` returned true while waiting.
        """
        got = bytearray()

        def read_all() -> bytes:
            for chunk in self.stream(file, start + len(got), length - len(got)):
                got.extend(chunk)
            if len(got) < length:
                raise Unreachable(f"The source broke off within {file.path}.", hint="Try again.")
            return bytes(got)

        on_wait = partial(self.waits, file.path)
        return self.retry.attempt(read_all, stop=self.stop, on_wait=on_wait, position=lambda: len(got))

    def hash_file(self, file: ArtifactFile) -> str:
        """The SHA-256 (hex) of a file, which is read whole for it, a block at a time.

        Raises:
            PublishError, Interrupted: see `read`.
        """
        digest = hashlib.sha256()
        for start in range(0, file.size, HASHED):
            digest.update(self.read(file, start, min(HASHED, file.size - start)))
        return digest.hexdigest()

    def describe(self, folder: ModelFolder) -> SourceHost:
        """What the host of a model folder's source says about it.

        Raises:
            PublishError: it does not answer.
        """
        match folder.spec.source:
            case HubSource(huggingface=repository, revision=revision):
                found = self.hub.describe(repository, revision)
                return SourceHost(found.revision, found.task, found.gated, found.stand_in)
            case GitSource(git=repository):
                return SourceHost(self.clones.commit(repository))
        return SourceHost()

    def stream(self, file: ArtifactFile, start: int, length: int) -> Iterator[bytes]:
        """Bytes of a file; fewer than requested may come.

        Raises:
            Unreachable: worth another attempt.
            PublishError: not worth one.
        """
        match file.origin:
            case HubOrigin():
                return self.hub.read(file.origin, start, length, file.size)
            case BlobOrigin():
                return self.blobs.read(file.origin, start, length, file.etag)
            case LocalOrigin(path):
                return _whole(file, read_local_file(path, start, length), length)
            case RenderedOrigin(data):
                return _whole(file, iter([data[start : start + length]]), length)
            case ReadOrigin(reader, path):
                return reader.read(path, start, length)
            case StoredOrigin(store):
                # There is no range of an empty file.
                return iter([store.read_part(file.path, start, length)] if length else [])

    def copy_source(self, file: ArtifactFile) -> tuple[str, str | None] | None:
        """Where the storage could fetch a file itself: address and `Authorization`; None where it cannot."""
        match file.origin:
            case BlobOrigin():
                return self.blobs.copy_source(file.origin)
            case StoredOrigin(store):
                return store.address(file.path), None
            case ReadOrigin(reader, path):
                return reader.copy_source(path)
            case _:
                return None

    def open(self, folder: ModelFolder) -> SourceFiles:
        """The files of a model folder's source, with what packaging looks at.

        Raises:
            PublishError: the source cannot be read.
        """
        return open_files(self.list_files(folder), self.read)


def _whole(file: ArtifactFile, chunks: Iterator[bytes], length: int) -> Iterator[bytes]:
    """A local file is whole when it is read: fewer bytes mean that it has changed."""
    for chunk in chunks:
        length -= len(chunk)
        yield chunk
    if length > 0:
        raise ContentMismatch(
            f"{file.path}: {file.size - length:,} bytes came, {file.size:,} were promised.",
            hint="The source changed; nothing was registered. Run again.",
        )


def open_files(files: Iterable[ArtifactFile], read: Callable[[ArtifactFile, int, int], bytes]) -> SourceFiles:
    """Files with the parts that packaging looks at, several read at a time.

    Raises:
        ContentMismatch: a file is shorter than its source's listing.
        PublishError: a part cannot be read.
    """
    listed = tuple(sorted(files, key=lambda file: file.path))

    def fetch(part: Part) -> tuple[str, bytes]:
        file, length = part
        data = read(file, 0, length) if length else b""
        if more := rest_of_header(file, data):
            data += read(file, len(data), more)
        if len(data) < length:
            hint = "The source changed under way; nothing was registered. Run again."
            raise ContentMismatch(f"{file.path} is shorter than its source says.", hint=hint)
        return file.path, data

    with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="source") as pool:
        return SourceFiles(listed, dict(pool.map(fetch, parts_to_read(listed))))


def open_local(folder: ModelFolder) -> SourceFiles | None:
    """The files of a local source, read without any network; None where the source is another one, or not there.

    Raises:
        UnusableSource: a file or link of it cannot be used.
    """
    source = folder.spec.source
    if not isinstance(source, LocalSource) or not find_local(folder, source.local).exists():
        return None
    place = find_local(folder, source.local)
    return open_files(list_local_files(place, source.include, source.exclude, hashed=False), _read_local)


def hash_local(folder: ModelFolder, digests: Digests | None = None) -> tuple[ArtifactFile, ...]:
    """The files of a local source with their SHA-256; none of any other source.

    Raises:
        UnusableSource: the source is not there, or a file or link of it cannot be used.
    """
    source = folder.spec.source
    if not isinstance(source, LocalSource):
        return ()
    return list_local_files(find_local(folder, source.local), source.include, source.exclude, digests)


def find_local(folder: ModelFolder, local: str) -> Path:
    """The folder or file that a local source means: beside the spec, else among the files that the folder carries."""
    beside, carried = folder.path / local, folder.path / CARRIED_FOLDER / local
    return carried if carried.exists() and not beside.exists() else beside


def _read_local(file: ArtifactFile, start: int, length: int) -> bytes:
    assert isinstance(file.origin, LocalOrigin)  # noqa: S101 - only local files are listed for it
    return b"".join(read_local_file(file.origin.path, start, length))
