"""Real processes against the emulator, which holds a request while a test does something to them."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azureml_publish.emulator import Emulator

HELD_SECONDS = 500.0
"""How long the emulator holds a request at most, so that a test can do something meanwhile."""


@cache
def _processes() -> ForkServerContext:
    """Makes processes of one that has imported what a run imports, which takes longer than the run itself."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["azure.ai.ml.entities", "azure.storage.blob", "tests.cli.killing", "yaml"])
    return context


def _run(arguments: list[str], environ: Mapping[str, str], outputs: tuple[str, str], largest_file: int | None) -> None:
    """A run of the command line, in a process of its own."""
    for path, stream in zip(outputs, (1, 2), strict=True):
        os.dup2(os.open(path, os.O_WRONLY), stream)
    os.environ.clear()
    os.environ.update(environ)
    if largest_file is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    from azureml_publish.cli import main

    main(arguments)


class Running:
    """A run that was begun."""

    def __init__(self, project: Path, verb: tuple[str, ...], largest_file: int | None) -> None:
        # Pipes with a name: a limit on the size of files does not hold for them.
        self._outputs = tuple(
            project.parent / f"{project.name}.{kind}.{time.monotonic_ns()}" for kind in ("out", "err")
        )
        for path in self._outputs:
            os.mkfifo(path)
        self._said = b""
        self._readers = [os.open(path, os.O_RDONLY | os.O_NONBLOCK) for path in self._outputs]
        yes = ["--yes"] if verb[0] in ("apply", "promote") else []
        arguments = ["-C", str(project), *verb, *yes, "-o", "json"]
        out, err = map(str, self._outputs)
        self._process = _processes().Process(
            target=_run, args=(arguments, dict(os.environ), (out, err), largest_file), daemon=True
        )
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.exitcode is not None

    def kill(self) -> int:
        """End it as `kill -9` does; what it ended with."""
        self._process.kill()
        return self.communicate()[0]

    def said(self) -> str:
        """What it has written to standard error so far."""
        with suppress(BlockingIOError):
            while more := os.read(self._readers[1], 65536):
                self._said += more
        return self._said.decode()

    def communicate(self) -> tuple[int, str, str]:
        """Wait for its end: exit code, output and messages."""
        self._process.join(240)
        assert self._process.exitcode is not None, "it does not end"
        said = self.said()
        with os.fdopen(self._readers[0], "rb") as stream:
            out = (stream.read() or b"").decode()
        os.close(self._readers[1])
        return self._process.exitcode, out, said


def start(project: Path, *verb: str, largest_file: int | None = None) -> Running:
    """Begin a run; on a disk that takes no file above a size, where one is given."""
    return Running(project, verb, largest_file)


def steps(project: Path, registry: str = "local") -> list[tuple[str, str]]:
    """Model and step of each whole line of the last journal."""
    found = sorted((project / ".publish" / "journal" / registry).glob("*.jsonl"))
    lines = found[-1].read_text().split("\n")[:-1] if found else []
    return [(entry["model"], entry["step"]) for entry in map(json.loads, lines) if "step" in entry]


def wait_for(condition: Callable[[], object], *processes: Running) -> None:
    """Wait until something is so, which it must become as long as these run."""
    deadline = time.monotonic() + 240
    while not condition():
        for process in processes:
            assert not process.ended, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def hold(emulator: Emulator, method: str, path: str, after: int = 0) -> None:
    """Let the emulator hold a request until the faults are cleared, and then refuse it: what is held was not done."""
    held = {"service": "registry", "method": method, "path": path, "after": after, "times": 1}
    emulator.faults.add(**held, delay_seconds=HELD_SECONDS, status=409)


def emulator_holds(emulator: Emulator) -> bool:
    """Whether the request came that is to be held."""
    (seen,), (rule,) = emulator.faults._seen, emulator.faults.rules
    return seen > rule.after
