"""The linter's cache of model folders: it spares the work, and nothing wrong ever comes of it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from azureml_publish.diagnostics import Diagnostic
from azureml_publish.pipeline.check import CheckedProject, check
from azureml_publish.pipeline.lint_models import lint_models
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.run import RunContext

TODAY = date(2026, 11, 28)
REVISION = "5532cc56f74641d4bb33641f5c76a55d11f846e0"
CONFIG = '{"architectures": ["GPT2LMHeadModel"]}'
SPEC = f"""\
name: NAME
version: 1
source:
  huggingface: org/NAME
  revision: {REVISION}
license: mit
tasks:
  inference: fill-mask
compute:
  inference: small
"""
PROJECT = "presets:\n  small: [Standard_DS3_v2]\n"


@pytest.fixture
def run(tmp_path: Path) -> RunContext:
    """A project of three models: one of the Hub, one with a sample and a file, one of a local folder."""
    root = tmp_path / "project"
    for name in ("hub-small", "hub-large", "local"):
        folder = root / "models" / name
        folder.mkdir(parents=True)
        (folder / "model.yaml").write_text(SPEC.replace("NAME", name))
        (folder / "card.md.j2").write_text(
            f'{{% extends "card.md.j2" %}}\n{{% block summary %}}\nOf {name}.\n{{% endblock %}}\n'
        )
    large, local = root / "models" / "hub-large", root / "models" / "local"
    (large / "samples").mkdir()
    (large / "samples" / "input.json").write_text('{"input_data": ["A [MASK]."]}')
    (large / "files").mkdir()
    (large / "files" / "LICENSE").write_text("MIT License\n\nPermission is hereby granted, free of charge.\n")
    (local / "weights").mkdir()
    (local / "weights" / "config.json").write_text("{}")
    text = (local / "model.yaml").read_text()
    (local / "model.yaml").write_text(
        text.replace(f"  huggingface: org/local\n  revision: {REVISION}\n", "  local: weights\n")
    )
    (root / "publish.yaml").write_text(PROJECT)
    (root / "templates").mkdir()
    return RunContext(root, {"PUBLISH_CACHE_DIR": str(tmp_path / "cache"), "HF_HOME": str(tmp_path / "hf")}, TODAY)


def found(checked: CheckedProject) -> list[Diagnostic]:
    return list(checked.found)


def without_cache(run: RunContext, as_of: datetime | None = None) -> list[Diagnostic]:
    return list(check(run, load(run, (), Settings(as_of=as_of))).found)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


CHANGES: dict[str, tuple[int, Callable[[Path], object]]] = {
    "spec": (2, lambda root: edit(root / "models/hub-small/model.yaml", "fill-mask", "text-genration")),
    "name": (2, lambda root: edit(root / "models/hub-small/model.yaml", "name: hub-small", "name: local")),
    "card": (2, lambda root: edit(root / "models/hub-small/card.md.j2", "Of hub", "TODO\n\nOf hub")),
    "suppression": (2, lambda root: write(root / "models/hub-small/card.md.j2", "{# publish: ignore CARD010 a #}\nA.")),
    "sample": (2, lambda root: write(root / "models/hub-large/samples/input.json", '{"input_data": ["No mask."]}')),
    "licence": (2, lambda root: write(root / "models/hub-large/files/LICENSE", "")),
    "new file": (2, lambda root: write(root / "models/hub-small/files/NOTICE", "It doesn\u00e2\u20ac\u2122t.")),
    "file in the source": (2, lambda root: write(root / "models/local/weights/config.json", CONFIG)),
    "the Hub's cache": (2, lambda root: write(
        root.parent / f"hf/hub/models--org--hub-small/snapshots/{REVISION}/config.json", CONFIG
    )),
    "preset": (0, lambda root: write(root / "publish.yaml", PROJECT.replace("DS3_v2", "NC6s_v3"))),
    "template": (0, lambda root: write(root / "templates/card.md.j2", "TODO\n{% block summary %}{% endblock %}\n")),
    "severity": (0, lambda root: write(root / "publish.yaml", f"{PROJECT}lint: {{severity: {{SPEC007: error}}}}\n")),
    "model taken away": (2, lambda root: (root / "models/hub-small").rename(root.parent / "gone")),
    "model broken": (2, lambda root: write(root / "models/hub-small/model.yaml", "name: [")),
    "link": (2, lambda root: (root / "models/hub-small/files").symlink_to(root / "models/hub-large/files")),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_after_any_change_the_cache_says_what_a_run_without_it_says(run: RunContext, name: str) -> None:
    kept, change = CHANGES[name]
    first = lint_models(run, None)
    assert (first.remembered, first.folders) == (0, 3)
    assert found(first) == without_cache(run)
    again = lint_models(run, None)
    assert (again.remembered, found(again)) == (3, found(first))
    change(run.directory)
    after = lint_models(run, None)
    assert found(after) == without_cache(run)
    assert found(after) != found(first) or name in ("model taken away", "link")
    assert after.remembered == kept
    once_more = lint_models(run, None)
    assert found(once_more) == found(after)


def test_a_copy_elsewhere_has_other_neighbours(run: RunContext, tmp_path: Path) -> None:
    edit(run.directory / "models/local/model.yaml", "local: weights", "local: ../../../weights")
    write(tmp_path / "weights/config.json", "{}")
    lint_models(run, None)
    write(tmp_path / "elsewhere/weights/config.json", CONFIG)
    copy = replace(run, directory=tmp_path / "elsewhere" / "project")
    shutil.copytree(run.directory, copy.directory)
    there = lint_models(copy, None)
    assert found(there) == without_cache(copy) != without_cache(run)


def test_another_day_is_another_entry(run: RunContext) -> None:
    edit(run.directory / "publish.yaml", "DS3_v2", "NC6s_v3")  # retired on 30 September 2025
    before = datetime(2024, 1, 1, tzinfo=UTC)
    assert found(lint_models(run, before)) == without_cache(run, before)
    now = lint_models(run, None)
    assert now.remembered == 0
    assert found(now) == without_cache(run) != without_cache(run, before)


def test_a_damaged_or_forged_entry_is_not_used(run: RunContext) -> None:
    first = lint_models(run, None)
    store = Path(run.environ["PUBLISH_CACHE_DIR"]) / "lint.sqlite3"
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE checked SET found = ?", (json.dumps(["x", ["y"], 1]),))
    connection.close()
    again = lint_models(run, None)
    assert again.remembered == 0
    assert found(again) == found(first)
    store.write_bytes(b"no database")
    assert found(lint_models(run, None)) == found(first)


def test_two_runs_side_by_side_and_no_place_for_a_cache(run: RunContext, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    closed = replace(run, environ={**run.environ, "PUBLISH_CACHE_DIR": str(tmp_path / "file" / "cache")})
    assert found(lint_models(closed, None)) == without_cache(run)


def test_the_licence_in_a_local_source_is_read(run: RunContext) -> None:
    licence = run.directory / "models" / "local" / "weights" / "LICENSE"
    licence.write_text("MIT License\n\nPermission is hereby granted, free of charge, to any person obtaining a copy\n")
    assert not [one for one in without_cache(run) if one.code == "MATCH005"]
    licence.write_text("Apache License\nVersion 2.0, January 2004\nhttp://www.apache.org/licenses/\n")
    found = [one.location.path for one in without_cache(run) if one.code == "MATCH005"]
    assert found == ["models/local/weights/LICENSE"]
