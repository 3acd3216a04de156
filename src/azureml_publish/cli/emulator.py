"""`publish emulator`: a registry, its blobs and a Hub on loopback, for any client."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Literal

import click

from azureml_publish.cli.options import Bytes
from azureml_publish.cli.output import Output, write, write_note
from azureml_publish.errors import ExitCode
from azureml_publish.pipeline.emulator import ServeRequest, add_repositories, read_faults, start_emulator
from azureml_publish.pipeline.run import RunContext
from azureml_publish.reporters.hostile_text import one_line


@click.command("emulator")
@click.option(
    "--data", metavar="DIR", default=".publish/registry", show_default=True, help="Folder that keeps its state."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    default=0,
    help="HTTPS port of the registry. [default: a free one]",
)
@click.option("--http-port", type=click.IntRange(0, 65535), metavar="N", default=0, help="HTTP port of blobs and Hub.")
@click.option(
    "--hub-weights", type=Bytes(), metavar="SIZE", help="Make the Hub's weights this large, for measurements."
)
@click.option(
    "--service-shape",
    type=click.Choice(["recorded", "plain"]),
    default="recorded",
    show_default=True,
    help="Answer as Azure was recorded to do (two hosts, operations to poll, nulls), or plainly and at once.",
)
@click.option("--faults", metavar="FILE", help="YAML with quirks and faults to begin with; they change the shape.")
@click.option(
    "--hub", metavar="DIR", help="Serve each folder ORG/NAME in DIR as a repository of the Hub; its commit is printed."
)
@click.pass_obj
def command(
    run: RunContext,
    *,
    data: str,
    port: int,
    http_port: int,
    hub_weights: int | None,
    service_shape: Literal["recorded", "plain"],
    faults: str | None,
    hub: str | None,
) -> None:
    """Serve a registry named local (and any other name that a client uses), its blobs and a Hub.

    Prints the variables to export as NAME=value lines as soon as it answers; ends on Ctrl-C or SIGTERM.
    """
    wanted = None
    if faults is not None:
        wanted, mistakes = read_faults(run, faults)
        if wanted is None:
            Output(run).findings(mistakes)
            raise SystemExit(ExitCode.FINDINGS)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    request = ServeRequest(data, port, http_port, hub_weights, service_shape, hub)
    emulator, environment = start_emulator(run, request, wanted)
    try:
        if hub is not None:
            for repository, commit in add_repositories(run, emulator, hub).items():
                write_note(f"{one_line(repository)} is at {commit}.")
        for name, value in environment.items():
            write(f"{name}={value}\n")
        write_note(f"Serving {one_line(str(run.directory / Path(data).expanduser()))}. Stop with Ctrl-C.")
        ended.wait()
    finally:
        emulator.stop()
