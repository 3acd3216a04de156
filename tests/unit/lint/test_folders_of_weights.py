"""A model folder of a local source: README, graphs, examples, bases and samples against spec, card and one another."""

from __future__ import annotations

import struct
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.pipeline.check import check
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.run import RunContext
from tests.unit.content.packaging.test_weights import ONNX
from tests.unit.lint import assets
from tests.unit.lint.test_facts_of_weights import EMBEDDER, MLMODEL
from tests.unit.lint.test_settings_of_weights import safetensors

SPEC: dict[str, Any] = {
    "name": "harbour-nano-ledger",
    "version": 1,
    "type": "custom_model",
    "source": {"local": "../../weights/w"},
    "license": "mit",
    "languages": ["en"],
    "datasets": ["contoso/reviews"],
    "tasks": {"inference": "text-classification"},
}
CARD = '{% extends "card.md.j2" %}\n{% block summary %}\nSorts reviews.\n\nTEXT\n{% endblock %}\n'
README = "---\nlicense: mit\nlanguage: en\npipeline_tag: text-classification\ndatasets: [contoso/reviews]\n---\n\n# w\n"
PBTXT = """\
platform: "onnxruntime_onnx"
input [ { name: "x" data_type: TYPE_FP32 dims: [ 300 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ 300 ] } ]
"""
TRITON: dict[str, Any] = {"m/config.pbtxt": PBTXT, "m/1/model.onnx": ONNX}
BASE = "contoso-ai/harbour-nano-instruct"
LORA: dict[str, Any] = {
    "adapter_config.json": {"peft_type": "LORA", "r": 8, "base_model_name_or_path": BASE},
    "adapter_model.safetensors": safetensors({"a.q_proj.lora_A.weight": (8, 64)}),
}
IRIS: dict[str, Any] = {"MLmodel": MLMODEL, "model.pkl": b"x", "requirements.txt": "scikit-learn==1.5.1\n"}
EXAMPLE = {"columns": ["width", "length"], "data": [[1.0, 2.0]]}
VECTOR = [[0.5] * 128]
LABELS = 'output [ { name: "y" data_type: TYPE_FP32 dims: [ 300 ] label_filename: "l.txt" } ]'


def codes(
    root: Path, files: dict[str, Any], text: str = "", samples: dict[str, Any] | None = None, **spec: Any
) -> set[str]:
    """The codes of all errors and warnings, of rules that compare."""
    whole: dict[str, Any] = {
        "publish.yaml": "{}",
        "models/m/model.yaml": {**SPEC, **spec},
        "models/m/card.md.j2": CARD.replace("TEXT", text),
        **{f"models/m/samples/{name}.json": data for name, data in (samples or {}).items()},
        **{f"weights/w/{name}": data for name, data in files.items()},
    }
    assets.write_below(root, whole)
    run = RunContext(root, {}, date(2026, 11, 28))
    found = check(run, load(run, (), Settings())).found
    return {
        one.code
        for one in found
        if one.severity != "info"
        and one.code.startswith(("MATCH", "SMPL0", "SPEC022", "CARD063", "CARD052", "CARD065"))
    }


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("", "", False),
        ("license: mit", "license: cc-by-nc-4.0", True),
        ("license: mit", "license: other", False),
        ("language: en", "language: [es]", True),
        ("language: en", "language: en-US", False),
        ("pipeline_tag: text-classification", "pipeline_tag: fill-mask", True),
        ("pipeline_tag: text-classification", "pipeline_tag: other", False),
        ("contoso/reviews", "contoso/mails", True),
        ("---\nlicense", "---\n  x: [\nlicense", False),
    ],
)
def test_the_readme_of_the_weights_against_the_spec(tmp_path: Path, old: str, new: str, wrong: bool) -> None:
    assert codes(tmp_path, {"README.md": README.replace(old, new)}) == ({"MATCH016"} if wrong else set())


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        (TRITON, False),
        ({**TRITON, "m/config.pbtxt": PBTXT.replace('"y"', '"scores"')}, True),
        ({**TRITON, "m/config.pbtxt": PBTXT.replace("300 ] } ]\no", "3, 8 ] } ]\no")}, True),
        ({**TRITON, "m/config.pbtxt": PBTXT.replace("FP32", "FP16")}, True),
        ({**TRITON, "m/config.pbtxt": PBTXT.replace("300", "-1")}, False),
        ({**TRITON, "m/config.pbtxt": PBTXT + LABELS, "m/l.txt": "a\nb\n"}, True),
        ({**TRITON, "m/config.pbtxt": PBTXT + LABELS, "m/l.txt": "a\n" * 300}, False),
        ({**TRITON, "m/1/model.onnx": ONNX[:60]}, False),
    ],
)
def test_triton_against_the_graph_that_it_serves(tmp_path: Path, files: dict[str, Any], wrong: bool) -> None:
    assert codes(tmp_path, files, type="triton_model") == ({"MATCH016"} if wrong else set())


@pytest.mark.parametrize(
    ("readme", "tag", "text", "wrong"),
    [
        (BASE, BASE, f"Base model: `{BASE}`", False),
        (BASE, "somebody/Harbour-Nano-Instruct-bnb-4bit", "", False),
        ("contoso-ai/harbour-7b-instruct", BASE, "", True),
        (BASE, "contoso-ai/harbour-7b-instruct", "", True),
        (BASE, BASE, "Base model: contoso-ai/harbour-7b-instruct", True),
        (BASE, BASE, '```python\nAutoModelForCausalLM.from_pretrained("contoso-ai/harbour-7b-instruct")\n```', True),
        (BASE, BASE, f'```python\nAutoModelForCausalLM.from_pretrained("{BASE}")\n```', False),
        ("./harbour", "", "Base model: none", False),
    ],
)
def test_the_base_wherever_it_is_said(tmp_path: Path, readme: str, tag: str, text: str, wrong: bool) -> None:
    files = {**LORA, "README.md": f"---\nbase_model: {readme}\n---\n"}
    spec: dict[str, Any] = {"tags": {"base_model": tag}} if tag else {}
    assert ("MATCH004" in codes(tmp_path, files, text, **spec)) is wrong


@pytest.mark.parametrize(
    ("files", "task", "samples", "found"),
    [
        (EMBEDDER, "embeddings", {"output": VECTOR}, set()),
        (EMBEDDER, "embeddings", {"output": [VECTOR[0][:64]]}, {"SMPL008"}),
        (EMBEDDER, "embeddings", {"output": [[0.1, 0.2, 0.3]]}, set()),  # a vector cut short to be shown
        ({**IRIS, "input_example.json": EXAMPLE}, "tabular-classification", {"output": ["setosa"]}, set()),
        ({**IRIS, "input_example.json": EXAMPLE}, "tabular-classification", {"output": [0, "setosa"]}, {"SMPL008"}),
        ({**IRIS, "input_example.json": EXAMPLE}, "tabular-regression", {}, {"SPEC022"}),
        ({**IRIS, "input_example.json": {**EXAMPLE, "columns": ["width", "size"]}}, "tabular-classification", {},
         {"SMPL002"}),
    ],
)  # fmt: skip
def test_samples_against_the_files(
    tmp_path: Path, files: dict[str, Any], task: str, samples: dict[str, Any], found: set[str]
) -> None:
    kind: dict[str, Any] = {"type": "mlflow_model"} if "MLmodel" in files else {}
    assert codes(tmp_path, files, samples=samples, tasks={"inference": task}, **kind) == found


@pytest.mark.parametrize(
    ("tensor", "wrong"),
    [
        ({"name": "x", "datatype": "FP32", "shape": [1, 300], "data": []}, False),
        ({"name": "x", "datatype": "FP16", "shape": [300], "data": []}, True),
        ({"name": "x", "datatype": "FP32", "shape": [3, 8], "data": []}, True),
        ({"name": "pixels", "datatype": "FP32", "shape": [300], "data": []}, True),
        ({"name": ["x"]}, False),
    ],
)
def test_requests_to_triton(tmp_path: Path, tensor: dict[str, Any], wrong: bool) -> None:
    samples = {"input": {"inputs": [tensor]}}
    assert ("SMPL002" in codes(tmp_path, TRITON, samples=samples, type="triton_model")) is wrong


def test_an_embedder_makes_no_images(tmp_path: Path) -> None:
    for media, found in ((["image"], {"MATCH015"}), (["embeddings"], set()), (["text"], set())):
        spec: dict[str, Any] = {"tasks": {"inference": "embeddings"}, "metadata": {"outputModalities": media}}
        assert codes(tmp_path, EMBEDDER, **spec) == found


def test_a_header_that_promises_more_than_memory_has(tmp_path: Path) -> None:
    data = b"GGUF" + struct.pack("<IQQ", 3, 2**40, 2**40)
    assert codes(tmp_path, {"a.gguf": data}) == set()


def test_a_card_without_a_text_of_its_own_and_headings_of_the_template(tmp_path: Path) -> None:
    hand = "## Sample inputs and outputs\n\nSee below."
    samples = {"input": {"input_data": ["a"]}, "output": ["b"]}
    assert codes(tmp_path / "a", {"a.txt": "a"}, hand, samples) == {"CARD065"}
    folder = tmp_path / "b"
    assert codes(folder, {"a.txt": "a"}) == set()
    (folder / "models/m/card.md.j2").write_text('{% extends "card.md.j2" %}\n\n{% block summary %}\n{% endblock %}\n')
    run = RunContext(folder, {}, date(2026, 11, 28))
    assert "CARD052" in {one.code for one in check(run, load(run, (), Settings())).found}
    (folder / "templates").mkdir()
    (folder / "templates/card.md.j2").write_text(
        "What all of ours are, at length.\n\n{% block summary %}{% endblock %}\n"
    )
    assert "CARD052" not in {one.code for one in check(run, load(run, (), Settings())).found}


LINK = "\n{% endblock %}\n{% block license %}\nMIT, as [its text]({}) says.\n"


@pytest.mark.parametrize(
    ("text", "spec", "found"),
    [
        (LINK.replace("{}", "https://spdx.org/licenses/MIT.html"), {}, set()),
        (LINK.replace("{}", "https://spdx.org/licenses/Apache-2.0.html"), {}, {"MATCH005"}),
        (LINK.replace("{}", "https://creativecommons.org/licenses/by-nc/4.0/"), {}, {"MATCH005"}),
        (LINK.replace("{}", "https://example.com/terms"), {}, set()),
        ("", {"metadata": {"licenseDescription": "Licensed under the MIT License (https://mit.org)."}}, set()),
        (
            "",
            {"metadata": {"licenseDescription": "Licensed under the BSD 3-Clause License. See MIT's page."}},
            {"MATCH005"},
        ),
    ],
)
def test_licences_that_texts_link_and_name(tmp_path: Path, text: str, spec: dict[str, Any], found: set[str]) -> None:
    assert codes(tmp_path, {"a.txt": "a"}, text, **spec) == found


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        ({"config.json": '{"hidden_size": 8,,}'}, True),
        ({"tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer"},
          "tokenizer.json": {"model": {"type": "WordPiece", "vocab": {}}}}, True),
        ({"tokenizer_config.json": {"tokenizer_class": "BertTokenizerFast"},
          "tokenizer.json": {"model": {"type": "WordPiece", "vocab": {}}}}, False),
        ({"tokenizer_config.json": {"tokenizer_class": "OwnTokenizer"},
          "tokenizer.json": {"model": {"type": "BPE", "vocab": {}}}}, False),
    ],
)  # fmt: skip
def test_settings_that_nothing_else_reads(tmp_path: Path, files: dict[str, Any], wrong: bool) -> None:
    assert codes(tmp_path, files) == ({"MATCH016"} if wrong else set())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("- **Parameters:** 7.25 billion\n- **Precision:** bfloat16, about 14.5 GB", False),
        ("- **Parameters:** 7.25 billion\n- **Precision:** bfloat16, about 145 GB", True),
        ("- **Parameters:** 7.25 billion\n- **Precision:** bfloat16 or int8, 7.3 GB", False),
        ("- **Parameters:** 7.25 billion\n- **Memory:** bfloat16, 40 GB", False),
    ],
)
def test_a_size_that_the_parameters_cannot_have(tmp_path: Path, text: str, wrong: bool) -> None:
    assert codes(tmp_path, {"a.txt": "a"}, text) == ({"CARD063"} if wrong else set())
