"""The files of a model version, as data: decided before the first byte is uploaded."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeAlias

from azureml_publish.assets import ManifestEntry, ModelType, RenderedFile

MANIFEST_FILE = "publish-manifest.json"
"""Name of the manifest, beside the files that it lists."""

SIGNATURE_FILE = "model.sig"
"""Name of the bundle that signs a version's files, beside the manifest (`content.signing`)."""

MOST_PARTS = 250
"""Azure takes 254 path segments a blob name
(https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata); the
folder round a model takes two."""

_CONTENT_TYPES = {
    ".html": "text/html",
    ".jinja": "text/plain",
    ".json": "application/json",
    ".md": "text/markdown",
    ".py": "text/x-python",
    ".txt": "text/plain",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
"""By suffix; not Python's `mimetypes`, because its answers depend on the machine."""


@dataclass(frozen=True, slots=True)
class HubOrigin:
    """A file of a Hub repository at one commit."""

    repository: str
    revision: str
    path: str


@dataclass(frozen=True, slots=True)
class LocalOrigin:
    """A file on this machine."""

    path: Path


@dataclass(frozen=True, slots=True)
class BlobOrigin:
    """A file in an Azure blob container; `with_credential`: it cannot be read without one."""

    storage: str
    container: str
    name: str
    with_credential: bool = False


@dataclass(frozen=True, slots=True)
class RenderedOrigin:
    """A file that was rendered and is held in memory."""

    data: bytes


class Store(Protocol):
    """Where a registered version's files are; `Container` is one."""

    def read_part(self, path: str, *part: int) -> bytes:
        """Bytes of a file: `part` is where they start and how many; none, all of them."""

    def address(self, path: str) -> str:
        """A file's URL with a signature that is good for a while."""


@dataclass(frozen=True, slots=True)
class StoredOrigin:
    """A file of a registered version, below the same path."""

    store: Store


class FileReader(Protocol):
    """Reads the files of one place, with whatever opens it."""

    def read(self, path: str, start: int, length: int) -> Iterator[bytes]:
        """Bytes of a file; fewer come where the connection breaks off."""

    def copy_source(self, path: str) -> tuple[str, str | None] | None:
        """The address at which another storage service may read a file, and the `Authorization` to show there."""


@dataclass(frozen=True, slots=True)
class ReadOrigin:
    """A file of a place that has a reader of its own, by its path there."""

    reader: FileReader = field(repr=False)
    path: str


Origin: TypeAlias = HubOrigin | LocalOrigin | BlobOrigin | RenderedOrigin | StoredOrigin | ReadOrigin


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    r"""One file: path below the model's folder (`/` between parts), size in bytes, and what is known of its content.

    `sha256` is lower-case hex where the source's listing has it; `git_oid` is git's blob id (SHA-1 over
    `blob {size}\0` and the bytes), which the Hub gives for small files instead; `etag` is what blob storage gives.
    """

    path: str
    size: int
    origin: Origin
    sha256: str | None = None
    git_oid: str | None = None
    etag: str | None = None

    @property
    def content_type(self) -> str:
        """What the blob is served as."""
        if PurePosixPath(self.path).name in ("MLmodel", "LICENSE", "NOTICE"):
            return "text/plain"
        return _CONTENT_TYPES.get(PurePosixPath(self.path).suffix.lower(), "application/octet-stream")


def add_rendered(files: Iterable[ArtifactFile], package: Iterable[RenderedFile]) -> tuple[ArtifactFile, ...]:
    """The files of a version, sorted by path: those of its source, and those that were rendered."""
    rendered = []
    for file in package:
        data = file.text.encode()
        digest = hashlib.sha256(data).hexdigest()
        rendered.append(ArtifactFile(file.path, len(data), RenderedOrigin(data), sha256=digest))
    return tuple(sorted((*files, *rendered), key=lambda file: file.path))


def manifest_digest(entries: Iterable[ManifestEntry]) -> str:
    """The identity of a version's content: SHA-256 (hex) over the lines `sha256 size path`, sorted by path."""
    digest = hashlib.sha256()
    for entry in sorted(entries, key=lambda entry: entry.path):
        digest.update(f"{entry.sha256} {entry.size} {entry.path}\n".encode())
    return digest.hexdigest()


def source_digest(
    source: object, kind: ModelType, package: Iterable[RenderedFile], held: Iterable[ManifestEntry]
) -> str:
    """The identity of the content that a spec describes, known without a network: source, type and rendered files.

    A Hub revision is a full commit, so it stands for its files. The files of any other source are in `held`, as far as
    they are known.
    """
    rendered = sorted((file.path, hashlib.sha256(file.text.encode()).hexdigest()) for file in package)
    described = {"source": source, "type": kind, "package": rendered, "local": sorted(held)}
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


def path_problem(path: str) -> str:
    """Why a path cannot be published: it leaves the folder, or no blob has such a name; empty if it can."""
    parts = path.split("/")
    bad = (
        not path
        or path.startswith("/")
        or len(parts) > MOST_PARTS
        or any(part in ("", ".", "..") or part.endswith(".") for part in parts)
    )
    # Surrogates are how Python reads a file name that is not UTF-8.
    bad = bad or any(unicodedata.category(character) in ("Cc", "Cs") for character in path)
    if bad or "\\" in path or ":" in parts[0] or len(path) > 900:
        return f"The path {path!r} cannot be published."
    if path.lower() == MANIFEST_FILE:
        return f"The path '{path}' is kept for the list of files that publish writes."
    return ""
