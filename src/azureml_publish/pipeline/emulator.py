"""What `publish emulator` does: it makes the local registry that other clients use, and starts it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from azureml_publish.diagnostics import Diagnostic
from azureml_publish.errors import EmulatorUnavailable, NotFound, system_message
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.state import check_state
from azureml_publish.project import read_optional
from azureml_publish.spec import parse_spec

if TYPE_CHECKING:
    from azureml_publish.emulator import Emulator
    from azureml_publish.emulator.quirks import EmulatorFaults


@dataclass(frozen=True, slots=True)
class ServeRequest:
    """How the emulator is to be.

    Attributes:
        data: the folder of its state.
        port: the HTTPS port of the registry, and `http_port` that of blobs and Hub; 0: a free one.
        hub_weights: bytes of the Hub's weights; None: small ones.
        shape: whether it answers as Azure was recorded to do, or plainly and at once.
        hub: a folder with repositories of the Hub to serve; None: its own alone.
    """

    data: str
    port: int
    http_port: int
    hub_weights: int | None
    shape: Literal["recorded", "plain"]
    hub: str | None


def read_faults(run: RunContext, name: str) -> tuple[EmulatorFaults | None, tuple[Diagnostic, ...]]:
    """The quirks and faults that a file holds, or None and its mistakes.

    Raises:
        NotFound: it is not there.
    """
    from azureml_publish.emulator.quirks import EmulatorFaults

    text, found = read_optional(run.directory, name)
    if text is None and not found:
        raise NotFound(f"{name} is not there.", hint="`publish schema faults` says what it can hold.")
    _, wanted, more = parse_spec(text, name, EmulatorFaults) if text is not None else (None, None, ())
    return wanted, tuple(replace(one, fix=None) for one in (*found, *more))  # `publish lint` fixes no file of faults


def start_emulator(
    run: RunContext, request: ServeRequest, faults: EmulatorFaults | None
) -> tuple[Emulator, dict[str, str]]:
    """Start the emulator, with the environment that leads to it; the caller stops it.

    Raises:
        NotFound: there is no folder of repositories.
        EmulatorUnavailable: it does not start, or the folder of repositories cannot be served.
    """
    from azureml_publish.emulator import Emulator
    from azureml_publish.emulator.quirks import SHAPES, EmulatorFaults

    hub = run.directory / Path(request.hub).expanduser() if request.hub is not None else None
    if hub is not None and not hub.is_dir():
        raise NotFound(
            f"There is no folder {request.hub}.",
            hint="--hub takes one with the files of each repository in ORG/NAME/.",
        )
    wanted = faults if faults is not None else EmulatorFaults()
    folder = run.directory / Path(request.data).expanduser()
    check_state(run.directory, run.environ, folder)
    emulator = Emulator(
        folder,
        port=request.port,
        http_port=request.http_port,
        hub_weights=request.hub_weights,
        quirks=SHAPES[request.shape].changed(**wanted.quirks.model_dump(exclude_unset=True)),
        faults=wanted.faults,
    )
    try:
        emulator.start()
        environment = emulator.environment
    except (OSError, sqlite3.Error) as error:
        emulator.stop()
        hint = "Choose other ports, or with --data a folder that is yours and intact."
        raise EmulatorUnavailable(f"The emulator does not start: {system_message(error)}.", hint=hint) from error
    return emulator, environment


def add_repositories(run: RunContext, emulator: Emulator, folder: str) -> dict[str, str]:
    """Serve the repositories in a folder: the commit of each.

    Raises:
        EmulatorUnavailable: they cannot be served.
    """
    try:
        return emulator.add_repositories(run.directory / Path(folder).expanduser())
    except (OSError, ValueError) as error:
        hint = "--hub takes a folder with the files of each repository in ORG/NAME/ below it."
        raise EmulatorUnavailable(f"The repositories cannot be served: {error}.", hint=hint) from error
