"""`publish list`: what is registered."""

from __future__ import annotations

import fnmatch

import click

from azureml_publish.assets import RegisteredAsset
from azureml_publish.cli.options import output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.pipeline.references import name_references, no_model, read_project
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.reporters.registered import assets_json, assets_text


@click.command("list")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@registry_option
@click.option("--all", "every", is_flag=True, help="Every version, not just the latest.")
@output_options
def command(output: Output, names: tuple[str, ...], registry: str | None, *, every: bool) -> None:
    """List registered models, each with its latest version."""
    project = read_project(output.run)
    with open_registry(output.run, project, registry) as opened:
        assets: list[RegisteredAsset] = []
        named = name_references(output.run, project, names)
        if any(sign in name for name in named for sign in "*?["):
            there = opened.registry.models()
            named = tuple(one for name in named for one in fnmatch.filter(there, name) or [name])
        for name in named if names else opened.registry.models():
            numbers = opened.registry.versions(name)
            if names and not numbers:
                raise no_model(opened.registry, name)
            if not numbers:
                output.note(f"No version of {name} is listed, or not yet.")
            found = (opened.registry.find(name, number) for number in (numbers if every else numbers[:1]))
            assets.extend(asset for asset in found if asset is not None)
    output.data(assets_json(assets) if output.json else assets_text(assets, output.paint))
