"""A local folder as a source: one walk for list, size and hash; nothing outside the folder is followed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from azureml_publish.artifacts.tree import ArtifactFile, LocalOrigin
from azureml_publish.errors import UnusableSource

CHUNK = 1024 * 1024


def list_local_files(folder: Path) -> tuple[ArtifactFile, ...]:
    """Every file below a folder with its size and SHA-256.

    Raises:
        UnusableSource: the folder is not there, a link in it leads outside, nowhere or to a folder, or a file
            cannot be read.
    """
    if not folder.is_dir():
        raise UnusableSource(f"The source folder {folder} is not there.", hint="Mend `source.local` in the spec.")
    root = folder.resolve()
    files: list[ArtifactFile] = []
    for path in sorted(root.rglob("*")):
        if not Path(os.path.realpath(path)).is_relative_to(root):
            raise UnusableSource(f"{path} leads out of {folder}.", hint="Put the file itself into the folder.")
        if not path.exists():
            raise UnusableSource(f"{path} leads nowhere.", hint="Put the file itself into the folder.")
        if path.is_symlink() and path.is_dir():
            raise UnusableSource(f"{path} is a link to a folder.", hint="Put the folder itself there.")
        if path.is_file():
            relative = path.relative_to(root).as_posix()
            files.append(ArtifactFile(relative, path.stat().st_size, LocalOrigin(path), sha256=_sha256(path)))
    return tuple(files)


def read_local_file(path: Path) -> Iterator[bytes]:
    """The bytes of a file, a MiB at a time.

    Raises:
        UnusableSource: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                yield chunk
    except OSError as error:
        hint = "Make it a readable file, or take it out of the folder."
        raise UnusableSource(f"{path} cannot be read: {error.strerror}.", hint=hint) from error


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    for chunk in read_local_file(path):
        digest.update(chunk)
    return digest.hexdigest()
