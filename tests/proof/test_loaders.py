"""The ten kinds of models of a team, from the folder where they lie to a registry and back.

Each begins with `init`, needs at most twelve lines, and answers as the original once it is downloaded and loaded by the
code that its card shows. Triton, the tenth, has a file of its own.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from azureml_publish.emulator import Emulator
from azureml_publish.lint.rules.card_text import BEGINNING
from tests.conftest import edit
from tests.proof.test_proof import PROJECT, models_python, publish, run_script

__all__ = ["models_python"]

pytestmark = pytest.mark.proof

MOST_LINES = 12
README_STATES = ("classifier", "llm", "speech", "vision")
"""Those whose README.md states the licence; a person writes it for the others."""
PICKLED = ("lightning", "sklearn")
NAMES = ("classifier", "gguf", "lightning", "llm", "lora", "onnx", "sklearn", "speech", "vision")


@dataclass(frozen=True)
class Loaded:
    """What the originals answered, what was brought back answers, and the lines that a person wrote."""

    originals: dict[str, Any]
    answers: dict[str, Any]
    lines: dict[str, int]


@pytest.fixture(scope="module")
def loaded(models_python: Path, running_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    running_emulator.reset()
    folder = tmp_path_factory.mktemp("loaders")
    originals = run_script(models_python, folder, "loaders.py", "make", "originals.json")
    running_emulator.add_repositories(folder / "hub")
    data = Path(running_emulator.environment["REQUESTS_CA_BUNDLE"]).parent
    project = folder / "project"
    project.mkdir()
    (project / "publish.yaml").write_text(PROJECT.format(data=data))
    lines = {}
    for name in NAMES:
        publish(project, "init", str(folder / "disk" / name))
        spec = project / "models" / name / "model.yaml"
        begun = spec.read_text().splitlines()
        if name not in README_STATES:
            edit(spec, "# license:", "license: proprietary")
        if name in PICKLED:
            edit(spec, "\nsource:\n", "\nsource:\n  allow_pickle: true\n")
        edit(spec.parent / "card.md.j2", BEGINNING, f"A tiny model, {name}.")
        lines[name] = len(set(spec.read_text().splitlines()) - set(begun)) + 1
    publish(project, "lock")
    publish(project, "lint")
    publish(project, "apply", "--yes")
    publish(project, "verify")
    shutil.rmtree(folder / "disk")  # what answers below is not what lay there
    publish(project, "render")
    codes = {}
    for name in NAMES:
        publish(project, "download", name, "--to", str(folder / name))
        card = MarkdownIt().parse((project / "build" / name / "description.md").read_text())
        codes[name] = next(token.content for token in card if token.type == "fence" and token.info == "python")
    (folder / "codes.json").write_text(json.dumps(codes))
    answers = run_script(models_python, folder, "loaders.py", "ask", "answers.json", hub=running_emulator.http_url)
    return Loaded(originals, answers, lines)


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_exactly_as_the_original(loaded: Loaded, name: str) -> None:
    assert loaded.answers[name] == loaded.originals[name]
    answers = loaded.originals[name]
    assert len({json.dumps(answer) for answer in answers}) > 1, "one answer to every question would prove little"


def test_few_lines_are_written_by_hand(loaded: Loaded) -> None:
    assert {name: lines for name, lines in loaded.lines.items() if lines > MOST_LINES} == {}
    assert set(loaded.originals) == set(NAMES)
