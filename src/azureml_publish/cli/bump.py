"""`publish bump`: another version into `model.yaml`."""

from __future__ import annotations

import click

from azureml_publish.cli.options import models_argument, registry_option, reporting, settings_options
from azureml_publish.cli.output import Output
from azureml_publish.errors import UsageProblem
from azureml_publish.pipeline.bump import bump
from azureml_publish.pipeline.load import Settings
from azureml_publish.reporters.bump import bumps_json, bumps_markdown, bumps_text


@click.command("bump")
@models_argument
@click.option("--required", is_flag=True, help="Bump just the models whose plan is a conflict.")
@click.option("--to", "number", type=click.IntRange(min=1), metavar="N", help="Write this version; it must be free.")
@registry_option
@settings_options()
@reporting("markdown")
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    required: bool,
    number: int | None,
    registry: str | None,
    settings: Settings,
) -> None:
    """Write the registry's next free version into model.yaml, keeping everything else as it is.

    The source is looked into again, and its lock (source.lock.json) says what it holds now.

    A version that is still free stays. The numbers of deleted versions are never used again, so they are not free.
    Either every model that is meant gets its version, or none does. With --required, --format markdown is the text of a
    pull request that releases them: versions, the cards' changes, and what else differs.
    """
    if required and number is not None:
        raise UsageProblem("--required and --to exclude each other.", hint="A number of your own needs no plan.")
    done = bump(output.run, models, registry, settings, required=required, number=number)
    output.notes(f"models/{path} says what the source holds now." for path in done.locked)
    form = {"json": bumps_json, "markdown": bumps_markdown}.get(output.format)
    output.data(bumps_text(done.bumps) if form is None else form(done.registry, done.bumps))
    if output.json:
        return
    output.notes(done.notes)
    if required and not done.bumps:
        output.note(f"No model needs another version in the registry {done.registry}.")
