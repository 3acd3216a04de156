"""Runs of apply that are killed, that meet another run, or whose disk is full: real processes against the emulator."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.emulator import Emulator
from tests.conftest import Run, edit

THERE = "azureml://registries/local"
CALM = "azureml://registries/calm"
HELD_SECONDS = 8.0
"""How long the emulator holds a request, so that a test can do something meanwhile; refused afterwards, not done."""

SPEC = "name: {0}\nversion: 1\ntype: custom_model\nsource: {{local: files}}\nlicense: mit\nlanguages: [en]\n"
SPEC += "tasks: {{inference: fill-mask}}\n"
CARD = '{{% extends "card.md.j2" %}}\n{{% block summary %}}\nThe model {0} reads.\n{{% endblock %}}\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two small models with files of their own."""
    return make_project(tmp_path / "project", "one", "two")


def make_project(root: Path, *names: str) -> Path:
    for name in names:
        folder = root / "models" / name
        (folder / "files").mkdir(parents=True)
        (folder / "files" / "weights.bin").write_bytes(name.encode() * 100)
        (folder / "model.yaml").write_text(SPEC.format(name))
        (folder / "card.md.j2").write_text(CARD.format(name))
    (root / "publish.yaml").write_text("{}\n")
    return root


@pytest.fixture
def remote(publish: Run, emulator_environment: dict[str, str]) -> Run:
    """The command line against an emulator that runs elsewhere, as an Azure registry would."""
    assert emulator_environment
    return lambda verb, *rest: publish(verb, *rest, *(() if "-r" in rest else ("-r", THERE)))


def start(project: Path, *, largest_file: int | None = None) -> subprocess.Popen[str]:
    """Begin `publish apply`; on a disk that takes no file above a size, where one is given."""
    arguments = ["-C", str(project), "apply", "--yes", "-r", THERE, "--jobs", "1", "-o", "json"]
    program = "import sys; from azureml_publish.cli import main; main(sys.argv[1:])"
    if largest_file is not None:
        limit = f"resource.setrlimit(resource.RLIMIT_FSIZE, ({largest_file}, {largest_file}))"
        program = f"import resource; {limit}; {program}"
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )


def steps(project: Path) -> list[tuple[str, str]]:
    """Model and step of each whole line of the last journal."""
    found = sorted((project / ".publish" / "journal" / "local").glob("*.jsonl"))
    lines = found[-1].read_text().split("\n")[:-1] if found else []
    return [(entry["model"], entry["step"]) for entry in map(json.loads, lines) if "step" in entry]


def wait_for(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 40
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def registered(remote: Run, registry: str = THERE) -> list[dict[str, Any]]:
    """What a registry holds, without what tells one run or registry from another."""
    assets = json.loads(remote("list", "--all", "-o", "json", "-r", registry).out)["assets"]
    for asset in assets:
        asset["path"] = asset["path"].rpartition("/")[0].rpartition("/")[2]
        asset["asset_id"] = asset["asset_id"].replace("/calm/", "/local/")
        del asset["created_at"]
        asset["properties"] = {k: v for k, v in asset["properties"].items() if not k.startswith("publish.apply.")}
    return list(assets)


def hold(emulator: Emulator, method: str, path: str, after: int = 0) -> None:
    """Let the emulator hold a request, and then refuse it: what is held was not done."""
    emulator.faults.add(
        service="registry", method=method, path=path, after=after, delay_seconds=HELD_SECONDS, status=409
    )


ONE = "/models/one/versions/1"

CREATE_STEPS = [
    pytest.param(("GET", ONE, 1), [("one", "begun"), ("one", "content")], id="content"),
    pytest.param(("GET", ONE, 2), [("one", "begun"), ("one", "content")], id="record-there-but-not-known"),
    pytest.param(
        ("GET", ONE, 3), [("one", "begun"), ("one", "content"), ("one", "written")], id="written"
    ),
    pytest.param(
        ("POST", "two/versions/1/startPendingUpload", 0),
        [("one", "begun"), ("one", "content"), ("one", "written"), ("one", "read-back"), ("two", "begun")],
        id="read-back",
    ),
]  # fmt: skip

UPDATE_STEPS = [
    pytest.param(("PUT", ONE, 0), [("one", "begun")], id="begun"),
    pytest.param(("PATCH", "models/one:1", 0), [("one", "begun")], id="half-written"),
    pytest.param(("GET", ONE, 2), [("one", "begun"), ("one", "written")], id="written"),
    pytest.param(
        ("PUT", "/models/two/versions/1", 0),
        [("one", "begun"), ("one", "written"), ("one", "read-back"), ("two", "begun")],
        id="read-back",
    ),
]


def kill_at(emulator: Emulator, project: Path, held: tuple[str, str, int], expected: list[tuple[str, str]]) -> None:
    """Start apply, hold one request, and kill the process as soon as its journal says so and the request came."""
    hold(emulator, *held)
    process = start(project)
    wait_for(lambda: steps(project) == expected and emulator_holds(emulator), process)
    process.kill()
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGKILL
    assert steps(project) == expected
    emulator.faults.clear()


def emulator_holds(emulator: Emulator) -> bool:
    (seen,), (rule,) = emulator.faults._seen, emulator.faults.rules
    return seen > rule.after


@pytest.mark.parametrize(("held", "expected"), CREATE_STEPS)
def test_a_create_that_was_killed_ends_as_an_undisturbed_one(
    remote: Run, emulator: Emulator, project: Path, held: tuple[str, str, int], expected: list[tuple[str, str]]
) -> None:
    kill_at(emulator, project, held, expected)
    again = remote("apply", "--yes")
    assert again.code == 0, again.err
    assert "was cut off" in again.err
    ends_as_undisturbed(remote)


@pytest.mark.parametrize(("held", "expected"), UPDATE_STEPS)
def test_an_update_that_was_killed_ends_as_an_undisturbed_one(
    remote: Run, emulator: Emulator, project: Path, held: tuple[str, str, int], expected: list[tuple[str, str]]
) -> None:
    for registry in (THERE, CALM):
        assert remote("apply", "--yes", "-r", registry).code == 0
    for name in ("one", "two"):
        edit(project / "models" / name / "card.md.j2", "reads", "reads and writes")
        edit(project / "models" / name / "model.yaml", "[en]", "[en, de]")
    kill_at(emulator, project, held, expected)
    again = remote("apply", "--yes")
    assert again.code == 0, again.err
    assert "was cut off" in again.err
    ends_as_undisturbed(remote)


def ends_as_undisturbed(remote: Run) -> None:
    """The registry is as another one that saw no trouble, its files are whole, and there is nothing left to do."""
    assert remote("apply", "--yes", "-r", CALM).code == 0
    assert registered(remote) == registered(remote, CALM)
    assert remote("verify").code == 0
    quiet = remote("apply", "--yes")
    assert (quiet.code, quiet.out) == (0, "Nothing to do: the registry local is as the folders say.\n")
    assert "last run" not in quiet.err


def test_a_second_run_in_the_same_project_is_kept_out_as_long_as_the_first_lives(
    remote: Run, emulator: Emulator, project: Path
) -> None:
    hold(emulator, "POST", "one/versions/1/startPendingUpload")
    process = start(project)
    wait_for(lambda: steps(project), process)
    second = remote("apply", "--yes")
    process.kill()
    process.communicate(timeout=20)
    emulator.faults.clear()
    assert second.code == 6
    assert f"Another run of apply works on this registry (process {process.pid}, since " in second.err
    assert steps(project) == [("one", "begun")]
    assert registered(remote) == []

    assert remote("apply", "--yes").code == 0
    ends_as_undisturbed(remote)


class TestRace:
    """Two projects on two machines, as far as a lock file can tell; the registry alone keeps them apart."""

    def run_both(self, emulator: Emulator, project: Path, other: Path) -> list[tuple[int, dict[str, str], str]]:
        """Let both look at the registry before either writes to the first model."""
        emulator.faults.add(service="registry", method="PUT", path=ONE, delay_seconds=HELD_SECONDS, times=2)
        both = [start(project), start(other)]
        wait_for(lambda: ("one", "begun") in steps(project) and ("one", "begun") in steps(other), both[0])
        ran = []
        for process in both:
            out, err = process.communicate(timeout=40)
            results = {one["model"]: one for one in json.loads(out)["results"]}
            ran.append((
                process.returncode,
                {model: one["outcome"] for model, one in results.items()},
                str(results["one"]["error"]) + err,
            ))  # fmt: skip
        return ran

    @pytest.mark.parametrize("kind", ["create", "update"])
    def test_of_two_runs_that_want_different_things_one_stops(
        self, remote: Run, emulator: Emulator, project: Path, tmp_path: Path, kind: str
    ) -> None:
        other = tmp_path / "other"
        if kind == "update":
            assert remote("apply", "--yes").code == 0
        shutil.copytree(project, other)
        for name in ("one", "two"):
            edit(project / "models" / name / "card.md.j2", "reads", "reads here")
            edit(other / "models" / name / "card.md.j2", "reads", "reads there")
        ran = self.run_both(emulator, project, other)
        done = {"create": "created", "update": "updated"}[kind]
        assert sorted(code for code, _, _ in ran) == [0, 6]
        winner, loser = sorted(range(2), key=lambda index: ran[index][0])
        assert ran[winner][1] == {"one": done, "two": done}
        assert ran[loser][1] == {"one": "failed", "two": "skipped"}
        assert (
            "one version 1 changed in the registry since the plan was made; the last run that wrote it is"
            in (ran[loser][2])
        )
        wanted = ("here", "there")[winner]
        assert [wanted in asset["description"] for asset in registered(remote)] == [True, True]
        assert remote("verify").code == 0


class TestFullDisk:
    """A disk that takes no more, as a limit on the size of a file makes it, with the system's own error."""

    def run(self, project: Path, limit: int) -> tuple[int, str, str]:
        process = start(project, largest_file=limit)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    @pytest.fixture(autouse=True)
    def changed(self, remote: Run, project: Path) -> None:
        assert remote("apply", "--yes").code == 0
        shutil.rmtree(project / ".publish")
        for name in ("one", "two"):
            edit(project / "models" / name / "card.md.j2", "reads", "reads and writes")

    def test_a_journal_that_cannot_be_begun_ends_the_run_before_it_writes(self, remote: Run, project: Path) -> None:
        before = registered(remote)
        code, out, err = self.run(project, 100)
        assert (code, out) == (1, "")
        assert "cannot be written: File too large" in err
        assert registered(remote) == before

    def test_a_journal_that_breaks_off_stops_the_run_after_the_step_under_way(self, remote: Run, project: Path) -> None:
        code, out, err = self.run(project, 600)
        assert code == 7, err
        outcomes = {one["model"]: one["outcome"] for one in json.loads(out)["results"]}
        assert outcomes["one"] == "updated"
        assert outcomes["two"] in ("skipped", "failed")
        assert "cannot be written: File too large" in err
        assert ["writes" in asset["description"] for asset in registered(remote)] == [True, False]

        again = remote("apply", "--yes", "-o", "json")
        assert again.code == 0, again.err
        assert "was cut off" in again.err
        assert [one["outcome"] for one in json.loads(again.out)["results"]] == ["unchanged", "updated"]


def test_a_journal_that_cannot_be_read_ends_the_run_before_it_writes(remote: Run, project: Path) -> None:
    folder = project / ".publish" / "journal" / "local"
    folder.mkdir(parents=True)
    (folder / "20990101T000000.000Z-00000000.jsonl").write_text('{"journal": 2}\n')
    refused = remote("apply", "--yes")
    assert refused.code == 1
    assert "00000000.jsonl:1: its version is 2, this publish reads 1." in refused.err
    assert "Move it away; nothing is lost" in refused.err
    assert registered(remote) == []


class TestProtected:
    @pytest.fixture(autouse=True)
    def prod(self, project: Path, emulator_environment: dict[str, str]) -> None:
        assert emulator_environment
        (project / "publish.yaml").write_text("registries:\n  prod: {name: contoso-prod, protected: true}\n")

    def test_yes_alone_does_not_change_it(self, publish: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PUBLISH_REGISTRY", "prod")
        refused = publish("apply", "--yes")
        assert refused.code == 2
        assert "contoso-prod is protected: --yes alone does not change it." in refused.err
        assert json.loads(publish("list", "-o", "json").out)["assets"] == []

    @pytest.mark.parametrize("name", ["prod", "azureml://registries/contoso-prod"])
    def test_it_takes_its_name_and_yes(self, publish: Run, name: str) -> None:
        asked = publish("apply", "--registry", name)
        assert asked.code == 2
        assert "nobody to ask" in asked.err
        assert publish("apply", "--yes", "--registry", name).code == 0

    def test_its_address_is_no_way_round(self, publish: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PUBLISH_REGISTRY", "azureml://registries/contoso-prod")
        assert publish("apply", "--yes").code == 2
