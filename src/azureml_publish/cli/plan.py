"""`publish plan`: what apply would do, and what it could not."""

from __future__ import annotations

from datetime import datetime

import click

from azureml_publish.assets import LayoutName
from azureml_publish.cli.planning import plan_models
from azureml_publish.cli.registries import open_registry
from azureml_publish.cli.session import (
    Output,
    as_of_option,
    layout_option,
    models_argument,
    output_options,
    registry_option,
)
from azureml_publish.cli.stages import Settings, require_sound, stage
from azureml_publish.errors import Conflict
from azureml_publish.reporters.plans import plan_json, plan_text

CHANGES = 2


@click.command("plan")
@models_argument
@registry_option
@layout_option
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where there are changes.")
@click.option("--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="Models asked about at a time.")
@as_of_option
@output_options
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    registry: str | None,
    layout: LayoutName | None,
    jobs: int,
    as_of: datetime | None,
    detailed_exitcode: bool,
) -> None:
    """Compare the model folders with a registry: what apply would create, update, or refuse.

    Exits with 6 where there is a conflict.
    """
    staged = stage(output.session, models, Settings(layout, as_of))
    project = require_sound(staged, output)
    with open_registry(output, project, registry) as opened:
        plan, _ = plan_models(staged, opened.registry, jobs)
    output.data(plan_json(plan) if output.json else plan_text(plan, output.paint))
    if plan.conflicts:
        raise SystemExit(Conflict.exit_code)
    if detailed_exitcode and plan.changes:
        raise SystemExit(CHANGES)
