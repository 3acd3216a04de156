"""`publish deprecate`: the days on which a model goes, into `model.yaml`."""

from __future__ import annotations

from datetime import datetime

import click

from azureml_publish.cli.options import output_options
from azureml_publish.cli.output import Output
from azureml_publish.documents import parse_yaml
from azureml_publish.documents.edits import set_value
from azureml_publish.errors import UsageProblem
from azureml_publish.files import write_edited
from azureml_publish.pipeline.check import load_checked
from azureml_publish.pipeline.load import Settings
from azureml_publish.project import SPEC_FILE, ModelFolder
from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.reporters.visible import one_line

DAY = click.DateTime(["%Y-%m-%d"])
STEPS = {"legacy": "LegacyDate", "deprecated": "DeprecationDate", "retired": "RetirementDate"}


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
    in_order = [named[step] for step in STEPS if step in named]
    if in_order != sorted(in_order):
        raise UsageProblem("The days are out of order.", hint="First legacy, then deprecated, then retired.")
    staged = load_checked(output.run, models, Settings())
    staged.require_sound()
    written: dict[str, dict[str, str]] = {}
    for folder, _ in staged.rendered:
        tuned = bool(folder.spec.tasks.finetune) if finetune is None else finetune
        written[folder.spec.name] = dates = _dates(named, finetune=tuned)
        write_edited(folder.path / SPEC_FILE, _with_dates(folder, dates))
    if output.json:
        output.data(as_json({"models": [{"model": name, "deprecation": dates} for name, dates in written.items()]}))
        return
    for name, dates in written.items():
        output.data(f"{one_line(name)}: {', '.join(f'{key} {day[:10]}' for key, day in dates.items())}\n")


def _dates(named: dict[str, datetime], *, finetune: bool) -> dict[str, str]:
    """The keys of the service's `deprecation`, as it writes times."""
    uses = ("inference", "finetune") if finetune else ("inference",)
    return {
        f"{use}{STEPS[step]}": f"{day:%Y-%m-%d}T00:00:00.000000Z"
        for use in uses
        for step, day in named.items()
        if (use, step) != ("finetune", "legacy")  # the service knows no such day
    }


def _with_dates(folder: ModelFolder, dates: dict[str, str]) -> str:
    document = folder.document
    for key, day in dates.items():
        try:
            text = set_value(document, ("metadata", "deprecation", key), day)
        except ValueError as error:
            hint = f"Write metadata: {{deprecation: {{{key}: '{day}'}}}} by hand."
            raise UsageProblem(f"{document.path}: the dates cannot be set without changing more.", hint=hint) from error
        edited, _ = parse_yaml(text, document.path)
        if edited is None:
            raise ValueError(f"{document.path} does not read back")
        document = edited
    return document.text
