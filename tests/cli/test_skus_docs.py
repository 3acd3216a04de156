"""`docs/skus.md` shows real output: every console block is run again and compared."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, Run

PAGE = (REPOSITORY / "docs" / "skus.md").read_text(encoding="utf-8")
SHOWN = [
    (command, output)
    for block in re.findall(r"^```console\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    for command, output in re.findall(r"^\$ publish (.*?)\n(.*?)(?=^\$ |\Z)", block, re.DOTALL | re.MULTILINE)
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The small catalogue that the page's examples are about."""
    return Path(shutil.copytree(Path(__file__).parent / "aged", tmp_path / "aged"))


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[command for command, _ in SHOWN])
def test_the_page_shows_what_comes(publish: Run, monkeypatch: pytest.MonkeyPatch, command: str, output: str) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    if "--bump" in command:
        assert publish("apply", "--yes", "--as-of", "2024-06-01").code == 0
    ran = publish(*shlex.split(command))
    assert ran.out + ran.err == output


def test_the_page_shows_prune_retiring_and_fit() -> None:
    verbs = {command.split()[1] for command, _ in SHOWN}
    assert verbs >= {"list", "min", "retiring", "prune", "fit", "show"}


def test_the_picture_is_what_the_shipped_model_gives(publish: Run, project: Path) -> None:
    shutil.rmtree(project)
    shutil.copytree(REPOSITORY / "models", project / "models")
    shutil.copy(REPOSITORY / "publish.yaml", project)
    drawn = publish("skus", "show", "bert-base-cased", "-o", "svg", "--as-of", "2026-11-21")
    assert drawn.out == (REPOSITORY / "docs" / "families.svg").read_text(encoding="utf-8")
