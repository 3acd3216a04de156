"""`publish apply`: carry out a plan."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType

import click

from azureml_publish.cli.confirm import ask, is_named
from azureml_publish.cli.events import events_option
from azureml_publish.cli.options import (
    registry_option,
    reporting,
    scheduler_option,
    settings_options,
    yes_option,
)
from azureml_publish.cli.output import Output
from azureml_publish.cli.transfer_options import Transferring, transfer_options
from azureml_publish.errors import UsageProblem
from azureml_publish.pipeline.apply import UPLOADS, Review, apply
from azureml_publish.pipeline.load import Settings
from azureml_publish.pipeline.plan import JOBS
from azureml_publish.pipeline.saved_plans import ApplyRequest, read_request
from azureml_publish.plan.actions import ActionKind
from azureml_publish.reporters.apply import (
    provenance_text,
    results_annotations,
    results_json,
    results_junit,
    results_markdown,
    results_text,
)
from azureml_publish.reporters.diagnostics import counted, diagnostics_text
from azureml_publish.reporters.outcomes import past_run_text
from azureml_publish.reporters.plan import plan_text


@click.command("apply")
@click.argument("models", metavar="[PLAN.json | MODEL...]", nargs=-1)
@registry_option
@yes_option
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    metavar="N",
    help=f"Models at a time.  [default: {JOBS}, of which {UPLOADS} bring files in]",
)
@click.option(
    "--require-signature",
    metavar="KEY.pub",
    envvar="PUBLISH_REQUIRE_SIGNATURE",
    help="Take a saved plan only if PLAN.json.sig is its signature by the owner of this public key.",
)
@transfer_options
@settings_options(part=True)
@events_option
@reporting("markdown", "github", "junit")
@scheduler_option
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    registry: str | None,
    jobs: int | None,
    settings: Settings,
    yes: bool,
    require_signature: str | None,
    transferring: Transferring,
) -> None:
    """Show the plan, and after confirmation carry it out: upload, register, update, archive.

    A plan that `publish plan --out` saved is carried out as it is, without confirmation; where the model folders or the
    registry changed since, nothing is written and the exit code is 6. It is 5 where a signature is required and is
    missing or wrong.

    Safe to run again after any interruption: what is there already is found, checked and kept. A conflict writes
    nothing and exits with 6; where some models failed and some did not, the exit code is 7. Where another run turns
    out to write to the same registry, this one stops.
    """
    request = read_request(output.run, models, registry, settings, require_signature)
    report = apply(
        output.run,
        request,
        partial(transferring.into, output),
        review=partial(_show, output, confirms=request.saved is None and not yes),
        approve=partial(_approve, output, request, yes=yes),
        jobs=jobs,
    )
    if report.journal_failure is not None:
        output.announce(f"{report.journal_failure.message}\n  help: {report.journal_failure.hint}")
    if output.format in FORMS:
        output.data(FORMS[output.format](report.plan.registry, report.results))
    elif report.plan.changes:
        output.data(results_text(report.plan.registry, report.results, output.paint))
    else:
        output.data(f"Nothing to do: the registry {report.plan.registry} is as the folders say.\n")
    if report.exit_code:
        raise SystemExit(report.exit_code)


FORMS = MappingProxyType(
    {"json": results_json, "junit": results_junit, "markdown": results_markdown, "github": results_annotations}
)
"""What writes the results for programs and build servers."""


def _show(output: Output, review: Review, *, confirms: bool) -> None:
    """Show the plan; with --quiet as well where a question follows it."""
    if review.provenance is not None:
        (output.announce if review.provenance.moved else output.note)(provenance_text(review.provenance))
    if review.past is not None:
        output.note(past_run_text(review.past, review.verb))
    (output.announce if confirms and review.plan.changes else output.note)(plan_text(review.plan, output.paint_notes))


def _approve(output: Output, request: ApplyRequest, review: Review, *, yes: bool) -> None:
    """Have a new plan confirmed; a saved one counts as approved."""
    plan, opened = review.plan, review.opened
    if review.warnings:
        output.note(diagnostics_text(review.warnings, output.paint_notes))
    if not plan.changes:
        return
    if request.saved is None:
        ask(opened, f"apply {counted(len(plan.changes), 'change')} to", yes=yes)
    elif opened.config.protected and not is_named("registry"):
        raise UsageProblem(
            f"{opened.registry.name} is protected: a saved plan alone does not change it.",
            hint="Name it as well, with --registry: a plan is a file that others may have written.",
        )
    made = (field for one in plan.actions for field in one.fields if one.kind is ActionKind.CREATE)
    if opened.stand_in and any(field.field == "source" and str(field.after).startswith("hugging") for field in made):
        output.note(
            "Hub files come from the local registry's stand-in: real layout, small random weights. "
            "`hub: public` in publish.yaml takes the real ones."
        )
