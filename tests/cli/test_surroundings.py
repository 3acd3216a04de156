"""What a machine does to a run: streams that are closed or full, a disk that is full, paths, Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from azureml_publish.pipeline import lint
from tests.conftest import Run, edit

COMMAND = Path(sys.executable).with_name("publish")


def in_shell(project: Path, words: str) -> subprocess.CompletedProcess[str]:
    shell = ["sh", "-c", f'exec "$0" {words}', str(COMMAND)]
    return subprocess.run(shell, cwd=project, capture_output=True, text=True, timeout=120, check=False)


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """Let the system refuse to write beyond so many bytes of a file, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.long
def test_closed_streams_are_taken_for_empty_ones(project: Path) -> None:
    quiet = in_shell(project, "explain type -m bert-base-cased >&-")
    assert (quiet.returncode, quiet.stderr) == (0, "")
    alone = in_shell(project, "explain type -m bert-base-cased <&- 2>&-")
    assert alone.returncode == 0
    assert alone.stdout.startswith("type of bert-base-cased 18: mlflow_model\n")


def test_a_report_that_does_not_fit_is_no_fault_of_ours(project: Path) -> None:
    ran = in_shell(project, "schema model >/dev/full")
    assert ran.returncode == 1
    assert ran.stderr.startswith("error: No space left on device.\n  help: ")


def test_a_full_disk_is_told_with_the_file_that_was_meant(publish: Run, project: Path) -> None:
    spec = project / "models/bert-base-cased/model.yaml"
    spec.write_text(f"{spec.read_text(encoding='utf-8')}# {'-' * 8192}\n", encoding="utf-8")
    before = spec.read_bytes()
    with no_file_above(4096):
        ran = publish("deprecate", "bert-base-cased", "--retired", "2027-01-31")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"error: {spec}: File too large.\n  help: ")
    assert spec.read_bytes() == before
    assert not [path for path in spec.parent.iterdir() if path.name.startswith(".")]


def test_a_folder_that_cannot_be_written_whole_is_not_begun(publish: Run, project: Path) -> None:
    (project / "templates").mkdir()
    (project / "templates/new-card.md.j2").write_text("x" * 2_000_000, encoding="utf-8")
    before = sorted(project.glob("models/**"))
    with no_file_above(1_000_000):
        ran = publish("init", "google-bert/bert-base-cased", "--name", "mine")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"error: {project / 'models/mine'}: File too large.\n")
    assert sorted(project.glob("models/**")) == before


def test_a_folder_whose_name_is_no_utf_8_is_a_folder_like_any_other(project: Path) -> None:
    odd = project.rename(project.parent / os.fsdecode(b"l\xfcck"))
    ran = in_shell(odd, "render -q")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (odd / "build/bert-base-cased/description.md").is_file()


def test_the_registry_may_lie_beside_the_project(publish: Run, project: Path) -> None:
    edit(project / "publish.yaml", "{emulator: .publish/registry}", "{emulator: ../registry}")
    assert publish("apply", "--yes", "distil*").code == 0
    assert (project.parent / "registry").is_dir()


@pytest.mark.parametrize("place", ["publish.yaml", "/dev/null/x"])
def test_a_registry_that_has_no_place_says_where_it_was_to_be(publish: Run, project: Path, place: str) -> None:
    edit(project / "publish.yaml", "{emulator: .publish/registry}", f"{{emulator: {place}}}")
    ran = publish("list")
    assert ran.code == 1
    assert "The embedded registry does not start: /" in ran.err
    assert "[Errno" not in ran.err
    assert "  help: `emulator` in publish.yaml" in ran.err


def test_a_registry_whose_state_is_damaged_is_told(publish: Run, project: Path) -> None:
    database = project / ".publish/registry/state.sqlite3"
    database.parent.mkdir(parents=True)
    database.write_bytes(b"no database at all" * 100)
    ran = publish("list")
    assert ran.code == 1
    assert "The embedded registry does not start" in ran.err


def test_ctrl_c_says_that_what_is_done_stays(publish: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lint, "find_root", pressed)
    ran = publish("lint")
    assert (ran.code, ran.out) == (130, "")
    assert ran.err.strip() == "Interrupted. What is done stays; run again to carry on."


@pytest.mark.long
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp437", "gbk", "shift_jis"])
def test_a_character_that_the_output_has_no_code_for_is_replaced(project: Path, encoding: str) -> None:
    """What Windows does where the output goes into a file; a lone surrogate stands for a name that is not UTF-8."""
    spec = project / "models/bert-base-cased/model.yaml"
    edit(spec, "license: apache-2.0", "license: apache-2.0\nsummary_of_nobody®中あü😀: 1")
    environ = {**os.environ, "PYTHONIOENCODING": encoding}

    def run(*words: str) -> tuple[int, bytes, bytes]:
        ran = subprocess.run([COMMAND, *words], cwd=project, env=environ, capture_output=True, timeout=60, check=False)
        return ran.returncode, ran.stdout, ran.stderr

    code, out, err = run("lint")
    assert (code, b"summary_of_nobody" in out + err, b"internal" in err) == (4, True, False)
    assert b"?" in out
    code, out, err = run("lint", "-o", "json")
    assert code == 4
    assert json.loads(out.decode("ascii"))["diagnostics"]


@pytest.mark.long
def test_what_is_registered_is_shown_whatever_the_output_can_encode(publish: Run, project: Path) -> None:
    """Whole processes, as the encoding is that of their streams."""
    card = project / "models/bert-base-cased/card.md.j2"
    odd = "NVIDIA\u00ae NVLink\u00ae \u2014 \u6a21\u578b \U0001f917 \u0645\u0631\u062d\u0628\u0627"
    edit(card, "{% block summary %}", f"{{% block summary %}}\n{odd}\n")
    assert publish("apply", "bert-base-cased", "--yes").code == 0
    edit(card, odd, f"{odd} changed")
    for words in (["show", "bert-base-cased"], ["explain", "description", "-m", "bert-base-cased"], ["plan"]):
        for encoding in ("cp1252", "latin-1", "cp437", "gbk", "shift_jis"):
            environ = {**os.environ, "PYTHONIOENCODING": encoding}
            ran = subprocess.run([COMMAND, *words], cwd=project, env=environ, capture_output=True, check=False)
            assert (ran.returncode, ran.stderr.count(b"internal")) == (0, 0), (words, encoding, ran)
            assert b"NVIDIA" in ran.stdout
            assert b"?" in ran.stdout


@pytest.mark.long
@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_a_storage_that_cannot_be_reached_is_no_surprise(
    publish: Run, project: Path, monkeypatch: pytest.MonkeyPatch, debug: list[str]
) -> None:
    """azure-storage-blob attempts it again some times, which takes seconds."""
    spec = project / "models/bert-base-cased/model.yaml"
    text = spec.read_text(encoding="utf-8")
    source = "source: {azureblob: {storage: contoso, container: models, path: a/model.onnx}}"
    spec.write_text(re.sub(r"source:\n( .*\n)+", f"{source}\n", text), encoding="utf-8")
    card = '{% extends "card.md.j2" %}\n{% block summary %}\nSmall.\n{% endblock %}\n'
    spec.with_name("card.md.j2").write_text(card, encoding="utf-8")
    monkeypatch.setenv("PUBLISH_BLOB_ENDPOINT", "http://127.0.0.1:9/{storage}")
    ran = publish(*debug, "apply", "bert-base-cased", "--yes")
    assert ran.code == 1
    assert "The storage cannot be reached for http://127.0.0.1:9/contoso/models/a/model.onnx: " in ran.out
    assert "Check the account's name and the network." in ran.out
    assert "unexpected" not in ran.out + ran.err
    assert "Traceback" not in ran.err
