"""`publish apply`: carry out a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import click

from azureml_publish.assets import LayoutName
from azureml_publish.cli.confirm import ask, is_named
from azureml_publish.cli.options import as_of_option, layout_option, output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.cli.transfer_options import Transferring, transfer_options
from azureml_publish.content.upload.transfer import ModelContent
from azureml_publish.errors import Conflict
from azureml_publish.execute.apply import Result, apply_plan
from azureml_publish.execute.outcome import Outcome, end_of, exit_code
from azureml_publish.execute.registration import Tools
from azureml_publish.pipeline.check import check
from azureml_publish.pipeline.inspection import inspect_sources
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.prefetch import Prefetch
from azureml_publish.pipeline.registries import Opened, asked_registry, find_readers, name_of, open_registry
from azureml_publish.pipeline.run_log import Records, recording
from azureml_publish.pipeline.saved_plans import plan_asked, what_is_asked
from azureml_publish.plan import Plan
from azureml_publish.reporters.diagnostics import diagnostics_text
from azureml_publish.reporters.plans import plan_text
from azureml_publish.reporters.results import past_run_text, results_json, results_text

JOBS = 16
"""Models at a time where only their records are written: nearly all of it is waiting."""

UPLOADS = 2
"""Models at a time that bring files in: each takes some blocks of memory, and the network is the limit."""


@click.command("apply")
@click.argument("models", metavar="[PLAN.json | MODEL...]", nargs=-1)
@registry_option
@layout_option
@click.option("-y", "--yes", is_flag=True, help="Do not ask. A protected registry must be named with --registry, too.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    help=f"Models at a time.  [default: {JOBS}, of which {UPLOADS} bring files in]",
)
@transfer_options
@as_of_option
@output_options
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    registry: str | None,
    layout: LayoutName | None,
    jobs: int | None,
    as_of: datetime | None,
    yes: bool,
    transferring: Transferring,
) -> None:
    """Show the plan, ask, and carry it out: upload, register, update, archive.

    A plan that `publish plan --out` saved is carried out as it is, without asking; where the model folders or the
    registry moved since, nothing is written and the exit code is 6.

    Safe to run again after any interruption: what is there already is found, checked and kept. A conflict writes
    nothing and exits with 6; where some models failed and some did not, the exit code is 7. Where another run turns
    out to write to the same registry, this one stops.
    """
    asked = what_is_asked(output.run, models, registry, Settings(layout, as_of))
    loaded = load(output.run, asked.models, asked.settings)
    project = loaded.require_project()
    with (
        recording(project, name_of(project, asked.registry), "apply") as records,
        Prefetch(partial(open_registry, output.run, name=asked.registry), jobs or JOBS) as prefetch,
    ):
        checked = check(output.run, loaded, "errors", begun=lambda: prefetch.begin(loaded))
        checked.require_sound()
        opened = prefetch.opened()
        if records.open_end is not None:
            output.note(past_run_text(records.open_end, records.verb))
        plan, contents = plan_asked(asked, checked, opened.registry, jobs or JOBS, prefetch.find)
        asks = asked.saved is None and not yes
        (output.tell if asks and plan.changes else output.note)(plan_text(plan, output.paint_notes))
        if plan.conflicts:
            required = f"`publish bump --required{asked_registry(asked.registry)}`"
            raise Conflict(
                f"{len(plan.conflicts)} of {len(plan.actions)} models cannot be applied; nothing was written.",
                hint=f"{required} writes the next free version of each; then plan again.",
            )
        inspection = inspect_sources(plan, contents, find_readers(opened, output.run))
        if inspection.warnings:
            output.note(diagnostics_text(inspection.warnings, output.paint_notes))
        contents = inspection.contents
        if plan.changes:
            if asked.saved is None:  # a saved plan could be read and approved
                also = "--registry, or apply a saved plan"
                ask(opened, f"apply {len(plan.changes)} changes to", yes=yes, named=is_named("registry"), option=also)
            results, code = carry_out(output, opened, records, plan, contents, jobs=jobs, transferring=transferring)
        else:
            records.settle(plan)
            results, code = [Result(a.model, a.version, Outcome.UNCHANGED) for a in plan.actions], 0
    if output.json:
        output.data(results_json(plan.registry, results))
    elif plan.changes:
        output.data(results_text(plan.registry, results, output.paint))
    else:
        output.data(f"Nothing to do: the registry {plan.registry} is as the folders say.\n")
    if code:
        raise SystemExit(code)


def carry_out(
    output: Output,
    opened: Opened,
    records: Records,
    plan: Plan,
    contents: Mapping[str, ModelContent],
    *,
    jobs: int | None,
    transferring: Transferring,
) -> tuple[Sequence[Result], int]:
    """Apply a plan under a journal; the results, and the exit code that they make.

    Raises:
        JournalFailed: the journal cannot be begun; nothing was written.
    """
    if opened.stand_in:
        output.note(
            "Hub files come from the local registry's stand-in: real layout, small random weights. "
            "`hub: public` in publish.yaml takes the real ones."
        )
    journal = records.begin(plan)
    end = ""
    try:
        with transferring.into(output, opened) as transfer:
            tools = Tools(opened.registry, transfer, journal=journal)
            results = apply_plan(plan, contents, tools, jobs=jobs or JOBS, uploads=jobs or UPLOADS)
        code = exit_code(results, interrupted=transfer.stop())
        end = end_of(code)
    finally:
        journal.end(end or "interrupted")
    if journal.failure is not None:
        output.tell(f"{journal.failure.message}\n  help: {journal.failure.hint}")
    return results, code
