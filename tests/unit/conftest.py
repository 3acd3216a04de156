"""Fixtures of several tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from azureml_publish.assets import RenderedAsset, RenderedModel
from azureml_publish.content.upload.transfer import ModelContent, describe_content
from azureml_publish.project import load_project
from tests.checkpoints import BERT, write
from tests.unit.execute.applying import MakeContents


@pytest.fixture
def make_contents(tmp_path: Path) -> MakeContents:
    """Models with a local source, read from disk and given a rendered asset."""

    def make(*names: str, files: Sequence[str] = tuple(BERT)) -> dict[str, ModelContent]:
        (tmp_path / "publish.yaml").touch()
        for name in names:
            folder = tmp_path / "models" / name
            (folder / "files").mkdir(parents=True)
            spec = f"name: {name}\nversion: 3\nsource: {{local: files}}\ntasks: {{inference: fill-mask}}\n"
            (folder / "model.yaml").write_text(spec)
            (folder / "card.md.j2").touch()
            write(folder / "files", {"name.json": {"of": name}, **{file: BERT.get(file, b"x") for file in files}})
        project, found = load_project(tmp_path)
        assert project is not None
        assert found == ()
        contents = {}
        for folder_read in project.models:
            asset = RenderedAsset(
                name=folder_read.spec.name,
                version=3,
                type="mlflow_model",
                description="# a model\n",
                tags={"license": "mit", "skus": ["a", "b"]},
                properties={"languages": "en"},
                system_metadata={"scanned": True, "languages": ["en"]},
            )
            contents[asset.name] = describe_content(folder_read, RenderedModel(folder_read.folder, asset, ()))
        return contents

    return make
