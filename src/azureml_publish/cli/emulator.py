"""`publish emulator`: a registry, its blobs and a Hub on loopback, for any client."""

from __future__ import annotations

import signal
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from azureml_publish.cli.options import Bytes
from azureml_publish.cli.output import Output, write, write_note
from azureml_publish.diagnostics import Diagnostic
from azureml_publish.documents import parse_yaml
from azureml_publish.errors import EmulatorUnavailable, ExitCode, NotFound
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.state import check_state
from azureml_publish.project import read_optional
from azureml_publish.reporters.visible import one_line
from azureml_publish.spec import read_spec

if TYPE_CHECKING:
    from azureml_publish.emulator import Emulator
    from azureml_publish.emulator.quirks import EmulatorFaults


@click.command("emulator")
@click.option(
    "--data", metavar="DIR", default=".publish/registry", show_default=True, help="Folder that keeps its state."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="HTTPS port of the registry. [default: a free one]"
)
@click.option("--http-port", type=click.IntRange(0, 65535), default=0, help="HTTP port of blobs and Hub.")
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
    service_shape: str,
    faults: str | None,
    hub: str | None,
) -> None:
    """Serve a registry named local (and any other name that a client uses), its blobs and a Hub.

    Prints the variables to export as NAME=value lines as soon as it answers; ends on Ctrl-C or SIGTERM.
    """
    from azureml_publish.emulator import Emulator
    from azureml_publish.emulator.quirks import SHAPES, EmulatorFaults

    if hub is not None and not (run.directory / Path(hub).expanduser()).is_dir():
        raise NotFound(
            f"There is no folder {hub}.", hint="--hub takes one with the files of each repository in ORG/NAME/."
        )
    wanted = _read(run, faults) if faults is not None else EmulatorFaults()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    folder = run.directory / Path(data).expanduser()
    check_state(run.directory, run.environ, folder)
    emulator = Emulator(
        folder,
        port=port,
        http_port=http_port,
        hub_weights=hub_weights,
        quirks=SHAPES[service_shape].changed(**wanted.quirks.model_dump(exclude_unset=True)),
        faults=wanted.faults,
    )
    try:
        emulator.start()
    except (OSError, sqlite3.Error) as error:
        hint = "Choose other ports, or with --data a folder that is yours and intact."
        raise EmulatorUnavailable(f"The emulator does not start: {error}.", hint=hint) from error
    try:
        if hub is not None:
            _add_repositories(emulator, run.directory / Path(hub).expanduser())
        for name, value in emulator.environment.items():
            write(f"{name}={value}\n")
        write_note(f"Serving {one_line(str(folder))}. Stop with Ctrl-C.")
        ended.wait()
    finally:
        emulator.stop()


def _read(run: RunContext, name: str) -> EmulatorFaults:
    """The file of `--faults`; its mistakes are shown, and end the run with the code for findings.

    Raises:
        NotFound: it is not there.
    """
    text, found = read_optional(run.directory, name)
    if text is None and not found:
        raise NotFound(f"{name} is not there.", hint="`publish schema faults` says what it can hold.")
    wanted, mistakes = _parse(text, name) if text is not None else (None, ())
    if wanted is None:
        findings = [replace(one, fix=None) for one in (*found, *mistakes)]  # `publish lint` fixes no file of faults
        Output(run).findings(findings)
        raise SystemExit(ExitCode.FINDINGS)
    return wanted


def _parse(text: str, name: str) -> tuple[EmulatorFaults | None, tuple[Diagnostic, ...]]:
    from azureml_publish.emulator.quirks import EmulatorFaults

    document, mistakes = parse_yaml(text, name)
    return read_spec(document, EmulatorFaults) if document is not None else (None, mistakes)


def _add_repositories(emulator: Emulator, folder: Path) -> None:
    try:
        added = emulator.add_repositories(folder)
    except (OSError, ValueError) as error:
        hint = "--hub takes a folder with the files of each repository in ORG/NAME/ below it."
        raise EmulatorUnavailable(f"The repositories cannot be served: {error}.", hint=hint) from error
    for repository, commit in added.items():
        write_note(f"{one_line(repository)} is at {commit}.")
