"""`publish preview` and `publish show` as commands: an address, a folder of pages, a card on a terminal."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from urllib.request import urlopen

import pytest

from azureml_publish.pipeline.live import LiveProject
from azureml_publish.pipeline.run import RunContext
from azureml_publish.preview.site import PlanRequest, Site
from tests.conftest import Run, edit


@contextmanager
def served(project: Path, *arguments: str, end: int = signal.SIGTERM) -> Iterator[str]:
    """The address that a verb prints; it is asked to end, and has to end well."""
    command = [sys.executable, "-m", "azureml_publish", "-C", str(project), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(end)
        assert process.wait() == 0


def read(address: str) -> str:
    with urlopen(address, timeout=60) as answer:
        text: str = answer.read().decode()
        return text


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.long
def test_it_prints_its_address_serves_and_ends_when_asked(project: Path, end: int) -> None:
    with served(project, "preview", "bert*", "--no-open", "--port", "0", end=end) as address:
        page = read(address)
        assert "bert-large-cased" in page
        assert "distilbert" not in page


def test_an_export_names_its_first_page_and_holds_models_plan_and_findings(publish: Run, project: Path) -> None:
    edit(project / "models/bert-base-cased/model.yaml", "license: apache-2.0", "license: apache2")
    ran = publish("preview", "--export", "site")
    assert (ran.code, ran.out) == (0, "site/index.html\n")
    assert "3 models" in ran.err
    site = project / "site"
    assert {"index.html", "models", "findings", "plan", "static"} <= {one.name for one in site.iterdir()}
    assert "LIC" in (site / "findings/index.html").read_text() or "licen" in (site / "findings/index.html").read_text()
    assert "3 to create" in (site / "plan/index.html").read_text()
    again = publish("preview", "--export", "site", "-o", "json")
    assert json.loads(again.out)["pages"] == 6


def test_an_export_whose_registry_is_not_reached_says_so_in_its_place(publish: Run, project: Path) -> None:
    ran = publish("preview", "--export", "site", "-r", "nowhere")
    assert ran.code == 0
    assert "knows no registry &#39;nowhere&#39;" in (project / "site/plan/index.html").read_text()


def test_a_folder_that_holds_something_else_is_no_place_for_an_export(publish: Run, project: Path) -> None:
    ran = publish("preview", "--export", "models")
    assert ran.code == 2
    assert "not an export" in ran.err


def test_show_renders_the_card_on_a_terminal_alone(
    publish: Run, shared_registry: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("apply", "--yes", "bert-base-cased")
    plain = publish("show", "bert-base-cased").out
    assert "| | Layers | 12 |" in plain
    assert "| # Model Architecture" in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown = publish("show", "bert-base-cased").out
    assert "# Model Architecture" not in shown
    assert "| | Layers | 12 |" not in shown
    assert "Model Architecture" in shown
    assert "\x1b[" in shown
    raw = publish("show", "bert-base-cased", "--raw").out
    assert "| | Layers | 12 |" in raw


def test_findings_and_plan_lead_to_each_finding_at_its_block(project: Path, shared_registry: None) -> None:
    begun = "Write here what the model does, for whom, and where it comes from."
    edit(project / "models/bert-base-cased/card.md.j2", "{% block summary %}\n", f"{{% block summary %}}\n{begun}\n")
    edit(project / "models/bert-large-cased/model.yaml", "license:", "licens:")
    live = LiveProject(RunContext(project, dict(os.environ), date(2026, 11, 21)))
    live.look()
    site = Site(live)
    for listed in (site.findings().text, site.plan(PlanRequest("local")).text):
        led = re.findall(r'href="\.\./models/([\w-]+)/#(finding-\w+)"', listed)
        assert {model for model, _ in led} == {"bert-base-cased", "bert-large-cased"}
        for model, anchor in led:
            assert site.model(model).text.count(f'id="{anchor}"') == 1


def test_the_plan_page_compares_with_a_registry_and_with_one_version(
    publish: Run, project: Path, shared_registry: None
) -> None:
    publish("apply", "--yes", "bert-base-cased")
    edit(project / "models/bert-base-cased/card.md.j2", "it has no decoder", "it lacks a decoder")
    edit(project / "models/bert-base-cased/model.yaml", "version: 18", "version: 19")
    live = LiveProject(RunContext(project, dict(os.environ), date(2026, 11, 21)), ["bert-base-cased"])
    live.look()
    site = Site(live)
    planned = site.plan(PlanRequest("local")).text
    assert "1 to create" in planned
    compared = site.plan(PlanRequest(version="bert-base-cased:18")).text
    assert "<ins>lacks a</ins>" in compared
    assert "<del>has no</del>" in compared
    assert "azureml://registries/local/models/bert-base-cased/versions/18" in compared
    assert "has no version 17" in site.plan(PlanRequest(version="bert-base-cased:17")).text


@pytest.mark.long
def test_show_opens_the_page_of_a_registered_version(
    publish: Run, project: Path, shared_registry: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("apply", "--yes", "bert-base-cased")
    monkeypatch.setenv("BROWSER", "true")
    with served(project, "show", "bert-base-cased", "--web") as address:
        assert address.endswith("/registered/bert-base-cased/18/")
        page = read(address)
    assert "azureml://registries/local/models/bert-base-cased/versions/18" in page
    assert "Model Architecture" in page
    assert "model.safetensors" in page
