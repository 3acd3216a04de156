"""What a real tracking server keeps is a source: a run's files, its model, and a version of the model registry."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.content.sources.mlflow import MlflowFiles
from azureml_publish.emulator.listening import bind
from azureml_publish.errors import NotFound
from tests.cli.test_sources import add
from tests.conftest import Run
from tests.proof.servers import running_server
from tests.proof.test_proof import models_python, run_script
from tests.unit.content.test_source_mlflow import read

__all__ = ["models_python"]

pytestmark = pytest.mark.proof

MODEL = {"MLmodel", "conda.yaml", "python_env.yaml", "python_model.pkl", "requirements.txt"}


@pytest.fixture(scope="module")
def server(models_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `mlflow server`, which serves artifacts itself."""
    folder = tmp_path_factory.mktemp("tracking")
    with bind(0, "HTTP") as free:
        port = free.getsockname()[1]
    path = f"{models_python.parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(folder), "MLFLOW_DISABLE_TELEMETRY": "true"}
    command = [str(models_python), "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    places = ["--backend-store-uri", "./runs", "--artifacts-destination", "./artifacts"]
    address = f"http://127.0.0.1:{port}"
    with running_server([*command, *places], f"{address}/health", folder, environment):
        yield address


@pytest.fixture(scope="module")
def logged(server: str, models_python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("log")
    told: dict[str, Any] = run_script(models_python, folder, "logged.py", server, "told.json")
    return told


def test_every_form_of_address_is_listed_and_read(server: str, logged: dict[str, Any]) -> None:
    reader = MlflowFiles({"MLFLOW_TRACKING_URI": server})
    run = f"runs:/{logged['run']}"
    forms = (f"{run}/model", "models:/echo/1", "models:/echo@best", logged["logged"])
    for address in forms:
        files = reader.list_files(address)
        assert {file.path for file in files} == MODEL
        for file in files:
            assert len(read(file, 0, file.size)) == file.size
    (notes,) = reader.list_files(f"{run}/deep")
    assert (notes.path, notes.size) == ("er/notes.txt", 5000)
    (one,) = reader.list_files(f"{run}/deep/er/notes.txt")
    assert read(one, 4998, 2) == b"lo"
    for missing in ("models:/echo/9", "models:/nobody/1", "runs:/0123/model"):
        with pytest.raises(NotFound):
            reader.list_files(missing)


@pytest.mark.usefixtures("azure_sdk")
def test_it_is_locked_and_published(publish: Run, project: Path, server: str, logged: dict[str, Any]) -> None:
    os.environ["MLFLOW_TRACKING_URI"] = server  # the fixture of every test puts the environment back
    add(project, "echo", f"{{mlflow: 'runs:/{logged['run']}/model', allow_pickle: true}}")
    (project / "models/echo/files/MLmodel").unlink()
    assert publish("lock", "echo").code == 0
    lock = json.loads((project / "models/echo/source.lock.json").read_text())
    assert {file["path"] for file in lock["files"]} == MODEL
    assert lock["model"]["packaging"] == "mlflow_folder"
    assert publish("apply", "echo", "--yes").code == 0
    assert publish("verify", "echo").code == 0
