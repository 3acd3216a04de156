"""`publish doctor` says in words what works, what is missing, and what to ask for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.emulator import PLAIN, Emulator
from azureml_publish.registry import diagnostics as examination
from azureml_publish.registry.cloud import find_cloud
from azureml_publish.registry.conformance import Examined, State
from azureml_publish.registry.credentials import Identity
from azureml_publish.registry.diagnostics import examine_registry
from tests.conftest import Run, StaticCredential, edit


def test_all_is_fine_with_the_embedded_registry(publish: Run) -> None:
    ran = publish("doctor", "-o", "json")
    told = {one["subject"]: one["state"] for one in json.loads(ran.out)["examined"]}
    assert ran.code == 0
    assert list(told) == [
        "versions", "project", "cloud", "token for registries", "token for blobs", "registry", "rights",
        "call: list of models", "call: list of versions", "call: a version that is not there", "call: operations",
        "calls of a version", "calls that write", "hub",
    ]  # fmt: skip
    assert set(told.values()) == {"fine"}


def test_a_repository_that_is_not_there_is_a_warning(publish: Run, project: Path) -> None:
    edit(project / "models" / "bert-base-cased" / "model.yaml", "google-bert/bert-base-cased", "nobody/nothing")
    ran = publish("doctor")
    assert ran.code == 0
    assert "warning  hub" in ran.out


def test_without_a_project_it_says_where_to_go(publish: Run, project: Path) -> None:
    (project / "publish.yaml").unlink()
    ran = publish("doctor")
    assert ran.code == 2
    assert "failed   project" in ran.out
    assert "\n    help: Begin one: " in ran.out  # where a narrow terminal has room for it
    assert "publish -C DIR" in ran.out


def test_a_broken_project_file_fails(publish: Run, project: Path) -> None:
    (project / "publish.yaml").write_text("layuot: tags\n", encoding="utf-8")
    ran = publish("doctor")
    assert ran.code == 4
    assert re.search(r"failed +project +publish\.yaml:1:1: Unknown key 'layuot'\.", ran.out)


def test_what_keeps_it_from_asking_is_a_finding_like_any_other(
    publish: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(project / "publish.yaml", "registries:", "registries:\n  dev: {name: contoso-dev}")
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "Nowhere")
    ran = publish("doctor", "-r", "dev", "-o", "json")
    told = {one["subject"]: one for one in json.loads(ran.out)["examined"]}
    assert ran.code == 1
    assert told["registry"]["state"] == "failed"
    assert "no cloud named Nowhere" in told["registry"]["message"]
    assert "AzureChinaCloud" in told["registry"]["hint"]


def test_each_credential_that_was_tried_has_its_line(
    publish: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(project / "publish.yaml", "registries:", "registries:\n  dev: {name: contoso-dev}")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    ran = publish("doctor", "-r", "dev")
    assert ran.code == 5
    tried = [line for line in ran.out.splitlines() if line.strip().startswith("EnvironmentCredential: ")]
    assert len(tried) == 2  # for registries, and for blobs


def examined(emulator: Emulator, credential: Any, name: str = "local") -> dict[str, Examined]:
    cloud = find_cloud(emulator.environment)
    return {one.subject: one for one in examine_registry(name, Identity("a test", credential), cloud, "test")}


def test_a_reader_is_told_which_role_is_missing(emulator_environment: dict[str, str], emulator: Emulator) -> None:
    rights = examined(emulator, StaticCredential("reader"))["rights"]
    assert rights.state is State.WARNING
    assert "AzureML Registry User" in rights.hint


def test_a_registry_that_is_busy_is_asked_again(emulator_environment: dict[str, str], emulator: Emulator) -> None:
    emulator.quirks = PLAIN.changed(throttle_every=2, retry_after_seconds=0)
    assert {one.state for one in examined(emulator, StaticCredential()).values()} == {State.FINE}


def test_who_is_refused_is_told_so(emulator_environment: dict[str, str], emulator: Emulator) -> None:
    told = examined(emulator, StaticCredential("denied"))
    assert (told["registry"].state, told["registry"].code) == (State.FAILED, 5)
    assert "rights" not in told


def test_a_registry_that_cannot_be_is_not_found(emulator_environment: dict[str, str], emulator: Emulator) -> None:
    told = examined(emulator, StaticCredential(), "no_!")
    assert (told["registry"].state, told["registry"].code) == (State.FAILED, 3)


def test_a_registry_that_does_not_answer_is_told(emulator_environment: dict[str, str], emulator: Emulator) -> None:
    cloud = find_cloud(emulator.environment | {"REGISTRY_DISCOVERY_ENDPOINT_URL": "https://127.0.0.1:1"})
    credential: Any = StaticCredential()
    *_, last = examine_registry("local", Identity("a test", credential), cloud, "test")
    assert (last.subject, last.state, last.code) == ("registry", State.FAILED, 1)


def test_every_credential_that_was_tried_is_named(emulator_environment: dict[str, str], emulator: Emulator) -> None:
    class Refusing(StaticCredential):
        def get_token(self, *_scopes: str, **_options: Any) -> Any:
            raise RuntimeError("az is not installed\nmore")

    class Chain(StaticCredential):
        credentials = (Refusing(), StaticCredential())

    tokens = examined(emulator, Chain())["token for registries"]
    assert tokens.message == "From StaticCredential. Before it:\nRefusing: az is not installed"

    class Nobody:
        credentials = (Refusing(),)

    told = examined(emulator, Nobody())
    assert (told["token for registries"].state, told["token for registries"].code) == (State.FAILED, 5)
    assert told["token for blobs"].state is State.WARNING
    assert "registry" not in told


@pytest.mark.parametrize(
    ("granted", "state"),
    [
        ([{"actions": ["*"], "notActions": []}], State.FINE),
        ([{"actions": ["*/read"], "notActions": []}], State.WARNING),
        ([{"actions": ["*"], "notActions": ["Microsoft.MachineLearningServices/*/write"]}], State.WARNING),
        ([{"actions": ["Microsoft.Storage/*"], "notActions": []}], State.FAILED),
        ([], State.FAILED),
    ],
)
def test_rights_are_read_as_azure_means_them(granted: list[dict[str, Any]], state: State) -> None:
    rights = examination.examine_rights("local", "https://127.0.0.1:1/r", lambda _url, _version: {"value": granted})
    assert rights.state is state
