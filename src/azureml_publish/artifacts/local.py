"""A local folder as a source: one walk for list, size and hash; nothing outside the folder is followed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from azureml_publish.artifacts.tree import ArtifactFile, LocalOrigin
from azureml_publish.errors import UnusableSource

CHUNK = 1024 * 1024


def list_local_files(folder: Path) -> tuple[ArtifactFile, ...]:
    """Every file below a folder with its size and SHA-256.

    Raises:
        UnusableSource: the folder is not there, or a link in it leads outside.
    """
    if not folder.is_dir():
        raise UnusableSource(f"The source folder {folder} is not there.", hint="Mend `source.local` in the spec.")
    root = folder.resolve()
    files: list[ArtifactFile] = []
    for path in sorted(root.rglob("*")):
        if not path.resolve().is_relative_to(root):
            raise UnusableSource(f"{path} leads out of {folder}.", hint="Put the file itself into the folder.")
        if path.is_file():
            relative = path.relative_to(root).as_posix()
            files.append(ArtifactFile(relative, path.stat().st_size, LocalOrigin(path), sha256=_sha256(path)))
    return tuple(files)


def read_local_file(path: Path) -> Iterator[bytes]:
    """The bytes of a file, a MiB at a time."""
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
