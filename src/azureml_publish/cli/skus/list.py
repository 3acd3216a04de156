"""`publish skus list`: the sizes that a query selects, before anybody writes it."""

from __future__ import annotations

from datetime import datetime

import click

from azureml_publish.assets import MinSkuSpec
from azureml_publish.cli.options import as_of_option, output_options
from azureml_publish.cli.output import Output
from azureml_publish.cli.skus.options import catalogue_here, query_options, require_selected
from azureml_publish.pipeline.load import day_of
from azureml_publish.reporters.diagnostics import counted
from azureml_publish.reporters.skus import sizes_json, sizes_text
from azureml_publish.skus.catalogue import is_retired
from azureml_publish.skus.query import Selection, select
from azureml_publish.spec import SkuQuery


@click.command("list")
@query_options
@as_of_option
@output_options
def command(
    *,
    output: Output,
    families: tuple[str, ...],
    least: MinSkuSpec | None,
    max_gpus: int | None,
    gpu_models: tuple[str, ...],
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    as_of: datetime | None,
) -> None:
    """List the sizes that a query selects, in catalogue order; without a query, all that are not retired.

    The words are those of publish.yaml, so what is right here can be written there.
    """
    catalogue = catalogue_here(output)
    day = day_of(output.run, as_of)
    query = SkuQuery.model_construct(
        families=families,
        min=str(least) if least is not None else None,
        max_gpus=max_gpus,
        gpu_models=gpu_models,
        include=include,
        exclude=exclude,
    )
    if query == SkuQuery():
        selection = Selection(tuple(sku for sku in catalogue if not is_retired(sku, day)))
    else:
        selection = select(catalogue, query, day)
    require_selected(selection, output)
    if output.json:
        output.data(sizes_json(selection.skus, day))
    else:
        output.data(sizes_text(selection.skus, day, output.paint))
        output.note(f"{counted(len(selection.skus), 'size')} as of {day}.")
