"""`publish lint --assets`: as a user and a script meet it; what it writes, remembers and never touches."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from azureml_publish.lint.cache import LintCache, cache_file, digest_of
from tests.conftest import Run
from tests.unit.lint.assets import TODAY, run, sound, write

BROKEN = sound()["spec.yaml"].replace("license: mit", "license: apache2").replace("version: 1", "version: '1'")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLISH_CACHE_DIR", str(tmp_path / "cache"))


def state(root: Path) -> dict[str, tuple[int, bytes]]:
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in root.rglob("*") if path.is_file()}


def test_findings_are_told_without_a_project_and_nothing_is_written(publish: Run, tmp_path: Path) -> None:
    write(tmp_path, {**sound(), "spec.yaml": BROKEN})
    before = state(tmp_path / "assets")
    shown = publish("-C", str(tmp_path), "lint", "--assets", "assets")
    assert shown.code == 4
    assert "assets/little/spec.yaml:18:3: warning SPEC031" in shown.out
    assert "assets/little/spec.yaml:22:1: error SPEC003" in shown.out
    assert shown.err.strip() == "1 error, 1 warning in 1 model."
    assert state(tmp_path / "assets") == before


def test_json_is_what_scripts_rely_on(publish: Run, tmp_path: Path) -> None:
    write(tmp_path, {**sound("tags"), "spec.yaml": sound("tags")["spec.yaml"].replace("mit", "apache2")})
    shown = publish("-C", str(tmp_path), "lint", "--assets", "assets/little", "--format", "json")
    assert shown.code == 0
    told = json.loads(shown.out)
    assert told["schema_version"] == 1
    (found,) = told["diagnostics"]
    assert {key: found[key] for key in ("code", "name", "severity", "path", "line", "column", "fixable")} == {
        "code": "SPEC031",
        "name": "license-unknown",
        "severity": "warning",
        "path": "assets/little/spec.yaml",
        "line": 15,
        "column": 3,
        "fixable": False,
    }


def test_a_sound_catalogue_ends_with_nothing_to_say(publish: Run, tmp_path: Path) -> None:
    write(tmp_path, dict(sound()))
    shown = publish("-C", str(tmp_path), "lint", "--assets", "assets")
    assert (shown.code, shown.out, shown.err.strip()) == (0, "", "No findings in 1 model.")


def test_places_without_models_are_not_found_and_no_places_are_a_mistake(publish: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    shown = publish("-C", str(tmp_path), "lint", "--assets", "empty")
    assert shown.code == 3
    assert "No asset folder of a model is in 'empty'." in shown.err
    shown = publish("-C", str(tmp_path), "lint", "--assets", "nowhere")
    assert shown.code == 3
    assert "There is no folder nowhere." in shown.err


def test_each_folder_counts_once_however_often_it_is_named(publish: Run, tmp_path: Path) -> None:
    write(tmp_path, {**sound(), "spec.yaml": BROKEN})
    shown = publish("-C", str(tmp_path), "lint", "--assets", "assets", "./assets/little", str(tmp_path / "assets"))
    assert shown.err.strip() == "1 error, 1 warning in 1 model."


def catalogue(root: Path, count: int) -> None:
    """Folders that share a commit and a container path, so that rules which compare them have something to say."""
    for number in range(count):
        spec = sound()["spec.yaml"].replace("name: little", f"name: m{number}").replace("org/little", f"org/m{number}")
        write(root, {**sound(), "spec.yaml": spec}, f"m{number}")


@pytest.mark.long
def test_any_number_of_processes_says_the_same(tmp_path: Path) -> None:
    """In processes of its own: a fork of this one, which runs threads, would be unsafe."""
    catalogue(tmp_path, 40)
    code = (
        "import sys; from pathlib import Path; from tests.unit.lint.assets import run;"
        "print(*run(Path(sys.argv[1]), jobs=int(sys.argv[2])).found, sep='\\n')"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path), jobs], capture_output=True, text=True, check=True, timeout=120
        ).stdout
        for jobs in ("1", "3")
    ]
    assert said[0] == said[1]
    assert said[0].count("SPEC005") == 40
    assert said[0].count("PATH004") == 39


def test_what_is_unchanged_is_remembered(tmp_path: Path) -> None:
    catalogue(tmp_path, 4)
    cache = tmp_path / "cache"
    first = run(tmp_path, cache=cache)
    assert first.remembered == 0
    again = run(tmp_path, cache=cache)
    assert again.remembered == 4
    assert again.found == first.found  # rules that compare folders included, mends too
    write(tmp_path, {"spec.yaml": BROKEN}, "m2")
    changed = run(tmp_path, cache=cache)
    assert changed.remembered == 3
    assert changed.found == run(tmp_path).found
    assert any(one.fix for one in run(tmp_path, cache=cache).found)
    (tmp_path / "assets" / "m1" / "notes.md").write_text("New.\n")
    assert "SPEC014" in {one.code for one in run(tmp_path, cache=cache).found}


def test_the_day_and_the_place_belong_to_what_is_remembered(tmp_path: Path) -> None:
    folder = write(tmp_path, dict(sound()))
    known = {
        digest_of(folder, tmp_path, TODAY),
        digest_of(folder, tmp_path, date(2026, 11, 22)),
        digest_of(folder, tmp_path.parent, TODAY),
    }
    assert len(known) == 3
    (folder / "link").symlink_to("spec.yaml")
    assert digest_of(folder, tmp_path, TODAY) is None  # what it leads to may change unseen


@pytest.mark.parametrize("wrong", [b"not a database", b"", b"SQLite format 3\x00" + b"\xff" * 200])
def test_a_broken_cache_is_ignored(tmp_path: Path, wrong: bytes) -> None:
    write(tmp_path, {**sound(), "spec.yaml": BROKEN})
    cache = tmp_path / "cache"
    path = cache_file({"PUBLISH_CACHE_DIR": str(cache)})
    path.parent.mkdir(parents=True)
    path.write_bytes(wrong)
    assert run(tmp_path, cache=cache).found == run(tmp_path).found
    assert run(tmp_path, cache=cache).remembered == 1


NO_SUCH_SEVERITY = '{"code":"A","name":"b","severity":"bad","message":"","location":{"path":"a"},"hint":""}'


@pytest.mark.parametrize("entry", ["", "[]", "[[[1]],[],[]]", "{", f"[[{NO_SUCH_SEVERITY}],[],[]]"])
def test_a_broken_entry_is_checked_again(tmp_path: Path, entry: str) -> None:
    write(tmp_path, {**sound(), "spec.yaml": BROKEN})
    cache = tmp_path / "cache"
    before = run(tmp_path, cache=cache).found
    with closing(sqlite3.connect(cache / "lint.sqlite3")) as connection, connection:
        connection.execute("UPDATE checked SET found = ?", (entry,))
    connection.close()
    again = run(tmp_path, cache=cache)
    assert (again.found, again.remembered) == (before, 0)


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = LintCache.open({"PUBLISH_CACHE_DIR": str(tmp_path / "file" / "cache")}, TypeAdapter(int))
    assert not store.usable
    write(tmp_path, {**sound(), "spec.yaml": BROKEN})
    assert run(tmp_path, cache=tmp_path / "file" / "cache").found == run(tmp_path).found


def test_without_cache_nothing_is_kept(publish: Run, tmp_path: Path) -> None:
    write(tmp_path, dict(sound()))
    assert publish("-C", str(tmp_path), "lint", "--assets", "assets", "--no-cache").code == 0
    assert not (tmp_path / "cache").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep caches elsewhere")
def test_the_cache_lies_where_the_system_keeps_caches() -> None:
    assert cache_file({"HOME": "/home/u"}) == Path("/home/u/.cache/azureml-publish/lint.sqlite3")
    assert cache_file({"HOME": "/home/u", "XDG_CACHE_HOME": "/c"}) == Path("/c/azureml-publish/lint.sqlite3")
    assert os.path.isabs(cache_file({}))  # noqa: PTH117 - of a path that need not be there
