"""What goes wrong outside: each ends with its own exit code, nothing wrong registered, and the next run carries on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from azureml_publish.emulator import Emulator
from azureml_publish.registry.read_back import READ_BACK_DELAYS
from tests.conftest import Run, edit

THERE = "azureml://registries/local"


def outcomes(text: str) -> dict[str, str]:
    return {result["model"]: result["outcome"] for result in json.loads(text)["results"]}


def registered(remote: Run) -> list[str]:
    return [asset["model"] for asset in json.loads(remote("list", "-o", "json").out)["assets"]]


def test_a_hub_file_that_differs_is_not_registered_and_the_next_run_carries_on(remote: Run, emulator: Emulator) -> None:
    emulator.faults.add(
        service="hub", method="GET", path="bert-base-cased/resolve/.*/model.safetensors", corrupt=True, after=1, times=1
    )
    damaged = remote("apply", "--yes", "-o", "json")
    assert damaged.code == 7
    assert outcomes(damaged.out)["bert-base-cased"] == "failed"
    message = next(r for r in json.loads(damaged.out)["results"] if r["outcome"] == "failed")["error"]
    assert message.startswith("model/model.safetensors: its SHA-256 is")
    assert registered(remote) == ["bert-large-cased", "distilbert-base-uncased"]

    again = remote("apply", "--yes", "-o", "json")
    assert again.code == 0
    assert outcomes(again.out) == {
        "bert-base-cased": "created",
        "bert-large-cased": "unchanged",
        "distilbert-base-uncased": "unchanged",
    }
    assert remote("verify").code == 0


def test_a_single_damaged_model_is_a_failure_not_a_partial_one(remote: Run, emulator: Emulator) -> None:
    emulator.faults.add(service="hub", method="GET", path="resolve/.*/model.safetensors", corrupt=True)
    assert remote("apply", "--yes", "bert-base-cased").code == 1
    assert registered(remote) == []


def test_a_refused_credential_says_which_role_to_ask_for(remote: Run, emulator: Emulator) -> None:
    emulator.faults.add(service="registry", path="/models", status=403)
    refused = remote("plan")
    assert refused.code == 5
    assert "AzureML Registry User" in refused.err
    assert refused.out == ""


def test_an_unauthenticated_caller_is_told_to_sign_in(remote: Run, emulator: Emulator) -> None:
    emulator.faults.add(service="registry", path="/registries/", status=401)
    refused = remote("plan")
    assert refused.code == 5
    assert "az login" in refused.err


def test_an_unreachable_registry_is_told(publish: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "Emulator")
    monkeypatch.setenv("ARM_CLOUD_METADATA_URL", "https://127.0.0.1:9/metadata")
    gone = publish("plan", "-r", THERE)
    assert gone.code == 1
    assert "cannot be" in gone.err


def test_a_registry_name_that_nobody_knows_is_not_found(remote: Run, emulator: Emulator) -> None:
    emulator.faults.add(service="registry", path="/discovery", status=404)
    assert remote("plan").code == 3


def test_an_unreachable_hub_registers_nothing(publish: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(project / "publish.yaml", "{emulator: .publish/registry}", "{emulator: .publish/registry, hub: public}")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    gone = publish("apply", "--yes")
    assert gone.code == 1
    assert "The Hub at http://127.0.0.1:9 cannot be reached for " in gone.out
    assert json.loads(publish("list", "-o", "json").out)["assets"] == []


def test_an_unknown_revision_is_not_found(remote: Run, project: Path) -> None:
    edit(project / "models/bert-base-cased/model.yaml", "5532cc56f74641d4bb33641f5c76a55d11f846e0", "f" * 40)
    missing = remote("apply", "--yes", "bert-base-cased")
    assert missing.code == 3
    assert "HF_TOKEN" in missing.out
    assert registered(remote) == []


def test_a_registry_that_answers_its_old_state_for_a_while_is_waited_for(remote: Run, emulator: Emulator) -> None:
    version = "/models/bert-base-cased/versions/18"
    emulator.faults.add(service="registry", method="GET", path=version, status=404, after=2, times=2)
    assert remote("apply", "--yes", "bert-base-cased").code == 0
    assert registered(remote) == ["bert-base-cased"]


def test_a_registry_that_never_says_what_was_written_is_a_failure(remote: Run, emulator: Emulator) -> None:
    slept: list[float] = []
    version = "/models/bert-base-cased/versions/18"
    emulator.faults.add(service="registry", method="GET", path=version, status=404, after=2)
    ran = remote("apply", "--yes", "bert-base-cased", sleep=slept.append)
    assert (ran.code, sum(slept)) == (1, sum(READ_BACK_DELAYS))
    assert "still answers otherwise: the version itself" in ran.out


def test_nobody_to_ask_is_a_usage_error(remote: Run) -> None:
    asked = remote("apply")
    assert asked.code == 2
    assert "--yes" in asked.err
    assert registered(remote) == []


LOOKS = 3
"""How often weights are looked into before the first file is moved: once a model."""


@pytest.mark.long
class TestInterrupted:
    """A run that is stopped in the middle, from a process of its own."""

    @pytest.fixture(autouse=True)
    def held(self, emulator: Emulator) -> None:
        """A Hub that sends no weights until the faults are cleared, so that there is a middle to stop in."""
        path = "resolve/.*/model.safetensors"
        emulator.faults.add(service="hub", method="GET", path=path, after=LOOKS, delay_seconds=500)

    def start(self, project: Path, emulator: Emulator) -> subprocess.Popen[str]:
        arguments = ["-C", str(project), "apply", "--yes", "-r", THERE, "--progress", "lines"]
        process = subprocess.Popen(
            [sys.executable, "-m", "azureml_publish", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
        )
        self.read_until(process, "vocab.txt", "config.json")
        while emulator.faults._seen[0] <= LOOKS:
            time.sleep(0.01)
        return process

    def read_until(self, process: subprocess.Popen[str], *words: str) -> None:
        """Read its messages up to the first line with one of the words."""
        assert process.stderr is not None
        assert any(word in line for line in process.stderr for word in words), f"it ended without {words}"

    def test_ctrl_c_ends_after_the_step_under_way_and_the_next_run_carries_on(
        self, remote: Run, emulator: Emulator, project: Path
    ) -> None:
        process = self.start(project, emulator)
        process.send_signal(signal.SIGINT)
        self.read_until(process, "Stopping after the current step")
        emulator.faults.clear()
        out, err = process.communicate(timeout=120)
        assert process.returncode == 130
        assert "Traceback" not in err
        assert "skipped" in out
        assert registered(remote) == []

        again = remote("apply", "--yes", "--progress", "lines")
        assert again.code == 0
        assert "was there already" in again.err
        assert remote("verify").code == 0

    def test_kill_9_leaves_nothing_wrong_and_the_next_run_carries_on(
        self, remote: Run, emulator: Emulator, project: Path
    ) -> None:
        process = self.start(project, emulator)
        process.kill()
        process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL
        assert registered(remote) == []

        emulator.faults.clear()
        again = remote("apply", "--yes", "--progress", "lines")
        assert again.code == 0
        assert "was there already" in again.err
        assert remote("verify").code == 0
