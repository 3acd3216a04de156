"""What a model's own files say, where they are on this machine; and that the checks hear of it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from azureml_publish.content.sources.configuration import MAX_BYTES, hub_cache, read_configuration
from azureml_publish.pipeline.check import check
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.run import RunContext
from azureml_publish.project import ModelFolder, load_project

COMMIT = "5532cc56f74641d4bb33641f5c76a55d11f846e0"
HUB = f"{{huggingface: org/little, revision: {COMMIT}}}"
CONFIG = {"num_hidden_layers": 12}


def folder(root: Path, source: str) -> ModelFolder:
    path = root / "models" / "little"
    path.mkdir(parents=True, exist_ok=True)
    (root / "publish.yaml").write_text("", encoding="utf-8")
    (path / "card.md").write_text("It has 24 layers.\n", encoding="utf-8")
    spec = f"name: little\nversion: 1\nsource: {source}\nlicense: mit\ntasks: {{inference: fill-mask}}\n"
    (path / "model.yaml").write_text(spec, encoding="utf-8")
    project, found = load_project(root)
    assert project is not None
    assert found == ()
    return project.models[0]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("source", "file"),
    [
        ("{local: weights}", "models/little/weights/config.json"),
        ("{local: weights}", "models/little/weights/data/model/config.json"),
        (HUB, "models/little/files/config.json"),
        (HUB, f"cache/hub/models--org--little/snapshots/{COMMIT}/config.json"),
    ],
)
def test_a_configuration_is_found_and_the_card_held_against_it(tmp_path: Path, source: str, file: str) -> None:
    write(tmp_path / file, json.dumps(CONFIG))
    environ = {"HF_HOME": str(tmp_path / "cache")}
    assert read_configuration(folder(tmp_path, source), "config.json", environ) == CONFIG
    run = RunContext(tmp_path, environ, date(2026, 11, 21))
    found = check(run, load(run, (), Settings())).found
    assert "config.json" in next(one.message for one in found if one.code == "CARD063")


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"a": ' * 100_000, " " * (MAX_BYTES + 1), '"\\ud800"'])
def test_what_is_no_configuration_is_as_if_it_were_not_there(tmp_path: Path, text: str) -> None:
    write(tmp_path / "models/little/files/config.json", text)
    assert read_configuration(folder(tmp_path, HUB), "config.json", {}) is None


def test_the_cache_of_the_hub_is_where_its_library_looks_for_it() -> None:
    assert hub_cache({"HF_HUB_CACHE": "/a", "HF_HOME": "/b"}) == Path("/a")
    assert hub_cache({"HF_HOME": "/b"}) == Path("/b/hub")
    assert hub_cache({"XDG_CACHE_HOME": "/c", "HOME": "/d"}) == Path("/c/huggingface/hub")
    assert hub_cache({"HOME": "/d"}) == Path("/d/.cache/huggingface/hub")
