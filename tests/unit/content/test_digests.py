"""The cache of local digests: it saves a reading, and never outlives a change."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

import pytest

from azureml_publish.content.digests import Digests
from azureml_publish.content.sources import local
from azureml_publish.content.sources.local import list_local_files
from azureml_publish.errors import UnusableSource


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "files"
    made.mkdir()
    (made / "a.bin").write_bytes(b"one")
    return made


def later() -> float:
    return time.time() + 60


def digests_of(folder: Path, notes: Path) -> tuple[str | None, ...]:
    digests = Digests(notes, clock=later)
    found = tuple(file.sha256 for file in list_local_files(folder, digests=digests))
    digests.save()
    return found


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read."""
    seen: list[str] = []
    real = local._sha256

    def watched(path: Path) -> str:
        seen.append(path.name)
        return real(path)

    monkeypatch.setattr(local, "_sha256", watched)
    return seen


def test_a_file_that_stays_is_hashed_once(folder: Path, tmp_path: Path, hashed: list[str]) -> None:
    notes = tmp_path / "deep" / "digests.json"
    first = digests_of(folder, notes)
    assert digests_of(folder, notes) == first == (hashlib.sha256(b"one").hexdigest(),)
    assert hashed == ["a.bin"]
    assert [path.name for path in notes.parent.iterdir()] == ["digests.json"]


def test_a_change_of_the_same_size_and_time_is_noticed(folder: Path, tmp_path: Path, hashed: list[str]) -> None:
    notes, path = tmp_path / "digests.json", folder / "a.bin"
    before = path.stat()
    digests_of(folder, notes)
    (folder / "new").write_bytes(b"two")
    (folder / "new").replace(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert digests_of(folder, notes) == (hashlib.sha256(b"two").hexdigest(),)
    assert hashed == ["a.bin", "a.bin"]


def test_a_file_that_was_just_written_is_not_noted(folder: Path, tmp_path: Path) -> None:
    digests = Digests(tmp_path / "digests.json")
    list_local_files(folder, digests=digests)
    assert digests.find(folder / "a.bin") is None


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema_version": 1}', '{"schema_version": 9, "files": {}}', "\0"])
def test_damaged_notes_are_as_good_as_none(folder: Path, tmp_path: Path, damage: str) -> None:
    notes = tmp_path / "digests.json"
    first = digests_of(folder, notes)
    notes.write_text(damage)
    assert digests_of(folder, notes) == first
    assert json.loads(notes.read_text())["schema_version"] == 1


def test_notes_that_cannot_be_written_stop_nothing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, no folder")
    assert len(digests_of(folder, tmp_path / "taken" / "digests.json")) == 1


def test_files_that_are_gone_are_forgotten(folder: Path, tmp_path: Path) -> None:
    notes = tmp_path / "digests.json"
    digests_of(folder, notes)
    (folder / "a.bin").rename(folder / "b.bin")
    digests_of(folder, notes)
    assert [Path(path).name for path in json.loads(notes.read_text())["files"]] == ["b.bin"]


class TestWalk:
    def test_the_ignore_file_leaves_files_behind_and_itself(self, folder: Path) -> None:
        (folder / ".amlignore").write_text("# scratch\n*.tmp\n/cache/\n!keep.tmp\n")
        for name in ("x.tmp", "keep.tmp", "cache/big.bin", "deep/cache/kept.bin"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
        assert [file.path for file in list_local_files(folder)] == ["a.bin", "deep/cache/kept.bin", "keep.tmp"]

    def test_patterns_choose_before_anything_is_read(self, folder: Path, hashed: list[str]) -> None:
        (folder / "b.txt").write_text("b")
        (folder / "gone").symlink_to("nowhere")
        files = list_local_files(folder, include=("*.txt", "gone"), exclude=("gone",))
        assert [file.path for file in files] == ["b.txt"]
        assert hashed == ["b.txt"]

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
    def test_what_is_no_file_is_refused(self, folder: Path) -> None:
        os.mkfifo(folder / "pipe")
        with pytest.raises(UnusableSource, match="not a file with content"):
            list_local_files(folder)

    def test_an_ignore_file_that_cannot_be_read_is_told(self, folder: Path) -> None:
        (folder / ".amlignore").write_bytes(b"\xff\xfe")
        with pytest.raises(UnusableSource, match=r"\.amlignore cannot be read"):
            list_local_files(folder)
