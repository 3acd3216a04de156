"""Models of 19 tasks, from text to sound: laid out as `mlflow.transformers.save_model` does it, file by file, and they
answer as the originals once they were published and brought back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.emulator import Emulator
from tests.proof.test_proof import PROJECT, VERSIONS, files, mlmodel, models_python, publish, run_script

__all__ = ["models_python"]

pytestmark = pytest.mark.proof

SPEC = """\
name: {name}
version: 1
license: mit
source: {{huggingface: contoso/{name}, revision: {revision}}}
mlflow: {{task: {task}}}
"""
"""The task by transformers' own name: the catalogue knows some by another one, and some not at all."""

NAMES = (
    "answerer", "captioner", "chooser", "classifier", "depth", "detector", "features", "listener", "looker", "masked",
    "seer", "segmenter", "sound-sorter", "summariser", "tagger", "text-to-text", "translator", "writer", "zero-shot",
)  # fmt: skip

NOT_SAVED = {"components/tokenizer/config.json", "components/feature_extractor/config.json"}
"""By config.json beside it, transformers finds the class of what names none; save_model writes the class instead."""


@dataclass(frozen=True)
class Kinds:
    """What the originals said and how MLflow saves them; what was published, and what it answers."""

    originals: dict[str, Any]
    saved: Path
    published: Path
    answers: dict[str, Any]


@pytest.fixture(scope="module")
def kinds(models_python: Path, running_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Kinds:
    running_emulator.reset()
    folder = tmp_path_factory.mktemp("kinds")
    originals = run_script(models_python, folder, "kinds.py", "make", "originals.json")
    commits = running_emulator.add_repositories(folder / "checkpoints")
    data = Path(running_emulator.environment["REQUESTS_CA_BUNDLE"]).parent
    project = folder / "project"
    for name in originals:
        (project / "models" / name).mkdir(parents=True)
        text = SPEC.format(name=name, revision=commits[f"contoso/{name}"], task=originals[name]["task"])
        (project / "models" / name / "model.yaml").write_text(text)
        (project / "models" / name / "card.md").write_text(f"A tiny model, {name}.\n")
    (project / "publish.yaml").write_text(PROJECT.format(data=data))
    publish(project, "apply", "--yes")
    places = {}
    for number, name in enumerate(sorted(originals)):
        # By number: transformers guesses a class from the path where nothing else tells it, and shall not here.
        publish(project, "download", name, "--to", str(folder / "brought" / str(number)))
        (found,) = (folder / "brought" / str(number)).rglob("MLmodel")
        places[name] = str(found.parent)
    (folder / "places.json").write_text(json.dumps(places))
    answers = run_script(models_python, folder, "kinds.py", "ask", "answers.json")
    return Kinds(originals, folder / "saved", folder / "brought", answers)


def place(kinds: Kinds, name: str) -> Path:
    (found,) = (kinds.published / str(sorted(kinds.originals).index(name))).rglob("MLmodel")
    return found.parent


def test_they_are_the_kinds_that_are_made(kinds: Kinds) -> None:
    assert tuple(sorted(kinds.originals)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_exactly_as_the_original(kinds: Kinds, name: str) -> None:
    answers = kinds.originals[name]["answers"]
    assert kinds.answers[name] == answers
    assert len({json.dumps(answer) for answer in answers}) > 1, "one answer to every question would prove little"


@pytest.mark.parametrize("name", NAMES)
def test_the_layout_is_what_mlflow_itself_saves(kinds: Kinds, name: str) -> None:
    published, saved = files(place(kinds, name)), files(kinds.saved / name)
    assert saved - published <= {"LICENSE.txt"}  # MLflow makes one up that says that it found no licence
    assert published - saved <= NOT_SAVED


@pytest.mark.parametrize("name", NAMES)
def test_mlmodel_says_what_mlflow_itself_would(kinds: Kinds, name: str) -> None:
    published, saved = mlmodel(place(kinds, name)), mlmodel(kinds.saved / name)
    assert published.get("signature") == saved.get("signature")
    ours, theirs = published["flavors"]["transformers"], saved["flavors"]["transformers"]
    # Auto classes find what save_model names.
    named = {"source_model_name", "pipeline_model_type", "tokenizer_type", "image_processor_type"}
    named |= {"feature_extractor_type"}
    assert {key: ours[key] for key in ours if key not in named} == {
        key: theirs[key] for key in theirs if key not in named
    }
    assert ours.keys() == theirs.keys()
    assert published["flavors"].keys() == saved["flavors"].keys()


@pytest.mark.parametrize("name", NAMES)
def test_its_requirements_hold_what_it_is_loaded_with(kinds: Kinds, name: str) -> None:
    asked = (place(kinds, name) / "requirements.txt").read_text().split()
    assert {f"{package}=={version}" for package, version in VERSIONS.items()} <= set(asked)
