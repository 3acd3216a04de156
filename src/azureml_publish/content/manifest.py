"""The manifest: what a version holds, written beside its files, and the check of the files against it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from azureml_publish.assets import AssetId, ContentCheck, ManifestEntry
from azureml_publish.content.packaging.tree import (
    MANIFEST_FILE,
    SIGNATURE_FILE,
    ArtifactFile,
    RenderedOrigin,
    manifest_digest,
)
from azureml_publish.content.signing import MAX_SIGNATURE_BYTES, Verifier
from azureml_publish.content.upload.container import Container, StoredFile, metadata_of
from azureml_publish.content.upload.progress import Progress, Silent
from azureml_publish.errors import ContentMismatch, NotFound

SCHEMA_VERSION = 1

READERS = 4
"""Files that are read back at a time, a block of each in memory."""


def write_manifest(container: Container, entries: Iterable[ManifestEntry], source: object, tool: str) -> bytes:
    """Put the manifest beside the files it lists; what was written."""
    listed = sorted(entries)
    document = {
        "schema_version": SCHEMA_VERSION,
        "tool": tool,
        "source": source,
        "files": [entry._asdict() for entry in listed],
    }
    data = (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
    put_beside(container, MANIFEST_FILE, data)
    return data


def put_beside(container: Container, path: str, data: bytes) -> None:
    """Put the manifest, or the signature, beside the files of a version."""
    digest = hashlib.sha256(data).hexdigest()
    file = ArtifactFile(path, len(data), RenderedOrigin(data), sha256=digest)
    container.put(file, data, metadata_of(file, digest))


def read_signature(container: Container, entries: Iterable[ManifestEntry]) -> bytes | None:
    """The bundle that signs a version's files; None where there is none.

    A file of this name that the manifest lists came from the version's source, and signs something else.
    """
    stored = container.files().get(SIGNATURE_FILE)
    if stored is None or stored.size > MAX_SIGNATURE_BYTES or any(one.path == SIGNATURE_FILE for one in entries):
        return None
    return container.read_part(SIGNATURE_FILE)


def check_content(
    asset: AssetId,
    container: Container,
    promised: str,
    *,
    quick: bool = False,
    progress: Progress | None = None,
    verifier: Verifier | None = None,
) -> ContentCheck:
    """Compare every registered file with the manifest, and the manifest with the digest in the properties.

    Args:
        promised: the manifest's digest, from the properties.
        quick: compare sizes, and the digests that were noted when the files were checked, without reading them.
        progress: is called with the bytes that were read.
        verifier: checks the signature; None where none is wanted.

    Raises:
        PublishError: the storage fails, or what the signature is checked with cannot be had.
    """
    try:
        data = container.read_part(MANIFEST_FILE)
        entries = parse_manifest(data)
        digest = manifest_digest(entries)
    except NotFound:
        return ContentCheck(asset, problems=(f"{MANIFEST_FILE} is not there: registered by another tool, or removed",))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return ContentCheck(asset, problems=(f"{MANIFEST_FILE} cannot be read: {error}",))
    problems: list[str] = []
    if digest != promised:
        problems.append(f"{MANIFEST_FILE}: its digest is {digest}, the registered one {promised}")
    signed_by = ""
    if verifier is not None:
        problem = _signature_problem(container, data, entries, verifier)
        problems += [problem] if problem else []
        signed_by = "" if problem else verifier.signer
    size = sum(entry.size for entry in entries)
    watched = progress if progress is not None and not quick else Silent()
    watched.begin(asset.name, len(entries), size)
    try:
        reader = None if quick else _Reader(asset.name, container, watched)
        problems.extend(_differences(container.files(), entries, reader))
    finally:
        watched.end(asset.name)
    return ContentCheck(asset, len(entries), size, tuple(problems), signed_by)


def _signature_problem(
    container: Container, manifest: bytes, entries: tuple[ManifestEntry, ...], verifier: Verifier
) -> str:
    bundle = read_signature(container, entries)
    if bundle is None:
        return f"{SIGNATURE_FILE}: not there, so nobody signed this version"
    if not verifier.accepts(bundle, manifest, entries):
        return f"{SIGNATURE_FILE}: not by {verifier.signer}, or over other files"
    return ""


def parse_manifest(data: bytes) -> tuple[ManifestEntry, ...]:
    """The files that a manifest lists.

    Raises:
        ValueError, KeyError, TypeError: it is not a manifest.
    """
    document = json.loads(data)
    if document["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"schema_version {document['schema_version']} is not {SCHEMA_VERSION}")
    entries = tuple(ManifestEntry(str(e["path"]), e["size"], str(e["sha256"])) for e in document["files"])
    for entry in entries:
        if re.search("[\x00-\x1f\x7f-\x9f\ud800-\udfff]", entry.path):
            raise ValueError(f"{entry.path!r} cannot be a file")
        if type(entry.size) is not int or entry.size < 0 or not re.fullmatch("[0-9a-f]{64}", entry.sha256):
            raise ValueError(f"{entry.path} has no size or no SHA-256")
    return entries


def source_of(data: bytes) -> Mapping[str, object]:
    """The source that a manifest names, with the keys of the spec; empty where it names none."""
    source = json.loads(data).get("source")
    return source if isinstance(source, dict) else {}


def check_manifest(data: bytes, where: str, promised: str) -> tuple[ManifestEntry, ...]:
    """The files that the manifest of a registered version lists.

    Args:
        where: where it lies, for people.
        promised: its digest, from the properties.

    Raises:
        ContentMismatch: it is not a manifest, or not the promised one.
    """
    try:
        entries = parse_manifest(data)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ContentMismatch(f"{MANIFEST_FILE} in {where} cannot be read: {error}.") from error
    if (digest := manifest_digest(entries)) != promised:
        raise ContentMismatch(
            f"{MANIFEST_FILE} in {where} has the digest {digest}, the registered one is {promised}.",
            hint="`publish verify` shows what differs.",
        )
    return entries


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
    for path in sorted(set(stored) - {entry.path for entry in entries} - {MANIFEST_FILE, SIGNATURE_FILE}):
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
