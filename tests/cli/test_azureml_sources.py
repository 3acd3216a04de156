"""Sources that Azure ML keeps: outputs of jobs, datastores, models of a workspace, versions in other registries."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from azureml_publish.content.packaging.tree import MANIFEST_FILE
from azureml_publish.emulator import Emulator
from tests.cli.test_sources import add
from tests.conftest import Run

PLACE = "azureml://subscriptions/s/resourcegroups/g/workspaces/w"

FILES = {"m/model.onnx": b"weights" * 100, "m/labels.txt": b"cat\n", "n.txt": b"another"}

pytestmark = pytest.mark.usefixtures("shared_registry", "azure_sdk")


def put(container: str, files: dict[str, bytes], below: str = "") -> None:
    address, _, signature = container.partition("?")
    for path, data in files.items():
        answer = requests.put(
            f"{address}/{below}{path}?{signature}", data=data, headers={"x-ms-blob-type": "BlockBlob"}, timeout=60
        )
        answer.raise_for_status()


def held(publish: Run, model: str) -> list[str]:
    """The files of a registered model but the manifest."""
    shown = json.loads(publish("show", model, "--files", "-o", "json").out)["files"]
    return sorted({file["path"] for file in shown} - {MANIFEST_FILE})


@pytest.fixture
def workspace(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """The workspace `w`: two jobs, a model, and files in its datastores."""
    monkeypatch.setenv("AZUREML_ARM_SUBSCRIPTION", "s")
    monkeypatch.setenv("AZUREML_ARM_RESOURCEGROUP", "g")
    monkeypatch.setenv("AZUREML_ARM_WORKSPACE_NAME", "w")
    put(emulator.datastore("w", "stuff"), FILES, "runs/7/")
    put(emulator.datastore("w", "workspaceartifactstore"), FILES, "ExperimentRun/dcid.job7/")
    emulator.add_job("w", "job7", {"weights": "azureml://datastores/stuff/paths/runs/7/", "unset": ""})
    emulator.add_workspace_model("w", "detector", "3", f"{PLACE}/jobs/job7/outputs/weights/paths/m")
    return emulator


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("address", "files"),
    [
        (f"{PLACE}/datastores/stuff/paths/runs/7", sorted(FILES)),
        ("azureml://datastores/stuff/paths/runs/7/m/", ["labels.txt", "model.onnx"]),
        ("azureml://datastores/stuff/paths/runs/7/m/model.onnx", ["model.onnx"]),
        ("azureml://jobs/job7/outputs/weights", sorted(FILES)),
        ("azureml://jobs/job7/outputs/weights/paths/m", ["labels.txt", "model.onnx"]),
        ("azureml://jobs/job7/outputs/artifacts/paths/m/", ["labels.txt", "model.onnx"]),
        (
            f"{PLACE.replace('resourcegroups', 'resourceGroups')}/models/detector/versions/3",
            ["labels.txt", "model.onnx"],
        ),
        ("azureml:detector:3", ["labels.txt", "model.onnx"]),
    ],
)
def test_what_a_workspace_keeps_is_published(publish: Run, project: Path, address: str, files: list[str]) -> None:
    add(project, "mine", f"{{azureml: '{address}'}}", "custom_model")
    ran = publish("apply", "mine", "--yes")
    assert ran.code == 0, ran
    assert held(publish, "mine") == files
    assert publish("verify", "mine").code == 0
    assert "sig=" not in ran.err + ran.out


TRACKED = (
    "azureml://westeurope.api.azureml.ms/mlflow/v1.0/subscriptions/s/resourceGroups/g/providers/"
    "Microsoft.MachineLearningServices/workspaces/w"
)
"""As Azure ML writes it into MLFLOW_TRACKING_URI of its jobs."""


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("address", ["runs:/job7/m", "models:/detector/3"])
def test_the_tracking_server_of_a_workspace_is_the_workspace(
    publish: Run, project: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    for name in ("SUBSCRIPTION", "RESOURCEGROUP", "WORKSPACE_NAME"):
        monkeypatch.delenv(f"AZUREML_ARM_{name}")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", TRACKED)
    add(project, "mine", f"{{mlflow: '{address}'}}", "custom_model")
    assert publish("lock", "mine").code == 0
    ran = publish("apply", "mine", "--yes")
    assert ran.code == 0, ran
    assert held(publish, "mine") == ["labels.txt", "model.onnx"]
    for name, odd in (("first", "models:/detector@best"), ("second", "mlflow-artifacts:/a")):
        add(project, name, f"{{mlflow: '{odd}'}}", "custom_model")
        ran = publish("plan", name)
        assert (ran.code, "models:/NAME/VERSION" in ran.err) == (1, True), ran


def test_a_version_of_another_registry_is_a_source(publish: Run, project: Path) -> None:
    folder = project / "first"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"weights")
    add(project, "first", "{local: ../../first}", "custom_model")
    assert publish("apply", "first", "--yes", "-r", "azureml://registries/another").code == 0
    add(project, "second", "{azureml: 'azureml://registries/another/models/first/versions/1'}", "custom_model")
    assert publish("lock", "second").code == 0
    assert publish("apply", "second", "--yes").code == 0
    assert held(publish, "second") == ["model.onnx"]
    assert publish("plan", "second", "--detailed-exitcode").code == 0
    add(project, "third", "{azureml: 'azureml://registries/another/models/first/versions/9'}", "custom_model")
    ran = publish("plan", "third")
    assert (ran.code, "no first version 9 in the registry another" in ran.err) == (3, True), ran


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("address", "code", "said"),
    [
        ("azureml://jobs/nobody/outputs/weights", 3, "jobs nobody"),
        ("azureml://jobs/job7/outputs/other", 3, "It has: unset, weights"),
        ("azureml://datastores/nowhere/paths/a", 3, "nowhere"),
        ("azureml://datastores/stuff/paths/empty", 1, "There is no file below"),
        ("azureml:detector@latest", 1, "azureml:NAME:VERSION"),
        ("azureml://locations/westeurope/workspaces/1234/models/a/versions/1", 1, "subscriptions/"),
    ],
)
def test_what_is_not_there_is_told_by_plan(publish: Run, project: Path, address: str, code: int, said: str) -> None:
    add(project, "mine", f"{{azureml: '{address}'}}", "custom_model")
    ran = publish("plan", "mine")
    assert (ran.code, said in ran.err) == (code, True), ran


def test_a_workspace_is_found_in_its_own_file(publish: Run, project: Path, emulator: Emulator) -> None:
    put(emulator.datastore("w", "stuff"), {"a.onnx": b"x"})
    add(project, "mine", "{azureml: 'azureml://datastores/stuff/paths/'}", "custom_model")
    ran = publish("plan", "mine")
    assert (ran.code, "AZUREML_ARM_WORKSPACE_NAME" in ran.err) == (1, True), ran
    kept = {"subscription_id": "s", "resource_group": "g", "workspace_name": "w"}
    (project / "config.json").write_text(json.dumps(kept))
    assert publish("plan", "mine").code == 0


@pytest.mark.parametrize("address", ["azureml://datastores/a/paths/b?sv=1&sig=abc", "mlflow-artifacts://u:p@host/a"])
def test_a_credential_in_an_address_is_refused(publish: Run, project: Path, address: str) -> None:
    add(project, "mine", f"{{{address.partition(':')[0].split('-')[0]}: '{address}'}}", "custom_model")
    ran = publish("lint", "mine")
    assert (ran.code, "without a signature or password" in ran.out) == (4, True), ran
    assert "abc" not in ran.out
