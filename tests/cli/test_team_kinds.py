"""The ten kinds of models of a team: each is published from at most twelve lines that a person writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from azureml_publish.lint.rules.card_text import BEGINNING
from tests.checkpoints import BERT, VIT, Files, safetensors, write
from tests.conftest import Run, edit
from tests.unit.content.packaging.test_other_kinds import SKLEARN

FAST: Files = {"tokenizer.json": "{}", "tokenizer_config.json": {}}
MOST_LINES = 12


@dataclass(frozen=True)
class Team:
    """A model as it lies on disk, and the edits of `model.yaml` beside the licence: what `init` asks for."""

    files: Files
    packaging: str
    written: str = ""
    edits: tuple[tuple[str, str], ...] = ()


PICKLED = (("\nsource:\n", "\nsource:\n  allow_pickle: true\n"),)

KINDS = {
    "fine-tuned-classifier": Team(
        {**BERT, "config.json": {"model_type": "bert", "architectures": ["BertForSequenceClassification"]},
         "training_args.bin": b"x", "optimizer.pt": b"x"},
        "mlflow_transformers", "tags: {base_model: google-bert/bert-base-cased}\n",
    ),
    "llm": Team(
        {**FAST, "config.json": {"model_type": "llama", "architectures": ["LlamaForCausalLM"]},
         "model.safetensors": safetensors("a"), "generation_config.json": {}, "chat_template.jinja": "x"},
        "mlflow_transformers",
    ),
    "vision": Team(VIT, "mlflow_transformers"),
    "speech": Team(
        {"config.json": {"model_type": "wav2vec2", "architectures": ["Wav2Vec2ForCTC"]}, "vocab.json": {},
         "preprocessor_config.json": {"feature_extractor_type": "Wav2Vec2FeatureExtractor"},
         "tokenizer_config.json": {}, "model.safetensors": safetensors("a")},
        "mlflow_transformers",
    ),
    "lora": Team(
        {"adapter_config.json": {"base_model_name_or_path": "org/base"}, "adapter_model.safetensors": safetensors("a"),
         "training_args.bin": b"x", "README.md": "x"},
        "custom",
    ),
    "sklearn": Team(SKLEARN, "mlflow_folder", "", PICKLED),
    "onnx": Team({"model.onnx": b"onnx", "labels.txt": "cat\n"}, "custom"),
    "gguf": Team({"a-00001-of-00002.gguf": b"GGUF" + bytes(9), "a-00002-of-00002.gguf": b"GGUF" + bytes(9)}, "custom"),
    "lightning": Team({"epoch=3.ckpt": b"x", "hparams.yaml": "a: 1\n"}, "custom", "", PICKLED),
    "triton": Team({"m/config.pbtxt": 'backend: "onnxruntime"\n', "m/1/model.onnx": b"x"}, "triton"),
}  # fmt: skip


@pytest.fixture
def begun(publish: Run, project: Path, shared_registry: None, azure_sdk: None) -> None:
    """Every kind as a model folder, completed by hand."""
    for name, kind in KINDS.items():
        write(project / "weights" / name, kind.files)
        assert publish("init", f"weights/{name}").code == 0
        spec = project / "models" / name / "model.yaml"
        for before, after in (("# license:", "license: proprietary"), *kind.edits):
            edit(spec, before, after)
        spec.write_text(spec.read_text() + kind.written)
        edit(project / "models" / name / "card.md.j2", BEGINNING, "Says what it says.")


@pytest.mark.usefixtures("begun")
@pytest.mark.long
def test_each_is_linted_locked_published_and_verified(publish: Run, project: Path) -> None:
    assert publish("lock", *KINDS).code == 0
    assert publish("lint", *KINDS, "--select", "PKG,LOCK,TMPL,SPEC,DOC,CARD").code == 0
    ran = publish("apply", *KINDS, "--yes", "-o", "json")
    assert ran.code == 0, ran.err
    assert {one["outcome"] for one in json.loads(ran.out)["results"]} == {"created"}
    assert publish("verify", *KINDS).code == 0
    assert publish("plan", *KINDS, "--detailed-exitcode").code == 0
    for name, kind in KINDS.items():
        text = (project / "models" / name / "model.yaml").read_text()
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        assert (name, len(lines) <= MOST_LINES) == (name, True)
        assert yaml.safe_load(text)["license"] == "proprietary"
        lock = json.loads((project / "models" / name / "source.lock.json").read_text())
        assert (name, lock["model"]["packaging"]) == (name, kind.packaging)
        paths = {file["path"] for file in lock["files"]}
        assert not {"training_args.bin", "optimizer.pt"} & paths
    shown = publish("render", "fine-tuned-classifier")
    assert shown.code == 0
    made = yaml.safe_load((project / "build/fine-tuned-classifier/MLmodel").read_text())
    assert made["metadata"]["is_finetuned_model"] is True
