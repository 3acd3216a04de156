"""The content that a model folder describes: its identity, and its files as far as the source lists them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from azureml_publish.assets import ManifestEntry, RenderedFile, RenderedModel
from azureml_publish.content.digests import Digests
from azureml_publish.content.lock import changed, compare, facts_of, not_compared, request_of, usable_lock
from azureml_publish.content.packaging.facts import ModelFacts
from azureml_publish.content.packaging.kinds import Kind, Package, build_package
from azureml_publish.content.packaging.rules import Finding
from azureml_publish.content.packaging.source_files import SourceFiles
from azureml_publish.content.packaging.tree import (
    ArtifactFile,
    RenderedOrigin,
    add_rendered,
    manifest_digest,
    source_digest,
)
from azureml_publish.content.sources.readers import Readers, find_local, hash_local
from azureml_publish.diagnostics import Diagnostic
from azureml_publish.errors import UnusableSource
from azureml_publish.project import ModelFolder
from azureml_publish.spec import HubSource, LocalSource, Mlflow, identify_source
from azureml_publish.spec.lock import SourceLock

__all__ = ["Contained", "ModelContent", "describe_content", "find_local", "package_source"]

Rerender: TypeAlias = Callable[[ModelFacts], tuple[RenderedFile, ...]]
"""Renders the files beside the weights again, from what was read from the source's files."""


@dataclass(frozen=True, slots=True)
class Contained:
    """Every file of a version in its place, the kind of packaging, and the findings in the source."""

    kind: Kind
    files: tuple[ArtifactFile, ...]
    found: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class ModelContent:
    """The content that a model folder describes.

    Attributes:
        folder: the model folder.
        rendered: what was rendered from it, as far as that needs no source.
        digest: the identity that a plan compares; for a Hub source it is known without a network.
        local: the files of a local source as they were hashed for it: one that changes before it is uploaded is found.
        defaults: the project's settings of MLflow.
        rerender: see `Rerender`; without it, what was rendered is what is published.
        contained: what the source holds, once it was read.
        readers: what read it: a clone of git lives as long as they do.
    """

    folder: ModelFolder
    rendered: RenderedModel
    digest: str
    local: tuple[ArtifactFile, ...] = ()
    defaults: Mlflow | None = None
    rerender: Rerender | None = field(default=None, compare=False)
    contained: Contained | None = field(default=None, compare=False)
    readers: Readers | None = field(default=None, compare=False)

    def look(self, readers: Readers) -> ModelContent:
        """The same content after its source was read.

        Raises:
            PublishError: the source cannot be read.
        """
        source = readers.open(self.folder)
        if self.local:
            hashed = {file.path: file for file in self.local}
            files = tuple(hashed.get(file.path, file) for file in source.files)
            source = SourceFiles(files, source.read)
        package = package_source(self.folder, source, self.defaults)
        rendered: tuple[RenderedFile, ...] = ()
        if package.facts is not None and not package.refusals:
            rendered = self.rerender(package.facts) if self.rerender is not None else self.rendered.package
        lock, wrong = usable_lock(self.folder, self.defaults)
        files, compared = _compare(self.folder, lock, package.files, readers)
        found = (*wrong, *(one.placed(self.folder.document) for one in (*package.found, *compared)))
        contained = Contained(package.kind, add_rendered(files, rendered), found)
        return replace(self, contained=contained, readers=readers)

    def entries(self) -> tuple[ManifestEntry, ...] | None:
        """The files of the version that are known without reading the source again; an empty digest is not known."""
        if self.contained is not None:
            return tuple(ManifestEntry(file.path, file.size, file.sha256 or "") for file in self.contained.files)
        lock, _ = usable_lock(self.folder, self.defaults)
        if lock is None or self._is_outdated(lock):
            return None
        made = (RenderedFile(path, text) for path, text in self.made().items())
        rendered = (ManifestEntry(file.path, file.size, file.sha256 or "") for file in add_rendered((), made))
        locked = (ManifestEntry(file.path, file.bytes, file.sha256) for file in lock.files)
        return tuple(sorted((*locked, *rendered)))

    def _is_outdated(self, lock: SourceLock) -> bool:
        """Whether a local source, as it was hashed, lacks bytes that its lock promises."""
        return bool(self.local) and not {file.sha256 for file in lock.files} <= {file.sha256 for file in self.local}

    def manifest(self) -> str:
        """The digest that the version's manifest will have; empty where a file is not known without another look."""
        entries = self.entries() or ()
        return manifest_digest(entries) if entries and all(entry.sha256 for entry in entries) else ""

    def made(self) -> dict[str, str]:
        """The texts of the files beside the weights that are known without reading the source again, by path."""
        if self.contained is not None:
            held = ((file.path, file.origin) for file in self.contained.files)
            return {path: one.data.decode() for path, one in held if isinstance(one, RenderedOrigin)}
        lock, _ = usable_lock(self.folder, self.defaults)
        if lock is None or lock.model.packaging != "mlflow_transformers":
            return {}
        made = self.rerender(facts_of(lock)) if self.rerender is not None else self.rendered.package
        return {file.path: file.text for file in made}

    def list_files(self, readers: Readers) -> tuple[ArtifactFile, ...]:
        """The files of the version; the source is read unless it was read before.

        Raises:
            PublishError: the source cannot be read or used.
        """
        contained = self.contained or self.look(self.readers or readers).contained
        assert contained is not None  # noqa: S101 - it was just looked into
        refused = [one for one in contained.found if one.severity == "error"]
        if refused:
            more = f" ({len(refused) - 1} more: `publish plan` shows them)" if len(refused) > 1 else ""
            raise UnusableSource(refused[0].message + more, hint=refused[0].hint)
        return contained.files


def _compare(
    folder: ModelFolder, lock: SourceLock | None, files: tuple[ArtifactFile, ...], readers: Readers
) -> tuple[tuple[ArtifactFile, ...], tuple[Finding, ...]]:
    """The files with the digests of the lock, against which each is checked while it is read; or the differences."""
    if lock is None:
        return files, ()
    if differences := compare(lock, files):
        if not lock.stand_in and readers.describe(folder).stand_in:
            return files, (not_compared(),)
        return files, (changed(folder, lock, differences),)
    promised = {file.path: file.sha256 for file in lock.files}
    return tuple(replace(file, sha256=promised[file.path]) for file in files), ()


def package_source(folder: ModelFolder, source: SourceFiles, defaults: Mlflow | None) -> Package:
    """The files of a source in the places that a spec's version has for them, and what prevents that."""
    return build_package(request_of(folder, defaults), source)


def describe_content(
    folder: ModelFolder,
    rendered: RenderedModel,
    digests: Digests | None = None,
    *,
    defaults: Mlflow | None = None,
    rerender: Rerender | None = None,
) -> ModelContent:
    """The content that a model folder describes, with its identity.

    A local source is read and hashed where `digests` does not know it; the files of any other source whose address does
    not stand for its bytes are those of its lock.

    Raises:
        UnusableSource: a local source cannot be read.
    """
    source = folder.spec.source
    files = hash_local(folder, digests)
    held = [ManifestEntry(file.path, file.size, file.sha256 or "") for file in files]
    if not isinstance(source, HubSource | LocalSource):  # what a branch, a container or an address holds may change
        lock, _ = usable_lock(folder, defaults)
        held = [ManifestEntry(file.path, file.bytes, file.sha256) for file in lock.files] if lock is not None else []
    digest = source_digest(identify_source(source), rendered.asset.type, rendered.package, held)
    return ModelContent(folder, rendered, digest, files, defaults, rerender)
