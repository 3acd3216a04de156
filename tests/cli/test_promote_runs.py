"""A run of promote that is killed, and one that meets another run: real processes against the emulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.emulator import Emulator
from tests.cli.killing import emulator_holds, hold, start, steps, wait_for
from tests.cli.test_apply_runs import make_project
from tests.conftest import ControlPlane, Run

DEV, PROD = "azureml://registries/dev", "azureml://registries/prod"
VERB = ("promote", "one", "--from", DEV, "--to", PROD)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One small model that is to be hidden."""
    root = make_project(tmp_path / "project", "one")
    (root / "models" / "one" / "model.yaml").open("a").write("archived: true\n")
    return root


@pytest.fixture
def in_dev(publish: Run, project: Path, emulator_environment: dict[str, str]) -> Path:
    """The project, whose model is in `dev` of an emulator that runs elsewhere."""
    assert emulator_environment
    assert publish("apply", "--yes", "-r", DEV).code == 0
    return project


def in_prod(control: ControlPlane) -> list[dict[str, Any]]:
    """What `prod` holds, hidden or not."""
    found: list[dict[str, Any]] = control.call("GET", f"{control.models('prod')}?listViewType=All").json()["value"]
    return found


@pytest.mark.long
def test_one_that_was_killed_before_it_archived_is_told_and_carried_on(
    publish: Run, in_dev: Path, emulator: Emulator, control: ControlPlane
) -> None:
    hold(emulator, "PUT", "/models/one/versions/1", after=1)  # the first registers it
    process = start(in_dev, *VERB)
    wait_for(lambda: emulator_holds(emulator), process)
    second = publish(*VERB, "--yes")
    process.kill()
    emulator.faults.clear()
    assert (second.code, f"Another run works on this registry (process {process.pid}, since " in second.err) == (
        6,
        True,
    )
    assert steps(in_dev, "prod") == [("one", "begun"), ("one", "content")]
    assert [one["isArchived"] for one in in_prod(control)] == [False]

    planned = publish("apply", "one", "-r", PROD)  # says what is left, and stops as nobody is there to ask
    assert "The last run of promote (" in planned.err
    assert "was cut off: 0 of 1 change done. The same `publish promote` again carries on." in planned.err
    assert "its files had arrived; perhaps it is registered" in planned.err
    again = publish(*VERB, "--yes", "-o", "json")
    assert again.code == 0, again.err
    assert "was cut off: 0 of 1 change done. This one carries on." in again.err
    assert json.loads(again.out)["results"][0]["outcome"] == "updated"
    assert [one["isArchived"] for one in in_prod(control)] == [True]
    assert steps(in_dev, "prod") == [("one", "begun"), ("one", "written"), ("one", "read-back")]
    quiet = publish(*VERB, "--yes", "-o", "json")
    assert (json.loads(quiet.out)["results"][0]["outcome"], "last run" in quiet.err) == ("unchanged", False)


@pytest.mark.long  # thirteen seconds of looking whether the other version becomes ours
def test_what_another_run_registered_meanwhile_is_told(
    publish: Run, in_dev: Path, emulator: Emulator, control: ControlPlane
) -> None:
    """The other one is not seen by the plan, and has other files under this number."""
    hold(emulator, "PUT", "prod/models/one/versions/1")
    process = start(in_dev, *VERB)
    wait_for(lambda: emulator_holds(emulator), process)
    control.register("one", "1", "prod")
    emulator.faults.clear()
    code, out, err = process.communicate()
    (result,) = json.loads(out)["results"]
    assert (code, result["outcome"]) == (6, "failed"), err
    assert result["error"].startswith("one version 1 changed in the registry since the plan was made. It differs in ")
    assert steps(in_dev, "prod")[-1] == ("one", "failed")
    assert in_prod(control)[0]["properties"] == {}
