"""The command line against a registry with the quirks of the service, one at a time and all at once."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.emulator import Emulator, Quirks
from tests.conftest import Run, edit

THERE = "azureml://registries/local"
MODEL = "distilbert-base-uncased"

ODD = {
    "stale reads": Quirks(stale_reads=2),
    "async PUTs": Quirks(put_polls=3, async_operation_header=True),
    "nested nulls": Quirks(front_metadata=True, closed_metadata=True, nested_nulls=True),
    "folder markers": Quirks(folder_markers=True),
    "all": Quirks(
        front_metadata=True,
        nested_nulls=True,
        folder_markers=True,
        stale_reads=2,
        put_polls=1,
        async_operation_header=True,
        throttle_every=4,
        retry_after_seconds=0,
        latency_seconds=0.005,
        bare_name_lists=True,
        ignore_list_view=True,
        ignore_archive=True,
        page_size=1,
    ),
}


@pytest.mark.parametrize("quirks", ODD.values(), ids=list(ODD))
@pytest.mark.long
def test_a_model_goes_up_changes_and_reads_back(remote: Run, emulator: Emulator, project: Path, quirks: Quirks) -> None:
    emulator.quirks = quirks

    def outcome() -> str:
        ran = remote("apply", "--yes", MODEL, "-o", "json")
        assert ran.code == 0, ran.err
        return str(json.loads(ran.out)["results"][0]["outcome"])

    assert outcome() == "created"
    assert remote("plan", MODEL, "--detailed-exitcode").code == 0
    edit(project / "models" / MODEL / "model.yaml", "license: apache-2.0", "license: mit")
    assert remote("plan", MODEL, "--detailed-exitcode").code == 8
    assert outcome() == "updated"
    assert outcome() == "unchanged"
    assert remote("verify", MODEL).code == 0
    shown = remote("show", MODEL, "-o", "json")
    assert shown.code == 0
    assert json.loads(remote("list", "-o", "json").out)["assets"][0]["model"] == MODEL


def test_a_version_that_was_deleted_a_moment_ago_is_stepped_over(
    remote: Run, emulator: Emulator, project: Path, control: Any
) -> None:
    edit(project / "models" / MODEL / "model.yaml", "version: 14", "version: 1")
    control.register(MODEL, "1")
    emulator.quirks = Quirks(stale_reads=1)
    control.call("DELETE", f"{control.models()}/{MODEL}:1").raise_for_status()
    planned = remote("plan", MODEL, "-o", "json")
    assert planned.code == 6, planned.err
    action = json.loads(planned.out)["actions"][0]
    assert (action["action"], "bump" in planned.out) == ("conflict", True)


def test_a_throttled_run_waits_as_long_as_it_is_told(remote: Run, emulator: Emulator, control: Any) -> None:
    control.register(MODEL, "14")
    emulator.quirks = Quirks(throttle_every=3, retry_after_seconds=1)
    start = time.monotonic()
    assert remote("show", MODEL).code == 0
    assert time.monotonic() - start >= 1
