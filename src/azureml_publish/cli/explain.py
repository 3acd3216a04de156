"""`publish explain`: where a rendered field comes from, and what changing it means."""

from __future__ import annotations

import click

from azureml_publish.cli.options import output_options, settings_options
from azureml_publish.cli.output import Output
from azureml_publish.pipeline.explain import explain
from azureml_publish.pipeline.load import Settings
from azureml_publish.reporters.explain import explanation_json, explanation_text


@click.command("explain")
@click.argument("field", metavar="FIELD")
@click.option("-m", "--model", metavar="MODEL", help="The model folder; needed where there are several.")
@settings_options()
@output_options
def command(*, output: Output, field: str, model: str | None, settings: Settings) -> None:
    """Say which line of a spec, preset, default or template a field comes from, and what changing it means.

    FIELD is named as plans name it: version, content, description, tags.NAME, properties.NAME, system_metadata.NAME,
    or deeper, as system_metadata.SKU.inferenceMinSkuSpec. Its end is enough where one field alone has it, as license.
    No registry is read.
    """
    explanation = explain(output.run, field, model, settings)
    output.data(explanation_json(explanation) if output.json else explanation_text(explanation, output.paint))
