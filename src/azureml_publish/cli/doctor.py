"""`publish doctor`: versions, project, credentials, registry, rights and Hub, each in words."""

from __future__ import annotations

import click

from azureml_publish.cli.options import output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.pipeline.doctor import examine
from azureml_publish.registry.conformance import State
from azureml_publish.reporters.doctor import examinations_json, examinations_text


@click.command("doctor")
@registry_option
@output_options
def command(output: Output, registry: str | None) -> None:
    """Show which credential works, whether registry and Hub answer, and what role is missing.

    Writes nothing anywhere. Exits with 5 where nobody may sign in or read, with 1 where something does not answer.
    """
    examined = list(examine(output.run, registry))
    output.data(examinations_json(examined) if output.json else examinations_text(examined, output.paint))
    failures = [one.code for one in examined if one.state is State.FAILED]
    if failures:
        raise SystemExit(failures[0])
