"""The models as they are, beside a revision of git and beside registered versions."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest

from azureml_publish.errors import NotFound
from azureml_publish.pipeline.check import load_checked
from azureml_publish.pipeline.compare import Comparison, compare_revision
from azureml_publish.pipeline.load import Settings
from azureml_publish.pipeline.run import RunContext
from azureml_publish.plan.actions import ActionKind
from tests.conftest import edit


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def committed(project: Path) -> Path:
    """The shipped project in a folder of a repository, with one commit."""
    git(project.parent, "init", "--quiet", "--initial-branch=main")
    git(project.parent, "add", "project")
    git(project.parent, "commit", "--quiet", "--message=one")
    return project


def compare(project: Path, revision: str = "main") -> Comparison:
    run = RunContext(project, {}, date(2026, 11, 21))
    return compare_revision(run, load_checked(run, (), Settings()), revision, Settings())


def test_nothing_changed(committed: Path) -> None:
    found = compare(committed)
    assert {action.kind for action in found.plan.actions} == {ActionKind.UNCHANGED}
    assert len(found.plan.actions) == 3
    assert (found.removed, found.skipped) == ((), ())


def test_fields_models_and_versions_that_changed(committed: Path) -> None:
    edit(committed / "models/bert-base-cased/model.yaml", "version: 18", "version: 19")
    edit(committed / "models/bert-base-cased/model.yaml", "license: apache-2.0", "license: mit")
    (committed / "models/distilbert-base-uncased").rename(committed.parent / "elsewhere")
    (committed / "models/new").mkdir()
    for path in (committed / "models/bert-large-cased").glob("*.*"):
        (committed / "models/new" / path.name).write_bytes(path.read_bytes())
    edit(committed / "models/new/model.yaml", "name: bert-large-cased", "name: new")
    found = compare(committed)
    actions = {action.model: action for action in found.plan.actions}
    assert actions["new"].kind is ActionKind.CREATE
    assert actions["bert-large-cased"].kind is ActionKind.UNCHANGED
    changed = {one.field: (one.before, one.after) for one in actions["bert-base-cased"].fields}
    assert changed["version"] == (18, 19)
    assert changed["system_metadata.license"] == ("apache-2.0", "mit")
    assert found.removed == ("distilbert-base-uncased",)


def test_a_model_that_did_not_render_then_is_told(committed: Path) -> None:
    card = committed / "models/bert-base-cased/card.md.j2"
    text = card.read_text(encoding="utf-8")
    card.write_text("{% block", encoding="utf-8")
    git(committed, "commit", "--all", "--quiet", "--message=two")
    card.write_text(text, encoding="utf-8")
    assert compare(committed, "HEAD").skipped == ("bert-base-cased",)
    assert compare(committed, "HEAD~1").skipped == ()


@pytest.mark.parametrize("revision", ["nothing", "--output=x", "-x", "main:publish.yaml", "", "main..main", "$(id)"])
def test_what_is_no_revision_is_refused(committed: Path, revision: str) -> None:
    with pytest.raises(NotFound):
        compare(committed, revision)


def test_a_project_outside_of_a_repository_says_so(project: Path) -> None:
    with pytest.raises(NotFound):
        compare(project)


def test_reading_a_revision_runs_no_command_of_the_repository(committed: Path) -> None:
    marker = committed.parent / "ran"
    (committed.parent / ".gitattributes").write_text("* filter=evil\n")
    git(committed, "add", "--all", ".")
    git(committed.parent, "add", ".gitattributes")
    git(committed, "commit", "--quiet", "--message=two", "--allow-empty")
    for key in ("smudge", "clean"):
        git(committed, "config", f"filter.evil.{key}", f"touch {marker}; cat")
    git(committed, "config", "tar.tar.command", f"touch {marker}; cat")
    git(committed, "config", "core.fsmonitor", f"touch {marker}")
    assert len(compare(committed, "HEAD").plan.actions) == 3
    assert not marker.exists()
