"""`publish lint`: all checks, all findings."""

from __future__ import annotations

from datetime import datetime

import click

from azureml_publish.cli.session import Output, as_of_option, models_argument, output_options
from azureml_publish.cli.stages import FINDINGS, Settings, stage
from azureml_publish.diagnostics import has_errors
from azureml_publish.reporters.diagnostics import diagnostics_json, diagnostics_summary, diagnostics_text


@click.command("lint")
@models_argument
@as_of_option
@output_options
def command(output: Output, models: tuple[str, ...], as_of: datetime | None) -> None:
    """Check the model folders: spec, SKUs, card, samples and templates.

    Exits with 4 where there is an error; warnings alone are 0.
    """
    staged = stage(output.session, models, Settings(as_of=as_of))
    if output.json:
        output.data(diagnostics_json(staged.found))
    else:
        output.data(diagnostics_text(staged.found, output.paint))
        output.note(diagnostics_summary(staged.found, len(staged.subjects)))
    if has_errors(staged.found):
        raise SystemExit(FINDINGS)
