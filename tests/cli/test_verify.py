"""`publish verify` of several models: one that cannot be read or is not there does not end the others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from azureml_publish.emulator import Emulator, Fault
from tests.cli.test_promote import tiny
from tests.conftest import Run, edit

__all__ = ["tiny"]


def test_what_cannot_be_read_is_reported_and_the_others_are_verified(
    publish: Run, tiny: Path, shared_registry: None, azure_sdk: None, emulator: Emulator
) -> None:
    other = tiny.parent / "other"
    shutil.copytree(tiny, other)
    edit(other / "model.yaml", "name: tiny", "name: other")
    assert publish("apply", "--yes", "-q").code == 0
    emulator.faults.add(Fault(service="registry", method="POST", path="other", status=403))
    ran = publish("verify", "nobody", "other", "tiny", "-o", "json")
    told = json.loads(ran.out)
    assert ran.code == 1
    assert [(one["asset_id"].split("/")[-3], one["intact"], one["outcome"]) for one in told["checks"]] == [
        ("other", False, "unknown"),
        ("tiny", True, "intact"),
    ]
    assert [one["model"] for one in told["missing"]] == ["nobody"]
    assert "cannot be read" in told["checks"][0]["problems"][0]
    assert publish("verify", "other").code == 5
    emulator.faults.reset()
    assert publish("verify").code == 0
