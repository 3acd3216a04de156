"""`publish list`: what is registered."""

from __future__ import annotations

import click

from azureml_publish.cli.options import output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.pipeline.registered import list_registered
from azureml_publish.reporters.registered import assets_json, assets_text


@click.command("list")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@registry_option
@click.option("--all", "every", is_flag=True, help="Every version, not just the latest.")
@output_options
def command(output: Output, names: tuple[str, ...], registry: str | None, *, every: bool) -> None:
    """List registered models, each with its latest version."""
    assets, unlisted = list_registered(output.run, names, registry, every=every)
    output.notes(f"No version of {name} that is a whole number is there, or not yet." for name in unlisted)
    output.data(assets_json(assets) if output.json else assets_text(assets, output.paint))
