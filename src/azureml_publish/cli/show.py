"""`publish show`: one registered version."""

from __future__ import annotations

from functools import partial

import click

from azureml_publish.cli.options import output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.content.upload.container import Container
from azureml_publish.pipeline.references import find_registered, read_project
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.reporters.registered import asset_text, assets_json, files_json, files_text


@click.command("show")
@click.argument("model", metavar="NAME[:VERSION]")
@click.option("--files", "with_files", is_flag=True, help="List its files instead, with sizes and SHA-256.")
@registry_option
@output_options
def command(*, output: Output, model: str, with_files: bool, registry: str | None) -> None:
    """Show one registered version, the latest unless one is named: its metadata and its card, or its files."""
    project = read_project(output.run)
    with open_registry(output.run, project, registry) as opened:
        asset = find_registered(opened.registry, model)
        if with_files:
            access = opened.registry.open_content(asset)
            again = partial(opened.registry.open_content, asset)
            with Container(access, access.folder_of(asset.path), again) as container:
                held = container.files()
            output.data(files_json(asset.id, held) if output.json else files_text(held))
            return
    output.data(assets_json([asset]) if output.json else asset_text(asset, output.paint))
