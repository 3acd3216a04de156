"""`publish show`: one registered version."""

from __future__ import annotations

import click

from azureml_publish.cli.options import output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.pipeline.references import find_registered, read_project
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.reporters.registered import asset_text, assets_json


@click.command("show")
@click.argument("model", metavar="NAME[:VERSION]")
@registry_option
@output_options
def command(output: Output, model: str, registry: str | None) -> None:
    """Show one registered version, the latest unless one is named: its metadata and its card."""
    project = read_project(output.run)
    with open_registry(output.run, project, registry) as opened:
        asset = find_registered(opened.registry, model)
    output.data(assets_json([asset]) if output.json else asset_text(asset, output.paint))
