"""`publish skus show`: which families serve a model, and when they go."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import click

from azureml_publish.cli.options import as_of_option, reporting
from azureml_publish.cli.output import Output
from azureml_publish.cli.skus.options import project_here
from azureml_publish.errors import NotFound, UsageProblem
from azureml_publish.files import write_whole
from azureml_publish.pipeline.describe import chart_of
from azureml_publish.pipeline.load import day_of
from azureml_publish.pipeline.selection import choose_models
from azureml_publish.reporters.hostile_text import for_xml
from azureml_publish.reporters.sku_chart import chart_json, chart_text
from azureml_publish.reporters.sku_svg import chart_svg


@click.command("show")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False), help="Write the picture to this file.")
@as_of_option
@reporting("svg")
def command(*, output: Output, models: tuple[str, ...], out: str | None, as_of: datetime | None) -> None:
    """Draw which families serve which scenario of a model, and when they go.

    With -o svg, a picture for a README or a pull request: one file, readable in light and dark.
    """
    project, catalogue = project_here(output, models)
    chosen = choose_models(models, output.run.directory, project)
    charts = tuple(chart_of(project, folder, catalogue, day_of(output.run, as_of)) for folder in chosen)
    empty = next((chart for chart in charts if not chart.rows), None)
    if empty is not None:
        raise NotFound(f"{empty.model} has no list of sizes that could be drawn.", hint="`publish lint` says why.")
    if output.format == "svg" and len(charts) != 1:
        raise UsageProblem(f"{len(charts)} models are meant; a picture shows one.", hint="Name one model.")
    width = shutil.get_terminal_size().columns
    if output.format == "svg":
        text = for_xml(chart_svg(charts[0]))
    elif output.format == "json":
        text = chart_json(charts)
    else:
        paint = output.paint
        text = "\n".join(chart_text(chart, width, paint) for chart in charts)
    if out is None:
        output.data(text)
    else:
        write_whole(output.run.directory / Path(out), text)
        output.note(f"Written: {Path(out).as_posix()}.")
