"""`publish lint`: all checks, all findings."""

from __future__ import annotations

from datetime import datetime

import click

from azureml_publish.cli.assets import lint_assets
from azureml_publish.cli.online import Online, lint_assets_online, lint_online, refuse_registry
from azureml_publish.cli.session import Output, as_of_option, models_argument, output_options, registry_option
from azureml_publish.cli.stages import FINDINGS, Settings, day_of, stage
from azureml_publish.diagnostics import has_errors, in_order
from azureml_publish.reporters.diagnostics import diagnostics_json, diagnostics_summary, diagnostics_text


@click.command("lint")
@models_argument
@as_of_option
@click.option(
    "--assets",
    is_flag=True,
    help="The arguments are asset folders, or folders of them, in Azure/azureml-assets' shape; nothing is imported.",
)
@click.option("--cache/--no-cache", default=True, help="Remember what was found in unchanged asset folders.")
@click.option("--online", is_flag=True, help="Follow the cards' links too, and ask the Hub and a registry.")
@registry_option
@output_options
def command(
    output: Output,
    models: tuple[str, ...],
    as_of: datetime | None,
    registry: str | None,
    *,
    assets: bool,
    cache: bool,
    online: bool,
) -> None:
    """Check the model folders: spec, SKUs, card, samples and templates; with --online what the network says as well.

    Exits with 4 where there is an error; warnings alone are 0.
    """
    if assets or not online:
        refuse_registry()
    if assets:
        linted = lint_assets(output.session, models or (".",), day_of(output.session, as_of), cache=cache)
        found, count = linted.found, linted.folders
        asked = lint_assets_online(output, models or (".",), cache=cache) if online else Online(())
    else:
        staged = stage(output.session, models, Settings(as_of=as_of))
        found, count = staged.found, len(staged.subjects)
        asked = lint_online(output, staged, registry, cache=cache) if online else Online(())
    found = in_order((*found, *asked.found))
    for note in asked.notes:
        output.note(note)
    if output.json:
        output.data(diagnostics_json(found))
    else:
        output.data(diagnostics_text(found, output.paint))
        output.note(diagnostics_summary(found, count))
    if asked.failure is not None:
        raise asked.failure
    if has_errors(found):
        raise SystemExit(FINDINGS)
