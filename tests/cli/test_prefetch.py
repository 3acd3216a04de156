"""A registry is asked while models are still being rendered: each once, and findings wait for no registry."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.emulator import Emulator
from azureml_publish.errors import Unreachable, UsageProblem
from azureml_publish.pipeline.load import LoadedProject, Settings, load
from azureml_publish.pipeline.prefetch import Prefetch
from azureml_publish.pipeline.run import RunContext
from azureml_publish.project import Project
from tests.conftest import Run, edit

OTHER = ("bert-base-cased", 3)
THERE = "azureml://registries/local"


class Told:
    """What a registry is asked. It answers no question before it may, and none about the model `gone`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.may = threading.Event()
        self.closed = False

    def find(self, model: str, version: int) -> Any:
        self.asked.append((model, version))
        assert self.may.wait(120)
        if model.startswith("distilbert"):
            raise Unreachable("The registry is gone.", hint="Try again later.")
        return f"{model}:{version}"


@contextmanager
def opening(told: Told) -> Iterator[Any]:
    class Opened:
        registry = told

    yield Opened()
    told.closed = True


@pytest.fixture
def shipped(project: Path) -> LoadedProject:
    return load(RunContext(project, {}, date(2026, 11, 21)), (), Settings())


def test_each_version_is_asked_for_once_and_answered_or_refused_where_it_is_wanted(shipped: LoadedProject) -> None:
    told = Told()
    with Prefetch(lambda _: opening(told), jobs=2) as prefetch:
        prefetch.begin(shipped)
        told.may.set()
        answers: list[Any] = [prefetch.find(*one) for one in (("bert-large-cased", 21), ("bert-base-cased", 18), OTHER)]
        assert answers == ["bert-large-cased:21", "bert-base-cased:18", "bert-base-cased:3"]
        with pytest.raises(Unreachable, match="gone"):
            prefetch.find("distilbert-base-uncased", 14)
    assert told.closed
    assert sorted(told.asked) == sorted([*((one.spec.name, one.spec.version) for one in shipped.folders), OTHER])


def test_whoever_leaves_waits_for_no_answer_and_asks_no_more(shipped: LoadedProject) -> None:
    told = Told()
    with Prefetch(lambda _: opening(told), jobs=1) as prefetch:
        prefetch.begin(shipped)
        prefetch.opened()
    assert told.closed
    told.may.set()
    for thread in threading.enumerate():
        if thread.name == "prefetch":
            thread.join(120)
    assert len(told.asked) <= 1


def test_that_a_registry_cannot_be_opened_is_raised_where_it_is_wanted(shipped: LoadedProject) -> None:
    def refused(_: Project) -> Any:
        raise UsageProblem("There is no such registry.")

    with Prefetch(refused, jobs=1) as prefetch:
        prefetch.begin(shipped)
        with pytest.raises(UsageProblem, match="no such registry"):
            prefetch.opened()
        with pytest.raises(UsageProblem, match="no such registry"):
            prefetch.find("bert-base-cased", 18)


def test_findings_are_told_though_the_registry_never_answers(
    project: Path, emulator: Emulator, emulator_environment: dict[str, str]
) -> None:
    assert emulator_environment
    emulator.faults.add(service="registry", delay_seconds=500)
    edit(project / "models" / "bert-base-cased" / "model.yaml", "license:", "nonsense: 1\nlicense:")
    command = [sys.executable, "-m", "azureml_publish", "-C", str(project), "plan", "-r", THERE]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ran.returncode, ran.stdout) == (4, ""), ran.stderr
    assert "nonsense" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_findings_go_before_an_unknown_registry(publish: Run, project: Path) -> None:
    assert publish("plan", "-r", "nowhere").code == 3
    edit(project / "models" / "bert-base-cased" / "model.yaml", "license:", "nonsense: 1\nlicense:")
    ran = publish("plan", "-r", "nowhere")
    assert ran.code == 4
    assert "nonsense" in ran.err
    assert "nowhere" not in ran.err
