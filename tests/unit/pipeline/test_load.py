"""Of thousands of model folders, those are read that are meant, and what they are compared with."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from azureml_publish.pipeline.load import LoadedProject, Settings, load
from azureml_publish.pipeline.run import RunContext
from azureml_publish.project import ModelFolder, read_folder, written_name

SPEC = """\
name: NAME
version: 1
source: {local: weights}
license: mit
description: A model.
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of four models, whose folders are called otherwise than they are."""
    (tmp_path / "publish.yaml").write_text("")
    for folder, name in (("a", "bert-base"), ("b", "bert-large"), ("c", "gpt2"), ("d", "gpt2-large")):
        (tmp_path / "models" / folder).mkdir(parents=True)
        (tmp_path / "models" / folder / "model.yaml").write_text(SPEC.replace("NAME", name))
    return tmp_path


def read(root: Path, *patterns: str, only: frozenset[str] | None = None) -> tuple[LoadedProject, list[str]]:
    """The project with these models, and the names of the folders that were read."""
    names: list[str] = []

    def noticed(top: Path, path: Path) -> tuple[ModelFolder | None, tuple[object, ...]]:
        names.append(path.name)
        return read_folder(top, path)

    run = RunContext(root, {}, date(2026, 11, 28))
    return load(run, patterns, Settings(only=only), noticed), names  # type: ignore[arg-type]


def chosen(loaded: LoadedProject) -> list[str]:
    return [folder.folder for folder in loaded.folders]


def test_all_are_read_where_all_are_meant(root: Path) -> None:
    loaded, names = read(root)
    assert chosen(loaded) == names == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("patterns", "meant"), [(["gpt2"], ["c"]), (["bert-*"], ["a", "b"]), (["c", "bert-large"], ["b", "c"])]
)
def test_a_model_is_found_by_its_name_without_reading_the_others(
    root: Path, patterns: list[str], meant: list[str]
) -> None:
    loaded, names = read(root, *patterns)
    assert chosen(loaded) == names == meant
    assert loaded.require_project().unread == tuple(name for name in "abcd" if name not in meant)


def test_a_change_concerns_what_it_touched_and_its_namesake(root: Path) -> None:
    assert read(root, only=frozenset("c"))[1] == ["c"]
    (root / "models" / "a" / "model.yaml").write_text(SPEC.replace("NAME", "'gpt2'  # the first"))
    loaded, names = read(root, only=frozenset("c"))
    assert (chosen(loaded), sorted(names)) == (["c"], ["a", "c"])
    assert [(one.code, one.location.path) for one in loaded.found] == [("SPEC030", "models/c/model.yaml")]
    # The first of two is in order: who is touched is not blamed for a folder behind it.
    assert read(root, only=frozenset("a"))[0].found == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("# yaml-language-server: x\n---\nname: gpt2\n", "gpt2"),
        ("version: 1\nname:   gpt-2.1_b  # why\r\n", "gpt-2.1_b"),
        ('name: "gpt2"\n', "gpt2"),
        ("tasks:\n  name: other\nname: gpt2\n", "gpt2"),
        ("{name: gpt2}\n", None),
        ('"name": gpt2\n', None),
        ("name: &a gpt2\n", None),
        ("name:\n  gpt2\n", None),
        ("name: gpt2\nname: bert\n", None),
        ('description: "of old,\nname: bert"\n"name": gpt2\n', None),
        ("name: gpt2 large\n", None),
        ("version: 1\n", None),
    ],
)
def test_the_name_is_known_without_reading_only_where_it_is_certain(
    tmp_path: Path, text: str, name: str | None
) -> None:
    (tmp_path / "model.yaml").write_bytes(text.encode())
    assert written_name(tmp_path) == name


def test_a_name_behind_a_link_is_left_to_the_reader(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("name: gpt2\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "model.yaml").symlink_to(tmp_path / "other.yaml")
    assert written_name(tmp_path / "folder") is None
    assert written_name(tmp_path / "nowhere") is None
