"""A registered version's files: listed, downloaded and checked, and versions that are not there."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.conftest import Run

MODEL = "distilbert-base-uncased"
WEIGHTS = "data/model/model.safetensors"


@pytest.fixture
def registered(publish: Run, project: Path) -> Run:
    assert publish("apply", "--yes", MODEL).code == 0
    return publish


def held(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_files_are_listed_downloaded_and_taken_up_where_they_were_cut(registered: Run, project: Path) -> None:
    listed = json.loads(registered("show", MODEL, "--files", "-o", "json").out)["files"]
    wanted = {one["path"]: one["sha256"] for one in listed if not one["path"].startswith("publish.")}
    assert any(path.endswith("model.safetensors") for path in wanted)
    assert all(path in registered("show", MODEL, "--files").out for path in wanted)
    ran = registered("download", MODEL, "--to", "there")
    assert ran.code == 0, ran
    there = project / "there"
    assert held(there).items() <= wanted.items()

    (weights,) = there.rglob("model.safetensors")
    whole = weights.read_bytes()
    weights.unlink()
    weights.with_name("model.safetensors.part").write_bytes(whole[:1000])
    (other,) = there.rglob("MLmodel")
    other.write_bytes(b"something else")
    told = json.loads(registered("download", f"{MODEL}:14", "--to", "there", "-o", "json").out)
    assert (told["files"] - told["kept"], told["folder"]) == (2, str(there))
    assert weights.read_bytes() == whole
    assert held(there).items() <= wanted.items()
    assert not [*there.rglob("*.part")]

    # A rest that is of another file is found out, and the next run begins the file anew.
    weights.unlink()
    weights.with_name("model.safetensors.part").write_bytes(b"x" * 1000)
    assert registered("download", MODEL, "--to", "there").code != 0
    assert not weights.exists()
    assert registered("download", MODEL, "--to", "there").code == 0
    assert weights.read_bytes() == whole


def test_nothing_outside_of_the_folder_is_written(registered: Run, project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    there = project / "there"
    assert registered("download", MODEL, "--to", "there").code == 0
    (inner,) = (path.parent for path in there.rglob("model.safetensors"))
    for path in inner.iterdir():
        path.unlink()
    inner.rmdir()
    inner.symlink_to(outside)
    ran = registered("download", MODEL, "--to", "there")
    assert ran.code == 2
    assert "is a link" in ran.err
    assert not [*outside.iterdir()]


def test_verify_reports_what_is_not_registered_and_goes_on(registered: Run) -> None:
    ran = registered("verify", "--quick")
    assert ran.code == 3
    assert "Verified: 1 intact, 0 damaged, 2 not registered.\n" in ran.out
    assert "missing   bert-base-cased:18" in ran.out
    missing = json.loads(registered("verify", "--quick", "-o", "json").out)["missing"]
    assert [one["model"].partition(":")[0] for one in missing] == ["bert-base-cased", "bert-large-cased"]
