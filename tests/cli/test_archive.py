"""`publish archive` and `publish restore`: the registry, what it may ignore, and the folder that must say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.emulator import Emulator, Quirks
from azureml_publish.registry.read_back import READ_BACK_DELAYS
from tests.conftest import ControlPlane, Run, edit

MODEL = "distilbert-base-uncased"
THERE = "azureml://registries/local"


@pytest.fixture
def spec(project: Path) -> Path:
    return project / "models" / MODEL / "model.yaml"


def archived(remote: Run) -> dict[str, bool]:
    assets = json.loads(remote("list", "--all", "-o", "json").out)["assets"]
    return {f"{asset['model']}:{asset['version']}": asset["archived"] for asset in assets}


def test_registry_and_folder_say_the_same_and_the_plan_is_content(
    remote: Run, emulator: Emulator, control: ControlPlane, spec: Path
) -> None:
    assert remote("apply", "--yes", MODEL).code == 0
    control.register("nobodys-model", "3")
    emulator.quirks = Quirks(stale_reads=2)
    before = spec.read_text(encoding="utf-8")

    ran = remote("archive", MODEL, "nobodys-model:3", "--yes")
    assert (ran.code, ran.out.count("  archived ")) == (0, 2), ran
    assert f"archived: true is in models/{MODEL}/model.yaml now" in ran.out
    assert spec.read_text(encoding="utf-8") == f"{before}archived: true\n"
    emulator.quirks = Quirks()
    assert archived(remote) == {f"{MODEL}:14": True, "nobodys-model:3": True}
    assert remote("plan", MODEL, "--detailed-exitcode").code == 0

    again = json.loads(remote("archive", f"{MODEL}:14", "--yes", "-o", "json").out)
    assert [(one["outcome"], one["written"]) for one in again["results"]] == [("unchanged", None)]
    restored = remote("restore", "*-model", "distil*", "--yes")
    assert restored.code == 0, restored
    assert spec.read_text(encoding="utf-8") == f"{before}archived: false\n"
    assert archived(remote) == {f"{MODEL}:14": False, "nobodys-model:3": False}
    assert remote("plan", MODEL, "--detailed-exitcode").code == 0


def test_an_older_version_is_set_in_the_registry_only(remote: Run, control: ControlPlane, spec: Path) -> None:
    control.register(MODEL, "13")
    before = spec.read_text(encoding="utf-8")
    assert remote("archive", f"{MODEL}:13", "--yes").code == 0
    assert (archived(remote), spec.read_text(encoding="utf-8")) == ({f"{MODEL}:13": True}, before)


def test_a_registry_that_ignores_it_is_told_and_no_folder_says_what_is_not_so(
    remote: Run, emulator: Emulator, control: ControlPlane, spec: Path
) -> None:
    slept: list[float] = []
    edit(spec, "version: 14", "version: 1")
    control.register(MODEL, "1")
    control.register("hidden", "1")
    assert remote("archive", "hidden", "--yes").code == 0
    emulator.quirks = Quirks(ignore_archive=True)
    before = spec.read_text(encoding="utf-8")

    ran = remote("archive", MODEL, "--yes", sleep=slept.append)
    assert (ran.code, sum(slept)) == (1, sum(READ_BACK_DELAYS)), ran
    assert "took the request and ignored it" in ran.out
    assert f"az ml model archive --name {MODEL} --version 1 --registry-name local" in ran.out
    assert spec.read_text(encoding="utf-8") == before
    partly: dict[str, Any] = json.loads(
        remote("archive", MODEL, "hidden", "--yes", "-o", "json", sleep=slept.append).out
    )
    assert [one["outcome"] for one in partly["results"]] == ["failed", "unchanged"]


def test_it_asks_and_a_protected_registry_must_be_named(
    publish: Run, emulator_environment: dict[str, str], control: ControlPlane, project: Path
) -> None:
    assert emulator_environment
    config = "registry: prod\nregistries:\n  prod: {name: local, protected: true}\n"
    (project / "publish.yaml").write_text(config, encoding="utf-8")
    missing = publish("archive", "none-such", "--yes")
    assert (missing.code, "no model 'none-such'" in missing.err) == (3, True)
    control.register("a-model", "1")
    for arguments, said in ((), "nobody can confirm"), (("--yes",), "prod is protected"):
        refused = publish("archive", "a-model", *arguments)
        assert (refused.code, refused.out) == (2, ""), refused
        assert said.replace("prod", "local") in refused.err
    assert publish("archive", "a-model", "--yes", "--registry", "prod").code == 0
    assert publish("archive", "a-model").code == 0  # nothing to do, so nothing is asked
