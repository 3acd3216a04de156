"""Models of every kind from plan to registry: what would not load is refused by plan, before anything is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from azureml_publish.emulator import Emulator
from tests.checkpoints import BERT, VIT, Files, index, safetensors, write
from tests.conftest import Run
from tests.unit.content.packaging.test_mlflow_transformers import CODE, TestTokenizers
from tests.unit.content.packaging.test_other_kinds import SKLEARN


def add(project: Path, name: str, source: str, task: str = "", more: str = "") -> None:
    folder = project / "models" / name
    folder.mkdir()
    tasks = f"tasks: {{inference: {task}}}\n" if task else ""
    (folder / "model.yaml").write_text(f"name: {name}\nversion: 1\nsource: {source}\nlicense: mit\n{tasks}{more}")
    (folder / "card.md").write_text(f"A small {name}.\n")


def add_hub(project: Path, emulator: Emulator, name: str, files: Files, task: str, *, more: str = "") -> None:
    folder = project.parent / "hub" / "contoso" / name
    write(folder, files)
    commit = emulator.add_repository(f"contoso/{name}", folder)
    add(project, name, f"{{huggingface: contoso/{name}, revision: {commit}}}", task, more)


@pytest.fixture
def hub(emulator: Emulator, shared_registry: None, azure_sdk: None) -> Emulator:
    """The Hub of the registry that the tests share."""
    return emulator


def test_what_would_not_load_is_refused_by_plan_and_by_apply_before_anything_is_written(
    publish: Run, project: Path, hub: Emulator
) -> None:
    stale = {
        **BERT,
        "model.safetensors": None,
        "model.safetensors.index.json": index(a="model-00001-of-00003.safetensors"),
    }
    add_hub(project, hub, "stale", stale, "fill-mask")
    add_hub(project, hub, "cut", {**BERT, "model.safetensors": safetensors("a", "b")[:-8]}, "fill-mask")
    add_hub(project, hub, "sound", BERT, "fill-mask")
    for verb in (("plan",), ("apply", "--yes")):
        ran = publish(*verb, "stale", "cut", "sound")
        assert ran.code == 4
        assert "models/stale/model.yaml:3:1: error PKG004" in ran.err
        assert "models/cut/model.yaml:3:1: error PKG006" in ran.err
    assert json.loads(publish("list", "-o", "json").out)["assets"] == []
    assert publish("plan", "stale", "cut", "--offline").code == 0
    assert publish("apply", "sound", "--yes").code == 0


def test_models_of_the_hub_come_out_as_their_tasks_and_files_say(publish: Run, project: Path, hub: Emulator) -> None:
    add_hub(project, hub, "tiny-vit", VIT, "image-classification")
    add_hub(
        project,
        hub,
        "tiny-marian",
        TestTokenizers.MARIAN,
        "text-translation",
        more="mlflow: {task: translation_en_to_de}\n",
    )
    add_hub(project, hub, "tiny-code", CODE, "fill-mask")
    ran = publish("apply", "tiny-*", "--yes", "-o", "json")
    assert ran.code == 0, ran.err
    assert "warning PKG010" in ran.err
    files = {one["model"]: one["files"] for one in json.loads(ran.out)["results"]}
    assert files == {"tiny-vit": 7, "tiny-marian": 11, "tiny-code": 15}
    assert publish("verify", *files).code == 0


def test_a_folder_of_mlflow_is_rendered_and_published_as_it_is(
    publish: Run, project: Path, shared_registry: None, azure_sdk: None
) -> None:
    write(project / "saved", {**SKLEARN, ".git/config": "token", "__pycache__/a.pyc": b"x"})
    add(project, "iris", "{local: ../../saved, allow_pickle: true}")
    assert publish("render", "iris").code == 0
    rendered = (project / "build" / "iris" / "MLmodel").read_text()
    assert rendered == SKLEARN["MLmodel"]
    assert yaml.safe_load(rendered)["flavors"]["python_function"]["loader_module"] == "mlflow.sklearn"
    told = publish("explain", "content", "-m", "iris").out
    assert "packaging mlflow_folder: the type is mlflow_model, and the source holds an MLmodel at its top" in told
    assert publish("apply", "iris", "--yes").code == 0
    assert f"{len(SKLEARN)} files" in publish("verify", "iris").out
    assert publish("plan", "iris", "--detailed-exitcode").code == 0


def test_one_file_is_a_source(publish: Run, project: Path, shared_registry: None, azure_sdk: None) -> None:
    (project / "model.onnx").write_bytes(b"onnx" * 10)
    add(project, "single", "{local: ../../model.onnx}", more="type: custom_model\n")
    assert publish("apply", "single", "--yes").code == 0
    assert "1 file" in publish("verify", "single").out
