"""What is rendered passes Microsoft's validator of its catalogue, run as it is from its package (`make gate`)."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from azureml_publish.lint.rules.vocabularies import vocabulary
from tests.conftest import REPOSITORY, Run, lacking
from tests.unit.lint.examples import compose

pytestmark = pytest.mark.gate

VALIDATOR = REPOSITORY / ".venv-gate" / "bin" / "registry-mgmt"
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
STRICT = ("GATE001", "GATE002", "GATE003", "GATE004")
"""Good examples in the profile `microsoft-catalog`."""


@pytest.fixture(autouse=True)
def installed() -> None:
    if not VALIDATOR.exists():
        lacking("gate", "make gate installs Microsoft's validator into .venv-gate")


def validate(folder: Path, home: Path) -> tuple[bool, str]:
    """Whether the validator passes an asset folder, and what it says. Its exit code is 0 where it refuses one, too."""
    command = [str(VALIDATOR), "asset", "validate", "--asset-path", str(folder)]
    environ = {"PATH": os.environ["PATH"], "HOME": str(home)}
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    said = ran.stdout + ran.stderr
    return ran.returncode == 0 and "All validations passed" in said, said


def rendered(project: Path, publish: Run) -> Iterator[Path]:
    ran = publish("-C", str(project), "render", "--out", str(project / "gate"))
    assert ran.code == 0, ran.err
    yield from sorted(path.parent for path in (project / "gate").rglob("asset.yaml"))


def assert_all_pass(project: Path, publish: Run, home: Path) -> None:
    folders = list(rendered(project, publish))
    assert folders
    for folder in folders:
        passed, said = validate(folder, home)
        assert passed, said


def test_the_shipped_models_pass(publish: Run, tmp_path: Path) -> None:
    project = tmp_path / "shipped"
    (project / "models").mkdir(parents=True)
    (project / "publish.yaml").write_bytes((REPOSITORY / "publish.yaml").read_bytes())
    for model in (REPOSITORY / "models").iterdir():
        target = project / "models" / model.name
        target.mkdir()
        for path in model.iterdir():
            if path.is_file():
                (target / path.name).write_bytes(path.read_bytes())
    assert_all_pass(project, publish, tmp_path)


def test_the_model_of_readme_passes(publish: Run, tmp_path: Path) -> None:
    def block(language: str, beginning: str) -> str:
        found = re.search(rf"```{language}\n({re.escape(beginning)}.*?)```", README, re.DOTALL)
        assert found, beginning
        return found[1]

    folder = tmp_path / "walk" / "models" / "my-bert"
    folder.mkdir(parents=True)
    (tmp_path / "walk" / "publish.yaml").write_text("profile: microsoft-catalog\n", encoding="utf-8")
    spec = block("yaml", "name: my-bert") + block("yaml", "  finetune:")
    (folder / "model.yaml").write_text(spec, encoding="utf-8")
    (folder / "card.md.j2").write_text(block("jinja", "{% extends"), encoding="utf-8")
    assert publish("-C", str(tmp_path / "walk"), "lint").code == 0
    assert_all_pass(tmp_path / "walk", publish, tmp_path)


@pytest.mark.parametrize("code", STRICT)
def test_what_lints_clean_in_the_strict_profile_passes(publish: Run, tmp_path: Path, code: str) -> None:
    project = compose("good", code, tmp_path / "strict")
    assert publish("-C", str(project), "lint").code == 0
    assert_all_pass(project, publish, tmp_path)


@pytest.mark.parametrize("code", [code for code in STRICT if code != "GATE004"])
def test_what_the_strict_profile_refuses_is_refused(publish: Run, tmp_path: Path, code: str) -> None:
    project = compose("bad", code, tmp_path / "strict")
    assert publish("-C", str(project), "lint").code == 4
    for folder in rendered(project, publish):
        assert not validate(folder, tmp_path)[0]


def test_values_of_the_vocabulary_are_taken(publish: Run, tmp_path: Path) -> None:
    """Every value of every closed list in one model, but for keywords, of which three may be named."""
    keys = {
        name: key
        for name, key in vocabulary().items()
        if key.type == "array" and key.values and "." not in name and name != "keywords"
    }
    project = compose("good", "GATE003", tmp_path / "strict")
    spec = project / "models" / "little" / "model.yaml"
    lines = [f"    {name}: {[str(value) for value in key.values]}" for name, key in keys.items() if name != "languages"]
    spec.write_text(spec.read_text() + "extra:\n  system_metadata:\n" + "\n".join(lines) + "\n", encoding="utf-8")
    assert publish("-C", str(project), "lint").code == 0
    assert_all_pass(project, publish, tmp_path)
