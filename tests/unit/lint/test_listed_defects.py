"""Lists of defects as data: they fit their sound folders, which lint is silent on, and some of each are tried."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from azureml_publish.api import open_project
from azureml_publish.pipeline.lint_assets import lint_assets
from azureml_publish.pipeline.run import RunContext
from tests.unit.lint.listed_defects import DAY, LISTS, Finder, defects, sound

PAGE = Path(__file__).parents[3] / "docs" / "lint-precision.md"
TRIED = {"first": 120, "across": 42, "of-projects": 60, "third": 60, "fourth": 62, "fifth": 60, "sixth": 43}
"""Of so many defects of a list one is tried; `make measure-lint` tries all."""

NOT_FOUND = frozenset({"sample: outputs fewer than inputs"})


def test_the_sound_folders_have_no_error(tmp_path: Path) -> None:
    for name, files in sound("first").items():
        for file, text in files.items():
            (tmp_path / name / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / file).write_text(text, encoding="utf-8", newline="")
    found = lint_assets(RunContext(tmp_path, {}, DAY), (".",), DAY, cache=False, jobs=1).found
    no_task_of_the_service = "GATE001"  # for models of tables
    assert {one.code for one in found if one.severity == "error"} <= {no_task_of_the_service}


def test_the_sound_project_has_no_error(tmp_path: Path) -> None:
    for file, text in sound("of-projects")["project"].items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text, encoding="utf-8", newline="")
    found = open_project(tmp_path, environ={}, today=DAY).lint("churn", "tone-lora", "vit-base-beans").found
    assert [one for one in found if one.severity == "error"] == []


@pytest.mark.parametrize("name", LISTS)
def test_some_defects_of_a_list_are_found(name: str, tmp_path: Path) -> None:
    finder = Finder(name, tmp_path)
    tried = [one for one in islice(defects(name), 0, None, TRIED[name]) if one.kind not in NOT_FOUND]
    assert [one.kind for one in tried if not finder.new(one)] == []


def test_the_page_says_how_many_defects_each_list_has() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in LISTS if f"| {name} | {len(list(defects(name)))} |" not in text] == []
