"""The wheel brings what a checkout has: templates, catalogue, mapping table, words of the stand-in tokenizer."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY


@pytest.mark.long
def test_the_wheel_carries_templates_and_data(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
    )
    wheel = next(tmp_path.glob("azureml_publish-*.whl"))
    names = set(zipfile.ZipFile(wheel).namelist())
    for template in (REPOSITORY / "templates").iterdir():
        assert f"azureml_publish/templates/{template.name}" in names
    for page in (REPOSITORY / "docs" / "rules").iterdir():
        assert f"azureml_publish/rule_pages/{page.name}" in names
    source = REPOSITORY / "src" / "azureml_publish"
    for path in source.rglob("*"):
        if path.suffix in {".py", ".csv", ".txt", ".typed"}:
            assert f"azureml_publish/{path.relative_to(source).as_posix()}" in names

    # From the wheel alone, without the repository beside it.
    project = tmp_path / "project"
    (project / "models" / "m").mkdir(parents=True)
    (project / "publish.yaml").touch()
    (project / "models/m/model.yaml").write_text(
        "name: m\nversion: 1\nlicense: mit\ntasks: {inference: fill-mask}\n"
        f"source: {{huggingface: org/m, revision: {'a' * 40}}}\n"
    )
    (project / "models/m/card.md.j2").write_text(
        '{% extends "card.md.j2" %}{% block summary %}A model.\n{% endblock %}'
    )
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    code = f"import sys; sys.path.insert(0, {str(site)!r}); from azureml_publish.cli import main; main(sys.argv[1:])"
    ran = subprocess.run(
        [sys.executable, "-c", code, "-C", str(project), "render"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    card = (project / "build/m/description.md").read_text(encoding="utf-8")
    assert card.startswith("A model.\n")
    assert "# Inference samples" in card
    ran = subprocess.run([sys.executable, "-c", code, "rule", "CARD001"], capture_output=True, text=True, check=False)
    assert ran.stdout.startswith("CARD001 table-row-column-count (error)\n"), ran.stderr
