"""From source to container: list the files, stream each of them, and write the manifest beside them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import partial

from azureml_publish.assets import ContainerAccess, Content, ManifestEntry
from azureml_publish.content.contents import ModelContent, describe_content, find_local
from azureml_publish.content.manifest import put_beside, write_manifest
from azureml_publish.content.packaging.tree import (
    SIGNATURE_FILE,
    ArtifactFile,
    manifest_digest,
)
from azureml_publish.content.signing import Signer
from azureml_publish.content.sources.azureblob import Blobs
from azureml_publish.content.sources.git import Clones
from azureml_publish.content.sources.hub import Hub
from azureml_publish.content.sources.readers import Readers
from azureml_publish.content.sources.selection import find_pickles
from azureml_publish.content.upload.container import BLOCK, Container
from azureml_publish.content.upload.file_upload import NAME_LENGTH, FileUpload, UploadContext, Watcher
from azureml_publish.content.upload.lease import Renew
from azureml_publish.content.upload.pool import UploadPool
from azureml_publish.content.upload.progress import Progress
from azureml_publish.content.upload.retry import RetryPolicy, Stop
from azureml_publish.errors import Interrupted, UnusableSource
from azureml_publish.project import ModelFolder
from azureml_publish.spec.source import CHOOSING

__all__ = [
    "ModelContent",
    "Moved",
    "Transfer",
    "describe_content",
    "find_local",
    "move_files",
    "publish_content",
]


@dataclass(frozen=True, slots=True)
class Transfer:
    """What the transfers of a run share; `stop` is called at every chunk, `tool` is written into the manifest.

    `pool` are the connections and the memory that all models of a run share; `block` is the least size of a block.
    `signer` signs what is published.
    """

    hub: Hub
    progress: Progress
    tool: str
    stop: Stop
    blobs: Blobs = field(default_factory=Blobs)
    clones: Clones = field(default_factory=Clones)
    pool: UploadPool = field(default_factory=UploadPool)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    block: int = BLOCK
    signer: Signer | None = None


def publish_content(
    content: ModelContent, access: ContainerAccess, transfer: Transfer, renew: Renew | None = None
) -> Content:
    """Bring a model's files into a container and check them; those that an earlier run brought stay.

    The folder's name is the digest of the content, so that files of another content are never mixed in.

    Args:
        renew: gets another signature for the container, when this one runs out or is refused.

    Raises:
        PublishError: a source or the storage fails. What has arrived stays for the next run; nothing is registered.
        Interrupted: `stop` returned true; likewise.
    """
    name = content.rendered.asset.name
    root = "mlflow_model_folder" if content.rendered.asset.type == "mlflow_model" else "model"
    files = content.list_files(_readers(name, transfer))
    if pickles := find_pickles(file.path for file in files):
        transfer.progress.warn(name, f"these files run code on the machine that loads them: {', '.join(pickles)}")
    if transfer.signer is not None and any(file.path == SIGNATURE_FILE for file in files):
        raise UnusableSource(
            f"The source of {name} has a file {SIGNATURE_FILE}, where the signature of what is published goes.",
            hint=f"Leave it out: `exclude: [{SIGNATURE_FILE}]` below `source` in its model.yaml.",
        )
    with Container(
        access,
        f"{content.digest[:12]}/{root}",
        renew,
        retry=transfer.retry,
        stop=transfer.stop,
        on_wait=lambda seconds, error: transfer.progress.waits(name, "", seconds, error.message),
        connections=transfer.pool.connections,
    ) as container:
        moved = move_files(name, files, container, transfer)
        manifest = write_manifest(container, moved.entries, _provenance(content.folder), transfer.tool)
        if transfer.signer is not None:
            put_beside(container, SIGNATURE_FILE, transfer.signer.sign(name, manifest, moved.entries))
    size = sum(entry.size for entry in moved.entries)
    return Content(container.uri, manifest_digest(moved.entries), content.digest, len(moved.entries), size)


def _readers(model: str, transfer: Transfer) -> Readers:
    """What reads a model's files; it reports waits, and can be stopped."""
    return Readers(
        transfer.hub,
        transfer.blobs,
        transfer.clones,
        retry=transfer.retry,
        stop=transfer.stop,
        waits=lambda path, seconds, error: transfer.progress.waits(model, path, seconds, error.message),
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """What lies in a container: its files, how many of them an earlier run brought, and bytes that the storage fetched.

    Those are the bytes that it read from their source itself; all others were sent.
    """

    entries: tuple[ManifestEntry, ...]
    kept: int
    fetched: int


def move_files(model: str, files: Sequence[ArtifactFile], container: Container, transfer: Transfer) -> Moved:
    """Bring files into a container, each checked before it appears; `model` is whose they are, for the progress.

    Raises:
        PublishError: the source or the storage fails. What has arrived stays for the next run.
        Interrupted: `stop` returned true; likewise.
    """
    transfer.progress.begin(model, len(files), sum(file.size for file in files))
    try:
        return _move_files(model, files, container, transfer)
    finally:
        transfer.progress.end(model)


def _move_files(model: str, files: Sequence[ArtifactFile], container: Container, transfer: Transfer) -> Moved:
    """Hand every span of every file to the pool, in order, and wait for all of them."""
    progress = transfer.progress
    context = UploadContext(
        container, _readers(model, transfer), transfer.pool, transfer.retry, transfer.stop, transfer.block
    )
    present, begun = container.files(), container.begun()
    kept: list[ManifestEntry] = []
    moves: list[FileUpload] = []
    under_way: list[Future[None]] = []
    trouble = threading.Event()
    for file in files:
        stored = present.get(file.path)
        if stored is not None and stored.sha256 is not None and stored.is_known_to_be(file):
            kept.append(ManifestEntry(file.path, stored.size, stored.sha256))
            progress.advance(model, file.path, file.size)
            progress.file_done(model, file.path, file.size, reused=True)
            continue
        blocks = _blocks(container, file.path) if file.path in begun and file.size > transfer.block else {}
        progress.file_begun(model, file.path, file.size)
        moves.append(FileUpload(file, context, Watcher(model, file, progress, trouble), blocks))
        for span in moves[-1].spans:
            if trouble.is_set() or transfer.stop():
                break
            under_way.append(transfer.pool.submit(span.length, partial(moves[-1].bring, span)))
        if trouble.is_set() or transfer.stop():
            break
    wait(under_way)
    errors = [move.error for move in moves if move.error is not None]
    for error in sorted(errors, key=lambda error: isinstance(error, Interrupted)):
        raise error
    brought = [move.entry for move in moves if move.entry is not None]
    if len(kept) + len(brought) < len(files):
        raise Interrupted("Stopped before all files were there.", hint="Run again to carry on from here.")
    return Moved((*kept, *brought), len(kept), sum(move.fetched for move in moves))


def _blocks(container: Container, path: str) -> dict[str, int]:
    """The blocks that an earlier run left of a file. Those of a tool that names them otherwise are dropped."""
    found = dict(container.blocks(path))
    if any(len(name) != NAME_LENGTH for name in found):
        container.forget_blocks(path)
        return {}
    return found


def _provenance(folder: ModelFolder) -> dict[str, object]:
    """The source as the manifest names it, with what it says to choose among its files."""
    described = folder.spec.source.model_dump(exclude_none=True)
    return {key: value for key, value in described.items() if value or key not in CHOOSING}
