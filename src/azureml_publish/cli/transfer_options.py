"""The options of every verb that moves files: how fast, over how many connections, and the form of the progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from azureml_publish.cli.interrupts import stoppable
from azureml_publish.cli.options import Bytes
from azureml_publish.cli.output import Output
from azureml_publish.cli.progress import progress_option, watch
from azureml_publish.content.upload.pool import CONNECTIONS
from azureml_publish.content.upload.transfer import Transfer
from azureml_publish.pipeline.registries import Opened
from azureml_publish.pipeline.transfer import open_transfer


@dataclass(frozen=True, slots=True)
class Transferring:
    """What the options say: bytes a second at most (None: no limit), connections, form of the progress."""

    bandwidth: int | None
    connections: int
    progress: str

    @contextmanager
    def into(self, output: Output, opened: Opened) -> Iterator[Transfer]:
        """What brings files into a registry; it shows how they get on, and Ctrl-C stops it after the step under way."""
        with (
            stoppable(output.note) as stopped,
            watch(output, self.progress) as progress,
            open_transfer(
                output.run, opened, progress, stopped.is_set, bandwidth=self.bandwidth, connections=self.connections
            ) as transfer,
        ):
            yield transfer


def transfer_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options; the verb is handed a `Transferring` as `transferring`."""

    @click.option(
        "--bandwidth",
        type=Bytes(per_second=True),
        metavar="RATE",
        help="Read at most so much a second, for example 50MiB, in all.",
    )
    @click.option(
        "--connections",
        type=click.IntRange(1, 64),
        metavar="N",
        default=CONNECTIONS,
        show_default=True,
        help="Blocks under way at a time, over all models and files; 8 MiB of memory each.",
    )
    @progress_option
    @wraps(function)
    def wrapped(*, bandwidth: int | None, connections: int, progress: str, **rest: Any) -> Any:
        return function(transferring=Transferring(bandwidth, connections, progress), **rest)

    return wrapped
