"""`publish rollback`: an older version's content as the next free version of the same registry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.assets import MANIFEST_PROPERTY, Origin
from azureml_publish.emulator import Emulator
from tests.cli.test_promote import MODEL, tiny
from tests.conftest import Run, edit

__all__ = ["tiny"]


@pytest.fixture
def moved(publish: Run, tiny: Path, shared_registry: None, azure_sdk: None) -> Path:
    """Versions 3 and 4 with other files and another card; the model folder."""
    assert publish("apply", "--yes", "-q").code == 0
    (tiny / "weights" / "weights.bin").write_bytes(b"worse")
    (tiny / "card.md").write_text("A worse model.\n", encoding="utf-8")
    edit(tiny / "model.yaml", "version: 3", "version: 4")
    assert publish("apply", "--yes", "-q").code == 0
    return tiny


def registered(publish: Run, version: int) -> dict[str, Any]:
    (found,) = json.loads(publish("show", f"{MODEL}:{version}", "-o", "json").out)["assets"]
    return dict(found)


def test_an_older_version_is_registered_again_with_its_files_and_metadata(publish: Run, moved: Path) -> None:
    ran = publish("rollback", MODEL, "--to", "3", "--yes", "-o", "json")
    assert ran.code == 0, ran
    (done,) = json.loads(ran.out)["results"]
    assert (done["version"], done["outcome"], done["files"]) == (5, "created", 3)
    assert (done["source_asset_id"][-1], done["asset_id"][-1]) == ("3", "5")
    old, new = registered(publish, 3), registered(publish, 5)
    for key in ("type", "description", "tags", "system_metadata"):
        assert new[key] == old[key]
    assert new["properties"][MANIFEST_PROPERTY] == old["properties"][MANIFEST_PROPERTY]
    assert Origin.of(new["properties"]).rolled_back_to == old["asset_id"]
    assert len([key for key in new["properties"] if key.startswith("publish.")]) == 3
    assert publish("verify", f"{MODEL}:5").code == 0
    assert "models/tiny/model.yaml says version 4" in ran.err
    assert "write version: 5" in ran.err
    # The folder, brought back in git as the note says, is what the registry holds.
    edit(moved / "model.yaml", "version: 4", "version: 5")
    (moved / "card.md").write_text("A small model.\n", encoding="utf-8")
    again = publish("rollback", MODEL, "--to", "3", "--yes")
    assert (again.code, "unchanged" in again.out) == (0, True)
    assert "says version" not in again.err
    assert [one["version"] for one in json.loads(publish("list", MODEL, "-o", "json").out)["assets"]] == [5]


def test_the_version_that_is_the_latest_is_left_alone_unless_it_is_archived(publish: Run, moved: Path) -> None:
    assert "unchanged" in publish("rollback", MODEL, "--to", "4", "--yes").out
    assert publish("archive", f"{MODEL}:4", "--yes").code == 0
    (done,) = json.loads(publish("rollback", MODEL, "--to", "4", "--yes", "-o", "json").out)["results"]
    assert (done["version"], done["outcome"]) == (5, "created")
    assert not registered(publish, 5)["archived"]


def test_a_run_that_was_cut_off_is_carried_on_with_the_same_number(
    publish: Run, moved: Path, emulator: Emulator
) -> None:
    emulator.faults.add(service="registry", method="PUT", path="/models/tiny/versions/5", status=403)
    cut = publish("rollback", MODEL, "--to", "3", "--yes")
    assert cut.code == 5, cut
    emulator.faults.reset()
    ran = publish("rollback", MODEL, "--to", "3", "--yes", "-o", "json")
    (done,) = json.loads(ran.out)["results"]
    assert (done["version"], done["outcome"], done["kept"]) == (5, "created", 3)
    assert "The last run of rollback" in ran.err


def test_what_cannot_be_rolled_back_says_why(publish: Run, moved: Path) -> None:
    assert publish("rollback", MODEL, "--to", "9", "--yes").code == 3
    assert publish("rollback", "nobody", "--to", "1", "--yes").code == 3
    assert publish("rollback", f"{MODEL}:4", "--to", "3", "--yes").code == 2
    assert publish("rollback", MODEL).code == 2
    assert publish("rollback", MODEL, "--to", "3").code == 2  # nobody is there to answer
    assert registered(publish, 4)["version"] == 4


def test_a_protected_registry_must_be_named(publish: Run, moved: Path, project: Path) -> None:
    edit(project / "publish.yaml", "local: {name: local}", "local: {name: local, protected: true}")
    refused = publish("rollback", MODEL, "--to", "3", "--yes")
    assert (refused.code, "protected" in refused.err) == (2, True)
    assert publish("rollback", MODEL, "--to", "3", "--yes", "-r", "local").code == 0
