"""Shows the progress of a transfer: bars on a terminal, lines elsewhere, JSON events for programs."""

# ruff: noqa: ARG002 - every form hears all of it, and shows what suits it

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from azureml_publish.cli.output import Output, write_note
from azureml_publish.content.upload.progress import Emitted, Progress, Silent, shown
from azureml_publish.events import Event, Kind
from azureml_publish.reporters.diagnostics import counted
from azureml_publish.reporters.events import EventLines
from azureml_publish.reporters.hostile_text import for_terminal, one_line
from azureml_publish.reporters.tables import size_text

FORMS = ("auto", "bars", "lines", "json", "none")

LARGE = 1024 * 1024
"""Bytes from which on a file has a line of its own in a log, which nobody wants to be mostly small files."""

_WIDE = 80
"""Columns from which on there is room for bars, and the time that is left, beside figures."""

TRANSFER = frozenset({Kind.BEGIN, Kind.FILE, Kind.PROGRESS, Kind.FILE_DONE, Kind.WAIT, Kind.WARNING, Kind.END})
"""What `--progress json` writes; `--events` has all."""


def progress_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The form of a transfer's progress."""
    return click.option(
        "--progress",
        type=click.Choice(FORMS),
        default="auto",
        show_default=True,
        help="On standard error: bars (on a terminal), a line a file (elsewhere: from 1 MiB on), or JSON events.",
    )(function)


@contextmanager
def watch(output: Output, form: str = "auto", clock: Callable[[], float] = time.monotonic) -> Iterator[Progress]:
    """Progress in the chosen form; `auto` depends on standard error, and is nothing with --quiet."""
    if form == "auto":
        form = (
            "none"
            if output.quiet
            else "bars"
            if sys.stderr.isatty() and output.run.environ.get("TERM") != "dumb"
            else "large"
        )
    events = output.run.events
    if form == "none":
        yield Emitted(events)
    elif form == "json":
        lines = EventLines(clock)

        def write(event: Event) -> None:
            if event.kind in TRANSFER and (line := lines.line(event)):
                write_note(line, "json")

        leave = events.listen(write)
        try:
            yield Emitted(events)
        finally:
            leave()
    elif form in ("lines", "large"):
        with shown(events, _Lines(output, LARGE if form == "large" else 0)) as progress:
            yield progress
    else:
        with _bars(output) as bars, shown(events, _Bars(bars)) as progress:
            yield progress


def _bars(output: Output) -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column
    from rich.text import Text

    class Speed(ProgressColumn):
        """In the units of sizes, where rich's own has others."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{size_text(int(speed))}/s" if speed else "?", style="progress.data.speed")

    console = Console(stderr=True, no_color=not output.paint_notes.enabled)
    wide = console.width >= _WIDE
    name = Column(no_wrap=True, max_width=console.width - (46 if wide else 34))  # what the figures leave
    return Progress(
        TextColumn("  {task.description}", markup=False, table_column=name),
        *([BarColumn(bar_width=24)] if wide else []),
        DownloadColumn(binary_units=True, table_column=Column(no_wrap=True)),
        Speed(table_column=Column(no_wrap=True)),
        *([TimeRemainingColumn(compact=True)] if wide else []),
        console=console,
        transient=True,
    )


class _Bars:
    """A bar for all bytes, a bar a model, and one for every large file that is under way."""

    LARGE = 16 * 1024 * 1024
    """Bytes from which on a file has a bar of its own: smaller ones are gone before they are read."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._lock = threading.Lock()
        self._all: Any = None
        self._models: dict[str, Any] = {}
        self._files: dict[tuple[str, str], Any] = {}
        self._size = 0

    def begin(self, model: str, files: int, size: int) -> None:
        with self._lock:
            self._size += size
            if self._all is None and self._models:
                done = sum(task.completed for task in self._bars.tasks if task.id in self._models.values())
                self._all = self._bars.add_task("in all", total=self._size, completed=done)
            elif self._all is not None:
                self._bars.update(self._all, total=self._size)
            self._models[model] = self._bars.add_task(_name(f"{model} ({counted(files, 'file')})"), total=size)

    def file_begun(self, model: str, path: str, size: int) -> None:
        if size >= self.LARGE:
            with self._lock:
                self._files[model, path] = self._bars.add_task(_name(f"  {path}"), total=size)

    def advance(self, model: str, path: str, count: int) -> None:
        with self._lock:
            for task in (self._all, self._models[model], self._files.get((model, path))):
                if task is not None:
                    self._bars.advance(task, count)

    def file_done(self, model: str, path: str, size: int, *, reused: bool) -> None:
        """Its bar goes."""
        with self._lock:
            task = self._files.pop((model, path), None)
            if task is not None:
                self._bars.remove_task(task)

    def waits(self, model: str, path: str, seconds: float, reason: str) -> None:
        self._print(_waiting(model, seconds, reason))

    def warn(self, model: str, text: str) -> None:
        self._print(f"  {one_line(model)}: {one_line(text)}")

    def end(self, model: str) -> None:
        """Bars of files that did not come go."""
        with self._lock:
            for key in [key for key in self._files if key[0] == model]:
                self._bars.remove_task(self._files.pop(key))

    def _print(self, line: str) -> None:
        self._bars.console.print(for_terminal(line), markup=False, highlight=False)


def _name(text: str) -> str:
    """What a bar is of: rich writes it to the terminal itself."""
    return for_terminal(one_line(text))


class _Lines(Silent):
    """A line a model, and one a file that is not smaller than `least` bytes."""

    def __init__(self, output: Output, least: int) -> None:
        super().__init__()
        self._output = output
        self._least = least

    def begin(self, model: str, files: int, size: int) -> None:
        self._output.note(f"  {one_line(model)}: {counted(files, 'file')}, {size_text(size)}")

    def file_done(self, model: str, path: str, size: int, *, reused: bool) -> None:
        if size < self._least:
            return
        there = " was there already" if reused else ""
        self._output.note(f"  {one_line(model)}: {one_line(path)} {size_text(size)}{there}")

    def waits(self, model: str, path: str, seconds: float, reason: str) -> None:
        self._output.note(_waiting(model, seconds, reason))

    def warn(self, model: str, text: str) -> None:
        self._output.note(f"  {one_line(model)}: {one_line(text)}")


def _waiting(model: str, seconds: float, reason: str) -> str:
    of_model = f"{one_line(model)}: " if model else ""
    return f"  {of_model}{one_line(reason)} Again in {seconds:.1f} s."
