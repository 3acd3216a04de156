"""What cards, tags and metadata say against facts that files of the weights give."""

from __future__ import annotations

import textwrap
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.content.packaging.onnx import Port, read_graph
from azureml_publish.content.packaging.triton import read_config
from azureml_publish.pipeline.check import check
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.run import RunContext
from tests.unit.content.packaging.test_weights import ONNX
from tests.unit.lint import assets
from tests.unit.lint.test_settings_of_weights import gguf, safetensors

GGUF = gguf(
    general__architecture="llama",
    general__file_type=2,
    llama__block_count=4,
    llama__embedding_length=256,
    llama__attention__head_count=8,
    llama__attention__head_count_kv=4,
    tokenizer__ggml__tokens=["a"] * 1024,
)
HEADER = safetensors({"bert.encoder.layer.0.intermediate.dense.weight": (512, 1000), "classifier.weight": (3, 100)})
PBTXT = """\
name: "caps"
platform: "onnxruntime_onnx"
max_batch_size: 16
input [ { name: "pixel_values" data_type: TYPE_FP32 dims: [ 3, 8, 8 ] } ]
output: { name: "logits", data_type: TYPE_FP32, dims: 5 }
"""
POOLING = {"word_embedding_dimension": 128, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
MODULES = [{"type": "x.Transformer", "path": ""}, {"type": "x.Pooling", "path": "1_Pooling"}]
EMBEDDER: dict[str, Any] = {
    "modules.json": MODULES,
    "1_Pooling/config.json": POOLING,
    "config_sentence_transformers.json": {"__version__": {"sentence_transformers": "3.4.1"}},
}
COLUMNS = '[{"type": "double", "name": "width"}, {"type": "double", "name": "length"}]'
MLMODEL = f"""\
flavors:
  python_function: {{loader_module: mlflow.sklearn, python_version: 3.10.14}}
  sklearn: {{pickled_model: model.pkl, sklearn_version: 1.5.1}}
signature:
  inputs: '{COLUMNS}'
  outputs: '[{{"type": "string", "name": "species"}}]'
"""
TRITON: dict[str, Any] = {"caps/config.pbtxt": PBTXT, "caps/1/model.onnx": ONNX}
LABELLED = {"config.json": {"model_type": "bert", "id2label": {"0": "low", "1": "middle", "2": "high"}}}


def found(root: Path, files: dict[str, Any], card: str, spec: str = "") -> list[str]:
    """What CARD063 says of a sound asset folder with these files and this card."""
    folder = assets.write(root, {**assets.sound(), **files})
    with (folder / "description.md").open("a") as text:
        text.write(f"\n\n{card}\n")
    if spec:
        path = folder / "spec.yaml" if (folder / "spec.yaml").exists() else folder / "asset.yaml"
        path.write_text(path.read_text() + spec)
    every = assets.run(root).found
    assets.check_findings(root, every)
    return [one.message for one in every if one.code == "CARD063"]


def row(label: str, text: str) -> str:
    return f"| Property | Value |\n| --- | --- |\n| {label} | {text} |"


@pytest.mark.parametrize(
    ("files", "label", "right", "wrong"),
    [
        ({"a-q4_0.gguf": GGUF}, "Embedding length", "256", "512"),
        ({"a-q4_0.gguf": GGUF}, "Attention heads", "8, with 4 key-value heads", "8, with 8 key-value heads"),
        ({"a-q4_0.gguf": GGUF}, "Quantization", "Q4_0 (4-bit), made from F16", "Q8_0, 8.5 bits"),
        ({"a-q4_0.gguf": GGUF}, "Architecture", "`llama`, 4 layers", "`qwen2`, 4 layers"),
        ({"a-q4_0.gguf": GGUF}, "File", "`a-q4_0.gguf`", "`a-q4_k_m.gguf`"),
        ({"a-q4_0.gguf": GGUF}, "Vocabulary", "1,024 tokens", "32,000 tokens"),
        ({"model.safetensors": HEADER}, "Parameters", "512,300", "5,123,000"),
        ({"model.safetensors": HEADER}, "Parameters", "about 0.5 million", "0.9 million"),
        ({"model.safetensors": HEADER}, "Weights", "FP32, 2.0 MiB in one file", "2.1 GB in one file"),
        ({"model.safetensors": HEADER}, "Weights", "one safetensors file", "four safetensors shards"),
        (EMBEDDER, "Pooling", "mean of all tokens", "CLS token"),
        (EMBEDDER, "Embedding dimension", "128 (many public models have 384)", "384"),
        (EMBEDDER, "sentence-transformers", "3.4 or later", "2.2.2"),
        (TRITON, "Largest batch", "16", "32"),
        (TRITON, "Input", "`pixel_values`, FP32, 3 x 8 x 8", "`pixel_values`, FP32, 3 x 224 x 224"),
        (TRITON, "Output", "`logits`, FP32, 5", "`probabilities`, FP32, 5"),
        (TRITON, "Output", "`logits`, FP32, 5", "`logits`, FP16, 5"),
        (TRITON, "Opset", "28", "17"),
        ({"MLmodel": MLMODEL}, "scikit-learn", "1.5", "1.3.2"),
        ({"MLmodel": MLMODEL}, "Python", "3.10", "3.8"),
        ({"MLmodel": MLMODEL}, "Inputs", "`width`, `length`, all double", "`width`, `girth`, all double"),
        ({"MLmodel": MLMODEL}, "Output", "`species`, a string", "`target`, a long"),
        (LABELLED, "Labels", "low, middle and high", "low, high"),
        (LABELLED, "Labels", "low, middle, ...", "low, middle, tall"),
    ],
)
def test_rows_against_the_files(tmp_path: Path, files: dict[str, Any], label: str, right: str, wrong: str) -> None:
    assert found(tmp_path / "a", files, row(label, right)) == []
    assert len(found(tmp_path / "b", files, row(label, wrong))) == 1


def test_a_figure_that_two_files_give_is_reported_once(tmp_path: Path) -> None:
    files = {"config.json": {"model_type": "bert", "num_hidden_layers": 2, "num_encoder_layers": 2}}
    assert len(found(tmp_path, files, row("Layers", "12"))) == 1


@pytest.mark.parametrize(
    ("files", "card", "count"),
    [
        (EMBEDDER, "Maps a text to a vector of 128 numbers.", 0),
        (EMBEDDER, "Maps a text to a vector of 768 numbers.", 1),
        (EMBEDDER, "Unlike other models it does not map to a vector of 768 numbers.", 0),
        (EMBEDDER, "Where speed matters, all-MiniLM-L6-v2 has vectors of 384 numbers.", 0),
        ({"a-q4_0.gguf": GGUF}, "```bash\nllama-cli -m a-q4_0.gguf\n```", 0),
        ({"a-q4_0.gguf": GGUF}, "```bash\nllama-cli -m a-q8_0.gguf\n```", 1),
        ({"a-q4_0.gguf": GGUF}, row("Base model parameters", "7 billion"), 0),
        ({"a-q4_0.gguf": GGUF, "a-q8_0.gguf": GGUF}, row("Parameters", "7 billion"), 0),
        ({}, row("File", "`model.safetensors`"), 0),
        ({"model.safetensors": b"\x08\0\0\0\0\0\0\0notjson!"}, row("Parameters", "7 billion"), 0),
    ],
)
def test_sentences_and_code_against_the_files(tmp_path: Path, files: dict[str, Any], card: str, count: int) -> None:
    assert len(found(tmp_path, files, card)) == count


def test_a_graph_as_onnx_wrote_it_and_a_configuration_of_triton() -> None:
    graph = read_graph(ONNX)
    assert graph is not None
    assert (graph.inputs, graph.outputs) == ((Port("x", "FP32", (300,)),), (Port("y", "FP32", (300,)),))
    assert read_graph(ONNX[:40]) is None
    fields, _ = read_config(PBTXT)
    assert fields["input"] == [{"name": ["pixel_values"], "data_type": ["TYPE_FP32"], "dims": ["3", "8", "8"]}]
    assert fields["output"] == [{"name": ["logits"], "data_type": ["TYPE_FP32"], "dims": ["5"]}]
    assert fields["max_batch_size"] == ["16"]


SPEC = """\
name: little
version: 1
type: custom_model
source: {local: ../../weights/little}
license: mit
tags: {quantization: TAG}
tasks: {inference: text-generation}
metadata: {parameterCount: COUNT}
"""


@pytest.mark.parametrize(
    ("tag", "count", "wrong"), [("Q4_0", 32, []), ("Q8_0", 33, ["The tag quantization", "parameterCount"])]
)
def test_a_model_folder_against_the_files_of_its_local_source(
    tmp_path: Path, tag: str, count: int, wrong: list[str]
) -> None:
    for name, data in {
        "publish.yaml": b"{}",
        "models/little/model.yaml": SPEC.replace("TAG", tag).replace("COUNT", str(count)).encode(),
        "models/little/card.md.j2": textwrap.dedent("""\
            {% extends "card.md.j2" %}
            {% block summary %}
            A little model.
            {% endblock %}
            """).encode(),
        "weights/little/little-q4_0.gguf": GGUF,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    run = RunContext(tmp_path, {}, date(2026, 11, 28))
    messages = [one.message for one in check(run, load(run, (), Settings())).found if one.code == "CARD063"]
    assert sorted(message.partition(" is ")[0] for message in messages) == wrong
