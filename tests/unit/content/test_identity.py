"""The identity of sources does not move when specs learn new keys."""

from __future__ import annotations

import pytest

from azureml_publish.spec import (
    BlobFolder,
    BlobSource,
    GitRepository,
    GitSource,
    HubSource,
    LocalSource,
    identify_source,
)

COMMIT = "0" * 40
BLOB = BlobFolder(storage="account", container="models")
GIT = GitRepository(uri="https://example.org/x.git")


@pytest.mark.parametrize(
    ("source", "described"),
    [
        (
            HubSource(huggingface="a/b", revision=COMMIT),
            {"huggingface": "a/b", "revision": COMMIT, "include": (), "exclude": ()},
        ),
        (LocalSource(local="files", exclude=("*.txt",)), "local"),
        (
            BlobSource(azureblob=BLOB),
            {"azureblob": {"storage": "account", "container": "models", "path": ""}, "revision": None},
        ),
        (GitSource(git=GIT), {"git": {"uri": GIT.uri, "branch": None}, "revision": None}),
    ],
)
def test_what_is_at_its_default_counts_as_it_always_did(source: object, described: object) -> None:
    assert identify_source(source) == described  # type: ignore[arg-type]


@pytest.mark.parametrize("changed", [{"include": ("*",)}, {"exclude": ("x",)}, {"allow_pickle": True}])
def test_what_chooses_files_counts_once_it_is_written(changed: dict[str, object]) -> None:
    for plain in (HubSource(huggingface="a/b", revision=COMMIT), BlobSource(azureblob=BLOB), GitSource(git=GIT)):
        assert identify_source(plain.model_copy(update=changed)) != identify_source(plain)
