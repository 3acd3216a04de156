"""`publish import`: existing asset folders, or what is registered, become model folders; and the proof of it."""

from __future__ import annotations

import click

from azureml_publish.cli.options import output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.errors import ExitCode
from azureml_publish.pipeline.imports import import_models
from azureml_publish.reporters.imports import import_json, import_text


@click.command("import")
@click.argument("places", metavar="[DIR|MODEL]...", nargs=-1)
@click.option("--into", metavar="DIR", default="models", show_default=True, help="The project's folder of models.")
@click.option("--check", is_flag=True, help="Render what was imported and compare it with the originals.")
@click.option("--overwrite", is_flag=True, help="Replace model folders that are there already.")
@registry_option
@output_options
def command(
    *, output: Output, places: tuple[str, ...], into: str, registry: str | None, check: bool, overwrite: bool
) -> None:
    """Make model folders from asset folders of either layout, or (with -r) from what is registered.

    DIR is an asset folder, a model YAML of `az ml`, or a folder of them; other assets are passed over. Where there is
    no publish.yaml beside the folder of models, one is made. With --check, folders that are there already are compared
    and not imported again. Exits with 4 where something is wrong, or differs without a reason; whatever is sound goes
    through all the same.
    """
    report = import_models(output.run, places, registry, into=into, check=check, overwrite=overwrite)
    if output.json:
        output.data(import_json(report.imported, report.proofs, report.found, checked=check))
    else:
        output.findings(report.found)
        output.data(import_text(report.imported, report.proofs, checked=check))
    output.notes(report.notes)
    if not report.sound:
        raise SystemExit(ExitCode.FINDINGS)
