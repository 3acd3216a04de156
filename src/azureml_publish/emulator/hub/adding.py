"""Folders that become repositories of the emulator's Hub, at a commit that follows from their content."""

import hashlib
import re
import shutil
import uuid
from pathlib import Path

from azureml_publish.emulator.state import DataFolder

_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


def is_repository_name(name: str) -> bool:
    """Whether the Hub here can serve it: `organisation/name` of letters, digits, `.`, `_` and `-`."""
    org, _, rest = name.partition("/")
    return bool(_SEGMENT.fullmatch(org) and _SEGMENT.fullmatch(rest))


def repositories_below(folder: Path) -> dict[str, Path]:
    """The folders `{org}/{name}/` of a folder, by repository name; hidden ones are left out.

    Raises:
        ValueError: There is none, or one has a name that no repository can have.
    """
    two_down = (inner for outer in _folders(folder) for inner in _folders(outer))
    found = {f"{inner.parent.name}/{inner.name}": inner for inner in two_down}
    if not found:
        raise ValueError(f"{folder} holds no folder of the form organisation/name")
    for name in found:
        _check_name(name)
    return found


def add_repository(data: DataFolder, repository: str, source: Path) -> str:
    """Copy a folder into the data folder, from where it is served as `repository` at one commit and at `main`.

    The same files give the same commit, so that adding them again changes nothing; other files give another one, and
    the commits from before stay. A folder `.git` is left out, links are followed to files only.

    Returns:
        The commit: 40 hex digits, SHA-1 over the names and SHA-256 digests of the files.

    Raises:
        ValueError: The name is not `organisation/name`, or the folder holds no file.
        OSError: The folder cannot be read or copied.
    """
    _check_name(repository)
    building = data.incoming / uuid.uuid4().hex
    try:
        identity = hashlib.sha1(usedforsecurity=False)
        for path in _files(source):
            copy = building / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            # Of the copy, so that the commit is that of what is served, whatever becomes of the original meanwhile.
            with copy.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            identity.update(f"{path.relative_to(source).as_posix()}\0{digest}\n".encode())
        commit = identity.hexdigest()
        target = data.hub / repository / commit
        if not target.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            building.rename(target)
        target.touch()  # `main` is the newest
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return commit


def _check_name(repository: str) -> None:
    if not is_repository_name(repository):
        form = "organisation/name of letters, digits, '.', '_' and '-'"
        raise ValueError(f"'{repository}' is not a repository name: {form}")


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _files(source: Path) -> list[Path]:
    if not source.is_dir():
        raise ValueError(f"{source} is not a folder")
    found = (path for path in source.rglob("*") if path.is_file() and ".git" not in path.relative_to(source).parts)
    files = sorted(found, key=lambda path: path.relative_to(source).as_posix())
    if not files:
        raise ValueError(f"{source} holds no file")
    return files
