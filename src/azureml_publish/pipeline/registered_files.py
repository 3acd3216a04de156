"""What sbom and download do: they read the manifest and the files of a registered version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from azureml_publish.assets import MANIFEST_PROPERTY, ManifestEntry, RegisteredAsset
from azureml_publish.content.manifest import check_manifest, source_of
from azureml_publish.content.packaging.tree import MANIFEST_FILE
from azureml_publish.content.upload.progress import Progress
from azureml_publish.errors import UnusableSource
from azureml_publish.execute.download import Downloaded, download
from azureml_publish.execute.promote import find_manifest
from azureml_publish.pipeline.references import open_files
from azureml_publish.pipeline.registered import open_registered
from azureml_publish.pipeline.run import RunContext


@dataclass(frozen=True, slots=True)
class Bill:
    """What a registered version is made of: the digest of its manifest, the files in it, and the source it names."""

    asset: RegisteredAsset
    digest: str
    entries: tuple[ManifestEntry, ...]
    source: Mapping[str, object]


def read_bill(run: RunContext, reference: str, registry: str | None) -> Bill:
    """What a registered version is made of, by its manifest, which is checked.

    Raises:
        UnusableSource: it has no manifest.
        ContentMismatch: the manifest is another one than the one that was registered.
        NotFound, UsageProblem: see `find_registered`.
    """
    with open_registered(run, reference, registry) as (where, asset):
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
    with open_registered(run, reference, registry) as (where, asset):
        promised = asset.properties.get(MANIFEST_PROPERTY)
        if promised is None:
            raise UnusableSource(
                f"{asset.id} has no property {MANIFEST_PROPERTY}, as another tool registered it: nothing is checked.",
                hint="`az ml model download` brings its files, unchecked.",
            )
        target = run.directory / Path(folder or f"{asset.id.name}-{asset.id.version}").expanduser()
        with open_files(where, asset) as container:
            return download(asset.id, container, promised, target, progress)
