"""The page "Moving your catalogue" does what it says, command by command, on a copy."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from azureml_publish.cli import main
from azureml_publish.importer.rules import ImportRules
from tests.conftest import REPOSITORY
from tests.unit.importer.catalogue import write_catalogue

PAGE = (REPOSITORY / "docs" / "moving.md").read_text(encoding="utf-8")
COMMANDS = [line.removeprefix("$ ") for line in PAGE.splitlines() if line.startswith("$ ")]
FINDINGS = {"publish -C catalogue render --check --out build", "publish -C catalogue lint"}
"""Commands that end with findings, as the page says: the test's catalogue is old, and nothing is rendered yet."""


def test_every_command_of_the_page_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], azure_sdk: None
) -> None:
    monkeypatch.chdir(tmp_path)
    write_catalogue(tmp_path / "assets")
    for command in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(command)[1:])
        said = capfd.readouterr()
        assert ended.value.code == (4 if command in FINDINGS else 0), f"{command}\n{said.out}\n{said.err}"
        if command.endswith("--check") and "import" in command:
            assert "Proof: 4 of 4 models equal" in said.out
    spec = yaml.safe_load((tmp_path / "assets" / "tagged-one" / "spec.yaml").read_text())
    assert spec["system_metadata"]["license"] == "mit"


def test_every_rule_of_importing_is_explained() -> None:
    codes = {rule.code for name, rule in vars(ImportRules).items() if name.isupper()}
    assert codes == set(re.findall(r"^\| (IMP\d+)", PAGE, re.MULTILINE))
