"""Models made by transformers go from a Hub to a registry and come back through azure-ai-ml: do they answer as before?

The models live in an environment of their own, the one that their `requirements.txt` asks for; `make proof` makes it.
Here it is told what to do, and what it says is compared.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from azureml_publish.content.packaging.tree import MANIFEST_FILE
from azureml_publish.emulator import Emulator
from azureml_publish.emulator.hub.standins import STAND_INS
from tests.conftest import REPOSITORY, StaticCredential, lacking

pytestmark = pytest.mark.proof

HERE = Path(__file__).parent
VERSIONS = {"mlflow": "3.4.0", "torch": "2.13.0", "transformers": "4.57.1"}
"""As the dependency group `proof` pins them."""

PROJECT = """\
registries:
  local: {{emulator: {data}}}
defaults:
  mlflow: {{torch: 2.13.0}}
"""
SPEC = """\
name: {name}
version: 1
license: mit
source: {{huggingface: contoso/{name}, revision: {revision}}}
tasks: {{inference: {task}}}
"""
NAMED = "mlflow: {model_class: BertForMaskedLM, tokenizer_class: BertTokenizerFast}\n"
MODELS = {
    "tiny-bert": "fill-mask",
    "tiny-distilbert": "fill-mask",
    "tiny-t5": "text-generation",
    "tiny-translator": "text-translation",
}
"""Task by model, as the catalogue calls it."""
SETTINGS = {
    "tiny-bert": NAMED,
    "tiny-t5": "mlflow: {task: text2text-generation}\n",
    "tiny-translator": "mlflow: {task: translation_en_to_de}\n",
}
"""One names its classes, as the shipped models do; those of the others follow from the task and from config.json."""
ANSWERS = {
    "fill-mask": "token_str",
    "text-generation": "generated_text",
    "text-translation": "translation_text",
}

CLASSES = {
    "tiny-bert": ("FillMaskPipeline", "BertForMaskedLM", "BertTokenizerFast"),
    "tiny-distilbert": ("FillMaskPipeline", "DistilBertForMaskedLM", "DistilBertTokenizerFast"),
    "tiny-t5": ("Text2TextGenerationPipeline", "T5ForConditionalGeneration", "T5TokenizerFast"),
    "tiny-translator": ("TranslationPipeline", "T5ForConditionalGeneration", "T5TokenizerFast"),
}


SHIPPED = tuple(sorted(path.name for path in (REPOSITORY / "models").iterdir()))


@dataclass(frozen=True)
class Proof:
    """What the originals said, and what came of them."""

    originals: dict[str, Any]
    saved: Path
    downloaded: dict[str, Path]
    told: dict[str, Any]


@pytest.fixture(scope="module")
def models_python() -> Path:
    """The interpreter of the models' environment."""
    named = os.environ.get("PUBLISH_PROOF_PYTHON")
    python = Path(named) if named else REPOSITORY / ".venv-proof/bin/python"
    if not python.exists():
        lacking("proof", "the models' environment comes with `make proof`")
    return python


@pytest.fixture(scope="module")
def proof(
    models_python: Path, running_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory, azure_sdk: None
) -> Proof:
    """The whole way, once: transformers → Hub → `publish apply` → registry → azure-ai-ml → MLflow."""
    running_emulator.reset()
    folder = tmp_path_factory.mktemp("proof")
    originals = run_there(models_python, folder, "originals.py", str(folder))
    commits = running_emulator.add_repositories(folder / "checkpoints")
    data = Path(running_emulator.environment["REQUESTS_CA_BUNDLE"]).parent
    (folder / "project").mkdir()
    (folder / "project" / "publish.yaml").write_text(PROJECT.format(data=data))
    for name, task in MODELS.items():
        model = folder / "project" / "models" / name
        (model / "samples").mkdir(parents=True)
        text = SPEC.format(name=name, revision=commits[f"contoso/{name}"], task=task)
        (model / "model.yaml").write_text(text + SETTINGS.get(name, ""))
        (model / "card.md").write_text(f"A tiny model, {name}.\n")
        (model / "samples" / "input.json").write_text(json.dumps({"input_data": originals[name]["inputs"]}))
    publish(folder / "project", "apply", "--yes")
    shutil.copytree(REPOSITORY / "models", folder / "shipped" / "models")
    shutil.copy(REPOSITORY / "publish.yaml", folder / "shipped")
    config = folder / "shipped" / "publish.yaml"
    config.write_text(config.read_text().replace(".publish/registry", str(data)))
    publish(folder / "shipped", "apply", "--yes")
    downloaded = download(running_emulator, folder / "downloads", (*MODELS, *SHIPPED))
    asked = {name: {"folder": str(downloaded[name]), "inputs": originals[name]["inputs"]} for name in MODELS}
    asked |= {name: {"folder": str(downloaded[name]), "inputs": sample(name)} for name in SHIPPED}
    everything = {
        "models": asked,
        "repositories": {each.repository: each.commit for each in STAND_INS},
    }
    told = run_there(models_python, folder, "downloads.py", said=json.dumps(everything), hub=running_emulator.http_url)
    return Proof(originals, folder / "saved", downloaded, told)


def sample(name: str) -> list[str]:
    """The sample input that a shipped model's card shows."""
    document = json.loads((REPOSITORY / "models" / name / "samples" / "input.json").read_text())
    texts: list[str] = document["input_data"]
    return texts


def run_there(python: Path, folder: Path, script: str, *arguments: str, said: str = "", hub: str = "") -> Any:
    """Run a script in the models' environment, out of reach of anything but a Hub on loopback; what it says."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "HF_HOME": str(folder / "hf-home")}
    environment |= {"HF_HUB_DISABLE_TELEMETRY": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "NO_PROXY": "127.0.0.1"}
    environment |= {"HF_ENDPOINT": hub} if hub else {"HF_HUB_OFFLINE": "1"}
    command = [str(python), str(HERE / script), *arguments]
    ran = subprocess.run(
        command, input=said, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    return json.loads(ran.stdout)


def run_script(python: Path, folder: Path, script: str, verb: str, told: str, *, hub: str = "") -> Any:
    """Run a script in the models' environment, out of reach of anything but a Hub on loopback; its JSON file."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "HF_HOME": str(folder / "hf-home")}
    environment |= {"HF_HUB_DISABLE_TELEMETRY": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "NO_PROXY": "127.0.0.1"}
    environment |= {"HF_ENDPOINT": hub} if hub else {"HF_HUB_OFFLINE": "1"}
    command = [str(python), str(HERE / script), verb, told]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, ran.stderr[-4000:]
    return json.loads((folder / told).read_text())


def publish(project: Path, *arguments: str) -> None:
    """The command line, as a user starts it, without what the machine may have set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PUBLISH_", "AZURE", "HF_"))}
    command = [sys.executable, "-m", "azureml_publish", "-C", str(project), *arguments]
    environment = kept | {"NO_PROXY": "127.0.0.1,localhost"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def download(emulator: Emulator, folder: Path, names: tuple[str, ...]) -> dict[str, Path]:
    """Each model's folder as azure-ai-ml brings it back; they differ in nothing from what any user of it gets."""
    from azure.ai.ml import MLClient

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # what azure-ai-ml asks of azure-storage-blob
        for variable, value in emulator.environment.items():
            patch.setenv(variable, value)
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        client = MLClient(StaticCredential(), registry_name="local")
        for name in names:
            (version,) = client.models.list(name=name)
            client.models.download(name, version.version, download_path=str(folder / name))
    # By number: transformers guesses a model's class from the path where nothing else tells it, and shall not here.
    places = {name: folder / str(number) for number, name in enumerate(names)}
    for name, place in places.items():
        (found,) = (folder / name).rglob("MLmodel")
        found.parent.rename(place)
    return places


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def mlmodel(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((folder / "MLmodel").read_text())
    return document


@pytest.mark.parametrize("name", MODELS)
def test_it_answers_exactly_as_the_original(proof: Proof, name: str) -> None:
    original, came_back = proof.originals[name], proof.told["models"][name]
    assert came_back["answers"] == original["answers"]
    texts = {json.dumps(answer) for answer in original["answers"]}
    assert len(texts) > 1, "one answer to every question would prove little"


@pytest.mark.parametrize("name", MODELS)
def test_a_server_answers_the_sample_input_with_the_best_answer_of_the_original(proof: Proof, name: str) -> None:
    key = ANSWERS[MODELS[name]]
    best = [answer[0][key].strip() for answer in proof.originals[name]["answers"]]  # as MLflow does to what it serves
    assert proof.told["models"][name]["served"] == best


@pytest.mark.parametrize("name", MODELS)
def test_mlflow_finds_the_classes(proof: Proof, name: str) -> None:
    told = proof.told["models"][name]
    assert (told["pipeline"], told["model"], told["tokenizer"]) == CLASSES[name]


def test_it_is_read_with_what_its_requirements_ask_for(proof: Proof) -> None:
    installed = {name: version.partition("+")[0] for name, version in proof.told["versions"].items()}
    assert installed == VERSIONS
    for name in MODELS:
        asked = (proof.downloaded[name] / "requirements.txt").read_text().split()
        assert asked == [f"{package}=={version}" for package, version in VERSIONS.items()]


@pytest.mark.parametrize("name", MODELS)
def test_the_layout_is_what_mlflow_itself_saves(proof: Proof, name: str) -> None:
    published, saved = files(proof.downloaded[name]), files(proof.saved / name)
    # MLflow makes a file up that says that it found no licence, and saves a tokenizer anew instead of as it came.
    optional = {"LICENSE.txt", "components/tokenizer/special_tokens_map.json"}
    assert saved - published <= optional
    assert published - saved == {MANIFEST_FILE, "components/tokenizer/config.json"}


@pytest.mark.parametrize("name", MODELS)
def test_mlmodel_says_what_mlflow_itself_would(proof: Proof, name: str) -> None:
    published, saved = mlmodel(proof.downloaded[name]), mlmodel(proof.saved / name)
    assert published["signature"] == saved["signature"] == proof.told["models"][name]["signature"]
    assert published["mlflow_version"] == saved["mlflow_version"]
    ours, theirs = published["flavors"]["transformers"], saved["flavors"]["transformers"]
    named = {"source_model_name"} | (
        set() if SETTINGS.get(name) == NAMED else {"pipeline_model_type", "tokenizer_type"}
    )
    assert {key: ours[key] for key in ours if key not in named} == {
        key: theirs[key] for key in theirs if key not in named
    }
    function = published["flavors"]["python_function"]
    assert {key: function[key] for key in ("env", "loader_module")} == {
        key: saved["flavors"]["python_function"][key] for key in ("env", "loader_module")
    }


def test_what_is_known_of_transformers_and_mlflow_is_what_they_say(models_python: Path, tmp_path: Path) -> None:
    """`make restate` writes it again."""
    stated = REPOSITORY / "src/azureml_publish/content/packaging/transformers.json"
    assert run_there(models_python, tmp_path, "restate.py") == json.loads(stated.read_text())


@pytest.mark.parametrize("model", STAND_INS, ids=lambda model: model.alias)
def test_a_stand_in_loads_whole(proof: Proof, model: Any) -> None:
    told = proof.told["repositories"][model.repository]
    assert told["model"] == {"bert": "BertForMaskedLM", "distilbert": "DistilBertForMaskedLM"}[model.kind]
    assert [told[key] for key in ("missing", "unexpected", "mismatched")] == [[], [], []]
    assert (told["unknown"], told["masks"], told["finite"]) == (0, 1, True)
    assert told["vocabulary"] == model.vocabulary_size
    assert told["shape"] == [1, told["tokens"], model.vocabulary_size]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_is_served(proof: Proof, name: str) -> None:
    told = proof.told["models"][name]
    assert told["pipeline"] == "FillMaskPipeline"
    assert told["served"] == [answer[0]["token_str"] for answer in told["answers"]]
    assert len(told["served"]) == len(sample(name))
