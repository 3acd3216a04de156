"""Which files are pickles by their names, and what a file is served as."""

from __future__ import annotations

import pytest

from azureml_publish.content.packaging.tree import ArtifactFile, HubOrigin
from azureml_publish.content.sources.selection import choose, find_pickles
from tests.unit.content.packaging.packaged import codes, paths


@pytest.mark.parametrize("name", ["a.pkl", "deep/A.PT", "x.ckpt", "pytorch_model.bin", "data/model.joblib"])
def test_no_type_publishes_a_pickle_unasked(name: str) -> None:
    files = {"weights.bin": b"x", name: b"x"}
    assert codes(files, "", "custom_model") == ["PKG002"]
    assert paths(files, "", "custom_model", allow_pickle=True) == sorted(files)
    assert find_pickles([name, "weights.bin", "model.safetensors"]) == (name,)


@pytest.mark.parametrize(
    "path",
    [".git", ".git/config", "deep/.git/config", ".cache/huggingface/download/a.metadata", "a/__pycache__/b.pyc",
     ".DS_Store", "deep/.DS_Store", ".ipynb_checkpoints/a.json", ".env", ".netrc", ".venv/bin/python", ".idea/a.xml"],
)  # fmt: skip
def test_what_tools_leave_behind_is_no_part_of_a_model(path: str) -> None:
    assert list(choose([path, "model.onnx", "a.git", "cache/huggingface/x"], (), ())) == [
        "model.onnx", "a.git", "cache/huggingface/x",
    ]  # fmt: skip
    assert list(choose([path], ("*",), ())) == []


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("model/config.json", "application/json"),
        ("MLmodel", "text/plain"),
        ("conda.yaml", "application/yaml"),
        ("model/model.safetensors", "application/octet-stream"),
        ("README.MD", "text/markdown"),
    ],
)
def test_a_file_has_a_content_type(path: str, kind: str) -> None:
    assert ArtifactFile(path, 1, HubOrigin("o/r", "0" * 40, path)).content_type == kind
