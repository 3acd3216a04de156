"""What linting found in folders that have not changed since, by their content, the day and the version of this tool.

A small SQLite file in the user's cache folder. Whatever is wrong with it, linting goes on without it.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sqlite3
import sys
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Self

from azureml_publish.diagnostics import Diagnostic, Edit, Fix, Location, Severity
from azureml_publish.files import UnusableFile, read_file
from azureml_publish.lint.engine import Checked, Fact
from azureml_publish.lint.plugins import plugins
from azureml_publish.project import shown_path
from azureml_publish.spec import Profile
from azureml_publish.version import __version__

DAYS = 30
"""Entries that nobody used for so long are removed."""

_SCHEMA = "CREATE TABLE IF NOT EXISTS checked (digest BLOB PRIMARY KEY, used INTEGER, found TEXT) WITHOUT ROWID"


class LintCache:
    """An open cache, or one that knows and keeps nothing where there is none to be had."""

    def __init__(self, connection: sqlite3.Connection | None) -> None:
        self._connection = connection
        self._used: list[tuple[int, bytes]] = []
        self._kept: list[tuple[bytes, int, str]] = []
        self._today = int(time.time() // 86400)

    @classmethod
    def open(cls, environ: Mapping[str, str] | None) -> LintCache:
        """The user's cache; with None, or where it cannot be used, one that is always empty."""
        if environ is None:
            return cls(None)
        path = cache_file(environ)
        for _ in range(2):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                connection = sqlite3.connect(path, timeout=1)
                connection.execute(_SCHEMA)
                connection.execute("SELECT digest, used, found FROM checked LIMIT 1").fetchall()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError) or not _forget(path):
                    return cls(None)
            except OSError:
                return cls(None)
            else:
                return cls(connection)
        return cls(None)

    @property
    def usable(self) -> bool:
        """Whether anything can be kept."""
        return self._connection is not None

    def get(self, digest: bytes | None) -> Checked | None:
        """What was found in a folder of this digest, without links; None where it was not checked yet."""
        if self._connection is None or digest is None:
            return None
        try:
            row = self._connection.execute("SELECT found, used FROM checked WHERE digest = ?", (digest,)).fetchone()
            if row is None:
                return None
            checked = _read(row[0])
        except (sqlite3.Error, ValueError, TypeError, KeyError, IndexError):
            return None
        if row[1] != self._today:
            self._used.append((self._today, digest))
        return checked

    def put(self, digest: bytes | None, checked: Checked) -> None:
        """Keep what was found, without links."""
        if self._connection is not None and digest is not None:
            self._kept.append((digest, self._today, _written(checked)))

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


def cache_file(environ: Mapping[str, str]) -> Path:
    """Where the cache lies: `PUBLISH_CACHE_DIR`, else the user's cache folder as the system has it."""
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
    """SHA-256 of all that a folder's findings follow from; None where it cannot be read, or holds large files."""
    digest = hashlib.sha256(
        f"{_tool()}\0{as_of}\0{profile}\0{shown_path(root, folder)}\0".encode("utf-8", "surrogateescape")
    )
    try:
        for path in sorted(_files(str(folder))):
            raw = read_file(Path(path), folder)
            name = os.path.relpath(path, folder).encode("utf-8", "surrogateescape")
            digest.update(b"%d\0%s\0%d\0" % (len(name), name, len(raw)))
            digest.update(raw)
    except (OSError, UnusableFile):
        return None
    return digest.digest()


def _files(folder: str) -> list[str]:
    """Paths of the files below a folder.

    Raises:
        OSError: a folder cannot be read, or one is a link.
    """
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                raise OSError
            if entry.is_dir():
                found += _files(entry.path)
            else:
                found.append(entry.path)
    return found


@functools.cache
def _tool() -> str:
    """The version of this tool; while it is worked on, the state of its files as well; and those of plug-ins."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")) + sorted(package.rglob("*.csv")):
        state = path.stat()
        digest.update(f"{path.name}\0{state.st_size}\0{state.st_mtime_ns}\0".encode())
    for plugin in plugins():
        digest.update(f"{plugin.state()}\0".encode())
    return f"{__version__} {digest.hexdigest()}"


def _forget(path: Path) -> bool:
    """Take away a file that is no database; whether that could be done."""
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _written(checked: Checked) -> str:
    diagnostics, compared, _ = checked
    found = [
        [one.code, one.name, one.severity, one.message, _place(one.location), one.hint, _fix(one.fix), one.width]
        for one in diagnostics
    ]
    facts = [[*fact[:4], _place(fact.location)] for fact in compared]
    return json.dumps([found, facts], separators=(",", ":"))


def _place(location: Location) -> list[Any]:
    return [location.path, location.line, location.column]


def _fix(fix: Fix | None) -> list[Any] | None:
    if fix is None:
        return None
    return [[[e.line, e.column, e.end_line, e.end_column, e.text] for e in fix.edits], fix.safe]


def _read(text: str) -> Checked:
    found, facts = json.loads(text)
    return (
        tuple(
            Diagnostic(code, name, Severity(severity), message, Location(*place), hint, _read_fix(fix), width)
            for code, name, severity, message, place, hint, fix, width in found
        ),
        tuple(Fact(code, model, key, value, Location(*place)) for code, model, key, value, place in facts),
        (),
    )


def _read_fix(fix: list[Any] | None) -> Fix | None:
    return None if fix is None else Fix(tuple(Edit(*edit) for edit in fix[0]), fix[1])
