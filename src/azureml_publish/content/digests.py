"""SHA-256 of local files that were hashed before, valid while nothing about the file has changed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from azureml_publish.errors import UsageProblem
from azureml_publish.files import MAX_CARRIED_BYTES, UnusableFile, make_folder, read_file, write_whole

SCHEMA_VERSION = 1

SETTLED = 2.0
"""Seconds since its last change after which a file's digest is noted: within one tick of a coarse clock (FAT: 2 s) it
could change again and look the same (https://git-scm.com/docs/racy-git)."""


class Digests:
    """Digests by path, size, time of the last change (of the content, and of the inode) and inode.

    What is noted saves a reading, and is never trusted further: a file that is uploaded is hashed on its way. A file
    of notes that is damaged or cannot be written is as good as none.
    """

    def __init__(self, file: Path | None, *, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._clock = clock
        self._noted: dict[str, list[Any]] = _read(file) if file is not None else {}
        self._changed = False

    def find(self, path: Path) -> str | None:
        """The digest of a file, if it was noted for it as it is now."""
        noted = self._noted.get(str(path))
        return noted[-1] if noted is not None and noted[:-1] == _state(path.stat()) else None

    def note(self, path: Path, before: os.stat_result, sha256: str) -> None:
        """Keep a digest that was made of a file; `before` is how the file was found before it was read."""
        settled = self._clock() - max(before.st_mtime, before.st_ctime) > SETTLED
        if settled and _state(before) == _state(path.stat()):
            self._noted[str(path)] = [*_state(before), sha256]
            self._changed = True

    def save(self) -> None:
        """Write the notes, all at once, without those of files that are gone."""
        if self._file is None or not self._changed:
            return
        kept = {path: noted for path, noted in sorted(self._noted.items()) if Path(path).exists()}
        try:
            make_folder(self._file.parent)
            write_whole(self._file, json.dumps({"schema_version": SCHEMA_VERSION, "files": kept}), durable=False)
        except (OSError, UsageProblem):
            return  # a folder that may only be read: the next run hashes again
        self._changed = False


def _state(found: os.stat_result) -> list[Any]:
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _read(file: Path) -> dict[str, list[Any]]:
    try:
        document = json.loads(read_file(file, None, limit=MAX_CARRIED_BYTES))
        if document["schema_version"] != SCHEMA_VERSION:
            return {}
        return {
            str(path): noted
            for path, noted in document["files"].items()
            if [type(one) for one in noted] == [int, int, int, int, str] and len(noted[-1]) == 64
        }
    except (UnusableFile, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
