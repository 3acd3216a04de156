"""`publish migrate`: metadata from one layout to the other, shown as a diff before anything is written."""

from __future__ import annotations

import click

from azureml_publish.assets import LayoutName
from azureml_publish.cli.options import output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.diagnostics import has_errors
from azureml_publish.errors import ExitCode
from azureml_publish.pipeline.migrate import migrate
from azureml_publish.reporters.diagnostics import counted
from azureml_publish.reporters.migrate import migrations_json, migrations_text


@click.command("migrate")
@click.option("--to", "layout", type=click.Choice(["system_metadata", "tags"]), required=True, help="The new layout.")
@click.option(
    "--assets", multiple=True, metavar="DIR", help="Work on asset folders that nobody imported, in place; repeatable."
)
@click.option("--bump", is_flag=True, help="Give the next version to what can only be as wanted in a new one.")
@registry_option
@click.option("--write", is_flag=True, help="Do it. Without this, the differences are shown and nothing is written.")
@output_options
def command(
    *, output: Output, layout: LayoutName, assets: tuple[str, ...], registry: str | None, bump: bool, write: bool
) -> None:
    """Move metadata between tags and properties and system_metadata.

    For a project this sets `layout` in publish.yaml; the differences are those of the rendered asset YAML. With
    --assets the spec of each asset folder is rewritten, its other lines as they were. Properties never leave a
    registered version: models that would need that are named, and --bump makes new versions of them. With -r that is
    the next free number in the registry, else the one after the present one.
    """
    done = migrate(output.run, layout, assets, registry, bump=bump, write=write)
    output.findings(done.found)
    if output.json:
        output.data(migrations_json(layout, done.migrations, done.found, written=write))
    else:
        diff, summary = migrations_text(layout, done.migrations, written=write, bumped=bump)
        output.data(diff)
        if done.others:
            output.note(f"Passed over: {counted(done.others, 'asset')} of other kinds.")
        output.note(summary)
    if has_errors(done.found):
        raise SystemExit(ExitCode.FINDINGS)
