"""`publish sbom`: what a registered version is made of, for programs that watch supply chains."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import click

from azureml_publish.cli.options import output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.content.manifest import check_manifest, source_of
from azureml_publish.content.packaging.tree import MANIFEST_FILE
from azureml_publish.content.upload.container import Container
from azureml_publish.execute.promote import find_manifest
from azureml_publish.pipeline.references import find_registered, name_reference, read_project
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.reporters.sbom import sbom_json


@click.command("sbom")
@click.argument("model", metavar="NAME[:VERSION]")
@registry_option
@output_options
def command(*, output: Output, model: str, registry: str | None) -> None:
    """Print a machine-learning bill of materials of a version, the latest unless one is named: CycloneDX 1.6, as JSON.

    It names the model with its licence, source and datasets, and every file with its SHA-256, all as registered.
    """
    project = read_project(output.run)
    with open_registry(output.run, project, registry) as opened:
        asset = find_registered(opened.registry, name_reference(output.run, project, model))
        promised = find_manifest(asset)
        access = opened.registry.open_content(asset)
        again = partial(opened.registry.open_content, asset)
        with Container(access, access.folder_of(asset.path), again) as container:
            data = container.read_part(MANIFEST_FILE)
            entries = check_manifest(data, container.uri, promised)
    replace(output, format="json").data(sbom_json(asset, promised, entries, source_of(data)))
