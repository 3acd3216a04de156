"""Shows how a transfer gets on: a bar on a terminal, a line a file elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from azureml_publish.artifacts.progress import Progress, Silent
from azureml_publish.cli.session import Output
from azureml_publish.reporters.results import size_text


@contextmanager
def watch(output: Output) -> Iterator[Progress]:
    """Progress as it suits standard error; none with --quiet."""
    if output.quiet:
        yield Silent()
    elif sys.stderr.isatty():
        with _bars(output) as bars:
            yield _Bars(bars)
    else:
        yield _Lines(output)


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
        TextColumn("  {task.description}"),
        BarColumn(bar_width=24),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True, no_color=not output.paint_notes.enabled),
        transient=True,
    )


class _Bars:
    """A bar a model."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._tasks: dict[str, Any] = {}

    def begin(self, model: str, files: int, size: int) -> None:
        self._tasks[model] = self._bars.add_task(f"{model} ({files} files)", total=size)

    def advance(self, model: str, count: int) -> None:
        self._bars.advance(self._tasks[model], count)

    def file_done(self, model: str, path: str, size: int, *, reused: bool) -> None:
        """The bar says enough."""


class _Lines:
    """A line a file."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def begin(self, model: str, files: int, size: int) -> None:
        self._output.note(f"  {model}: {files} files, {size_text(size)}")

    def advance(self, model: str, count: int) -> None:
        """A line a file says enough."""

    def file_done(self, model: str, path: str, size: int, *, reused: bool) -> None:
        self._output.note(f"  {model}: {path} {size_text(size)}{' was there already' if reused else ''}")
