"""Shows the progress of a transfer: bars on a terminal, a line a file elsewhere, JSON events for programs."""

# ruff: noqa: ARG002 - every form hears all of it, and shows what suits it

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from azureml_publish.cli.output import Output, write_note
from azureml_publish.content.upload.progress import Progress, Silent
from azureml_publish.reporters.tables import size_text
from azureml_publish.reporters.visible import for_terminal, one_line

FORMS = ("auto", "bars", "lines", "json", "none")

EVERY = 0.5
"""Seconds between two JSON events about the bytes of one model."""


def progress_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The form of a transfer's progress."""
    return click.option(
        "--progress",
        type=click.Choice(FORMS),
        default="auto",
        show_default=True,
        help="On standard error: bars (on a terminal), a line a file, or JSON events, one a line.",
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
            else "lines"
        )
    if form == "none":
        yield Silent()
    elif form == "json":
        yield _Events(lambda line: write_note(line, "json"), clock=clock)
    elif form == "lines":
        yield _Lines(output)
    else:
        with _bars(output) as bars:
            yield _Bars(bars)


def _bars(output: Output) -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    return Progress(
        TextColumn("  {task.description}", markup=False),
        BarColumn(bar_width=24),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True, no_color=not output.paint_notes.enabled),
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
            self._models[model] = self._bars.add_task(_name(f"{model} ({files} files)"), total=size)

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


class _Lines:
    """A line a file."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def begin(self, model: str, files: int, size: int) -> None:
        self._output.note(f"  {one_line(model)}: {files} files, {size_text(size)}")

    def file_begun(self, model: str, path: str, size: int) -> None:
        """A line a file says enough."""

    def advance(self, model: str, path: str, count: int) -> None:
        """A line a file says enough."""

    def file_done(self, model: str, path: str, size: int, *, reused: bool) -> None:
        there = " was there already" if reused else ""
        self._output.note(f"  {one_line(model)}: {one_line(path)} {size_text(size)}{there}")

    def waits(self, model: str, path: str, seconds: float, reason: str) -> None:
        self._output.note(_waiting(model, seconds, reason))

    def warn(self, model: str, text: str) -> None:
        self._output.note(f"  {one_line(model)}: {one_line(text)}")

    def end(self, model: str) -> None:
        """A line a file says enough."""


class _Events:
    """One JSON object a line; see docs/transfer.md."""

    def __init__(self, write: Callable[[str], None], *, clock: Callable[[], float]) -> None:
        self._write = write
        self._clock = clock
        self._lock = threading.Lock()
        self._models: dict[str, dict[str, Any]] = {}

    def begin(self, model: str, files: int, size: int) -> None:
        now = self._clock()
        with self._lock:
            self._models[model] = {"begun": now, "reported": now, "size": size, "done": 0}
            self._event("begin", model, files=files, bytes=size)

    def file_begun(self, model: str, path: str, size: int) -> None:
        with self._lock:
            self._event("file", model, path=path, bytes=size)

    def advance(self, model: str, path: str, count: int) -> None:
        now = self._clock()
        with self._lock:
            state = self._models[model]
            state["done"] += count
            if now - state["reported"] < EVERY:
                return
            state["reported"] = now
            rate = state["done"] / max(now - state["begun"], 0.001)
            left = (state["size"] - state["done"]) / rate if rate else None
            self._event(
                "progress",
                model,
                path=path,
                done=state["done"],
                bytes=state["size"],
                bytes_per_second=round(rate),
                seconds_left=None if left is None else round(left, 1),
            )

    def file_done(self, model: str, path: str, size: int, *, reused: bool) -> None:
        with self._lock:
            self._event("file-done", model, path=path, bytes=size, reused=reused)

    def waits(self, model: str, path: str, seconds: float, reason: str) -> None:
        with self._lock:
            self._event("wait", model, path=path, seconds=round(seconds, 2), reason=reason)

    def warn(self, model: str, text: str) -> None:
        with self._lock:
            self._event("warning", model, text=text)

    def end(self, model: str) -> None:
        with self._lock:
            self._event("end", model, done=self._models[model]["done"], bytes=self._models[model]["size"])

    def _event(self, event: str, model: str, **facts: Any) -> None:
        self._write(json.dumps({"schema_version": 1, "event": event, "model": model, **facts}, ensure_ascii=False))


def _waiting(model: str, seconds: float, reason: str) -> str:
    return f"  {one_line(model)}: {one_line(reason)} Again in {seconds:.1f} s."
