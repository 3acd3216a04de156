"""Brings a registered version's files to this machine, each checked against the manifest; what is there is kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from azureml_publish.assets import AssetId, ManifestEntry
from azureml_publish.content.manifest import check_manifest, read_signature
from azureml_publish.content.packaging.tree import MANIFEST_FILE, SIGNATURE_FILE
from azureml_publish.content.upload.container import Container
from azureml_publish.content.upload.progress import Progress
from azureml_publish.errors import ContentMismatch
from azureml_publish.files import check_target, write_bytes

CHUNK = 4 * 1024 * 1024
"""Bytes that are fetched at a time; a file that was cut off goes on from there."""

PARTIAL = ".part"
"""The ending of a file that is not whole yet."""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What was brought: the version, the folder, files and bytes in it, and how many files were there already."""

    asset: AssetId
    folder: Path
    files: int
    size: int
    kept: int


def download(asset: AssetId, container: Container, promised: str, folder: Path, progress: Progress) -> Downloaded:
    """Bring the files of a version into a folder. Safe to run again: whole files are kept, cut ones go on.

    The signature comes along where there is one, and the manifest, which is among what is signed.

    Args:
        promised: the manifest's digest, from the version's properties.
        folder: where the files go; it is created. Nothing outside of it is written.

    Raises:
        ContentMismatch: the manifest is not that of the version, a file is not as it says, or a path leads out.
        NotFound: there is no manifest, or a file of it is gone.
        UsageProblem: a link in the folder leads elsewhere.
        OSError: a file cannot be written.
    """
    manifest = container.read_part(MANIFEST_FILE)
    entries = check_manifest(manifest, container.uri, promised)
    targets = [(entry, _target(entry, folder, asset)) for entry in entries]
    size = sum(entry.size for entry in entries)
    progress.begin(asset.name, len(entries), size)
    kept = 0
    try:
        for entry, target in targets:
            progress.file_begun(asset.name, entry.path, entry.size)
            reused = _is_whole(entry, target)
            if reused:
                progress.advance(asset.name, entry.path, entry.size)
            else:
                _fetch(asset, container, entry, target, progress)
            progress.file_done(asset.name, entry.path, entry.size, reused=reused)
            kept += reused
        if (signature := read_signature(container, entries)) is not None:
            write_bytes(folder / MANIFEST_FILE, manifest, root=folder)
            write_bytes(folder / SIGNATURE_FILE, signature, root=folder)
    finally:
        progress.end(asset.name)
    return Downloaded(asset, folder, len(entries), size, kept)


def _target(entry: ManifestEntry, folder: Path, asset: AssetId) -> Path:
    """Where a file goes.

    Raises:
        ContentMismatch: its path leads out of the folder.
        UsageProblem: a link is in the way.
    """
    path, windows = PurePosixPath(entry.path), PureWindowsPath(entry.path)
    if not path.parts or path.is_absolute() or ".." in windows.parts or windows.drive or "\\" in entry.path:
        raise ContentMismatch(f"The manifest of {asset} names a path that leads out of a folder: {entry.path!r}.")
    target = folder / path
    check_target(target, folder)
    return target


def _is_whole(entry: ManifestEntry, target: Path) -> bool:
    """Whether the file is there as the manifest says."""
    if target.is_symlink() or not target.is_file() or target.stat().st_size != entry.size:
        return False
    with target.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == entry.sha256


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Name the file in an error of the disk, which knows none where a write fails."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def _fetch(asset: AssetId, container: Container, entry: ManifestEntry, target: Path, progress: Progress) -> None:
    """Fetch a file beside its place, from where it was cut off, and move it there once it is right."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + PARTIAL)
    if partial.is_symlink() or (partial.exists() and partial.stat().st_size > entry.size):
        partial.unlink()
    digest = hashlib.sha256()
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with _named(partial), os.fdopen(os.open(partial, flags, 0o666), "r+b") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
        start = stream.tell()
        progress.advance(asset.name, entry.path, start)
        while start < entry.size:
            data = container.read_part(entry.path, start, min(CHUNK, entry.size - start))
            if not data:
                break
            stream.write(data)
            digest.update(data)
            start += len(data)
            progress.advance(asset.name, entry.path, len(data))
    if digest.hexdigest() != entry.sha256:
        partial.unlink()
        raise ContentMismatch(
            f"{entry.path} of {asset} is not as its manifest says; it was not kept.",
            hint="Run this again; if it stays so, `publish verify` shows what is damaged.",
        )
    partial.replace(target)
