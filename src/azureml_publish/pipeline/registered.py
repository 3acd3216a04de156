"""What list, show, sbom and download do: they read versions that are registered, and their files."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from azureml_publish.assets import MANIFEST_PROPERTY, ManifestEntry, RegisteredAsset
from azureml_publish.content.manifest import check_manifest, source_of
from azureml_publish.content.packaging.tree import MANIFEST_FILE
from azureml_publish.content.upload.container import StoredFile
from azureml_publish.content.upload.progress import Progress
from azureml_publish.errors import UnusableSource
from azureml_publish.execute.download import Downloaded, download
from azureml_publish.execute.promote import find_manifest
from azureml_publish.pipeline.references import (
    find_registered,
    name_reference,
    name_references,
    no_model,
    open_files,
    read_project,
)
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.registry.protocol import Registry


@dataclass(frozen=True, slots=True)
class Bill:
    """What a registered version is made of: the digest of its manifest, the files in it, and the source it names."""

    asset: RegisteredAsset
    digest: str
    entries: tuple[ManifestEntry, ...]
    source: Mapping[str, object]


@contextmanager
def _opened(run: RunContext, reference: str, registry: str | None) -> Iterator[tuple[Registry, RegisteredAsset]]:
    project = read_project(run, [reference])
    with open_registry(run, project, registry) as opened:
        yield opened.registry, find_registered(opened.registry, name_reference(run, project, reference))


def list_registered(
    run: RunContext, names: Sequence[str], registry: str | None, *, every: bool
) -> tuple[list[RegisteredAsset], list[str]]:
    """The registered models, each with its latest version or with every one; and the models of which none is listed.

    Args:
        run: the environment.
        names: names, globs, or files and folders of models. [default: all that are registered]
        registry: a registry of `publish.yaml` or its address. [default: the project's own]
        every: every version, not just the latest.

    Raises:
        NotFound: a model that was named is not registered.
        PublishError: the registry cannot be read.
    """
    project = read_project(run, names)
    assets: list[RegisteredAsset] = []
    unlisted: list[str] = []
    with open_registry(run, project, registry) as opened:
        named = name_references(run, project, names)
        if any(sign in name for name in named for sign in "*?["):
            there = opened.registry.models()
            named = tuple(one for name in named for one in fnmatch.filter(there, name) or [name])
        for name in named if names else opened.registry.models():
            numbers = opened.registry.versions(name)
            if names and not numbers:
                raise no_model(opened.registry, name)
            if not numbers:
                unlisted.append(name)
            found = (opened.registry.find(name, number) for number in (numbers if every else numbers[:1]))
            assets.extend(asset for asset in found if asset is not None)
    return assets, unlisted


def show_registered(
    run: RunContext, reference: str, registry: str | None, *, files: bool = False
) -> tuple[RegisteredAsset, Mapping[str, StoredFile]]:
    """One registered version, see `find_registered`, and by path its files where they are wanted.

    Raises:
        NotFound, UsageProblem: see `find_registered`.
        PublishError: the registry or its storage cannot be read.
    """
    with _opened(run, reference, registry) as (where, asset):
        if not files:
            return asset, {}
        with open_files(where, asset) as container:
            return asset, container.files()


def read_bill(run: RunContext, reference: str, registry: str | None) -> Bill:
    """What a registered version is made of, by its manifest, which is checked.

    Raises:
        UnusableSource: it has no manifest.
        ContentMismatch: the manifest is another one than the one that was registered.
        NotFound, UsageProblem: see `find_registered`.
    """
    with _opened(run, reference, registry) as (where, asset):
        digest = find_manifest(asset)
        with open_files(where, asset) as container:
            data = container.read_part(MANIFEST_FILE)
            return Bill(asset, digest, check_manifest(data, container.uri, digest), source_of(data))


def download_registered(
    run: RunContext, reference: str, registry: str | None, folder: str | None, progress: Progress
) -> Downloaded:
    """Bring the files of a registered version into a folder, by default NAME-VERSION; see `execute.download`.

    Raises:
        UnusableSource: it has no manifest that its files could be checked against.
        ContentMismatch: a file is not as the manifest says.
        NotFound, UsageProblem: see `find_registered`.
    """
    with _opened(run, reference, registry) as (where, asset):
        promised = asset.properties.get(MANIFEST_PROPERTY)
        if promised is None:
            raise UnusableSource(
                f"{asset.id} has no property {MANIFEST_PROPERTY}, as another tool registered it: nothing is checked.",
                hint="`az ml model download` brings its files, unchecked.",
            )
        target = run.directory / Path(folder or f"{asset.id.name}-{asset.id.version}").expanduser()
        with open_files(where, asset) as container:
            return download(asset.id, container, promised, target, progress)
