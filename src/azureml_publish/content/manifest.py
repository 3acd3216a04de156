"""The manifest: what a version holds, written beside its files, and the check of the files against it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from azureml_publish.assets import AssetId, ContentCheck, ManifestEntry
from azureml_publish.content.packaging.tree import MANIFEST_FILE, ArtifactFile, RenderedOrigin, manifest_digest
from azureml_publish.content.upload.container import Container, StoredFile, metadata_of
from azureml_publish.content.upload.progress import Progress, Silent
from azureml_publish.errors import NotFound

SCHEMA_VERSION = 1

READERS = 4
"""Files that are read back at a time, a block of each in memory."""


def write_manifest(container: Container, entries: Iterable[ManifestEntry], source: object, tool: str) -> str:
    """Put the manifest beside the files it lists; its digest, which covers the files alone."""
    listed = sorted(entries)
    document = {
        "schema_version": SCHEMA_VERSION,
        "tool": tool,
        "source": source,
        "files": [entry._asdict() for entry in listed],
    }
    data = (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
    digest = hashlib.sha256(data).hexdigest()
    file = ArtifactFile(MANIFEST_FILE, len(data), RenderedOrigin(data), sha256=digest)
    container.put(file, data, metadata_of(file, digest))
    return manifest_digest(listed)


def check_content(
    asset: AssetId, container: Container, promised: str, *, quick: bool = False, progress: Progress | None = None
) -> ContentCheck:
    """Compare every registered file with the manifest, and the manifest with the digest in the properties.

    Args:
        asset: the version.
        container: where its files are.
        promised: the manifest's digest, from the properties.
        quick: compare sizes, and the digests that were noted when the files were checked, without reading them.
        progress: is called with the bytes that were read.
    """
    try:
        entries = read_manifest(container)
        digest = manifest_digest(entries)
    except NotFound:
        return ContentCheck(asset, problems=(f"{MANIFEST_FILE} is not there: registered by another tool, or removed",))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return ContentCheck(asset, problems=(f"{MANIFEST_FILE} cannot be read: {error}",))
    problems: list[str] = []
    if digest != promised:
        problems.append(f"{MANIFEST_FILE}: its digest is {digest}, the registered one {promised}")
    size = sum(entry.size for entry in entries)
    watched = progress if progress is not None and not quick else Silent()
    watched.begin(asset.name, len(entries), size)
    try:
        reader = None if quick else _Reader(asset.name, container, watched)
        problems.extend(_differences(container.files(), entries, reader))
    finally:
        watched.end(asset.name)
    return ContentCheck(asset, len(entries), size, tuple(problems))


def read_manifest(container: Container) -> tuple[ManifestEntry, ...]:
    """The files that the manifest in a container lists.

    Raises:
        NotFound: there is none.
        ValueError, KeyError, TypeError: it is not a manifest.
    """
    return parse_manifest(container.read_part(MANIFEST_FILE))


def parse_manifest(data: bytes) -> tuple[ManifestEntry, ...]:
    """The files that a manifest lists.

    Raises:
        ValueError, KeyError, TypeError: it is not a manifest.
    """
    document = json.loads(data)
    if document["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"schema_version {document['schema_version']} is not {SCHEMA_VERSION}")
    return tuple(ManifestEntry(str(e["path"]), int(e["size"]), str(e["sha256"])) for e in document["files"])


def _differences(
    stored: Mapping[str, StoredFile], entries: tuple[ManifestEntry, ...], reader: _Reader | None
) -> Iterator[str]:
    """What is not as the manifest says; without a reader, by what was noted with the files."""

    def difference(entry: ManifestEntry) -> str | None:
        found = stored.get(entry.path)
        if found is None:
            return f"{entry.path}: not there"
        if found.size != entry.size:
            return f"{entry.path}: {found.size:,} bytes, {entry.size:,} in the manifest"
        sha256 = found.sha256 if reader is None else reader.hash(entry)
        if sha256 is None:
            return f"{entry.path}: no SHA-256 is noted with it; without --quick it is read"
        if sha256 != entry.sha256:
            return f"{entry.path}: its SHA-256 is {sha256}, {entry.sha256} in the manifest"
        return None

    with ThreadPoolExecutor(READERS, thread_name_prefix="verify") as pool:
        yield from filter(None, pool.map(difference, entries))
    for path in sorted(set(stored) - {entry.path for entry in entries} - {MANIFEST_FILE}):
        yield f"{path}: not in the manifest"


class _Reader(NamedTuple):
    """Reads a version's files back."""

    model: str
    container: Container
    progress: Progress

    def hash(self, entry: ManifestEntry) -> str:
        """The SHA-256 of a file's bytes."""
        self.progress.file_begun(self.model, entry.path, entry.size)
        digest = hashlib.sha256()
        for chunk in self.container.read(entry.path, entry.size):
            digest.update(chunk)
            self.progress.advance(self.model, entry.path, len(chunk))
        self.progress.file_done(self.model, entry.path, entry.size, reused=False)
        return digest.hexdigest()
