"""Completion of command lines: what is offered, that the table is the command line's, and real shells."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from azureml_publish.completion import TABLE, offers
from tests.cli.completions import text
from tests.conftest import Run


def values(current: str, words: str, directory: Path) -> list[str]:
    return [value for value, _ in offers(current, words.split(), directory)]


def test_the_table_is_that_of_the_command_line() -> None:
    assert json.loads(TABLE.read_text(encoding="utf-8")) == json.loads(text()), "`make schemas` writes it"


@pytest.mark.parametrize(
    ("current", "words", "some"),
    [
        ("pl", "", ["plan"]),
        ("--s", "lint", ["--select", "--stats"]),
        ("SKU01", "lint --select", ["SKU010", "SKU011"]),
        ("CARD001,SKU01", "lint --ignore", ["CARD001,SKU010"]),
        ("bert-b", "render", ["bert-base-cased"]),
        ("bert-base-cased:", "show", ["bert-base-cased:18", "bert-base-cased:17"]),
        ("", "plan -r", ["local"]),
        ("", "plan --registry", ["local"]),
        ("f", "skus", ["fit"]),
        ("", "completion", ["bash", "zsh", "fish", "powershell"]),
        ("sar", "lint --format", ["sarif"]),
        ("CARD00", "rule", ["CARD001"]),
        ("cpu", "skus min --preset", ["cpu-small"]),
        ("NC", "skus list --family", ["NCv3"]),
        ("bert-b", "-C . lint --debug", ["bert-base-cased"]),
    ],
)
def test_what_is_offered(project: Path, current: str, words: str, some: list[str]) -> None:
    if "preset" in words:
        with (project / "publish.yaml").open("a", encoding="utf-8") as file:
            file.write("presets: {cpu-small: [Standard_DS3_v2]}\n")
    found = values(current, words, project)
    assert found[: len(some)] == some or set(some) <= set(found)
    assert all(value.startswith(current) for value in found)


@pytest.mark.parametrize(("current", "words"), [("x", "lint --baseline"), ("", "import"), ("zz", "lint")])
def test_where_nothing_is_known_the_shell_offers_files(tmp_path: Path, current: str, words: str) -> None:
    assert values(current, words, tmp_path) == []


def test_an_answer_imports_no_verb(project: Path) -> None:
    program = (
        "import sys; from azureml_publish.completion import answer;"
        "answer(['=bert', 'plan']); answer(['=', 'plan', '-r']);"
        "print([name for name in ('click', 'pydantic', 'azureml_publish.cli', 'rich', 'azure') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=project, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"
    assert "bert-base-cased\t" in ran.stdout


def test_a_broken_project_offers_what_it_can(project: Path) -> None:
    (project / "publish.yaml").write_text("registries: [", encoding="utf-8")
    assert values("", "plan -r", project) == ["local"]
    assert "bert-base-cased" in values("", "lint", project)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_scripts_are_ones_that_their_shells_read(publish: Run, tmp_path: Path, shell: str) -> None:
    script = publish("completion", shell).out
    assert "__complete" in script
    program = shutil.which("pwsh" if shell == "powershell" else shell)
    if program is None or shell == "powershell":
        return
    file = tmp_path / "completion"
    file.write_text(script, encoding="utf-8")
    subprocess.run([program, "-n", str(file)], check=True)


def test_bash_completes_a_model_and_its_version(publish: Run, project: Path, tmp_path: Path) -> None:
    own = tmp_path / "bin"
    own.mkdir()
    (own / "publish").write_text(f'#!/bin/sh\nexec {sys.executable} -m azureml_publish "$@"\n', encoding="utf-8")
    (own / "publish").chmod(0o755)
    (own / "script").write_text(publish("completion", "bash").out, encoding="utf-8")

    def completed(line: str) -> list[str]:
        program = (
            f"PATH={own}:$PATH; . {own}/script; COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; _publish_complete;"
            " printf '%s\\n' \"${COMPREPLY[@]}\""
        )
        ran = subprocess.run(["bash", "-c", program], cwd=project, capture_output=True, text=True, check=True)
        return ran.stdout.split()

    assert completed("publish render bert-b") == ["bert-base-cased"]
    assert completed("publish show bert-base-cased:1")[0] == "18"
    assert "--registry" in completed("publish plan --")
