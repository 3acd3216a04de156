"""`publish skus retiring`: which lists lose which sizes when, and what that means."""

from __future__ import annotations

import click

from azureml_publish.cli.options import models_argument, output_options, settings_options
from azureml_publish.cli.output import Output
from azureml_publish.cli.skus.options import Days, project_here
from azureml_publish.pipeline.load import Settings, day_of
from azureml_publish.pipeline.skus import foresee_losses
from azureml_publish.reporters.skus import foresight_json, foresight_text


@click.command("retiring")
@models_argument
@click.option("--within", type=Days(), default="180d", show_default=True, help="Look so far ahead: 180d, 26w.")
@settings_options()
@output_options
def command(*, output: Output, models: tuple[str, ...], within: int, settings: Settings) -> None:
    """Foresee which presets and lists lose which sizes when, and what their min-SKU specs become.

    A literal list names retired sizes until it is pruned; a query leaves them out by itself on the day. Either way the
    rendered lists change, and in the layout `tags` a registered version cannot follow.
    """
    project, catalogue = project_here(output, models)
    day = day_of(output.run, settings.as_of)
    foresight = foresee_losses(output.run, project, catalogue, day, models=models, days=within)
    chosen = settings.layout or project.config.layout
    output.data(foresight_json(foresight, chosen) if output.json else foresight_text(foresight, chosen, output.paint))
