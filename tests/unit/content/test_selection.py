"""Which files are pickles by their names, and what a file is served as."""

from __future__ import annotations

import pytest

from azureml_publish.content.packaging.tree import ArtifactFile, HubOrigin
from azureml_publish.content.sources.selection import find_pickles
from tests.unit.content.packaging.packaged import codes, paths


@pytest.mark.parametrize("name", ["a.pkl", "deep/A.PT", "x.ckpt", "pytorch_model.bin", "data/model.joblib"])
def test_no_type_publishes_a_pickle_unasked(name: str) -> None:
    files = {"weights.bin": b"x", name: b"x"}
    assert codes(files, "", "custom_model") == ["PKG002"]
    assert paths(files, "", "custom_model", allow_pickle=True) == sorted(files)
    assert find_pickles([name, "weights.bin", "model.safetensors"]) == (name,)


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
