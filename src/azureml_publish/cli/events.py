"""`--events`: what happens in a run, as JSON lines in a file, for programs that watch it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import click

from azureml_publish.cli.output import write_note
from azureml_publish.errors import UsageProblem
from azureml_publish.events import Event, Kind
from azureml_publish.pipeline.run import RunContext
from azureml_publish.reporters.events import EventLines
from azureml_publish.reporters.hostile_text import for_json, one_line


def events_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """A file that events are added to."""
    return click.option(
        "--events",
        metavar="FILE",
        envvar="PUBLISH_EVENTS",
        expose_value=False,
        callback=_listen,
        help="Add what happens to FILE, one JSON object a line; - is standard error.",
    )(function)


def _listen(context: click.Context, _option: click.Parameter, path: str | None) -> None:
    run = context.obj
    if path is not None and isinstance(run, RunContext):
        lines = EventLines(time.monotonic)
        run.events.listen(_note_lines(lines) if path == "-" else _FileLines(run, path, lines).add)


def _note_lines(lines: EventLines) -> Callable[[Event], None]:
    def add(event: Event) -> None:
        if line := lines.line(event):
            write_note(line, "json")

    return add


def narrate(event: Event) -> None:
    """What happens, as notes for a person who wants to know more: `--verbose`."""
    facts = event.facts
    seconds = f" in {facts['seconds']:.2f} s" if isinstance(facts.get("seconds"), int | float) else ""
    match event.kind:
        case Kind.STAGE_DONE:
            write_note(one_line(f"{facts.get('stage')} done{seconds}."))
        case Kind.MODEL_DONE | Kind.MODEL_FAILED:
            outcome = facts.get("outcome") or facts.get("error") or "failed"
            write_note(one_line(f"{facts.get('stage')} {event.model} version {event.version}: {outcome}{seconds}."))
        case Kind.STEP | Kind.RETRY | Kind.WAIT | Kind.WARNING:
            rest = ", ".join(f"{key} {value}" for key, value in facts.items())
            write_note(one_line(f"{event.kind} {event.model} {rest}".strip()))


class _FileLines:
    """A file of lines. Each is written whole and at once, so a run that is killed leaves no half of one."""

    def __init__(self, run: RunContext, path: str, lines: EventLines) -> None:
        self._path = path
        self._lines = lines
        self._broken = False
        try:
            self._descriptor = os.open(run.directory / path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise UsageProblem(
                f"{path} cannot be written: {error.strerror}.", hint="Name a file in a folder that is there, or -."
            ) from error

    def add(self, event: Event) -> None:
        """Write an event, if it has a line. A full disk ends the lines, and not the run."""
        line = self._lines.line(event)
        if line is None or self._broken:
            return
        try:
            data = f"{for_json(line)}\n".encode()
            while data:
                data = data[os.write(self._descriptor, data) :]
            if event.kind is Kind.RUN_DONE:
                os.close(self._descriptor)
                self._broken = True
        except OSError as error:
            self._broken = True
            write_note(f"{one_line(self._path)} cannot be written any more: {error.strerror}. The run goes on.")
