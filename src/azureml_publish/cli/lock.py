"""`publish lock`: what the sources of models hold, written down for review."""

from __future__ import annotations

import click

from azureml_publish.cli.options import models_argument, output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.diagnostics import has_errors
from azureml_publish.errors import ExitCode
from azureml_publish.pipeline.lock import lock_models
from azureml_publish.reporters.lock import LockState, locks_json, locks_text


@click.command("lock")
@models_argument
@click.option("--check", is_flag=True, help="Write nothing; exit with 4 if a lock is not what its source holds.")
@registry_option
@output_options
def command(*, output: Output, models: tuple[str, ...], check: bool, registry: str | None) -> None:
    """Write source.lock.json into each model folder: the files of its source, and what was read from them.

    Commit it: render, lint and plan then need no network for the source, and apply refuses one whose bytes differ. A
    file whose SHA-256 the source does not list is read whole. The registry decides which Hub is read: the embedded one
    has a stand-in of its own, whose files are not the real ones.
    """
    locked, found = lock_models(output.run, models, registry, check=check)
    output.findings(found)
    output.data(locks_json(locked) if output.json else locks_text(locked))
    for one in locked:
        if one.failure is not None:
            output.announce(f"Error: {one.model}: {one.failure.message}\n  help: {one.failure.hint}")
    if any(one.state is LockState.WRITTEN and one.lock is not None and one.lock.stand_in for one in locked):
        output.note(
            "These files are the emulator's stand-ins. `-r` with a registry that has the real Hub locks the real ones."
        )
    if has_errors(found) or any(one.state in (LockState.STALE, LockState.REFUSED) for one in locked):
        raise SystemExit(ExitCode.FINDINGS)
    if failures := [one.failure for one in locked if one.failure is not None]:
        raise SystemExit(failures[0].exit_code)
