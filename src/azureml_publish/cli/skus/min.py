"""`publish skus min`: derived min-SKU specs, and which size sets each figure."""

from __future__ import annotations

from datetime import datetime

import click

from azureml_publish.cli.options import as_of_option, output_options
from azureml_publish.cli.output import Output
from azureml_publish.cli.skus.options import catalogue_here, project_here, require_selected
from azureml_publish.pipeline.load import day_of
from azureml_publish.pipeline.skus import specs_of_lists
from azureml_publish.reporters.skus import MinSpecShown, min_specs_json, min_specs_text
from azureml_publish.skus.query import resolve_literal


@click.command("min")
@click.argument("what", metavar="[SIZE|MODEL]...", nargs=-1)
@click.option("--preset", "presets", multiple=True, metavar="NAME", help="A preset of publish.yaml. May be repeated.")
@as_of_option
@output_options
def command(*, output: Output, what: tuple[str, ...], presets: tuple[str, ...], as_of: datetime | None) -> None:
    """Derive the min-SKU spec of some sizes, of a preset, or of each list of a model; without either, of all lists.

    It is the least of each figure by itself, cut to whole numbers: vCPUs|GPUs|memory GiB|disk GiB.
    """
    day = day_of(output.run, as_of)
    if what and not presets and all(name.lower().startswith("standard_") for name in what):
        selection = resolve_literal(catalogue_here(output), what)
        require_selected(selection, output)
        shown = [MinSpecShown("these sizes", (), selection.skus)]
    else:
        project, catalogue = project_here(output, what)
        shown = specs_of_lists(output.run, project, catalogue, day, models=what, presets=presets)
    output.data(min_specs_json(shown) if output.json else min_specs_text(shown, output.paint))
