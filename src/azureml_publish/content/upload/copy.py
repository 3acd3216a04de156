"""From container to container: the files of a registered version, uploaded like any others, and its manifest unchanged.

The target's storage fetches large files itself where it can reach the source
(https://learn.microsoft.com/rest/api/storageservices/put-block-from-url); what it cannot goes through here. Either way
every byte is read once from the source and compared with the manifest before a file appears.
"""

from __future__ import annotations

from dataclasses import dataclass

from azureml_publish.assets import ContainerAccess
from azureml_publish.content.manifest import check_manifest, put_beside, read_signature
from azureml_publish.content.packaging.tree import (
    MANIFEST_FILE,
    SIGNATURE_FILE,
    ArtifactFile,
    StoredOrigin,
)
from azureml_publish.content.upload.container import Container
from azureml_publish.content.upload.lease import Renew
from azureml_publish.content.upload.retry import RetryPolicy
from azureml_publish.content.upload.transfer import Moved, Transfer, move_files
from azureml_publish.errors import PublishError


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of a container; `renew` gets another signature for the same container."""

    access: ContainerAccess
    folder: str
    renew: Renew


@dataclass(frozen=True, slots=True)
class Copied:
    """A version's files in their new place: their folder's URI, the manifest's digest, and how they got there."""

    uri: str
    manifest: str
    moved: Moved

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.moved.entries)


def copy_content(model: str, source: Place, target: Place, promised: str, transfer: Transfer) -> Copied:
    """Copy all files of a manifest, the manifest itself to the byte, and its signature where there is one.

    What an earlier run brought stays.

    Args:
        model: whose files they are, for the progress.
        promised: the manifest's digest, from the properties.

    Raises:
        ContentMismatch: the manifest is not the promised one, or a file is not as it says.
        PublishError: a storage fails, or holds what does not belong there. What has arrived stays for the next run.
        Interrupted: `stop` returned true; likewise.
    """
    # No retries here: the reader retries, and continues a range where it broke.
    with (
        Container(
            source.access,
            source.folder,
            source.renew,
            retry=RetryPolicy(attempts=1),
            connections=transfer.pool.connections,
        ) as read,
        Container(
            target.access,
            target.folder,
            target.renew,
            retry=transfer.retry,
            stop=transfer.stop,
            on_wait=lambda seconds, error: transfer.progress.waits(model, "", seconds, error.message),
            connections=transfer.pool.connections,
        ) as written,
    ):
        data = transfer.retry.attempt(lambda: read.read_part(MANIFEST_FILE), stop=transfer.stop)
        entries = check_manifest(data, read.uri, promised)
        if beyond := sorted(set(written.files()) - {entry.path for entry in entries} - {MANIFEST_FILE, SIGNATURE_FILE}):
            raise PublishError(
                f"{written.uri} holds files that the manifest does not list: {', '.join(beyond[:5])}.",
                hint="Another attempt left them there. Promote another version.",
            )
        files = [ArtifactFile(entry.path, entry.size, StoredOrigin(read), sha256=entry.sha256) for entry in entries]
        moved = move_files(model, files, written, transfer)
        put_beside(written, MANIFEST_FILE, data)
        if (signature := read_signature(read, entries)) is not None:
            put_beside(written, SIGNATURE_FILE, signature)
        return Copied(written.uri, promised, moved)
