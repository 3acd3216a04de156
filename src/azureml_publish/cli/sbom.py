"""`publish sbom`: what a registered version is made of, for programs that watch supply chains."""

from __future__ import annotations

from dataclasses import replace

import click

from azureml_publish.cli.options import output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.pipeline.registered_files import read_bill
from azureml_publish.reporters.sbom import sbom_json


@click.command("sbom")
@click.argument("model", metavar="NAME[:VERSION]")
@registry_option
@output_options
def command(*, output: Output, model: str, registry: str | None) -> None:
    """Print a machine-learning bill of materials of a version, the latest unless one is named: CycloneDX 1.6, as JSON.

    It names the model with its licence, source and datasets, and every file with its SHA-256, all as registered.
    """
    bill = read_bill(output.run, model, registry)
    replace(output, format="json").data(sbom_json(bill.asset, bill.digest, bill.entries, bill.source))
