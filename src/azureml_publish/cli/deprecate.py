"""`publish deprecate`: the days on which a model goes, into `model.yaml`."""

from __future__ import annotations

from datetime import datetime

import click

from azureml_publish.cli.options import Day, output_options
from azureml_publish.cli.output import Output
from azureml_publish.errors import UsageProblem
from azureml_publish.pipeline.deprecate import deprecate
from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.reporters.hostile_text import one_line

DAY = Day()


@click.command("deprecate")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option("--legacy", type=DAY, metavar="DATE", help="Day from which inference counts as legacy.")
@click.option("--deprecated", type=DAY, metavar="DATE", help="Day from which the model is deprecated.")
@click.option("--retired", type=DAY, metavar="DATE", help="Day on which it stops to work.")
@click.option("--finetune/--inference-only", default=None, help="Fine-tuning too. [default: where it has such tasks]")
@output_options
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    legacy: datetime | None,
    deprecated: datetime | None,
    retired: datetime | None,
    finetune: bool | None,
) -> None:
    """Write the days on which models go into model.yaml; `publish apply` brings them to a registry.

    They become metadata.deprecation, and a banner on the card where the card's template shows one. Nothing else of the
    file changes.
    """
    days = {"legacy": legacy, "deprecated": deprecated, "retired": retired}
    named = {step: day for step, day in days.items() if day is not None}
    if not named:
        raise UsageProblem("No day is given.", hint="Add --deprecated 2027-01-31, --retired 2027-07-31 or --legacy.")
    written = deprecate(output.run, models, named, finetune=finetune)
    if output.json:
        output.data(as_json({"models": [{"model": name, "deprecation": dates} for name, dates in written.items()]}))
        return
    for name, dates in written.items():
        output.data(f"{one_line(name)}: {', '.join(f'{key} {day[:10]}' for key, day in dates.items())}\n")
