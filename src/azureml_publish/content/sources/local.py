"""A local folder as a source: one walk for list, size and hash; nothing outside the folder is followed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from azureml_publish.content.digests import Digests
from azureml_publish.content.packaging.tree import ArtifactFile, LocalOrigin
from azureml_publish.content.sources.selection import choose, is_leftover
from azureml_publish.errors import UnusableSource
from azureml_publish.files import UnusableFile, read_file
from azureml_publish.globs import IgnoreFile

CHUNK = 1024 * 1024

IGNORE_FILE = ".amlignore"
"""Names what stays behind, as a .gitignore does; azure-ai-ml reads the same file for its uploads.
A .gitignore is not read: weights are what git ignores."""


def list_local_files(
    folder: Path,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    digests: Digests | None = None,
    *,
    hashed: bool = True,
) -> tuple[ArtifactFile, ...]:
    """Every file below a folder with its size and SHA-256, except those that its ignore file or the patterns exclude.

    For a path of a file, that file alone.

    Args:
        folder: the folder, or one file.
        include: patterns of `choose`.
        exclude: likewise.
        digests: of earlier runs; a file that has not changed since is not read again.
        hashed: whether to read the files for their SHA-256.

    Raises:
        UnusableSource: the folder is not there, a link in it leads outside, nowhere or to a folder, or a file
            cannot be read.
    """
    found = _find(folder)
    files: list[ArtifactFile] = []
    for relative in choose(sorted(found), include, exclude):
        path = found[relative]
        _check(path, folder)
        noted = _digest(path, digests) if hashed else None
        files.append(ArtifactFile(relative, path.stat().st_size, LocalOrigin(path), sha256=noted))
    return tuple(files)


def _find(folder: Path) -> dict[str, Path]:
    """The files of a local source, by their path in it."""
    if folder.is_file():
        return {folder.name: folder.resolve()}
    if not folder.is_dir():
        hint = "Correct `source.local` in the spec: a folder or a file, relative to the model folder."
        raise UnusableSource(f"The source folder {folder} is not there.", hint=hint)
    root = folder.resolve()
    return dict(_walk(root, _read_ignore_file(root)))


def _digest(path: Path, digests: Digests | None) -> str:
    noted = digests.find(path) if digests is not None else None
    if noted is None:
        before = path.stat()
        noted = _sha256(path)
        if digests is not None:
            digests.note(path, before, noted)
    return noted


def read_local_file(path: Path, start: int = 0, length: int | None = None) -> Iterator[bytes]:
    """Bytes of a file, a MiB at a time; fewer than requested if it ends earlier.

    Raises:
        UnusableSource: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            stream.seek(start)
            left = length
            while chunk := stream.read(CHUNK if left is None else min(CHUNK, left)):
                left = None if left is None else left - len(chunk)
                yield chunk
    except OSError as error:
        hint = "Make it a readable file, or take it out of the folder."
        raise UnusableSource(f"{path} cannot be read: {error.strerror}.", hint=hint) from error


def _walk(root: Path, ignored: IgnoreFile | None) -> Iterator[tuple[str, Path]]:
    """Everything below a folder but folders, by its path below it; what is ignored is not looked into."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            hint = "Make it a readable folder, or take it out."
            raise UnusableSource(f"{folder} cannot be read: {error.strerror}.", hint=hint) from error
        for entry in entries:
            path = Path(entry.path)
            relative = path.relative_to(root).as_posix()
            inside = entry.is_dir(follow_symlinks=False)
            left = relative == IGNORE_FILE or is_leftover(relative)
            if left or (ignored and ignored.matches(relative, folder=inside)):
                continue
            if inside:
                waiting.append(path)
            else:
                yield relative, path


def _check(path: Path, folder: Path) -> None:
    root = folder.resolve()
    hint = "Put the file itself into the folder."
    if not Path(os.path.realpath(path)).is_relative_to(root):
        raise UnusableSource(f"{path} leads out of {root}.", hint=hint)
    if not path.exists():
        raise UnusableSource(f"{path} leads nowhere.", hint=hint)
    if path.is_dir():
        raise UnusableSource(f"{path} is a link to a folder.", hint="Put the folder itself there.")
    if not stat.S_ISREG(path.stat().st_mode):
        raise UnusableSource(f"{path} is not a file with content.", hint="Take it out of the folder, or exclude it.")


def _read_ignore_file(root: Path) -> IgnoreFile | None:
    path = root / IGNORE_FILE
    if not os.path.lexists(path):
        return None
    try:
        return IgnoreFile(read_file(path, root).decode().splitlines())
    except (UnusableFile, ValueError) as error:
        raise UnusableSource(
            f"{path} cannot be read: {error}.", hint="Write it in the form of a .gitignore, in UTF-8."
        ) from error


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    for chunk in read_local_file(path):
        digest.update(chunk)
    return digest.hexdigest()
