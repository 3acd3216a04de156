"""`publish lint`: all checks, all findings."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from azureml_publish.cli.assets import lint_assets
from azureml_publish.cli.session import Output, as_of_option, models_argument, output_options, registry_option
from azureml_publish.cli.stages import FINDINGS, Settings, Staged, day_of, stage
from azureml_publish.diagnostics import has_errors, in_order
from azureml_publish.errors import UsageProblem
from azureml_publish.reporters.diagnostics import diagnostics_json, diagnostics_summary, diagnostics_text

if TYPE_CHECKING:
    from azureml_publish.cli.online import Online


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
        _refuse_registry()
    place: Staged | tuple[str, ...]
    if assets:
        place = models or (".",)
        linted = lint_assets(output.session, place, day_of(output.session, as_of), cache=cache)
        found, count = linted.found, linted.folders
    else:
        place = stage(output.session, models, Settings(as_of=as_of))
        found, count = place.found, len(place.subjects)
    asked = _ask(output, place, registry, cache=cache) if online else None
    if asked is not None:
        found = in_order((*found, *asked.found))
        for note in asked.notes:
            output.note(note)
    if output.json:
        output.data(diagnostics_json(found))
    else:
        output.data(diagnostics_text(found, output.paint))
        output.note(diagnostics_summary(found, count))
    if asked is not None and asked.failure is not None:
        raise asked.failure
    if has_errors(found):
        raise SystemExit(FINDINGS)


def _ask(output: Output, place: Staged | tuple[str, ...], registry: str | None, *, cache: bool) -> Online:
    from azureml_publish.cli.online import lint_assets_online, lint_online  # noqa: PLC0415 - offline runs do without

    if isinstance(place, Staged):
        return lint_online(output, place, registry, cache=cache)
    return lint_assets_online(output, place, cache=cache)


def _refuse_registry() -> None:
    """Say that `-r` has no meaning here; PUBLISH_REGISTRY, which is for other verbs too, is passed over."""
    if click.get_current_context().get_parameter_source("registry") is ParameterSource.COMMANDLINE:
        raise UsageProblem(
            "A registry is asked about model folders, with --online.", hint="Add --online, or leave -r out."
        )
