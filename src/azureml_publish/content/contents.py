"""The content that a model folder asks for: its identity, and its files as far as the source tells them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from azureml_publish.assets import ManifestEntry, RenderedModel
from azureml_publish.content.digests import Digests
from azureml_publish.content.packaging.tree import ArtifactFile, build_tree, source_digest
from azureml_publish.content.sources.azureblob import Blobs
from azureml_publish.content.sources.git import Clones
from azureml_publish.content.sources.hub import Hub
from azureml_publish.content.sources.local import list_local_files
from azureml_publish.content.sources.selection import choose
from azureml_publish.errors import UnusableSource
from azureml_publish.project import CARRIED_FOLDER, ModelFolder
from azureml_publish.spec import (
    AzuremlSource,
    BlobSource,
    GitSource,
    HubSource,
    LocalSource,
    MlflowSource,
    identify_source,
)


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
        source = self.folder.spec.source
        listed: tuple[ArtifactFile, ...]
        match source:
            case LocalSource():
                listed = self.local
            case BlobSource(azureblob=blob):
                listed = (blobs or Blobs()).list_files(blob)
            case GitSource(git=repository):
                listed = (clones or Clones()).list_files(repository)
            case AzuremlSource(azureml=address) | MlflowSource(mlflow=address):
                raise UnusableSource(
                    f"{address} cannot be read yet.",
                    hint="Download it first (`az ml job download`, `mlflow artifacts download`), and name the folder: "
                    "source: {local: FOLDER}.",
                )
            case HubSource():
                return self._build(hub.list_files(source))
        chosen = set(choose((file.path for file in listed), source.include, source.exclude))
        return self._build(tuple(file for file in listed if file.path in chosen), laid_out=True)

    def _build(self, listed: tuple[ArtifactFile, ...], *, laid_out: bool = False) -> tuple[ArtifactFile, ...]:
        asset, package = self.rendered.asset, self.rendered.package
        named = {file.path for file in listed} | {file.path for file in package}
        if laid_out and asset.type == "mlflow_model" and "MLmodel" not in named:
            raise UnusableSource(
                f"The source of {asset.name} has no MLmodel at its top, so it is no MLflow model.",
                hint="Name the folder that holds MLmodel, or write type: custom_model.",
            )
        return build_tree(asset.type, listed, package, allow_pickle=self.folder.spec.source.allow_pickle)


def describe_content(folder: ModelFolder, rendered: RenderedModel, digests: Digests | None = None) -> ModelContent:
    """What a model folder asks for, with its identity. A local source is read and hashed, where `digests` has no note.

    Raises:
        UnusableSource: a local source cannot be read.
    """
    source = folder.spec.source
    files: tuple[ArtifactFile, ...] = ()
    if isinstance(source, LocalSource):
        files = list_local_files(find_local(folder, source.local), source.include, source.exclude, digests)
    local = [ManifestEntry(file.path, file.size, file.sha256 or "") for file in files]
    digest = source_digest(identify_source(source), rendered.asset.type, rendered.package, local)
    return ModelContent(folder, rendered, digest, files)


def find_local(folder: ModelFolder, local: str) -> Path:
    """The folder that a local source means: below the model folder, else among the files that it carries."""
    carried = folder.path / CARRIED_FOLDER / local
    return carried if carried.is_dir() and not (folder.path / local).is_dir() else folder.path / local
