"""What outlives a process: one folder with an SQLite file for facts and plain files for bytes.

Order of writing is what makes a `kill -9` harmless: bytes are written to `incoming/`, renamed into place, and only then
named by a committed row. A crash leaves at most a file that no row names.
"""

import os
import re
import sqlite3
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SCHEMA_VERSION = 2
"""Kept in `PRAGMA user_version`; a folder written by another layout is refused, not guessed at."""

STALE_SECONDS = 3600.0
"""Age after which a file that no row names belongs to a dead process. Another emulator may share the folder."""

_SCHEMA = """
CREATE TABLE containers (name TEXT PRIMARY KEY, etag TEXT NOT NULL, modified REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE blobs (
  container TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
  created REAL NOT NULL, modified REAL NOT NULL, content TEXT NOT NULL, metadata TEXT NOT NULL,
  PRIMARY KEY (container, name)) WITHOUT ROWID;
CREATE TABLE pieces (
  container TEXT NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL, block TEXT,
  segment TEXT NOT NULL, size INTEGER NOT NULL,
  PRIMARY KEY (container, name, position)) WITHOUT ROWID;
CREATE INDEX pieces_segment ON pieces (segment);
CREATE TABLE blocks (
  container TEXT NOT NULL, name TEXT NOT NULL, block TEXT NOT NULL, segment TEXT NOT NULL, size INTEGER NOT NULL,
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, UNIQUE (container, name, block));
CREATE INDEX blocks_segment ON blocks (segment);
CREATE TABLE versions (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  registry TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
  fields TEXT NOT NULL, archived INTEGER NOT NULL, created REAL NOT NULL, modified REAL NOT NULL, deleted REAL,
  UNIQUE (registry, name, version));
CREATE TABLE models (
  registry TEXT NOT NULL, name TEXT NOT NULL, fields TEXT NOT NULL, archived INTEGER NOT NULL,
  created REAL NOT NULL, modified REAL NOT NULL, PRIMARY KEY (registry, name)) WITHOUT ROWID;
CREATE TABLE uploads (
  registry TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, container TEXT NOT NULL,
  PRIMARY KEY (registry, name, version)) WITHOUT ROWID;
CREATE TABLE operations (id TEXT PRIMARY KEY, polls_left INTEGER NOT NULL, asset TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE digests (
  path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified INTEGER NOT NULL,
  sha256 TEXT NOT NULL, git TEXT NOT NULL) WITHOUT ROWID;
"""

_EMPTIED_BY_RESET = ("containers", "blobs", "pieces", "blocks", "versions", "models", "uploads", "operations")


_SEGMENT = re.compile(r"[0-9a-f]{32}")


def is_own_secret(path: Path) -> bool:
    """Whether this user made a file with a key, which nobody else may read: what git brings along, anybody may."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(found.st_mode):
        return False
    return os.name != "posix" or (found.st_uid == os.geteuid() and not found.st_mode & 0o077)


def publish_file(path: Path, content: bytes, *, mode: int, replace: bool) -> None:
    """Write a file so that no reader sees half of it; without `replace` the first of several writers wins."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.chmod(mode)
        if replace:
            temporary.replace(path)
        else:
            with suppress(FileExistsError):
                path.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Where everything lies under the one folder that the user names."""

    root: Path

    @property
    def database(self) -> Path:
        """The SQLite file; its write-ahead log lies beside it."""
        return self.root / "state.sqlite3"

    @property
    def segments(self) -> Path:
        """Immutable byte runs that blobs are made of, one file each."""
        return self.root / "segments"

    @property
    def incoming(self) -> Path:
        """Bytes on their way in, of no meaning after a crash."""
        return self.root / "incoming"

    @property
    def hub(self) -> Path:
        """Checkpoints that the user put in: `{org}/{name}/{commit}/`, served as they are."""
        return self.root / "hub"

    @property
    def workspaces(self) -> Path:
        """What workspaces say of jobs and models: `{workspace}/{jobs,models}/…json`."""
        return self.root / "workspaces"

    @property
    def stand_ins(self) -> Path:
        """Checkpoints that the emulator made itself; can be thrown away at any time."""
        return self.root / "stand-ins"

    @property
    def secrets(self) -> Path:
        """The keys of the throw-away CA, of the server and of the SAS signatures."""
        return self.root / "secrets"

    def segment(self, name: str) -> Path:
        """The file of a segment, by the name in the database.

        Raises:
            OSError: the database names another file.
        """
        if not _SEGMENT.fullmatch(name):
            raise OSError(f"{self.database} names a segment {name!r}, as no emulator does; use a new folder")
        return self.segments / name

    def create(self) -> None:
        """Make all folders, and clear what a dead process left in `incoming/`."""
        for folder in (self.segments, self.incoming, self.hub, self.stand_ins):
            folder.mkdir(parents=True, exist_ok=True)
        self.secrets.mkdir(mode=0o700, exist_ok=True)
        horizon = time.time() - STALE_SECONDS
        for leftover in self.incoming.iterdir():
            with suppress(FileNotFoundError):
                if leftover.stat().st_mtime < horizon:
                    leftover.unlink()


class Database:
    """One connection, one lock, short transactions; other processes wait on SQLite's own lock."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        # Autocommit mode: transactions are spelled out below, because the implicit ones do not start at a read.
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        try:
            self._connection.execute("PRAGMA busy_timeout = 30000")
            self._connection.execute("PRAGMA trusted_schema = OFF")
            self._enter_wal()
            # NORMAL survives the death of the process, which is what is promised; only a power cut may lose commits.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._create_schema(path)
            self._check_segments(path)
        except BaseException:
            self._connection.close()
            raise

    def _check_segments(self, path: Path) -> None:
        """Refuse a database that names other files than segments, which would be served or deleted."""
        odd = "typeof(segment) <> 'text' OR length(segment) <> 32 OR segment GLOB '*[^0-9a-f]*'"
        found = self._connection.execute(
            f"SELECT segment FROM pieces WHERE {odd} UNION SELECT segment FROM blocks WHERE {odd} LIMIT 1"  # noqa: S608
        ).fetchone()
        if found is not None:
            raise OSError(f"{path} names a segment {found[0]!r}, as no emulator does; use a new folder")

    def _enter_wal(self) -> None:
        """Switch to write-ahead logging; SQLite does not wait for a lock here, if two processes start at once."""
        for attempt in range(50):
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                if attempt == 49:
                    raise
                time.sleep(0.05)
            else:
                return

    def _create_schema(self, path: Path) -> None:
        with self.write() as connection:
            found = connection.execute("PRAGMA user_version").fetchone()[0]
            if found == SCHEMA_VERSION:
                return
            if found != 0:
                age = "an older" if found < SCHEMA_VERSION else "a newer"
                raise OSError(f"{path} was made by {age} version of azureml-publish; delete its folder, or use another")
            for statement in _SCHEMA.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The connection, for queries that see one state."""
        with self._lock:
            yield self._connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds SQLite's write lock from its start, so that checks inside it stay true.

        Inside another one it is a part of that.
        """
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def empty(self) -> list[str]:
        """Forget registry and blobs.

        Returns:
            The segments that nothing names any more.
        """
        with self.write() as connection:
            rows = connection.execute("SELECT segment FROM pieces UNION SELECT segment FROM blocks").fetchall()
            for table in _EMPTIED_BY_RESET:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the tuple above
        return [row["segment"] for row in rows]

    def close(self) -> None:
        """Close the file. Safe to call again."""
        with self._lock:
            self._connection.close()
