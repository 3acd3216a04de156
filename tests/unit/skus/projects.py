"""Small projects in memory, for the tests of what looks at whole projects."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from azureml_publish.documents import Document, parse_yaml
from azureml_publish.project import ModelFolder, Project
from azureml_publish.spec import ModelSpec, ProjectConfig, read_spec

MODEL = """\
name: {name}
version: 1
source: {{huggingface: a/b, revision: 5532cc56f74641d4bb33641f5c76a55d11f846e0}}
license: mit
"""
TASKS = "tasks: {inference: fill-mask, finetune: [text-classification]}\n"


def document(text: str, path: str) -> Document:
    parsed, found = parse_yaml(text, path)
    assert parsed is not None
    assert found == ()
    return parsed


def project(config: str, models: Mapping[str, str]) -> Project:
    """A project from the text of publish.yaml and, by name, what follows the head of each model.yaml."""
    own = document(config, "publish.yaml")
    typed, found = read_spec(own, ProjectConfig)
    assert typed is not None, found
    folders = []
    for name, text in models.items():
        tasks = "" if "tasks:" in text else TASKS
        written = document(MODEL.format(name=name) + tasks + text, f"models/{name}/model.yaml")
        spec, found = read_spec(written, ModelSpec)
        assert spec is not None, found
        folders.append(ModelFolder(name, Path(name), spec, written, f"models/{name}/card.md.j2", ""))
    return Project(Path(), typed, own, tuple(folders))
