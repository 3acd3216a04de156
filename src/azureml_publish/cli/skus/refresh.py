"""`publish skus refresh`: the live figures of a subscription against the catalogue."""

from __future__ import annotations

import click

from azureml_publish.cli.confirm import confirms_writing
from azureml_publish.cli.options import output_options
from azureml_publish.cli.output import Output
from azureml_publish.errors import UsageProblem
from azureml_publish.pipeline.skus import compare_live
from azureml_publish.reporters.sku_changes import comparison_json, comparison_text
from azureml_publish.skus.overlay import OVERLAY_FILE


@click.command("refresh")
@click.option(
    "--subscription",
    metavar="ID",
    envvar=["PUBLISH_SUBSCRIPTION", "AZURE_SUBSCRIPTION_ID"],
    help="The subscription to read. [default: AZURE_SUBSCRIPTION_ID]",
)
@click.option(
    "--region", "regions", multiple=True, metavar="NAME", help="Read this region; repeatable. [default: every one]"
)
@click.option("--write", "-y", is_flag=True, help="Write the overlay without confirmation.")
@output_options
def command(*, output: Output, subscription: str | None, regions: tuple[str, ...], write: bool) -> None:
    """Compare the catalogue with what the Machine Learning service says of a subscription's sizes.

    Shows the differences, and after confirmation writes them to skus.overlay.csv beside publish.yaml. Figures of the
    overlay go before those of the catalogue; the package itself is never changed.
    """
    if not subscription:
        hint = "Give --subscription ID, or set AZURE_SUBSCRIPTION_ID: az account show --query id."
        raise UsageProblem("No subscription is named.", hint=hint)
    live = compare_live(output.run, subscription, regions)
    if not output.json:
        output.data(comparison_text(live.found, live.missing, output.paint))
    written = bool(live.overlay) and (write or confirms_writing(output, OVERLAY_FILE))
    if written:
        live.write(output.run)
        output.note(f"Written: {OVERLAY_FILE}.")
    elif live.overlay:
        output.note(f"Nothing is written; --write puts it into {OVERLAY_FILE}.")
    if output.json:
        output.data(comparison_json(live.found, live.missing, written=OVERLAY_FILE if written else None))
