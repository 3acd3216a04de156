"""Runs of apply that are killed, that meet another run, or whose disk is full: real processes against the emulator."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.emulator import Emulator
from tests.cli.killing import HELD_SECONDS, emulator_holds, hold, start, steps, wait_for
from tests.conftest import Run, edit

THERE = "azureml://registries/local"
CALM = "azureml://registries/calm"
VERB = ("apply", "-r", THERE, "--jobs", "1")

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


def registered(remote: Run, registry: str = THERE) -> list[dict[str, Any]]:
    """What a registry holds, without what tells one run or registry from another."""
    assets = json.loads(remote("list", "--all", "-o", "json", "-r", registry).out)["assets"]
    for asset in assets:
        asset["path"] = asset["path"].rpartition("/")[0].rpartition("/")[2]
        asset["asset_id"] = asset["asset_id"].replace("/calm/", "/local/")
        del asset["created_at"]
        asset["properties"] = {k: v for k, v in asset["properties"].items() if k != "publish.run"}
    return list(assets)


ONE, TWO = "/models/one/versions/1", "/models/two/versions/1"
UPDATED = [("one", "begun"), ("one", "written"), ("one", "read-back"), ("two", "begun")]

STEPS = [
    pytest.param(("PUT", ONE, 0), [("one", "begun")], id="update-begun"),
    pytest.param(("GET", ONE, 2), [("one", "begun"), ("one", "written")], id="update-written"),
    pytest.param(("PUT", "tempdatarefs/two/versions/1", 0), UPDATED, id="update-read-back-create-begun"),
    pytest.param(("GET", TWO, 2), [*UPDATED, ("two", "content")], id="create-record-there-but-not-known"),
    pytest.param(("GET", TWO, 3), [*UPDATED, ("two", "content"), ("two", "written")], id="create-written"),
]


@pytest.mark.long
@pytest.mark.parametrize(("held", "expected"), STEPS)
def test_a_run_that_was_killed_ends_as_an_undisturbed_one(
    remote: Run, emulator: Emulator, project: Path, held: tuple[str, str, int], expected: list[tuple[str, str]]
) -> None:
    """One model is updated, another one is created."""
    assert remote("apply", "one", "--yes").code == 0
    edit(project / "models" / "one" / "card.md.j2", "reads", "reads and writes")
    edit(project / "models" / "one" / "model.yaml", "[en]", "[en, de]")
    hold(emulator, *held)
    process = start(project, *VERB)
    wait_for(lambda: steps(project) == expected and emulator_holds(emulator), process)
    assert process.kill() == -signal.SIGKILL
    assert steps(project) == expected
    emulator.faults.clear()

    again = remote("apply", "--yes")
    assert again.code == 0, again.err
    assert "was cut off" in again.err
    ends_as_undisturbed(remote, project)


UNDISTURBED: dict[str, list[dict[str, Any]]] = {}
"""What a registry holds that saw no trouble, by the cards that were applied: the same in every test, so done once."""


def ends_as_undisturbed(remote: Run, project: Path) -> None:
    """The registry is as another one that saw no trouble, its files are whole, and there is nothing left to do."""
    quiet = remote("apply", "--yes")
    assert (quiet.code, quiet.out) == (0, "Nothing to do: the registry local is as the folders say.\n")
    assert "last run" not in quiet.err
    cards = "".join((project / "models" / name / "card.md.j2").read_text() for name in ("one", "two"))
    if cards not in UNDISTURBED:
        assert remote("apply", "--yes", "-r", CALM).code == 0
        UNDISTURBED[cards] = registered(remote, CALM)
    assert registered(remote) == UNDISTURBED[cards]
    assert remote("verify").code == 0


@pytest.mark.long
def test_a_second_run_in_the_same_project_is_kept_out_as_long_as_the_first_lives(
    remote: Run, emulator: Emulator, project: Path
) -> None:
    hold(emulator, "PUT", "tempdatarefs/one/versions/1")
    process = start(project, *VERB)
    wait_for(lambda: steps(project), process)
    second = remote("apply", "--yes")
    process.kill()
    emulator.faults.clear()
    assert second.code == 6
    assert f"Another run works on this registry (process {process.pid}, since " in second.err
    assert steps(project) == [("one", "begun")]
    assert registered(remote) == []

    assert remote("apply", "--yes").code == 0
    ends_as_undisturbed(remote, project)


@pytest.mark.long
class TestRace:
    """Two projects on two machines, as far as a lock file can tell: each notices the other in the registry alone."""

    def run_both(self, emulator: Emulator, project: Path, other: Path) -> list[tuple[int, dict[str, str], str]]:
        """Let both look at the registry before either writes to the first model."""
        emulator.faults.add(service="registry", method="PUT", path=ONE, delay_seconds=HELD_SECONDS, times=2)
        both = [start(one, *VERB) for one in (project, other)]
        wait_for(lambda: emulator.faults._seen == [2], *both)
        emulator.faults.clear()
        ran = []
        for process in both:
            code, out, err = process.communicate()
            results = {one["model"]: one for one in json.loads(out)["results"]}
            ran.append((
                code,
                {model: one["outcome"] for model, one in results.items()},
                str(results["one"]["error"]) + err,
            ))  # fmt: skip
        return ran

    def diverge(self, project: Path, other: Path) -> None:
        """Another project that wants other cards."""
        shutil.copytree(project, other)
        for name in ("one", "two"):
            edit(project / "models" / name / "card.md.j2", "reads", "reads here")
            edit(other / "models" / name / "card.md.j2", "reads", "reads there")

    def test_of_two_runs_that_register_the_same_version_one_stops(
        self, remote: Run, emulator: Emulator, project: Path, tmp_path: Path
    ) -> None:
        self.diverge(project, tmp_path / "other")
        ran = self.run_both(emulator, project, tmp_path / "other")
        assert sorted(code for code, _, _ in ran) == [0, 6]
        winner, loser = sorted(range(2), key=lambda index: ran[index][0])
        assert ran[winner][1] == {"one": "created", "two": "created"}
        assert ran[loser][1] == {"one": "failed", "two": "skipped"}
        assert "one version 1 changed in the registry since the plan was made" in ran[loser][2]
        wanted = ("here", "there")[winner]
        assert [wanted in asset["description"] for asset in registered(remote)] == [True, True]
        assert remote("verify").code == 0

    def test_of_two_runs_that_update_a_version_the_registry_holds_the_one_or_the_other(
        self, remote: Run, emulator: Emulator, project: Path, tmp_path: Path
    ) -> None:
        """Nothing keeps the later write off: who notices it says so, and the next plan shows it to whoever does not."""
        assert remote("apply", "--yes").code == 0
        self.diverge(project, tmp_path / "other")
        ran = self.run_both(emulator, project, tmp_path / "other")
        held = [("reads here" in one["description"], "reads there" in one["description"]) for one in registered(remote)]
        assert all(sorted(one) == [False, True] for one in held)
        assert {code for code, _, _ in ran} <= {0, 6, 7}
        for code, outcomes, said in ran:
            assert (code == 0) == (set(outcomes.values()) == {"updated"})
            assert code == 0 or "failed" in outcomes.values() or "changed in the registry since the plan" in said
        assert remote("plan", "--detailed-exitcode").code == (0 if all(here for here, _ in held) else 8)


@pytest.mark.long
class TestFullDisk:
    """A disk that takes no more, as a limit on the size of a file makes it, with the system's own error."""

    def run(self, project: Path, limit: int) -> tuple[int, str, str]:
        return start(project, *VERB, largest_file=limit).communicate()

    @pytest.fixture(autouse=True)
    def changed(self, remote: Run, project: Path) -> None:
        assert remote("apply", "--yes").code == 0
        shutil.rmtree(project / ".publish")
        for name in ("one", "two"):
            edit(project / "models" / name / "card.md.j2", "reads", "reads and writes")

    def test_a_journal_that_cannot_be_begun_ends_the_run_before_it_writes(self, remote: Run, project: Path) -> None:
        before = registered(remote)
        code, out, err = self.run(project, 100)
        assert (code, json.loads(out)["error"]["code"]) == (1, "failure")
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
        assert "nobody can confirm" in asked.err
        assert publish("apply", "--yes", "--registry", name).code == 0

    @pytest.mark.parametrize("named", [(), ("--yes",)])
    def test_a_saved_plan_takes_its_name_too(self, publish: Run, named: tuple[str, ...]) -> None:
        assert publish("plan", "--registry", "prod", "--out", "plan.json").code == 0
        refused = publish("apply", "plan.json", *named)
        assert refused.code == 2
        assert "a saved plan alone does not change it" in refused.err
        assert json.loads(publish("list", "-r", "prod", "-o", "json").out)["assets"] == []
        assert publish("apply", "plan.json", "--registry", "prod").code == 0

    def test_its_address_is_no_way_round(self, publish: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PUBLISH_REGISTRY", "azureml://registries/contoso-prod")
        assert publish("apply", "--yes").code == 2
