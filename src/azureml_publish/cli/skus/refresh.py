"""`publish skus refresh`: the live figures of a subscription against the catalogue."""

from __future__ import annotations

import sys
from contextlib import closing

import click

from azureml_publish.cli.options import output_options
from azureml_publish.cli.output import Output, confirm
from azureml_publish.errors import NotFound, UsageProblem
from azureml_publish.files import write_whole
from azureml_publish.pipeline.load import read_catalogue
from azureml_publish.project import find_root, read_optional
from azureml_publish.registry.cloud import find_cloud
from azureml_publish.registry.vmsizes import VM_SIZES_API, Subscription
from azureml_publish.reporters.sku_changes import comparison_json, comparison_text
from azureml_publish.skus.live import Comparison, compare, overlay_of, read_sizes
from azureml_publish.skus.overlay import OVERLAY_FILE, read_overlay, write_overlay
from azureml_publish.version import TOOL


@click.command("refresh")
@click.option(
    "--subscription",
    metavar="ID",
    envvar=["PUBLISH_SUBSCRIPTION", "AZURE_SUBSCRIPTION_ID"],
    help="The subscription to read. [default: AZURE_SUBSCRIPTION_ID]",
)
@click.option("--region", "regions", multiple=True, metavar="NAME", help="Read this region. May be repeated.")
@click.option("--all-regions", is_flag=True, help="Read every region of the subscription. [default]")
@click.option("--write", "-y", is_flag=True, help="Write the overlay without confirmation.")
@output_options
def command(
    *, output: Output, subscription: str | None, regions: tuple[str, ...], all_regions: bool, write: bool
) -> None:
    """Compare the catalogue with what the Machine Learning service says of a subscription's sizes.

    Shows the differences, and after confirmation writes them to skus.overlay.csv beside publish.yaml. Figures of the
    overlay go before those of the catalogue; the package itself is never changed.
    """
    if not subscription:
        hint = "Give --subscription ID, or set AZURE_SUBSCRIPTION_ID: az account show --query id."
        raise UsageProblem("No subscription is named.", hint=hint)
    if regions and all_regions:
        raise UsageProblem("--region and --all-regions exclude each other.", hint="Give one of them.")
    root = find_root(output.run.directory)
    catalogue, wrong = read_catalogue(root)
    broken = next((one for one in wrong if one.severity == "error"), None)
    if broken is not None:
        raise UsageProblem(f"{broken.location.path}:{broken.location.line}: {broken.message}", hint=broken.hint)
    cloud = find_cloud(output.run.environ)
    identity = output.run.find_credential(output.run.environ, cloud.authority)
    with closing(Subscription(subscription, identity.credential, cloud, TOOL)) as azure:
        answers, missing = azure.vm_sizes_everywhere(regions or azure.regions())
    if missing and regions:
        raise NotFound(next(iter(missing.values())), hint="`az account list-locations` shows the regions' names.")
    if not answers:
        raise NotFound("The Machine Learning service answers in none of the regions.", hint="Name one with --region.")
    found = compare(catalogue, {region: read_sizes(answer) for region, answer in answers.items()})
    if not output.json:
        output.data(comparison_text(found, missing, output.paint))
    written = bool(found.differences) and (write or _confirmed(output))
    if written:
        text, _ = read_optional(root, OVERLAY_FILE)
        rows, _ = read_overlay(text, OVERLAY_FILE) if text is not None else ((), ())
        stated = overlay_of(found, rows, catalogue, _source(found, output))
        write_whole(root / OVERLAY_FILE, write_overlay(stated))
        output.note(f"Written: {OVERLAY_FILE}.")
    elif found.differences:
        output.note(f"Nothing is written; --write puts it into {OVERLAY_FILE}.")
    if output.json:
        output.data(comparison_json(found, missing, written=OVERLAY_FILE if written else None))


def _confirmed(output: Output) -> bool:
    if output.json or not sys.stdin.isatty():
        return False
    return confirm(f"Write {OVERLAY_FILE}?")


def _source(found: Comparison, output: Output) -> str:
    where = ", ".join(found.regions) if len(found.regions) <= 3 else f"{len(found.regions)} regions"
    return f"vmSizes {VM_SIZES_API} in {where}, read {output.run.today}"
