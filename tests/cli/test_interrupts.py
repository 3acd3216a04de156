"""Ctrl-C: the first one ends a run in good order, a second one at once, while a server still holds a request."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from azureml_publish.emulator import Emulator
from tests.cli.killing import HELD_SECONDS, Running, emulator_holds, start, wait_for
from tests.cli.test_apply_runs import ONE, THERE, VERB, make_project
from tests.cli.test_promote_runs import DEV, PROD
from tests.conftest import Run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", "one", "two")


def hold(emulator: Emulator, service: str, method: str, path: str, after: int = 0) -> None:
    """Let the emulator hold a request until the faults are cleared, and then carry it out."""
    held = {"service": service, "method": method, "path": path, "after": after, "times": 1}
    emulator.faults.add(**held, delay_seconds=HELD_SECONDS)


def test_ctrl_c_while_the_program_is_still_read_shows_no_traceback() -> None:
    stop = (
        "import sys, azureml_publish.__main__ as program\n"
        "class Stop:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'click': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stop())\n"
        "program.main()\n"
    )
    ran = subprocess.run([sys.executable, "-c", stop], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "\nInterrupted.\n")


def interrupt(process: Running) -> None:
    os.kill(process.pid, signal.SIGINT)


def wait_until_it_stops(process: Running) -> None:
    wait_for(lambda: "Press Ctrl-C again" in process.said(), process)


@pytest.mark.long
@pytest.mark.parametrize(
    ("verb", "held"),
    [
        (VERB, ("blobs", "PUT", "weights")),
        (VERB, ("registry", "PUT", ONE)),
        (("plan", "-r", THERE), ("registry", "GET", "/models/one")),
    ],
    ids=["upload", "record", "plan"],
)
def test_a_second_one_waits_for_nothing(
    remote: Run, emulator: Emulator, project: Path, verb: tuple[str, ...], held: tuple[str, str, str]
) -> None:
    hold(emulator, *held)
    process = start(project, *verb)
    wait_for(lambda: emulator_holds(emulator), process)
    began = time.monotonic()
    interrupt(process)
    if verb == VERB:
        wait_until_it_stops(process)
        interrupt(process)
    while not process.ended:  # plan says nothing before its request is answered
        interrupt(process)
        time.sleep(0.2)
    code, _, said = process.communicate()
    assert time.monotonic() - began < HELD_SECONDS - 5, "it waited for the request"
    assert code == 130
    assert "Traceback" not in said
    ends = ["Stopped at once. Run again to carry on.\n"]
    if verb != VERB:  # nothing is under way that a first one has to wait for, so it may be enough
        ends.append("Interrupted. What is done stays; run again to carry on.\n")
    assert said.endswith(tuple(ends))
    emulator.faults.clear()
    assert remote("apply", "--yes").code == 0
    assert remote("verify").code == 0


@pytest.mark.long
def test_the_first_one_ends_apply_and_promote_alike(
    publish: Run, remote: Run, emulator: Emulator, project: Path
) -> None:
    """What is under way is finished, the rest is skipped, and the code is 130."""
    assert remote("apply", "--yes", "-r", DEV).code == 0
    for verb, into in ((VERB, "local"), (("promote", "one", "two", "--from", DEV, "--to", PROD), "prod")):
        hold(emulator, "registry", "PUT", f"registries/{into}/models/one/versions/1")
        process = start(project, *verb)
        wait_for(lambda: emulator_holds(emulator), process)
        interrupt(process)
        wait_until_it_stops(process)
        emulator.faults.clear()
        code, out, said = process.communicate()
        assert code == 130, said
        outcomes = {result["model"]: result["outcome"] for result in json.loads(out)["results"]}
        assert outcomes == {"one": "created", "two": "skipped"}
        assert publish(*verb, "--yes").code == 0
