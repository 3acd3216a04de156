"""How verbs write files: whole or not at all, and edits that keep what they do not mean."""

from __future__ import annotations

import codecs
import os
import tempfile
from pathlib import Path

from azureml_publish.documents import Document
from azureml_publish.documents.edits import replace_value
from azureml_publish.errors import UsageProblem


def write_whole(path: Path, text: str) -> None:
    """Write a file beside its place and move it there, so that it is never seen half-written."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """As `write_whole`, for bytes.

    Raises:
        OSError: the disk does not take it, with the name of the file that was meant; it is as it was.
    """
    try:
        _write(path, data)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _write(path: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_edited(path: Path, text: str) -> None:
    """Write the edited text of a document; a byte order mark, which documents do not hold, stays."""
    marked = path.is_file() and path.read_bytes().startswith(codecs.BOM_UTF8)
    write_whole(path, f"\ufeff{text}" if marked else text)


def with_version(document: Document, version: int) -> str:
    """The text of a model.yaml with another version.

    Raises:
        UsageProblem: the version cannot be replaced without changing more, as where it is an anchor of something else.
    """
    try:
        return replace_value(document, ("version",), version)
    except ValueError as error:
        hint = f"Write version: {version} by hand."
        raise UsageProblem(f"{document.path}: the version cannot be replaced alone.", hint=hint) from error
