"""A new model folder from a Hub repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Run, edit

COMMIT = "6cdc0aad91f5ae2e6712e91bc7b65d1cf5c05411"


def test_the_folder_is_sound_and_names_the_commit(publish: Run, project: Path) -> None:
    ran = publish("init", "distilbert/distilbert-base-uncased", "--name", "mine", "-o", "json")
    assert ran.code == 0
    assert json.loads(ran.out) == {
        "schema_version": 1,
        "model": "mine",
        "version": 1,
        "revision": COMMIT,
        "written": ["models/mine/model.yaml", "models/mine/card.md.j2"],
    }
    spec = (project / "models/mine/model.yaml").read_text(encoding="utf-8")
    assert f"revision: {COMMIT}\n" in spec
    assert "inference: cpu-small\n" in spec
    assert publish("lint", "mine").code == 0
    assert publish("apply", "--yes", "mine").code == 0


def test_the_version_is_the_next_free_one(publish: Run, project: Path) -> None:
    publish("apply", "--yes", "bert-base-cased")
    (project / "models/bert-base-cased").rename(project / "elsewhere")
    assert json.loads(publish("init", "google-bert/bert-base-cased", "-o", "json").out)["version"] == 19


def test_nothing_that_is_there_is_touched(publish: Run, project: Path) -> None:
    before = (project / "models/bert-base-cased/model.yaml").read_bytes()
    ran = publish("init", "google-bert/bert-base-cased")
    assert (ran.code, ran.out) == (2, "")
    assert "--name" in ran.err
    assert (project / "models/bert-base-cased/model.yaml").read_bytes() == before


def test_a_repository_that_is_not_there_writes_nothing(publish: Run, project: Path) -> None:
    ran = publish("init", "nobody/nothing")
    assert ran.code == 3
    assert "hub: public" in ran.err
    assert not (project / "models/nothing").exists()


def test_a_project_brings_its_own_beginnings(publish: Run, project: Path) -> None:
    (project / "templates").mkdir()
    (project / "templates/new-card.md.j2").write_text("A card of {{ name }}.\n", encoding="utf-8")
    assert publish("init", "distilbert/distilbert-base-uncased", "--name", "mine").code == 0
    assert (project / "models/mine/card.md.j2").read_text(encoding="utf-8") == "A card of mine.\n"


def test_a_broken_beginning_is_told_at_its_place(publish: Run, project: Path) -> None:
    (project / "templates").mkdir()
    (project / "templates/new-card.md.j2").write_text("A card.\n{{ nobody }}\n", encoding="utf-8")
    ran = publish("init", "distilbert/distilbert-base-uncased", "--name", "mine")
    assert ran.code == 1
    assert "templates/new-card.md.j2:2:4" in ran.err
    assert not (project / "models/mine").exists()


@pytest.mark.parametrize("broken", ["layout: tag", "registries: ["])
def test_a_project_that_cannot_be_read_is_told(publish: Run, project: Path, broken: str) -> None:
    edit(project / "publish.yaml", "layout: system_metadata", broken)
    ran = publish("init", "distilbert/distilbert-base-uncased", "--name", "mine")
    assert ran.code == 2
    assert "publish.yaml:" in ran.err
