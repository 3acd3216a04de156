"""`publish apply`: carry out a plan."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import click

from azureml_publish.apply import Outcome, Result, Tools, apply_plan
from azureml_publish.artifacts.transfer import Transfer
from azureml_publish.assets import LayoutName
from azureml_publish.cli.planning import plan_models
from azureml_publish.cli.progress import watch
from azureml_publish.cli.registries import TOOL, Opened, find_blobs, open_registry
from azureml_publish.cli.session import (
    Output,
    as_of_option,
    layout_option,
    models_argument,
    output_options,
    registry_option,
)
from azureml_publish.cli.stages import Settings, require_sound, stage
from azureml_publish.cli.transferring import Transferring, transfer_options
from azureml_publish.errors import Conflict, Interrupted, UsageProblem
from azureml_publish.plan import Plan
from azureml_publish.reporters.plans import plan_text
from azureml_publish.reporters.results import results_json, results_text

PARTLY_APPLIED = 7


@click.command("apply")
@models_argument
@registry_option
@layout_option
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--jobs", type=click.IntRange(1, 64), default=2, show_default=True, help="Models at a time.")
@transfer_options
@as_of_option
@output_options
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    registry: str | None,
    layout: LayoutName | None,
    jobs: int,
    as_of: datetime | None,
    yes: bool,
    transferring: Transferring,
) -> None:
    """Show the plan, ask, and carry it out: upload, register, update.

    Safe to run again after any interruption: what is there already is found, checked and kept. A conflict writes
    nothing and exits with 6; where some models failed and some did not, the exit code is 7.
    """
    staged = stage(output.session, models, Settings(layout, as_of))
    project = require_sound(staged, output)
    with open_registry(output, project, registry) as opened:
        plan, contents = plan_models(staged, opened.registry, jobs)
        output.note(plan_text(plan, output.paint_notes))
        if plan.conflicts:
            raise Conflict(
                f"{len(plan.conflicts)} of {len(plan.actions)} models cannot be applied; nothing was written.",
                hint=plan.conflicts[0].hint,
            )
        results: Sequence[Result] = [Result(a.model, a.version, Outcome.UNCHANGED) for a in plan.actions]
        if plan.changes:
            _ask(plan, opened, yes=yes)
            if opened.stand_in:
                output.note(
                    "Hub files come from the local registry's stand-in: real layout, small random weights. "
                    "`hub: public` in publish.yaml takes the real ones."
                )
            with _stoppable(output) as stopped, watch(output, transferring.progress) as progress:
                blobs = find_blobs(output.session.environ)
                transfer = Transfer(opened.hub, progress, TOOL, stopped.is_set, blobs, lanes=transferring.lanes())
                results = apply_plan(plan, contents, Tools(opened.registry, transfer), jobs=jobs)
    if output.json:
        output.data(results_json(plan.registry, results))
    elif plan.changes:
        output.data(results_text(plan.registry, results, output.paint))
    else:
        output.data(f"Nothing to do: the registry {plan.registry} is as the folders say.\n")
    if code := _exit_code(results):
        raise SystemExit(code)


def _ask(plan: Plan, opened: Opened, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageProblem("There is nobody to ask.", hint="Add --yes to apply without asking.")
    if opened.config.protected:
        question = f"{plan.registry} is protected. Type its name to apply {len(plan.changes)} changes"
        if click.prompt(question, err=True, default="", show_default=False) != plan.registry:
            raise click.Abort
    else:
        click.confirm(f"Apply {len(plan.changes)} changes to {plan.registry}?", abort=True, err=True)


@contextmanager
def _stoppable(output: Output) -> Iterator[threading.Event]:
    """Ctrl-C asks for an end after the step under way; a second one does not wait."""
    stopped = threading.Event()

    def stop(_signal: int, _frame: object) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()
        output.note("Stopping after the step under way. Press Ctrl-C again to stop at once.")

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)


def _exit_code(results: Sequence[Result]) -> int:
    if any(result.outcome is Outcome.SKIPPED for result in results):
        return Interrupted.exit_code
    failures = [result.error for result in results if result.error is not None]
    if not failures:
        return 0
    if any(result.outcome in (Outcome.CREATED, Outcome.UPDATED) for result in results):
        return PARTLY_APPLIED
    return failures[0].exit_code
