"""`publish promote`: registered versions to another registry."""

from __future__ import annotations

from functools import partial

import click

from azureml_publish.cli.confirm import ask
from azureml_publish.cli.events import events_option
from azureml_publish.cli.options import output_options, settings_options
from azureml_publish.cli.output import Output
from azureml_publish.cli.transfer_options import Transferring, transfer_options
from azureml_publish.content.packaging.rules import some
from azureml_publish.execute.promote import Mode
from azureml_publish.pipeline.apply import Review
from azureml_publish.pipeline.load import Settings
from azureml_publish.pipeline.promote import PromoteResult, PromotionRequest, promote_versions
from azureml_publish.reporters.outcomes import past_run_text
from azureml_publish.reporters.plan import plan_text
from azureml_publish.reporters.promote import promoted_json, promoted_text


@click.command("promote")
@click.argument("models", metavar="MODEL[:VERSION]...", nargs=-1, required=True)
@click.option("--from", "source", metavar="NAME", required=True, help="The registry that has them.")
@click.option("--to", "target", metavar="NAME", required=True, help="The registry that is to have them.")
@click.option(
    "--metadata",
    type=click.Choice([mode.value for mode in Mode]),
    help="From the model folder, or as it is in the source. [default: render where the folder names this version]",
)
@click.option("-y", "--yes", is_flag=True, help="Do not prompt.")
@settings_options()
@transfer_options
@events_option
@output_options
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    source: str,
    target: str,
    metadata: str | None,
    yes: bool,
    settings: Settings,
    transferring: Transferring,
) -> None:
    """Take registered versions to another registry: same version, same files, same manifest digest.

    MODEL is the version that its folder names, else the latest of the source. Files are copied by the service where it
    can and through this machine where it cannot, and each is checked before the version is registered. Safe to run
    again after any interruption. Exits with 6 where a version is there with other files; nothing is written then.
    """
    result = promote_versions(
        output.run,
        PromotionRequest(models, source, target, settings, metadata),
        partial(transferring.into, output),
        review=partial(show_plan, output, yes=yes),
        approve=partial(_approve, yes=yes),
    )
    report_end(output, result)


def report_end(output: Output, result: PromoteResult) -> None:
    """Report what became of each version, and exit where one failed; the end of promote and rollback."""
    if result.journal_failure is not None:
        output.announce(f"{result.journal_failure.message}\n  help: {result.journal_failure.hint}")
    if output.json:
        output.data(promoted_json(result.source, result.target, result.results))
    else:
        output.data(promoted_text(result.results, output.paint))
    if result.exit_code:
        raise SystemExit(result.exit_code)


def show_plan(output: Output, review: Review, *, yes: bool) -> None:
    """Show the plan; with --quiet as well where a question follows it."""
    if review.past is not None:
        output.note(past_run_text(review.past, review.verb))
    (output.note if yes or not review.plan.changes else output.announce)(plan_text(review.plan, output.paint_notes))


def _approve(review: Review, source: str, *, yes: bool) -> None:
    named = some([f"{action.model}:{action.version}" for action in review.plan.changes], 4)
    ask(review.opened, f"promote {named} from {source} to", yes=yes, parameter="target", option="--to")
