"""Blobs as rows, their bytes as immutable segment files.

A blob is a sequence of segments; a block is one segment. So committing a block list, and copying a blob, moves no
bytes. A segment that no row names any more is deleted by the transaction that dropped the last one.
"""

import json
import re
import secrets
import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from azureml_publish.emulator.blobs.values import Blob, Conditions, Listing, Segment, Write
from azureml_publish.emulator.routing import RefusedError
from azureml_publish.emulator.state import Database, DataFolder
from azureml_publish.emulator.streaming import Span

_CONTAINER_NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}")
_MAX_BLOCKS = 50_000
_BEYOND = "\U0010ffff"
"""Sorts after every character of a blob name, so that a listing can step over a whole virtual folder."""


_Change = tuple[sqlite3.Connection, list[str]]
"""A transaction, and the segments that it lets go of."""


def _new_etag() -> str:
    return f'"0x8{secrets.token_hex(7).upper()}"'


def _blob(row: sqlite3.Row) -> Blob:
    return Blob(
        row["name"], row["size"], row["etag"], row["created"], row["modified"],
        json.loads(row["content"]), json.loads(row["metadata"]),
    )  # fmt: skip


class BlobStore:
    """All containers of the one account."""

    def __init__(self, database: Database, folder: DataFolder) -> None:
        self._database = database
        self._folder = folder

    # Bytes

    def incoming(self) -> Path:
        """A path for bytes on their way in."""
        return self._folder.incoming / uuid.uuid4().hex

    def adopt(self, path: Path, size: int) -> Segment:
        """Make a complete file from `incoming` a segment."""
        path.rename(self._folder.segment(path.name))
        return Segment(path.name, size)

    def span(self, segment: str) -> Span:
        """All bytes of a segment."""
        path = self._folder.segment(segment)
        return Span(path, 0, path.stat().st_size)

    def discard(self, segment: Segment) -> None:
        """Delete a segment that no row came to name."""
        self._folder.segment(segment.name).unlink(missing_ok=True)

    def empty(self) -> None:
        """Forget registry and blobs, and delete the bytes."""
        for name in self._database.empty():
            self._folder.segment(name).unlink(missing_ok=True)

    @contextmanager
    def _change(self) -> Iterator[_Change]:
        """A transaction, with a list for the segments that it lets go of."""
        released: list[str] = []
        garbage: list[str] = []
        with self._database.write() as connection:
            yield connection, released
            for name in set(released):
                row = connection.execute(
                    "SELECT EXISTS (SELECT 1 FROM pieces WHERE segment = :s)"
                    " OR EXISTS (SELECT 1 FROM blocks WHERE segment = :s)",
                    {"s": name},
                ).fetchone()
                if not row[0]:
                    garbage.append(name)
        for name in garbage:
            self._folder.segment(name).unlink(missing_ok=True)

    # Containers

    def create_container(self, name: str) -> bool:
        """Create a container; False if it was there.

        Raises:
            RefusedError: 400, the name breaks Azure's rules.
        """
        if not _CONTAINER_NAME.fullmatch(name):
            raise RefusedError(400, "InvalidResourceName", f"{name!r} is not a name for a container.")
        with self._database.write() as connection:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO containers VALUES (?, ?, ?)", (name, _new_etag(), time.time())
            )
            return cursor.rowcount == 1

    def has_container(self, name: str) -> bool:
        """Whether a container exists."""
        with self._database.read() as connection:
            return connection.execute("SELECT 1 FROM containers WHERE name = ?", (name,)).fetchone() is not None

    def drop_container(self, name: str) -> None:
        """Delete a container with all that is in it; nothing happens where there is none."""
        with self._change() as (connection, released):
            for table in ("pieces", "blocks"):
                rows = connection.execute(f"DELETE FROM {table} WHERE container = ? RETURNING segment", (name,))  # noqa: S608
                released.extend(row["segment"] for row in rows.fetchall())
            connection.execute("DELETE FROM blobs WHERE container = ?", (name,))
            connection.execute("DELETE FROM containers WHERE name = ?", (name,))

    def container(self, name: str) -> tuple[str, float]:
        """ETag and time of the last change of a container."""
        with self._database.read() as connection:
            return self._require_container(connection, name)

    @staticmethod
    def _require_container(connection: sqlite3.Connection, name: str) -> tuple[str, float]:
        row = connection.execute("SELECT etag, modified FROM containers WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise RefusedError(404, "ContainerNotFound", "The specified container does not exist.")
        return row["etag"], row["modified"]

    # Reading

    def find(self, container: str, name: str) -> Blob | None:
        """A blob, or None.

        Raises:
            RefusedError: 404, there is no such container.
        """
        with self._database.read() as connection:
            self._require_container(connection, container)
            return self._find(connection, container, name)

    @staticmethod
    def _find(connection: sqlite3.Connection, container: str, name: str) -> Blob | None:
        row = connection.execute("SELECT * FROM blobs WHERE container = ? AND name = ?", (container, name)).fetchone()
        return _blob(row) if row is not None else None

    def get(self, container: str, name: str) -> Blob:
        """A blob; 404 if there is none."""
        found = self.find(container, name)
        if found is None:
            raise RefusedError(404, "BlobNotFound", "The specified blob does not exist.")
        return found

    def spans(self, container: str, name: str) -> list[Span]:
        """Where the bytes of a blob lie."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT segment, size FROM pieces WHERE container = ? AND name = ? ORDER BY position",
                (container, name),
            ).fetchall()
        return [Span(self._folder.segment(row["segment"]), 0, row["size"]) for row in rows]

    def page(
        self, container: str, *, prefix: str, delimiter: str, marker: str, limit: int, uncommitted: bool
    ) -> Listing:
        """One page of a container in the order of names.

        Args:
            prefix: Only names that start with it.
            delimiter: Names that go on past it after the prefix are gathered into one prefix; empty for none.
            marker: Where to go on, as a page before gave it; empty for the start.
            limit: How many blobs and prefixes at most.
            uncommitted: Also give names that have blocks only, with size 0.
        """
        blobs: list[Blob] = []
        prefixes: list[str] = []
        with self._database.read() as connection:
            self._require_container(connection, container)
            position = max(prefix, marker)
            while (found := self._next(connection, container, position, uncommitted=uncommitted)) is not None:
                if not found.name.startswith(prefix):
                    break
                if len(blobs) + len(prefixes) == limit:
                    return Listing(tuple(blobs), tuple(prefixes), found.name)
                cut = found.name.find(delimiter, len(prefix)) if delimiter else -1
                if cut < 0:
                    blobs.append(found)
                    position = found.name + "\0"
                else:
                    folder = found.name[: cut + len(delimiter)]
                    prefixes.append(folder)
                    position = folder + _BEYOND
        return Listing(tuple(blobs), tuple(prefixes), "")

    @staticmethod
    def _next(connection: sqlite3.Connection, container: str, position: str, *, uncommitted: bool) -> Blob | None:
        """The first blob whose name is not before a position."""
        row = connection.execute(
            "SELECT * FROM blobs WHERE container = ? AND name >= ? ORDER BY name LIMIT 1", (container, position)
        ).fetchone()
        found = _blob(row) if row is not None else None
        if uncommitted:
            row = connection.execute(
                "SELECT min(name) FROM blocks WHERE container = ? AND name >= ?", (container, position)
            ).fetchone()
            if row[0] is not None and (found is None or row[0] < found.name):
                return Blob(row[0], 0, "", 0.0, 0.0, {}, {})
        return found

    def holds(self, container: str, path: str) -> bool:
        """Whether a path is a blob, or a virtual folder with a blob in it. An empty path means the container."""
        return next(self._under(container, path), None) is not None

    def _under(self, container: str, path: str) -> Iterator[str]:
        """Names of the blobs at and below a path."""
        start = f"{path}/" if path else ""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT name FROM blobs WHERE container = ? AND (name = ? OR (name >= ? AND name < ?)) ORDER BY name",
                (container, path, start, start + _BEYOND),
            ).fetchall()
        for row in rows:
            yield row["name"]

    # Writing

    def put(self, container: str, name: str, segments: Sequence[Segment], write: Write) -> Blob:
        """Write a whole blob."""
        pieces = [(None, segment) for segment in segments if segment.size]
        with self._change() as change:
            return self._replace(change, container, name, pieces, write)

    def put_block(self, container: str, name: str, block: str, segment: Segment) -> None:
        """Keep a block for a later block list. A block of the same id gives way."""
        with self._change() as (connection, released):
            self._require_container(connection, container)
            rows = connection.execute(
                "SELECT block, segment FROM blocks WHERE container = ? AND name = ?", (container, name)
            ).fetchall()
            if rows and len(rows[0]["block"]) != len(block):
                raise RefusedError(400, "InvalidBlobOrBlock", "The ids of all blocks of a blob must have one length.")
            released.extend(row["segment"] for row in rows if row["block"] == block)
            connection.execute(
                "INSERT OR REPLACE INTO blocks (container, name, block, segment, size) VALUES (?, ?, ?, ?, ?)",
                (container, name, block, segment.name, segment.size),
            )

    def blocks(self, container: str, name: str) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
        """Ids and sizes of the committed and of the uncommitted blocks.

        Raises:
            RefusedError: 404, there is neither a blob nor a block.
        """
        with self._database.read() as connection:
            self._require_container(connection, container)
            uncommitted = connection.execute(
                "SELECT block, size FROM blocks WHERE container = ? AND name = ? ORDER BY sequence", (container, name)
            ).fetchall()
            committed = connection.execute(
                "SELECT block, size FROM pieces WHERE container = ? AND name = ? AND block IS NOT NULL"
                " ORDER BY position",
                (container, name),
            ).fetchall()
            if not uncommitted and self._find(connection, container, name) is None:
                raise RefusedError(404, "BlobNotFound", "The specified blob does not exist.")
        return [(row[0], row[1]) for row in committed], [(row[0], row[1]) for row in uncommitted]

    def put_block_list(self, container: str, name: str, wanted: Sequence[tuple[str, str]], write: Write) -> Blob:
        """Make a blob of blocks.

        Args:
            wanted: Pairs of where to look (`Latest`, `Uncommitted`, `Committed`) and block id.
            write: Headers, metadata and conditions.

        Raises:
            RefusedError: 400, a block is not there, or there are more than 50 000.
        """
        if len(wanted) > _MAX_BLOCKS:
            raise RefusedError(400, "BlockListTooLong", f"A block list may have {_MAX_BLOCKS} blocks.")
        with self._change() as change:
            where = "WHERE container = ? AND name = ? AND block IS NOT NULL"
            found = {
                kind: {
                    row["block"]: Segment(row["segment"], row["size"])
                    for row in change[0].execute(
                        f"SELECT block, segment, size FROM {table} {where}",  # noqa: S608 - the two names below
                        (container, name),
                    )
                }
                for kind, table in (("Committed", "pieces"), ("Uncommitted", "blocks"))
            }
            found["Latest"] = {**found["Committed"], **found["Uncommitted"]}
            pieces = []
            for kind, block in wanted:
                segment = found[kind].get(block)
                if segment is None:
                    raise RefusedError(
                        400, "InvalidBlockList", f"The specified block list is invalid: no block {block}."
                    )
                pieces.append((block, segment))
            return self._replace(change, container, name, pieces, write)

    def copy(self, source: tuple[str, str], container: str, name: str, write: Write) -> Blob:
        """Copy a blob within the account without moving bytes: headers too, and metadata unless others are given."""
        with self._change() as change:
            blob = self.get(*source)
            rows = (
                change[0]
                .execute(
                    "SELECT block, segment, size FROM pieces WHERE container = ? AND name = ? ORDER BY position", source
                )
                .fetchall()
            )
            pieces = [(row["block"], Segment(row["segment"], row["size"])) for row in rows]
            metadata = write.metadata or blob.metadata
            return self._replace(change, container, name, pieces, Write(blob.content, metadata, write.conditions))

    def copy_tree(self, source: str, path: str, container: str) -> None:
        """Copy what lies at and below a path into another container, under the same names."""
        self.create_container(container)
        for name in list(self._under(source, path)):
            self.copy((source, name), container, name, Write())

    def _replace(
        self, change: _Change, container: str, name: str, pieces: Iterable[tuple[str | None, Segment]], write: Write
    ) -> Blob:
        connection, released = change
        now = time.time()
        self._require_container(connection, container)
        before = self._find(connection, container, name)
        write.conditions.check(before.etag if before is not None else None)
        self._drop(connection, container, name, released)
        rows = [
            (container, name, position, block, segment.name, segment.size)
            for position, (block, segment) in enumerate(pieces)
        ]
        connection.executemany("INSERT INTO pieces VALUES (?, ?, ?, ?, ?, ?)", rows)
        created = before.created if before is not None else now
        size = sum(row[5] for row in rows)
        blob = Blob(name, size, _new_etag(), created, now, dict(write.content), dict(write.metadata))
        connection.execute(
            "INSERT INTO blobs VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (container, name, size, blob.etag, created, now, json.dumps(blob.content), json.dumps(blob.metadata)),
        )
        return blob

    @staticmethod
    def _drop(connection: sqlite3.Connection, container: str, name: str, released: list[str]) -> None:
        for table in ("pieces", "blocks"):
            rows = connection.execute(
                f"DELETE FROM {table} WHERE container = ? AND name = ? RETURNING segment",  # noqa: S608
                (container, name),
            ).fetchall()
            released.extend(row["segment"] for row in rows)
        connection.execute("DELETE FROM blobs WHERE container = ? AND name = ?", (container, name))

    def set_metadata(self, container: str, name: str, metadata: Mapping[str, str], conditions: Conditions) -> Blob:
        """Replace the metadata of a blob."""
        with self._database.write() as connection:
            blob = self.get(container, name)
            conditions.check(blob.etag)
            connection.execute(
                "UPDATE blobs SET metadata = ?, etag = ?, modified = ? WHERE container = ? AND name = ?",
                (json.dumps(dict(metadata)), _new_etag(), time.time(), container, name),
            )
            return self.get(container, name)

    def delete(self, container: str, name: str, conditions: Conditions) -> None:
        """Delete a blob; 404 if there is none."""
        with self._change() as (connection, released):
            blob = self.get(container, name)
            conditions.check(blob.etag)
            self._drop(connection, container, name, released)
