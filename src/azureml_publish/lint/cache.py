"""Caches the findings of folders that have not changed, by their content, the day and the version of this tool.

It is a small SQLite file in the user's cache folder. Without it, or where it is broken, linting works all the same.
"""

from __future__ import annotations

import functools
import hashlib
import sqlite3
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Generic, Self, TypeVar

from pydantic import TypeAdapter

from azureml_publish.files import UnusableFile, read_below
from azureml_publish.lint.plugins import plugins
from azureml_publish.project import shown_path
from azureml_publish.spec import Profile
from azureml_publish.version import __version__

Kept = TypeVar("Kept")

DAYS = 30
"""Entries that were not used for this many days are removed."""

_SCHEMA = "CREATE TABLE IF NOT EXISTS checked (digest BLOB PRIMARY KEY, used INTEGER, found BLOB) WITHOUT ROWID"


class LintCache(Generic[Kept]):
    """An open cache of values of one type. Where no file can be used, it is always empty."""

    def __init__(self, connection: sqlite3.Connection | None, kind: TypeAdapter[Kept]) -> None:
        self._connection = connection
        self._kind = kind
        self._used: list[tuple[int, bytes]] = []
        self._kept: list[tuple[bytes, int, bytes]] = []
        self._today = int(time.time() // 86400)

    @classmethod
    def open(cls, environ: Mapping[str, str] | None, kind: TypeAdapter[Kept]) -> Self:
        """Open the user's cache. It is always empty with None, and where the file cannot be used."""
        if environ is None:
            return cls(None, kind)
        path = cache_file(environ)
        for _ in range(2):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                return cls(_connect(path), kind)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError) or not _forget(path):
                    return cls(None, kind)
            except OSError:
                return cls(None, kind)
        return cls(None, kind)

    @property
    def usable(self) -> bool:
        """Whether anything can be kept."""
        return self._connection is not None

    def get(self, digest: bytes | None) -> Kept | None:
        """The value for a folder with this digest; None where there is no valid one."""
        if self._connection is None or digest is None:
            return None
        try:
            row = self._connection.execute("SELECT found, used FROM checked WHERE digest = ?", (digest,)).fetchone()
            if row is None:
                return None
            result = self._kind.validate_json(row[0])
        except (sqlite3.Error, ValueError):
            return None
        if row[1] != self._today:
            self._used.append((self._today, digest))
        return result

    def put(self, digest: bytes | None, kept: Kept) -> None:
        """Keep a value for a folder with this digest, unless JSON cannot express it: a file name may not be UTF-8."""
        if self._connection is not None and digest is not None:
            with suppress(ValueError):
                self._kept.append((digest, self._today, self._kind.dump_json(kept, exclude_defaults=True)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is None:
            return
        try:
            with self._connection:
                self._connection.executemany("UPDATE checked SET used = ? WHERE digest = ?", self._used)
                self._connection.executemany("INSERT OR REPLACE INTO checked VALUES (?, ?, ?)", self._kept)
                if self._kept:
                    self._connection.execute("DELETE FROM checked WHERE used < ?", (self._today - DAYS,))
        except sqlite3.Error:  # another run holds it, or the disk is full: the next run checks again
            pass
        finally:
            self._connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    """Open the database, and close it again where it is not such a cache."""
    connection = sqlite3.connect(path, timeout=1)
    try:
        connection.execute(_SCHEMA)
        connection.execute("SELECT digest, used, found FROM checked LIMIT 1").fetchall()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def cache_file(environ: Mapping[str, str]) -> Path:
    """The path of the cache: in `PUBLISH_CACHE_DIR`, else in the system's cache folder for the user."""
    if own := environ.get("PUBLISH_CACHE_DIR"):
        return Path(own) / "lint.sqlite3"
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    if sys.platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "azureml-publish" / "lint.sqlite3"


def digest_of(folder: Path, root: Path, as_of: date, profile: Profile = "registry") -> bytes | None:
    """SHA-256 of everything that a folder's findings depend on; None where it cannot be read or has large files."""
    return digest_with(f"{tool_state()}\0{as_of}\0{profile}".encode(), folder, root)


def digest_with(state: bytes, folder: Path, root: Path) -> bytes | None:
    """SHA-256 of a shared state, the folder's path below a root, and all its files; None where it cannot be read."""
    digest = hashlib.sha256(state)
    digest.update(f"\0{shown_path(root, folder)}\0".encode("utf-8", "surrogateescape"))
    try:
        for path, raw in read_below(folder):
            name = path.encode("utf-8", "surrogateescape")
            digest.update(b"%d\0%s\0%d\0" % (len(name), name, len(raw)))
            digest.update(raw)
    except UnusableFile:
        return None
    return digest.digest()


@functools.cache
def tool_state() -> str:
    """The versions of this tool, its libraries and plug-ins, and the state of its files, for unreleased changes."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(one for one in package.rglob("*") if one.is_file() and one.suffix not in (".pyc", ".pyo")):
        state = path.stat()
        digest.update(f"{path.name}\0{state.st_size}\0{state.st_mtime_ns}\0".encode())
    for plugin in plugins():
        digest.update(f"{plugin.state()}\0".encode())
    for library in _LIBRARIES:
        digest.update(f"{version(library)}\0".encode())
    return f"{__version__} {sys.version_info} {digest.hexdigest()}"


_LIBRARIES = ("jinja2", "markdown-it-py", "pydantic", "pyyaml", "langcodes")


def _forget(path: Path) -> bool:
    """Delete a file that is not a database; returns whether that worked."""
    try:
        path.unlink()
    except OSError:
        return False
    return True
