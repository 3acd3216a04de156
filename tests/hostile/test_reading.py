"""Project files that are links, devices, pipes, or far too large: reported with a hint, never read or waited for."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from azureml_publish.assets import CarriedFile
from azureml_publish.files import MAX_FILE_BYTES, UnusableFile, read_carried, read_file
from tests.conftest import Run

SECRET = "xoxb-a-secret-of-the-machine"
MODEL = "bert-base-cased"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file outside of the project, for example /proc/self/environ."""
    file = tmp_path / "secrets" / "environ"
    file.parent.mkdir()
    file.write_text(SECRET, encoding="utf-8")
    return file


def _link(path: Path, target: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


FILES = (
    f"models/{MODEL}/model.yaml",
    f"models/{MODEL}/card.md.j2",
    f"models/{MODEL}/samples/input.json",
    "templates/card.md.j2",
    "templates/sample-links.yaml",
    "templates/spec.yaml.j2",
    "publish.yaml",
    "skus.overlay.csv",
)


def _everything(publish: Run) -> str:
    """All that a reviewer's run would print."""
    said = ""
    for verb in (("lint",), ("lint", "--format", "json"), ("render", "--check"), ("explain", MODEL), ("plan",)):
        ran = publish(*verb)
        said += ran.out + ran.err
        assert "Traceback" not in said
    return said


@pytest.mark.parametrize("name", FILES)
@pytest.mark.usefixtures("shared_registry")
def test_no_link_leads_out_of_the_project(publish: Run, project: Path, secret: Path, name: str) -> None:
    _link(project / name, secret)
    assert SECRET not in _everything(publish)
    ran = publish("lint", "--format", "json")
    if name != "publish.yaml":
        told = [one for one in json.loads(ran.out)["diagnostics"] if "leads out of" in one["message"]]
        assert told
        assert all(one["hint"] for one in told)
    assert ran.code != 0


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("inner", [".git/config", ".publish/registry/secrets/ca.pem"])
def test_no_link_leads_to_credentials_inside(publish: Run, project: Path, name: str, inner: str) -> None:
    """A checkout keeps a token in .git/config, and the embedded registry its key in .publish."""
    file = project / inner
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(SECRET, encoding="utf-8")
    _link(project / name, file)
    ran = publish("lint", "--format", "json")
    assert ran.code != 0
    assert SECRET not in ran.out + ran.err


@pytest.mark.parametrize(
    "name", ["models", f"models/{MODEL}", f"models/{MODEL}/files", "templates", f"models/{MODEL}/samples"]
)
@pytest.mark.usefixtures("shared_registry")
def test_no_linked_folder_leads_out_of_the_project(publish: Run, project: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    (project / name).mkdir(exist_ok=True)
    shutil.copytree(project / name, outside, dirs_exist_ok=True)
    for file in [path for path in outside.rglob("*") if path.is_file()] or [outside / "input.json"]:
        file.write_text(SECRET, encoding="utf-8")
    (outside / "input.json").write_text(json.dumps(SECRET), encoding="utf-8")
    _link(project / name, outside)
    assert SECRET not in _everything(publish)
    ran = publish("lint", "--format", "json")
    told = [one for one in json.loads(ran.out)["diagnostics"] if "leads out of" in one["message"]]
    assert told
    assert ran.code == 4


def test_a_link_inside_the_project_is_followed(publish: Run, project: Path) -> None:
    card = project / f"models/{MODEL}/card.md.j2"
    (project / "shared.md.j2").write_bytes(card.read_bytes())
    _link(card, Path("../../shared.md.j2"))
    assert publish("render", MODEL).code == 0


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _terminal(path: Path) -> None:
    path.symlink_to("/dev/tty")


def _door(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


KINDS: tuple[Callable[[Path], None], ...] = (_pipe, _zeros, _terminal, _door, _sparse, _loop)


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("name", FILES)
def test_what_is_no_small_file_is_reported(
    publish: Run, project: Path, name: str, make: Callable[[Path], None]
) -> None:
    file = project / name
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    make(file)
    ran = publish("lint")
    if name == "publish.yaml":
        assert ran.code != 0  # not a project any more, for most of them
    else:
        assert ran.code == 4, ran.err
        assert name in ran.out + ran.err


@pytest.mark.parametrize("make", KINDS)
def test_the_reader_alone_refuses_them(tmp_path: Path, make: Callable[[Path], None]) -> None:
    file = tmp_path / "file"
    make(file)
    for root in (tmp_path, None):
        with pytest.raises(UnusableFile) as told:
            read_file(file, root)
        assert told.value.hint


def test_at_most_the_limit_is_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"a" * MAX_FILE_BYTES)
    assert len(read_file(file, tmp_path)) == MAX_FILE_BYTES
    file.write_bytes(b"a" * (MAX_FILE_BYTES + 1))
    with pytest.raises(UnusableFile, match="larger than 4 MiB"):
        read_file(file, tmp_path)


def test_a_carried_file_stays_in_its_folder(tmp_path: Path, secret: Path) -> None:
    folder = tmp_path / "files"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "b.txt").write_text("kept", encoding="utf-8")
    (folder / "a" / "c.txt").symlink_to("b.txt")
    (folder / "a" / "d.txt").symlink_to(secret)
    read = [read_carried(CarriedFile(f"a/{name}.txt", folder / "a" / f"{name}.txt")) for name in "bc"]
    assert read == [b"kept", b"kept"]
    with pytest.raises(UnusableFile, match="leads out of"):
        read_carried(CarriedFile("a/d.txt", folder / "a" / "d.txt"))


@pytest.mark.parametrize(
    "name", ["spec.yaml", "asset.yaml", "model.yaml", "description.md", "MLmodel", "evaluation.md"]
)
@pytest.mark.parametrize("verb", [("lint", "--format", "json", "--assets"), ("import", "--check", "-o", "json")])
def test_no_link_leads_out_of_an_asset_folder(
    publish: Run, project: Path, secret: Path, name: str, verb: tuple[str, ...]
) -> None:
    folder = secret.parents[1] / "assets" / MODEL
    assert publish("render", MODEL, "--out", str(folder.parent)).code == 0
    _link(folder / name, secret)
    shutil.rmtree(project / "models")
    ran = publish(*verb, str(folder))
    assert SECRET not in ran.out + ran.err
    assert ran.code == 4
    assert "leads out of" in ran.out
