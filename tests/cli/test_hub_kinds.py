"""The kinds of repositories that people take from the Hub: `init` chooses type and task, and what it leaves publishes
once its card is written, or is refused by plan with the fix."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from azureml_publish.emulator import Emulator
from azureml_publish.lint.rules.card_text import BEGINNING
from tests.checkpoints import Files, index, safetensors, write
from tests.conftest import Run, edit

FAST: Files = {"tokenizer.json": "{}", "tokenizer_config.json": {}, "special_tokens_map.json": {}}
SAFE: Files = {"model.safetensors": safetensors("a")}
PICKLE: Files = {"pytorch_model.bin": b"\x80\x02"}
SHARDS: Files = {
    "model-00001-of-00002.safetensors": safetensors("a"),
    "model-00002-of-00002.safetensors": safetensors("b"),
    "model.safetensors.index.json": index(a="model-00001-of-00002.safetensors", b="model-00002-of-00002.safetensors"),
}
OTHER_RUNTIMES: Files = {
    "tf_model.h5": b"h5", "flax_model.msgpack": b"x", "rust_model.ot": b"x", "onnx/model.onnx": b"x",
    "openvino/openvino_model.bin": b"x", "original/consolidated.00.pth": b"x",
}  # fmt: skip


def config(model_type: str, architecture: str = "", **more: Any) -> Files:
    named = {"architectures": [architecture]} if architecture else {}
    return {"config.json": {"model_type": model_type, **named, **more}}


@dataclass(frozen=True)
class Repository:
    """A repository: its files, what its card states, and what comes of it.

    `code` is the rule by which plan refuses it as `init` leaves it; empty: it is published.
    """

    files: Files
    card: Mapping[str, Any]
    type: str
    task: str | None
    code: str = ""
    told: str = ""


def card(tag: str | None, license: str | None = "mit", **more: Any) -> dict[str, Any]:  # noqa: A002 - the card's key
    stated = {"pipeline_tag": tag, "license": license, **more}
    return {key: value for key, value in stated.items() if value is not None}


SENTENCES: Files = {
    "modules.json": [{"idx": 0, "type": "sentence_transformers.models.Transformer", "path": ""}],
    "1_Pooling/config.json": {}, "sentence_bert_config.json": {}, "vocab.txt": "a\n",
}  # fmt: skip

REPOSITORIES = {
    "chat-shards": Repository(
        {**config("llama", "LlamaForCausalLM"), **SHARDS, **FAST, "generation_config.json": {}, **OTHER_RUNTIMES},
        card("text-generation", "llama3.1"), "mlflow_model", "text-generation",
    ),
    "chat-base-named": Repository(
        {**config("qwen2", "Qwen2ForCausalLM"), **SAFE, **FAST, "merges.txt": "", "vocab.json": {}},
        card("text-generation", "apache-2.0", base_model="contoso/base"), "mlflow_model", "text-generation",
        told="base_model keeps: contoso/base",
    ),
    "sentences": Repository(
        {**config("bert", "BertModel"), **SAFE, **PICKLE, **FAST, **SENTENCES, **OTHER_RUNTIMES},
        card("sentence-similarity"), "custom_model", "embeddings", "PKG002",
    ),
    "sentences-plain": Repository(
        {**config("mpnet", "MPNetModel"), **SAFE, **PICKLE, **FAST, **SENTENCES},
        card("sentence-similarity"), "custom_model", "embeddings", told="stay behind",
    ),
    "sentences-pickled": Repository(
        {**config("xlm-roberta", "XLMRobertaModel"), **PICKLE, "sparse_linear.pt": b"x", **FAST, **SENTENCES},
        card("sentence-similarity"), "custom_model", "embeddings", "PKG002", "allow_pickle: true",
    ),
    "features": Repository(
        {**config("bert", "BertModel"), **SAFE, **FAST, **SENTENCES, "2_Dense/model.safetensors": safetensors("d")},
        card("feature-extraction"), "custom_model", "embeddings",
    ),
    "timm": Repository(
        {"config.json": {"architecture": "resnet50"}, **SAFE, **PICKLE},
        card("image-classification", library_name="timm"), "custom_model", "image-classification",
        told="stay behind",
    ),
    "diffusion": Repository(
        {"model_index.json": {}, "unet/config.json": {}, "unet/diffusion_pytorch_model.safetensors": safetensors("a"),
         "unet/diffusion_pytorch_model.fp16.safetensors": safetensors("a"), "tokenizer/vocab.json": {}},
        card("text-to-image", "openrail++"), "custom_model", "text-to-image",
    ),
    "speech": Repository(
        {**config("whisper", "WhisperForConditionalGeneration"), **SAFE, **FAST, "normalizer.json": {},
         "preprocessor_config.json": {"feature_extractor_type": "WhisperFeatureExtractor"}, "vocab.json": {},
         "merges.txt": "", "model.fp32-00001-of-00001.safetensors": safetensors("a"),
         "model.safetensors.index.fp32.json": index(a="model.fp32-00001-of-00001.safetensors")},
        card("automatic-speech-recognition"), "mlflow_model", "automatic-speech-recognition",
    ),
    "speech-untagged": Repository(
        {**config("wav2vec2", "Wav2Vec2ForCTC"), **SAFE, "vocab.json": {}, "tokenizer_config.json": {},
         "preprocessor_config.json": {"feature_extractor_type": "Wav2Vec2FeatureExtractor"}},
        card(None), "mlflow_model", "automatic-speech-recognition",
    ),
    "ggufs": Repository(
        {"a.Q2_K.gguf": b"GGUF" + bytes(9), "a.Q8_0.gguf": b"GGUF" + bytes(9), "config.json": {"model_type": "llama"}},
        card("text-generation", "llama2"), "custom_model", "text-generation", told="2 GGUF files",
    ),
    "one-gguf": Repository({"b.gguf": b"GGUF" + bytes(20)}, card("text-generation"), "custom_model", "text-generation"),
    "masked": Repository(
        {**config("xlm-roberta", "XLMRobertaForMaskedLM"), **SAFE, **PICKLE, **FAST, **OTHER_RUNTIMES,
         "sentencepiece.bpe.model": b"x"},
        card("fill-mask"), "mlflow_model", "fill-mask",
    ),
    "translator-pickled": Repository(
        {**config("m2m_100", "M2M100ForConditionalGeneration"), **PICKLE, **FAST, "generation_config.json": {},
         "tokenizer_config.json": {"tokenizer_class": "NllbTokenizer"}, "sentencepiece.bpe.model": b"x"},
        card("translation", "cc-by-nc-4.0"), "mlflow_model", "translation", "PKG003", "allow_pickle: true",
    ),
    "sees-and-writes": Repository(
        {**config("lfm2_vl", "Lfm2VlForConditionalGeneration"), **SAFE, **FAST, "processor_config.json": {},
         "preprocessor_config.json": {}, "chat_template.jinja": "x"},
        card("image-text-to-text", "other", license_name="lfm1.0", license_link="LICENSE"),
        "custom_model", "image-text-to-text", told="does not serve image-text-to-text",
    ),
    "own-code": Repository(
        {**config("odd", "OddForMaskedLM", auto_map={"AutoConfig": "c.C", "AutoModelForMaskedLM": "m.OddForMaskedLM"}),
         **SAFE, **FAST, "c.py": "", "m.py": "from .c import C\n"},
        card("fill-mask"), "mlflow_model", "fill-mask",
    ),
    "no-task-pickled": Repository(
        {**config("bert"), **PICKLE, "vocab.txt": "a\n"}, card(None), "mlflow_model", None, "TMPL007", "Nothing says",
    ),
    "zero-shot": Repository(
        {**config("bart", "BartForSequenceClassification"), **SAFE, **PICKLE, **FAST, **OTHER_RUNTIMES},
        card("zero-shot-classification"), "mlflow_model", "zero-shot-classification",
    ),
    "unlicensed": Repository(
        {**config("roberta", "RobertaForSequenceClassification"), **SAFE, **FAST},
        card("text-classification", None), "mlflow_model", "text-classification", "SPEC008",
    ),
    "no-card": Repository(
        {**config("bert", "BertForSequenceClassification"), **SAFE, **FAST}, {}, "mlflow_model", "text-classification",
        "SPEC008",
    ),
    "adapter": Repository(
        {"adapter_config.json": {"base_model_name_or_path": "contoso/base"}, "adapter_model.safetensors": safetensors(),
         "training_args.bin": b"x"},
        card("text-generation", "mit"), "custom_model", "text-generation", told="an adapter for contoso/base",
    ),
    "whole-and-cut": Repository(
        {**config("bert", "BertForMaskedLM"), "model.safetensors": safetensors("a")[:-4], **FAST}, card("fill-mask"),
        "mlflow_model", "fill-mask", "PKG006",
    ),
}  # fmt: skip


@pytest.fixture
def begun(publish: Run, project: Path, emulator: Emulator, shared_registry: None, azure_sdk: None) -> dict[str, str]:
    """Every repository as a model folder; what `init` said of each."""
    said = {}
    for name, repository in REPOSITORIES.items():
        folder = project.parent / "hub" / name
        readme = f"---\n{json.dumps(repository.card)}\n---\n" if repository.card else "Nothing.\n"
        write(folder, {**repository.files, "README.md": readme, ".gitattributes": "x"})
        emulator.add_repository(f"contoso/{name}", folder)
        ran = publish("init", f"contoso/{name}")
        assert ran.code == 0, ran
        said[name] = ran.err
    return said


@pytest.mark.long
def test_each_kind_is_what_it_is_and_publishes_or_is_refused_by_plan_with_the_fix(
    publish: Run, project: Path, begun: dict[str, str]
) -> None:
    unwritten = publish("plan", *REPOSITORIES)
    assert unwritten.code == 4
    chosen = {}
    for name, repository in REPOSITORIES.items():
        folder = project / "models" / name
        spec = yaml.safe_load((folder / "model.yaml").read_text())
        task = (spec.get("tasks") or {}).get("inference")
        chosen[name] = (spec.get("type", "mlflow_model"), task)
        assert repository.told in begun[name]
        assert f"models/{name}/model.yaml:" not in unwritten.err or repository.code, unwritten.err
        edit(folder / "card.md.j2", BEGINNING, f"A model called {name}.")
        assert (folder / "source.lock.json").exists() == (repository.code in ("", "SPEC008", "TMPL007")) or (
            name == "no-task-pickled"
        )
    assert chosen == {name: (repository.type, repository.task) for name, repository in REPOSITORIES.items()}
    sound = [name for name, repository in REPOSITORIES.items() if not repository.code]
    planned = publish("plan", *sound, "-o", "json")
    assert planned.code == 0, planned.err
    assert {one["action"] for one in json.loads(planned.out)["actions"]} == {"create"}
    of_folders = [name for name, each in REPOSITORIES.items() if each.code in ("SPEC008", "TMPL007")]
    of_sources = [name for name, each in REPOSITORIES.items() if each.code and name not in of_folders]
    for names in (of_folders, of_sources):
        refused = publish("plan", *names)
        assert refused.code == 4
        lines = [line for line in refused.err.splitlines() if ": error " in line]
        for name in names:
            told = [line for line in lines if line.startswith(f"models/{name}/model.yaml:")]
            assert any(f" error {REPOSITORIES[name].code} " in line for line in told), refused.err
        assert refused.err.count("    help: ") >= len(names)
