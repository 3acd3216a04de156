"""Completion of command lines: what is offered, that the table is the command line's, and real shells."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from azureml_publish.completion import TABLE, offers, parts_of
from tests.cli.completions import text
from tests.conftest import Run, lacking


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
        ("bert-b", "-C. lint", ["bert-base-cased"]),
        ("--format=sa", "lint", ["--format=sarif"]),
        ("--h", "lint", ["--help"]),
        ("--h", "", ["--help"]),
    ],
)
def test_what_is_offered(project: Path, current: str, words: str, some: list[str]) -> None:
    if "preset" in words:
        with (project / "publish.yaml").open("a", encoding="utf-8") as file:
            file.write("presets: {cpu-small: [Standard_DS3_v2]}\n")
    found = values(current, words, project)
    assert found[: len(some)] == some or set(some) <= set(found)
    assert all(value.startswith(current) for value in found)


@pytest.mark.parametrize(
    ("current", "words"),
    [
        ("x", "lint --baseline"),
        ("", "import"),
        ("zz", "lint"),
        ("", "lint -C"),
        ("", "-C"),
        ("--out=", "plan"),
        ("-", "lint --"),
    ],
)
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


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("publish lint b", ["publish", "lint", "b"]),
        ("publish lint ", ["publish", "lint", ""]),
        ("publish -C 'a b' lint", ["publish", "-C", "a b", "lint"]),
        (r'publish -C a\ b"c \"d" x', ["publish", "-C", 'a bc "d', "x"]),
        ("publish -C 'a b", ["publish", "-C", "a b"]),
        ('publish -C "a b', ["publish", "-C", "a b"]),
        ("publish a\\", ["publish", "a"]),
    ],
)
def test_a_line_is_parted_as_a_shell_does(line: str, parts: list[str]) -> None:
    assert parts_of(line) == parts


TYPED = {
    "publish compl": "completion",
    "publish lint distil": "distilbert-base-uncased",
    'publish lint "distil': "distilbert-base-uncased",
    "publish show distilbert-base-uncased:1": "distilbert-base-uncased:14",
    "publish plan --registry=lo": "--registry=local",
    "publish -C 'sp ace' lint distil": "distilbert-base-uncased",
    "publish lint -C sp\\ ace distil": "distilbert-base-uncased",
    "publish lint --select CARD001,SKU01": "CARD001,SKU010",
    "publish skus fit --family=NCas": "--family=NCasT4_v3",
    "publish lint --baseline=publish.y": "--baseline=publish.yaml",
    "publish lint -C sp": "sp",
}
"""What is typed before the tab key, and what is then there, or among what is offered."""

ZSH = """
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; autoload -Uz compinit; compinit -u -D; source $1; setopt nobeep; echo REA''DY"
zpty -r z REPLY '*READY*'
shift
for line wanted in "$@"; do
    zpty -w -n z "$line"$'\\t'
    zpty -r z REPLY "*${(b)wanted}*" && print -r -- "$wanted"
    zpty -w -n z $'\\x15'
done
"""


@pytest.fixture
def shell_folder(publish: Run, project: Path, tmp_path: Path) -> Path:
    """A folder with the command, and what each shell is to read; the project is also one whose name has a space."""
    own = tmp_path / "bin"
    own.mkdir()
    (own / "publish").write_text(f'#!/bin/sh\nexec {sys.executable} -m azureml_publish "$@"\n', encoding="utf-8")
    (own / "publish").chmod(0o755)
    for shell in ("bash", "zsh", "fish"):
        (own / shell).write_text(publish("completion", shell).out, encoding="utf-8")
    (project / "sp ace").symlink_to(project)
    return own


def ran(project: Path, own: Path, *command: str) -> str:
    if shutil.which(command[0]) is None:
        lacking("shells", f"apt-get install {command[0]}")
    environ = {"PATH": f"{own}:{os.environ['PATH']}", "HOME": str(own), "TERM": "dumb", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        command, cwd=project, env=environ, stdout=subprocess.PIPE, text=True, check=True, timeout=120
    ).stdout


def test_bash_completes_what_is_typed(project: Path, shell_folder: Path) -> None:
    program = """
        . "$1/bash"
        shift
        for line; do
            COMP_LINE="$line" COMP_POINT=${#line} COMP_WORDS=(publish)
            _publish_complete
            echo "${COMPREPLY[*]}"
        done
    """
    lines = [line for line, wanted in TYPED.items() if not wanted.endswith(("yaml", "sp"))]  # bash itself offers files
    found = ran(project, shell_folder, "bash", "-c", program, "bash", str(shell_folder), *lines).splitlines()
    after_breaks = [re.split("[=:]", TYPED[line])[-1] for line in lines]
    assert [wanted in offered.split() for wanted, offered in zip(after_breaks, found, strict=True)] == [True] * 9, found


def test_zsh_completes_what_is_typed(project: Path, shell_folder: Path) -> None:
    typed = {line: f"{wanted}\\ ace" if wanted == "sp" else wanted for line, wanted in TYPED.items()}
    pairs = [word for pair in typed.items() for word in pair]
    found = ran(project, shell_folder, "zsh", "-f", "-c", ZSH, "zsh", str(shell_folder / "zsh"), *pairs)
    assert found.splitlines() == [*typed.values()]


def test_fish_completes_what_is_typed(project: Path, shell_folder: Path) -> None:
    program = f"source {shell_folder}/fish; for line in $argv; echo (complete -C $line); end"
    found = ran(project, shell_folder, "fish", "-N", "-c", program, *TYPED).splitlines()
    assert all(wanted in offered for wanted, offered in zip(TYPED.values(), found, strict=True)), found


def test_powershell_is_handed_a_completer(publish: Run) -> None:
    """No registry of packages that these tests use has PowerShell."""
    script = publish("completion", "powershell").out
    assert script.startswith(
        "Register-ArgumentCompleter -Native -CommandName publish, azureml-publish -ScriptBlock {\n"
    )
    assert script.count("{") == script.count("}")
    assert script.count("(") == script.count(")")
