"""From source to container: list what a spec means, stream each file across, and put the manifest beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from azureml_publish.artifacts.azureblob import Blobs
from azureml_publish.artifacts.container import Container
from azureml_publish.artifacts.git import Clones
from azureml_publish.artifacts.hub import Hub
from azureml_publish.artifacts.local import list_local_files, read_local_file
from azureml_publish.artifacts.manifest import write_manifest
from azureml_publish.artifacts.progress import Progress
from azureml_publish.artifacts.tree import (
    ArtifactFile,
    BlobOrigin,
    HubOrigin,
    LocalOrigin,
    RenderedOrigin,
    build_tree,
    source_digest,
)
from azureml_publish.assets import ContainerAccess, Content, ManifestEntry, RenderedModel
from azureml_publish.errors import Interrupted, UnusableSource
from azureml_publish.project import CARRIED_FOLDER, ModelFolder
from azureml_publish.spec import BlobSource, GitSource, LocalSource


@dataclass(frozen=True, slots=True)
class ModelContent:
    """The content that a model folder asks for: its folder (for the source), and what was rendered from it.

    `digest` is the identity that a plan compares; for a Hub source it is known without a network. `local` are the
    files of a local source as they were hashed for it: a file that changes before it is uploaded is then found out.
    """

    folder: ModelFolder
    rendered: RenderedModel
    digest: str
    local: tuple[ArtifactFile, ...] = ()

    def list_files(
        self, hub: Hub, blobs: Blobs | None = None, clones: Clones | None = None
    ) -> tuple[ArtifactFile, ...]:
        """The artifact tree, from what the source holds. The files of a git source live as long as `clones`.

        Raises:
            PublishError: the source cannot be read or used; see `list_files` of each kind, and `build_tree`.
        """
        listed: tuple[ArtifactFile, ...]
        match self.folder.spec.source:
            case LocalSource():
                listed = self.local
            case BlobSource(azureblob=blob):
                listed = (blobs or Blobs()).list_files(blob)
            case GitSource(git=repository):
                listed = (clones or Clones()).list_files(repository)
            case source:
                return build_tree(self.rendered.asset.type, hub.list_files(source), self.rendered.package)
        kind = self.rendered.asset.type
        named = {file.path for file in listed} | {file.path for file in self.rendered.package}
        if kind == "mlflow_model" and "MLmodel" not in named:
            raise UnusableSource(
                f"The source of {self.rendered.asset.name} has no MLmodel at its top, so it is no MLflow model.",
                hint="Name the folder that holds MLmodel, or write type: custom_model.",
            )
        return build_tree(kind, listed, self.rendered.package)


def describe_content(folder: ModelFolder, rendered: RenderedModel) -> ModelContent:
    """What a model folder asks for, with its identity. A local source is read and hashed.

    Raises:
        UnusableSource: a local source cannot be read.
    """
    source = folder.spec.source
    files = list_local_files(find_local(folder, source.local)) if isinstance(source, LocalSource) else ()
    local = [ManifestEntry(file.path, file.size, file.sha256 or "") for file in files]
    # A folder may lie elsewhere on each machine: its files identify it.
    described = "local" if isinstance(source, LocalSource) else source.model_dump()
    digest = source_digest(described, rendered.asset.type, rendered.package, local)
    return ModelContent(folder, rendered, digest, files)


def find_local(folder: ModelFolder, local: str) -> Path:
    """The folder that a local source means: below the model folder, else among the files that it carries."""
    carried = folder.path / CARRIED_FOLDER / local
    return carried if carried.is_dir() and not (folder.path / local).is_dir() else folder.path / local


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a transfer works with; `stop` is asked at every chunk, `tool` is noted in the manifest."""

    hub: Hub
    progress: Progress
    tool: str
    stop: Callable[[], bool]
    blobs: Blobs = field(default_factory=Blobs)
    clones: Clones = field(default_factory=Clones)


def publish_content(content: ModelContent, access: ContainerAccess, transfer: Transfer) -> Content:
    """Bring a model's files into a container and check them; those that an earlier run brought stay.

    The files lie in a folder named after what was asked for, so that an attempt with other content is never mixed in.

    Raises:
        PublishError: a source or the storage fails. What has arrived stays for the next run; nothing is registered.
        Interrupted: `stop` said so; likewise.
    """
    progress = transfer.progress
    name = content.rendered.asset.name
    root = "mlflow_model_folder" if content.rendered.asset.type == "mlflow_model" else "model"
    container = Container(access, f"{content.digest[:12]}/{root}")
    files = content.list_files(transfer.hub, transfer.blobs, transfer.clones)
    progress.begin(name, len(files), sum(file.size for file in files))
    present = container.files()
    entries: list[ManifestEntry] = []
    for file in files:
        stored = present.get(file.path)
        if stored is not None and stored.sha256 is not None and stored.is_known_to_be(file):
            entries.append(ManifestEntry(file.path, stored.size, stored.sha256))
            progress.advance(name, file.size)
            progress.file_done(name, file.path, file.size, reused=True)
            continue
        entries.append(container.write(file, _chunks(file, transfer), lambda count: progress.advance(name, count)))
        progress.file_done(name, file.path, file.size, reused=False)
    digest = write_manifest(container, entries, _provenance(content.folder), transfer.tool)
    return Content(container.uri, digest, content.digest, len(entries), sum(entry.size for entry in entries))


def _chunks(file: ArtifactFile, transfer: Transfer) -> Iterator[bytes]:
    chunks: Iterator[bytes]
    match file.origin:
        case HubOrigin():
            chunks = transfer.hub.read_file(file.origin, file.size)
        case LocalOrigin(path):
            chunks = read_local_file(path)
        case BlobOrigin():
            chunks = transfer.blobs.read_file(file.origin)
        case RenderedOrigin(data):
            chunks = iter([data])
    for chunk in chunks:
        if transfer.stop():
            raise Interrupted(f"Stopped at {file.path}.", hint="Run again to carry on from here.")
        yield chunk


def _provenance(folder: ModelFolder) -> dict[str, object]:
    """The source as the manifest names it; without the patterns that chose among its files."""
    return folder.spec.source.model_dump(exclude={"include", "exclude"}, exclude_none=True)
