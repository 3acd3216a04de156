"""`publish emulator --faults`: the file is in force, and mistakes in it are reported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from azureml_publish.emulator import RECORDED, Quirks
from tests.conftest import Run, switching

FILE = """\
quirks:
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
            served = dict(process.stdout.readline().strip().split("=", 1) for _ in range(6))
            base = served["HF_ENDPOINT"]
            switches = switching(served["PUBLISH_EMULATOR_SECRET"])
            for _ in range(2):
                quirks = switches.get(f"{base}/quirks", timeout=120).json()
                assert Quirks(**quirks) == RECORDED.changed(stale_reads=2, ignore_archive=True, latency_seconds=0.01)
                rules = switches.get(f"{base}/faults", timeout=120).json()
                assert [(rule["service"], rule["status"], rule["after"]) for rule in rules] == [("hub", 503, 1)]
                switches.delete(f"{base}/faults", timeout=120)
                switches.delete(f"{base}/quirks", timeout=120)
                assert Quirks(**switches.get(f"{base}/quirks", timeout=120).json()) == Quirks()
                assert switches.post(f"{base}/reset", timeout=120).status_code == 204
        finally:
            process.terminate()
            assert process.wait(120) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("quirks:\n  stale_read: 1\n", ["odd.yaml:2:3", "Unknown key 'stale_read'", "Did you mean 'stale_reads'?"]),
        ("quirks:\n  throttle_every: 1\n", ["odd.yaml:2:3", "2 or more is wanted"]),
        ("quirks:\n  latency_seconds: 5s\n", ["odd.yaml:2:3", "a valid number"]),
        ("quirks: {ignore_archive: 1}\n", ["odd.yaml:1:10", "true or false is wanted"]),
        ("faults:\n- {path: '(', status: 500}\n", ["odd.yaml:2:4", "a regular expression is wanted"]),
        ("faults:\n- {service: blob}\n", ["odd.yaml:2:4", "'registry', 'blobs' or 'hub'"]),
        ("quirks:\n  stale_reads: [\n", ["odd.yaml:2:16"]),
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
