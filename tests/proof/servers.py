"""Servers that a proof starts, and everything that they start: all of it ends with the proof, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from azureml_publish.content.upload.retry import RetryPolicy
from azureml_publish.errors import Unreachable


@contextmanager
def running_server(command: list[str], health: str, folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Run a command in a folder until `health`, an address, answers; its output goes to the file `log` there."""
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        ) as process,
    ):
        try:
            RetryPolicy(attempts=300, longest=1.0).attempt(lambda: _check_health(health, process))
            yield
        finally:
            end_group(process)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a group of its own, and all that it started: some servers leave workers behind."""
    os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(60)
    with suppress(ProcessLookupError):  # nothing is left of the group
        os.killpg(process.pid, signal.SIGKILL)


def _check_health(address: str, process: subprocess.Popen[bytes]) -> None:
    assert process.poll() is None, "the server ended"
    try:
        requests.get(address, timeout=60).raise_for_status()
    except requests.RequestException as error:
        raise Unreachable("The server does not answer yet.") from error
