"""Rules of other distributions: one is laid on `sys.path` as pip would, with the program of docs/rules.md."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from azureml_publish.lint import cache, plugins, rule_book
from tests.conftest import REPOSITORY, Run

PAGE = (REPOSITORY / "docs/rules.md").read_text(encoding="utf-8")
WRITTEN = re.findall(r"^```python\n(from azureml_publish.*?)```", PAGE, re.MULTILINE | re.DOTALL)
Install = Callable[..., None]
BODY = WRITTEN[0][WRITTEN[0].index("    if model") :]


def forget() -> None:
    for cached in (plugins.plugins, rule_book.rulebook, rule_book.rule_pages, cache.tool_state):
        cached.cache_clear()
    sys.modules.pop("contoso_rules", None)
    importlib.invalidate_caches()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    site = tmp_path / "site"
    monkeypatch.syspath_prepend(str(site))

    def lay(source: str, *, value: str = "contoso_rules", version: str = "1.2") -> None:
        info = site / "contoso_rules.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: contoso-rules\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[azureml_publish.checks]\ncontoso = {value}\n")
        (site / "contoso_rules.py").write_text(source)
        forget()

    yield lay
    forget()


def add_copies(project: Path) -> None:
    """Enough models for other processes."""
    spec = (project / "models/bert-base-cased/model.yaml").read_text(encoding="utf-8")
    for number in range(60):
        folder = project / "models" / f"copy-{number}"
        shutil.copytree(project / "models/bert-base-cased", folder)
        (folder / "model.yaml").write_text(spec.replace("name: bert-base-cased", f"name: copy-{number}", 1))


def test_the_rule_of_the_page_is_found_shown_selected_and_listed(publish: Run, install: Install, project: Path) -> None:
    install(WRITTEN[0])
    ran = publish("lint", "--select", "CONTOSO", "bert-base-cased")
    assert ran.code == 4
    assert "models/bert-base-cased/model.yaml:" in ran.out
    assert "CONTOSO001" in ran.out
    assert publish("plan", "-q").code == 4  # an error stops what changes something
    shown = publish("rule", "contoso001").out
    assert shown.startswith("CONTOSO001 team-unknown (error)\n")
    assert "contoso-rules 1.2" in shown
    assert "Why:" not in shown
    assert "contoso-rules 1.2 (CONTOSO001)" in publish("doctor").out


@pytest.mark.long
def test_its_rules_look_in_other_processes_too(publish: Run, install: Install, project: Path) -> None:
    source = WRITTEN[0].replace("names no team of ours.", "is wrong in {os.getpid()}.").replace('where, "', 'where, f"')
    install(f"import os\n{source}")
    add_copies(project)
    ran = publish("lint", "--select", "CONTOSO001")
    assert ran.code == 4
    found = re.findall(r"CONTOSO001 .* is wrong in (\d+)\.", ran.out)
    assert len(found) == 63
    assert found.count(str(os.getpid())) <= 1  # the first, before the other processes begin


def test_a_rule_that_raises_in_another_process_is_named_too(publish: Run, install: Install, project: Path) -> None:
    install(WRITTEN[0].replace(BODY, "    raise ValueError('no team')\n    yield\n"))
    add_copies(project)
    ran = publish("lint")
    assert ran.code == 1
    assert "contoso-rules 1.2 cannot be used: CONTOSO001 (team-unknown) failed with ValueError: no team." in ran.err


def test_the_cache_knows_which_rules_looked(install: Install) -> None:
    install(WRITTEN[0])
    first = cache.tool_state()
    install(WRITTEN[0], version="1.3")
    assert cache.tool_state() != first


@pytest.mark.parametrize(
    ("source", "value", "said"),
    [
        ("import nowhere_at_all", "contoso_rules", "cannot be imported: ModuleNotFoundError"),
        ("raise SystemExit(3)", "contoso_rules", "cannot be imported: SystemExit"),
        ("", "contoso_rules:gone", "cannot be imported: AttributeError"),
        ("", "contoso_rules", "defines no rule"),
        ("RULES = [3]", "contoso_rules:RULES", "leads to 'int', which is not a rule"),
        (
            WRITTEN[0].replace("CONTOSO001", "SPEC001"),
            "contoso_rules",
            "'SPEC001' is a rule of azureml-publish already",
        ),
        (WRITTEN[0].replace("team-unknown", "unknown-key"), "contoso_rules", "'unknown-key' is a rule of"),
    ],
)
def test_a_distribution_that_cannot_be_used_is_named(
    publish: Run, install: Install, source: str, value: str, said: str
) -> None:
    install(source, value=value)
    ran = publish("lint")
    assert ran.code == 1
    assert "contoso-rules 1.2" in ran.err
    assert said in ran.err
    assert publish("doctor").code == 1


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("    yield from model.folder.spec.teams\n", "failed with AttributeError"),
        ("    yield 'a team'\n", "failed with TypeError: it yields 'str' and not 'Diagnostic'"),
        ("    return None\n", "failed with TypeError"),
        (
            f"{BODY}\n@team_unknown.also\ndef all_teams(facts: Sequence[Fact]) -> Findings:\n    yield facts[99]\n",
            "failed with IndexError",
        ),
        (
            f"{BODY}\n@team_unknown.keeps\ndef team_of(model: Described) -> Iterator[Fact]:\n    yield model.team\n",
            "failed with AttributeError",
        ),
    ],
)
def test_a_rule_that_raises_is_named_with_its_distribution(
    publish: Run, install: Install, body: str, problem: str
) -> None:
    install("from __future__ import annotations\n" + WRITTEN[0].replace(BODY, body))
    ran = publish("lint", "bert-base-cased")
    assert ran.code == 1
    assert f"The rules of contoso-rules 1.2 cannot be used: CONTOSO001 (team-unknown) {problem}" in ran.err
    assert "pip uninstall contoso-rules" in ran.err
    assert publish("plan", "bert-base-cased").code == 1  # a rule that was not applied must not seem kept
