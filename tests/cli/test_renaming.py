"""Folders that were renamed or removed: plan says what the registry still holds, and what to do about it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from azureml_publish.emulator import Emulator, Fault
from tests.cli.test_promote import MODEL, tiny
from tests.conftest import Run, edit

__all__ = ["tiny"]


def test_a_renamed_model_is_told_from_one_whose_folder_was_removed(
    publish: Run, tiny: Path, shared_registry: None, azure_sdk: None
) -> None:
    other = tiny.parent / "other"
    shutil.copytree(tiny, other)
    edit(other / "model.yaml", "name: tiny", "name: other")
    (other / "weights" / "weights.bin").write_bytes(b"something else")
    assert publish("apply", "--yes", "-q").code == 0
    whole = publish("plan")
    assert "without a folder" not in whole.out
    assert "without_folder" not in json.loads(publish("plan", "-o", "json").out)

    shutil.rmtree(other)
    edit(tiny / "model.yaml", "name: tiny", "name: small")
    tiny.rename(tiny.with_name("small"))
    text = publish("plan").out
    assert "tiny stays registered, and has the source of small, which is new." in text
    assert "Registered, and without a folder here: other." in text
    assert "`publish archive` hides one" in text
    found = json.loads(publish("plan", "-o", "json").out)["without_folder"]
    assert found == [{"model": "other", "renamed_to": None}, {"model": MODEL, "renamed_to": "small"}]
    assert "<code>other</code>" in publish("plan", "--format", "markdown").out
    # A plan of some models says nothing about the others.
    assert "other" not in publish("plan", "small").out

    assert publish("apply", "--yes", "-q").code == 0
    assert "Registered, and without a folder here: other, tiny." in publish("plan").out
    assert publish("archive", "other", MODEL, "--yes").code == 0
    assert "without a folder" not in publish("plan").out


def test_a_registry_that_lists_nothing_does_not_end_a_plan(
    publish: Run, tiny: Path, shared_registry: None, azure_sdk: None, emulator: Emulator
) -> None:
    emulator.faults.add(Fault(service="registry", method="GET", path=r"/models\?", status=403))
    ran = publish("plan")
    assert ran.code == 0, ran
    assert "without a folder" not in ran.out
