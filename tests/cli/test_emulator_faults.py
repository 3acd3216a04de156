"""`publish emulator --faults`: what the file says is in force, and what is wrong in it is told."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from azureml_publish.emulator import Fault, Manners
from azureml_publish.spec import FaultSpec, MannersSpec
from tests.conftest import Run

FILE = """\
manners:
  stale_reads: 2
  ignore_archive: true
  latency_seconds: 0.01
faults:
  - service: hub
    path: /resolve/
    after: 1
    times: 1
    status: 503
    headers: {Retry-After: "1"}
"""


def test_the_file_is_in_force_from_the_start_and_after_a_reset(tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").write_text(FILE, encoding="utf-8")
    command = [sys.executable, "-m", "azureml_publish", "-C", str(tmp_path), "emulator", "--faults", "odd.yaml"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            served = dict(process.stdout.readline().strip().split("=", 1) for _ in range(5))
            base = served["HF_ENDPOINT"]
            for _ in range(2):
                manners = requests.get(f"{base}/manners", timeout=10).json()
                assert Manners(**manners) == Manners(stale_reads=2, ignore_archive=True, latency_seconds=0.01)
                rules = requests.get(f"{base}/faults", timeout=10).json()
                assert [(rule["service"], rule["status"], rule["after"]) for rule in rules] == [("hub", 503, 1)]
                requests.delete(f"{base}/faults", timeout=10)
                requests.delete(f"{base}/manners", timeout=10)
                assert Manners(**requests.get(f"{base}/manners", timeout=10).json()) == Manners()
                assert requests.post(f"{base}/reset", timeout=10).status_code == 204
        finally:
            process.terminate()
            assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("manners:\n  stale_read: 1\n", ["odd.yaml:2:3", "Unknown key 'stale_read'", "Did you mean 'stale_reads'?"]),
        ("manners:\n  throttle_every: 1\n", ["odd.yaml:2:3", "2 or more is wanted"]),
        ("manners:\n  latency_seconds: 5s\n", ["odd.yaml:2:3", "a valid number"]),
        ("manners: {ignore_archive: 1}\n", ["odd.yaml:1:11", "true or false is wanted"]),
        ("faults:\n- {path: '(', status: 500}\n", ["odd.yaml:2:4", "a regular expression is wanted"]),
        ("faults:\n- {service: blob}\n", ["odd.yaml:2:4", "'registry', 'blobs' or 'hub'"]),
        ("manners:\n  stale_reads: [\n", ["odd.yaml:2:16"]),
    ],
)
def test_what_is_wrong_in_the_file_is_told_with_its_place(
    publish: Run, project: Path, text: str, said: list[str]
) -> None:
    (project / "odd.yaml").write_text(text, encoding="utf-8")
    ran = publish("emulator", "--faults", "odd.yaml", "--data", "data")
    assert (ran.code, ran.out) == (4, "")
    for part in said:
        assert part in ran.err
    assert "publish lint" not in ran.err  # it mends no such file
    assert not (project / "data").exists()


def test_a_file_that_is_not_there(publish: Run) -> None:
    ran = publish("emulator", "--faults", "none.yaml")
    assert ran.code == 3
    assert "none.yaml is not there" in ran.err


@pytest.mark.parametrize(("written", "kept"), [(MannersSpec, Manners), (FaultSpec, Fault)])
def test_the_file_and_the_emulator_know_the_same_switches(
    written: type[MannersSpec | FaultSpec], kept: type[Manners | Fault]
) -> None:
    assert list(written.model_fields) == [field.name for field in dataclasses.fields(kept)]
    assert kept(**written().model_dump()) == kept()


def test_the_file_and_the_emulator_draw_the_same_bounds() -> None:
    checked = 0
    for name, bounds in MannersSpec.model_json_schema()["properties"].items():
        branches = bounds.get("anyOf", [bounds])
        least = bounds.get("minimum", branches[0].get("minimum"))
        most = bounds.get("maximum", branches[0].get("maximum"))
        if least is None:
            continue
        checked += 1
        for inside in (least, most):
            Manners(**{name: inside})
        for outside in (least - 1, most + 1):
            with pytest.raises(ValueError, match=name):
                Manners(**{name: outside})
    assert checked == 8
