"""The store of model versions. Each method is one transaction, so two clients cannot interleave inside it."""

import json
import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import unquote

from azureml_publish.emulator.addresses import blob_reference
from azureml_publish.emulator.blobs.store import BlobStore
from azureml_publish.emulator.quirks import Switches
from azureml_publish.emulator.registry.recent import Before, RecentWrites
from azureml_publish.emulator.registry.records import (
    Container,
    Fields,
    Record,
    Submission,
    check_identity,
    created_fields,
    own_container,
    refused,
    updated_fields,
)
from azureml_publish.emulator.state import Database

View = Literal["All", "ActiveOnly", "ArchivedOnly"]

_OWN = "blob:"
OWN_CONTAINER = re.compile(r"assets-[0-9a-f]{32}|[a-z0-9-]{1,10}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The names of the containers that the registry makes for content, the first form until November 2026."""
_VIEWS: dict[View, str] = {"All": "", "ActiveOnly": " AND archived = 0", "ArchivedOnly": " AND archived = 1"}
_IDENTITY = "registry = ? AND name = ? AND version = ?"


_FAILED = "failed:"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an operation ended."""

    asset: str
    """The id of what it wrote, or was to write."""
    failed: bool


def own_blob(model_uri: str) -> tuple[str, str] | None:
    """Container and path of content in this emulator, None for content elsewhere."""
    if not model_uri.startswith(_OWN):
        return None
    container, _, path = model_uri.removeprefix(_OWN).partition("/")
    return container, path


def _present(found: Record | None, key: tuple[str, str, str]) -> Record:
    if found is None or found.deleted is not None:
        registry, name, version = key
        raise refused(f"Model {name}:{version} is not in registry {registry}.", status=404, code="ModelNotFound")
    return found


def _record(row: sqlite3.Row) -> Record:
    return Record(
        row["registry"], row["name"], row["version"], Fields(**json.loads(row["fields"])),
        bool(row["archived"]), row["created"], row["modified"], row["deleted"],
    )  # fmt: skip


class ModelStore:
    """Versions of all registries."""

    def __init__(self, database: Database, blobs: BlobStore, quirks: Switches) -> None:
        self._database = database
        self._blobs = blobs
        self._quirks = quirks
        self._recent = RecentWrites()

    # Reading

    def find(self, registry: str, name: str, version: str) -> Record | None:
        """A version, deleted or not, or None."""
        with self._database.read() as connection:
            row = connection.execute(
                f"SELECT * FROM versions WHERE {_IDENTITY}",  # noqa: S608 - a constant
                (registry, name, version),
            ).fetchone()
        return _record(row) if row is not None else None

    def get(self, registry: str, name: str, version: str) -> Record:
        """A version that is there.

        Raises:
            RefusedError: 404.
        """
        return _present(self.find(registry, name, version), (registry, name, version))

    def show(self, registry: str, name: str, version: str) -> Record:
        """A version as a GET shows it: for a while after a write that can be what was there before it.

        Raises:
            RefusedError: 404.
        """
        key = (registry, name, version)
        with self._database.read():
            before = self._recent.look(key)
            return _present(before.record if before is not None else self.find(*key), key)

    def refresh(self) -> None:
        """Let every read show the truth again."""
        self._recent.clear()

    def versions(
        self, registry: str, name: str | None, view: View, *, newest_first: bool, offset: int, limit: int
    ) -> list[Record]:
        """Versions by the time of their creation, of one name or of all."""
        order = "DESC" if newest_first else "ASC"
        named = "" if name is None else " AND name = ?"
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM versions WHERE registry = ? AND deleted IS NULL"  # noqa: S608 - constants
                f"{named}{_VIEWS[view]} ORDER BY created {order}, sequence {order} LIMIT ? OFFSET ?",
                (registry, *(() if name is None else (name,)), limit, offset),
            ).fetchall()
        return [_record(row) for row in rows]

    def container(self, registry: str, name: str) -> Container:
        """All versions of a name as one thing.

        Raises:
            RefusedError: 404, no version of that name ever was.
        """
        with self._database.read() as connection:
            used = connection.execute(
                "SELECT max(CAST(version AS INTEGER)) FROM versions WHERE registry = ? AND name = ?", (registry, name)
            ).fetchone()[0]
            row = connection.execute(
                "SELECT * FROM models WHERE registry = ? AND name = ?", (registry, name)
            ).fetchone()
            if row is None:
                raise refused(f"Model container with name: {name} not found.", status=404, code="ModelNotFound")
            latest = self.versions(registry, name, "All", newest_first=True, offset=0, limit=1)
        return Container(
            registry, name, latest[0].version if latest else None, str((used or 0) + 1), bool(row["archived"]),
            row["created"], row["modified"], json.loads(row["fields"]),
        )  # fmt: skip

    def containers(self, registry: str, view: View, *, offset: int, limit: int) -> list[Container]:
        """Names of a registry in alphabetical order."""
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT name FROM models WHERE registry = ?{_VIEWS[view]} ORDER BY name LIMIT ? OFFSET ?",  # noqa: S608
                (registry, limit, offset),
            ).fetchall()
        return [self.container(registry, row["name"]) for row in rows]

    # Writing

    def put(
        self, registry: str, name: str, version: str, sent: Submission, *, polls: int | None = None
    ) -> tuple[Record, bool, str | None]:
        """Create a version or update it.

        Args:
            polls: Make it a long-running operation that is in progress for this number of polls.

        Returns:
            The version, whether it is new, and the id of the operation if there is one.

        Raises:
            RefusedError: 400, a rule of the registry is against it; the rules are in `records`.
        """
        check_identity(name, version)
        with self._database.write() as connection:
            old = self._find_live(registry, name, version)
            asset = f"azureml://registries/{registry}/models/{name}/versions/{version}"
            operation = None if polls is None else self._start_operation(connection, polls, asset)
            sent_uri = sent.fields.model_uri
            uri = self._relative(sent_uri, checked=old is None)
            sent = replace(sent, fields=replace(sent.fields, model_uri=uri))
            quirks = self._quirks.now
            if old is not None and sent.has_uri and quirks.invalid_container:
                raise refused(f"Invalid containerUri {sent_uri}")
            now = time.time()
            if old is None:
                new = Record(
                    registry, name, version, created_fields(registry, sent, quirks), bool(sent.archived), now, now
                )
                self._insert(connection, new)
                self._lag(new, None, polls or 0, operation)
                return new, True, operation
            archived = old.archived if sent.archived is None else sent.archived
            fields = updated_fields(f"{name}:{version}", old.fields, sent, quirks)
            new = self._update(connection, old, fields, archived=archived)
            self._lag(new, old, polls or 0, operation)
            return new, False, operation

    def change(
        self,
        registry: str,
        name: str,
        version: str,
        edit: Callable[[Record], tuple[Fields, bool]],
        *,
        polls: int | None = None,
    ) -> tuple[Record, str | None]:
        """Let a function compute new fields and the archived flag of a version, in one transaction.

        Returns:
            The version, and the id of the operation if `polls` makes it one, as for `put`.
        """
        with self._database.write() as connection:
            old = self.get(registry, name, version)
            fields, archived = edit(old)
            new = self._update(connection, old, fields, archived=archived)
            operation = None if polls is None else self._start_operation(connection, polls, new.asset_id)
            self._lag(new, old, polls or 0, operation)
            return new, operation

    def delete(self, registry: str, name: str, version: str) -> None:
        """Leave a tombstone in the place of a version. Its number is never free again."""
        with self._database.write() as connection:
            old = self.get(registry, name, version)
            self._lag(old, old)
            connection.execute(
                f"UPDATE versions SET deleted = ? WHERE {_IDENTITY}",  # noqa: S608 - a constant
                (time.time(), registry, name, version),
            )

    def put_container(self, registry: str, name: str, fields: Mapping[str, Any], *, archived: bool | None) -> Container:
        """Create or change what belongs to a name and not to a version."""
        check_identity(name, "1")
        now = time.time()
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO models VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (registry, name) DO UPDATE SET"
                " fields = excluded.fields, archived = ifnull(?, archived), modified = excluded.modified",
                (registry, name, json.dumps(dict(fields)), int(bool(archived)), now, now, archived),
            )
            return self.container(registry, name)

    def upload_container(self, registry: str, name: str, version: str) -> str:
        """The blob container for the content of a version that is not there yet.

        The next request gets the same one, so that an interrupted upload goes on where it stopped.

        Raises:
            RefusedError: 409, the version is there; 400, it was deleted.
        """
        check_identity(name, version)
        with self._database.write() as connection:
            if self._find_live(registry, name, version) is not None:
                raise refused(
                    f"Asset azureml://registries/{registry}/models/{name}/versions/{version} already exists,"
                    " cannot create new temporary data references for it",
                    status=409,
                    code="Conflict/TemporaryDataReferencesForExistingAsset",
                )
            key = (registry, name, version)
            row = connection.execute(f"SELECT container FROM uploads WHERE {_IDENTITY}", key).fetchone()  # noqa: S608
            if row is not None:
                return str(row["container"])
            container = own_container(registry)
            connection.execute("INSERT INTO uploads VALUES (?, ?, ?, ?)", (*key, container))
            self._blobs.create_container(container)
            return container

    def copy(self, source: tuple[str, str, str], target: tuple[str, str, str]) -> str:
        """Copy a version with its content, as an import does.

        Args:
            source: Registry, name and version.
            target: The same; it must not be there.

        Returns:
            The id of a finished operation that a client can poll.
        """
        check_identity(*target[1:])
        with self._database.write() as connection:
            original = self.get(*source)
            if self._find_live(*target) is not None:
                raise refused(
                    f"Model {target[1]}:{target[2]} is already in registry {target[0]}.", status=409, code="Conflict"
                )
            fields = original.fields
            if (content := own_blob(fields.model_uri)) is not None:
                container = own_container(target[0])
                self._blobs.copy_tree(content[0], content[1], container)
                fields = replace(fields, model_uri=f"{_OWN}{container}/{content[1]}")
            now = time.time()
            self._insert(connection, Record(*target, fields, archived=False, created=now, modified=now))
            return self._start_operation(connection, 1, "/".join(target))

    def fail(self, asset: str, polls: int) -> str:
        """Start an operation on an asset that writes nothing and fails after `polls` polls; its id."""
        with self._database.write() as connection:
            return self._start_operation(connection, polls, f"{_FAILED}{asset}")

    def poll(self, operation: str) -> Outcome | None:
        """How an operation ended; None while it goes on, which takes the number of polls that it started with.

        Raises:
            RefusedError: 404, there is none.
        """
        with self._database.write() as connection:
            row = connection.execute("SELECT polls_left, asset FROM operations WHERE id = ?", (operation,)).fetchone()
            if row is None:
                raise refused(f"There is no operation {operation}.", status=404, code="NotFound")
            connection.execute("UPDATE operations SET polls_left = max(polls_left - 1, 0) WHERE id = ?", (operation,))
        if int(row["polls_left"]) > 0:
            return None
        self._recent.finished(operation)
        asset = str(row["asset"])
        return Outcome(asset.removeprefix(_FAILED), failed=asset.startswith(_FAILED))

    # Inside a transaction

    @staticmethod
    def _start_operation(connection: sqlite3.Connection, polls: int, asset: str) -> str:
        operation = secrets.token_urlsafe(32)
        connection.execute("INSERT INTO operations VALUES (?, ?, ?)", (operation, polls, asset))
        return operation

    def _lag(self, new: Record, old: Record | None, polls: int = 0, operation: str | None = None) -> None:
        """Let reads show the old state for as long as the quirks say.

        A PUT that is polled is not late on top of it: an operation that is reported as finished can be read.
        """
        looks = self._quirks.now.stale_reads if operation is None else polls
        self._recent.wrote((new.registry, new.name, new.version), Before(old, looks, operation))

    def _find_live(self, registry: str, name: str, version: str) -> Record | None:
        found = self.find(registry, name, version)
        if found is not None and found.deleted is not None:
            day = datetime.fromtimestamp(found.deleted, UTC).strftime("%m/%d/%Y %H:%M:%S")
            raise refused(
                f"Asset azureml://registries/{registry}/models/{name}/versions/{version} was deleted at {day} +00:00,"
                " it cannot be recreated. Please try again with a different version."
            )
        return found

    def _relative(self, uri: str, *, checked: bool) -> str:
        """The stored form of a model URI.

        Raises:
            RefusedError: 400, it names a place in this emulator that holds no blob.
        """
        found = blob_reference(uri.partition("?")[0])
        if found is None or uri.startswith(_OWN):
            return uri
        container, raw = found
        for path in (raw, unquote(raw)):
            if self._blobs.holds(container, path):
                return f"{_OWN}{container}/{path}"
        if checked:
            if not self._blobs.has_container(container):
                raise refused(f"Invalid containerUri {uri}")
            raise refused(
                f"No blobs found in storage at model asset path: {uri}", code="ModelAssetPathNotFoundInStorage"
            )
        return f"{_OWN}{container}/{raw}"

    @staticmethod
    def _insert(connection: sqlite3.Connection, new: Record) -> None:
        connection.execute(
            "INSERT INTO versions (registry, name, version, fields, archived, created, modified)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                new.registry,
                new.name,
                new.version,
                json.dumps(asdict(new.fields)),
                new.archived,
                new.created,
                new.modified,
            ),
        )
        connection.execute(
            "INSERT OR IGNORE INTO models VALUES (?, ?, '{}', 0, ?, ?)",
            (new.registry, new.name, new.created, new.modified),
        )
        connection.execute(
            f"DELETE FROM uploads WHERE {_IDENTITY}",  # noqa: S608 - a constant
            (new.registry, new.name, new.version),
        )

    def _update(self, connection: sqlite3.Connection, old: Record, fields: Fields, *, archived: bool) -> Record:
        connection.execute(
            f"UPDATE versions SET fields = ?, archived = ?, modified = ? WHERE {_IDENTITY}",  # noqa: S608
            (json.dumps(asdict(fields)), archived, time.time(), old.registry, old.name, old.version),
        )
        return self.get(old.registry, old.name, old.version)
