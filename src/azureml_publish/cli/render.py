"""`publish render`: cards and asset YAML into a folder."""

from __future__ import annotations

import os
from pathlib import Path

import click

from azureml_publish.cli.events import events_option
from azureml_publish.cli.options import (
    models_argument,
    output_options,
    scheduler_option,
    settings_options,
)
from azureml_publish.cli.output import Output
from azureml_publish.errors import ExitCode
from azureml_publish.pipeline.load import Settings
from azureml_publish.pipeline.render import render_into
from azureml_publish.reporters.diagnostics import as_json, counted
from azureml_publish.reporters.hostile_text import one_line


@click.command("render")
@models_argument
@click.option(
    "--out", type=click.Path(file_okay=False), metavar="DIR", help="Write there. [default: build in the project]"
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 4 if what is there differs.")
@settings_options(part=True)
@events_option
@output_options
@scheduler_option
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    out: str | None,
    settings: Settings,
    check: bool,
) -> None:
    """Write each model's card and asset YAML: the folder shape of Azure/azureml-assets."""
    target, count, changed = render_into(output.run, models, settings, out, write=not check)
    shown = [Path(os.path.relpath(path, output.run.directory)).as_posix() for path in changed]
    if output.json:
        output.data(as_json({"out": str(target), "models": count, "changed": shown}))
    else:
        output.data("".join(f"{one_line(path)}\n" for path in shown))
        what = "different" if check else "written"
        output.note(f"Rendered {counted(count, 'model')}; {counted(len(shown), 'file')} {what}.")
    if check and changed:
        raise SystemExit(ExitCode.FINDINGS)
