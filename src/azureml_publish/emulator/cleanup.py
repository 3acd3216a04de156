"""What an emulator clears away as it starts: bytes that nothing leads to any more."""

import time
from contextlib import suppress

from azureml_publish.emulator.blobs.store import BlobStore
from azureml_publish.emulator.registry.models import OWN_CONTAINER, own_blob
from azureml_publish.emulator.state import STALE_SECONDS, Database, DataFolder


def clean_up(database: Database, folder: DataFolder, blobs: BlobStore) -> None:
    """Drop the content of deleted versions, and segments that a dead process left unnamed.

    While the emulator runs, the content of a deleted version stays, because signatures for it may have been issued.
    """
    _drop_deleted_content(database, blobs)
    _drop_unnamed_segments(database, folder)


def _drop_deleted_content(database: Database, blobs: BlobStore) -> None:
    with database.read() as connection:
        rows = connection.execute("SELECT json_extract(fields, '$.model_uri') AS uri, deleted FROM versions").fetchall()
    kept: set[str] = set()
    dropped: set[str] = set()
    for row in rows:
        if (content := own_blob(row["uri"])) is not None and OWN_CONTAINER.fullmatch(content[0]):
            (kept if row["deleted"] is None else dropped).add(content[0])
    for container in dropped - kept:
        blobs.drop_container(container)


def _drop_unnamed_segments(database: Database, folder: DataFolder) -> None:
    horizon = time.time() - STALE_SECONDS  # a younger one may be about to be named by another emulator
    old = []
    for path in folder.segments.iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < horizon:
                old.append(path)
    if not old:
        return
    with database.read() as connection:
        named = {row[0] for row in connection.execute("SELECT segment FROM pieces UNION SELECT segment FROM blocks")}
    for path in old:
        if path.name not in named:
            path.unlink(missing_ok=True)
