"""What a process on another machine needs to work on a project: the same tool, and the same files at the same path."""

from __future__ import annotations

import hashlib
import os
import sys
from abc import abstractmethod
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from azureml_publish.errors import PublishError
from azureml_publish.files import CONFIG_FILE, UnusableFile, read_file
from azureml_publish.skus.overlay import OVERLAY_FILE
from azureml_publish.version import TOOL

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

LARGE = 1024 * 1024
"""Bytes from which on a file counts by its size alone: it holds weights, and their digest is in the plan."""

_HINT = (
    "Every worker needs this version of azureml-publish, and the project at this path in the same state: "
    "a shared folder, or a checkout of the same commit."
)


@dataclass(frozen=True, slots=True)
class Place:
    """A project as this process has it, for others to compare with what they have.

    Attributes:
        root: the folder of the project.
        tool: name and version of the tool.
        python: its minor version, because values travel between the processes.
        digest: of the files that models share.
    """

    root: Path
    tool: str
    python: str
    digest: str

    @classmethod
    def of(cls, root: Path) -> Self:
        """A project as it is here."""
        return cls(root, TOOL, PYTHON, _digest(root, _shared(root)))

    def difference(self) -> str:
        """How this process differs, as a sentence; empty where it does not."""
        if self.tool != TOOL:
            return f"It has {TOOL}, and {self.tool} is wanted."
        if self.python != PYTHON:
            return f"It runs Python {PYTHON}, and {self.python} is wanted."
        if not (self.root / CONFIG_FILE).is_file():
            return f"It has no project in {self.root}."
        if _digest(self.root, _shared(self.root)) != self.digest:
            return f"Its {self.root} is in another state: {CONFIG_FILE}, {OVERLAY_FILE} or templates/ differ."
        return ""

    def require_same(self) -> None:
        """Check that this process can take part.

        Raises:
            PublishError: it cannot.
        """
        if difference := self.difference():
            raise unlike(difference)


class Elsewhere(Executor):
    """An executor whose processes are on other machines: they read project and credentials there themselves."""

    @abstractmethod
    def place(self, root: Path) -> Place:
        """The project at a path as this process has it.

        Raises:
            PublishError: no process is there that has the same.
        """


def unlike(difference: str) -> PublishError:
    """The failure of a worker that cannot take part."""
    return PublishError(f"A worker cannot take part. {difference}", hint=_HINT)


def digest_folder(folder: Path) -> str:
    """A digest of the files in a model folder: paths, sizes, and the content of those that are not large."""
    return _digest(folder, _below(folder))


def require_folder(folder: Path, digest: str) -> None:
    """Check that a model folder is here as it is elsewhere.

    Raises:
        PublishError: it is not.
    """
    if not folder.is_dir() or digest_folder(folder) != digest:
        raise unlike(f"Its {folder} is in another state.")


def _shared(root: Path) -> Iterator[Path]:
    yield from (path for name in (CONFIG_FILE, OVERLAY_FILE) if (path := root / name).is_file())
    yield from _below(root / "templates")


def _below(folder: Path) -> Iterator[Path]:
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if one not in (".git", "__pycache__"))
        yield from (Path(top, name) for name in sorted(names))


def _digest(root: Path, paths: Iterator[Path]) -> str:
    found = hashlib.sha256()
    for path in paths:
        try:
            content = hashlib.sha256(read_file(path, None, limit=LARGE)).hexdigest()
        except UnusableFile:  # it is large, or a link that leads nowhere, or no file at all
            content = str(path.lstat().st_size)
        found.update(f"{path.relative_to(root).as_posix()}\0{content}\n".encode(errors="surrogateescape"))
    return found.hexdigest()
