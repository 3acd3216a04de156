"""`publish rollback`: an older version's content as the next free version."""

from __future__ import annotations

from functools import partial

import click

from azureml_publish.cli.confirm import ask
from azureml_publish.cli.events import events_option
from azureml_publish.cli.options import output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.cli.promote import report_end, show_plan
from azureml_publish.cli.transfer_options import Transferring, transfer_options
from azureml_publish.pipeline.apply import Review
from azureml_publish.pipeline.rollback import roll_back
from azureml_publish.reporters.hostile_text import one_line


@click.command("rollback")
@click.argument("model", metavar="MODEL")
@click.option(
    "--to", "version", type=click.IntRange(min=1), metavar="VERSION", required=True, help="The older version."
)
@click.option("-y", "--yes", is_flag=True, help="Do not prompt.")
@registry_option
@transfer_options
@events_option
@output_options
def command(
    *, output: Output, model: str, version: int, registry: str | None, yes: bool, transferring: Transferring
) -> None:
    """Bring an older version back: its files and its metadata, as the next free version of the same registry.

    A registered version never changes its files, and a number is never used twice: who takes the latest version
    has the older one again, and both stay. The files are copied by the service where it can, and each is checked.
    Safe to run again after any interruption: where the latest version has these files already, nothing is written.
    """
    result, folder = roll_back(
        output.run,
        model,
        version,
        registry,
        partial(transferring.into, output),
        review=partial(show_plan, output, yes=yes),
        approve=partial(_approve, yes=yes, version=version),
    )
    report_end(output, result)
    latest = result.results[0].target.version
    if folder is not None and folder.spec.version != latest:
        output.note(
            f"{one_line(folder.document.path)} says version {folder.spec.version}. Bring the folder back to what it "
            f"was as version {version}, and write version: {latest}; then git says what the registry holds."
        )


def _approve(review: Review, *, yes: bool, version: int) -> None:
    (action,) = review.plan.changes
    what = f"register {action.model} version {version} again, as version {action.version}, in"
    ask(review.opened, what, yes=yes)
