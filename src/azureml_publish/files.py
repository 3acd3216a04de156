"""The one writer of files: each is replaced whole or not at all, and edits keep everything that they do not change."""

from __future__ import annotations

import codecs
import os
import secrets
from pathlib import Path

from azureml_publish.documents import Document
from azureml_publish.documents.edits import replace_value
from azureml_publish.errors import UsageProblem

CONFIG_FILE = "publish.yaml"
"""The file that makes a folder a project."""


def write_whole(path: Path, text: str, *, durable: bool = True) -> None:
    """As `write_bytes`, for text, which is written as UTF-8 with its line ends as they are."""
    write_bytes(path, text.encode(), durable=durable)


def write_bytes(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file beside its place and move it there, so that nobody sees half of it.

    A new file has the permissions that the umask leaves; an existing one keeps its own. A symbolic link is replaced,
    so that a link in a folder from elsewhere cannot lead a write out of it; `write_edited` follows links.

    Args:
        path: the file; its folder exists.
        data: all of its content.
        durable: whether the content is on disk when this returns. Not needed for what can be made again.

    Raises:
        OSError: it cannot be written, with the name of the file; the file is as it was.
    """
    try:
        _replace(path, data, durable=durable)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _replace(path: Path, data: bytes, *, durable: bool) -> None:
    temporary = path.with_name(f".publish-{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        if path.exists() and not path.is_symlink():
            temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_edited(path: Path, text: str) -> None:
    """Write the edited text of a project's document. A byte order mark, which documents do not hold, stays.

    A symbolic link stays, too: the file that it leads to is replaced, if it is in the same project.

    Raises:
        UsageProblem: the link leads out of the project.
        OSError: as `write_bytes`.
    """
    target = _edited_file(path)
    marked = target.is_file() and target.read_bytes().startswith(codecs.BOM_UTF8)
    write_whole(target, f"\ufeff{text}" if marked else text)


def _edited_file(path: Path) -> Path:
    if not path.is_symlink():
        return path
    target = path.resolve()
    project = next((folder for folder in path.absolute().parents if (folder / CONFIG_FILE).exists()), path.parent)
    if not target.is_relative_to(project.resolve()):
        raise UsageProblem(
            f"{path} is a link to {target}, outside the project; it was not changed.",
            hint="Make the change in that file, or replace the link by a copy of the file.",
        )
    return target


def with_version(document: Document, version: int) -> str:
    """The text of a model.yaml with another version.

    Raises:
        UsageProblem: the version cannot be replaced alone, for example where an anchor shares it.
    """
    try:
        return replace_value(document, ("version",), version)
    except ValueError as error:
        hint = f"Write version: {version} by hand."
        raise UsageProblem(f"{document.path}: the version cannot be replaced alone.", hint=hint) from error
