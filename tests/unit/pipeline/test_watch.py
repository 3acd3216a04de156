"""Edits are noticed wherever a project is made from, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from azureml_publish.pipeline.watch import Edits, watch


@contextmanager
def watched(root: Path, *elsewhere: Path) -> Iterator[Edits]:
    """A watch that has begun, of a project's file, its models, and what they are made from elsewhere."""
    with watch(root, ("publish.yaml", "models"), lambda: (root / "models", *elsewhere)) as edits:
        wait(edits)
        yield edits


def wait(edits: Edits) -> None:
    """Wait for an edit, however long it takes."""
    while not edits.wait():
        pass


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project below a folder whose name is skipped in projects alone."""
    root = tmp_path / "build" / "project"
    (root / "models" / "one").mkdir(parents=True)
    return root


def test_edits_of_the_file_of_models_and_elsewhere_are_noticed(root: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights.bin"
    weights.write_text("1")
    with watched(root, weights) as edits:
        for number in range(2):
            for path in (root / "publish.yaml", root / "models/one/model.yaml", root / "models/new.yaml", weights):
                path.write_text(f"edit {number}")
                wait(edits)
            new = tmp_path / "new"
            new.write_text("put in its place")
            new.replace(weights)
            wait(edits)


def test_a_folder_that_comes_later_is_watched_from_then_on(root: Path) -> None:
    (root / "models/one").rmdir()
    (root / "models").rmdir()
    with watched(root) as edits:
        (root / "models/two").mkdir(parents=True)
        wait(edits)
        while edits.wait():  # until the folder itself is watched, which is an edit once more
            pass
        (root / "models/two/model.yaml").write_text("name: two\n")
        wait(edits)


def test_what_programs_write_is_no_edit(root: Path) -> None:
    (root / "models/one/__pycache__").mkdir()
    with watched(root) as edits:
        while edits.wait():
            pass
        (root / "models/one/__pycache__/x.pyc").write_text("")
        (root / "README.md").write_text("")
        assert not edits.wait()
        (root / "models/one/model.yaml").write_text("")
        wait(edits)
