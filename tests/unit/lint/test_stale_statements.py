"""What a copy or a slip leaves in cards, samples and settings: one case of each kind, and one that is sound."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.diagnostics import Location
from azureml_publish.documents import parse_yaml
from azureml_publish.lint.subject import SampleText
from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.lint.weights.logged import class_differences
from azureml_publish.lint.weights.parts import label_mistakes
from azureml_publish.lint.weights.settings import contradictions
from tests.unit.lint.cards_at_hand import described, findings

VIT: dict[str, Any] = {
    "architectures": ["ViTForImageClassification"],
    "model_type": "vit",
    "id2label": {"0": "a", "1": "b"},
}
SKLEARN = "import sklearn\nfrom sklearn.{} import GradientBoostingRegressor\n"
ROWS = "| Benchmark | How | this | other |\n|---|---|---|---|\n"
ROWS += "".join(f"| {name} | 0-shot | 83.0 | 77.9 |\n" for name in ("PIQA", "BoolQ"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("- Languages with little data do worse.\n- The web is not kind.\n", ""),
        ("- Languages with little data do worse.\n- Languages with little data do worse.\n", "CARD065"),
        ("Posts from January 2018 to December 2021 were read.\n", ""),
        ("Posts from December 2021 to January 2018 were read.\n", "CARD075"),
        ("Between 2048 and 1024 tokens are read.\n", ""),
        ("It reads from 2000 to 1950 tokens.\n", ""),
        ("See [org/reader-small](https://huggingface.co/org/reader-small), a sibling.\n", ""),
        ("See [org/reader-small](https://huggingface.co/org/reader-large), a sibling.\n", "CARD027"),
        ("See [old/reader-small](https://huggingface.co/org/reader-small), a sibling.\n", ""),
        (f"{ROWS}| HumanEval | 0-shot | 30.5 | 11.6 |\n", ""),
        (f"{ROWS}| HumanEval | 0-shot | 305 | 11.6 |\n", ""),  # one beside it is too few to say so
        (f"```python\n{SKLEARN.format('ensemble')}```\n", ""),
        (f"```python\n{SKLEARN.format('ensembles')}```\n", "CARD077"),
        ("```python\nimport torch\nids = run(1)\nprint(decode(ids))\n```\n", ""),
        ("```python\nimport torch\nids = run(1)\nprint(decode(predicted_ids))\n```\n", "CARD077"),
    ],
)
def test_texts(text: str, code: str) -> None:
    codes = ("CARD027", "CARD065", "CARD071", "CARD075", "CARD077")
    found = findings(described(f"# little\n\nReads posts.\n\n{text}", "little"), *codes)
    assert [one.code for one in found] == ([code] if code else []), found


def test_a_benchmark_without_its_point() -> None:
    table = "| Benchmark | How | a | b | c |\n|---|---|---|---|---|\n"
    table += "".join(f"| {name} | 0-shot | 83.0 | 77.9 | 80.8 |\n" for name in ("PIQA", "BoolQ", "ARC-Easy"))
    sound, wrong = (f"{table}| HumanEval | 0-shot | {figure} | 11.6 | 18.9 |\n" for figure in ("30.5", "305"))
    assert not findings(described(sound), "CARD071")
    assert [one.message for one in findings(described(wrong), "CARD071")] == [
        "305 has no point, and all figures round it have one."
    ]


@pytest.mark.parametrize(
    ("tasks", "wrong"),
    [
        (("image-classification", ["object-detection"]), False),
        (("object-detection", ["image-classification"]), True),
        (("embeddings", ["image-classification"]), False),
    ],
)
def test_each_list_of_tasks_by_itself(tasks: tuple[str, list[str]], wrong: bool) -> None:
    model = described("# little\n", task=tasks[0], finetune=tasks[1], config=VIT)
    assert bool(findings(model, "MATCH006")) == wrong


@pytest.mark.parametrize(
    ("spec", "card", "wrong"),
    [
        (["org/leaves"], "tuned on the\n[leaves](https://huggingface.co/datasets/org/leaves) set", False),
        (["food101"], "tuned on the\n[leaves](https://huggingface.co/datasets/org/leaves) set", True),
        (["food101"], "tuned on [leaves](https://huggingface.co/datasets/org/leaves) and food101", False),
        (["food101"], "compared on [leaves](https://huggingface.co/datasets/org/leaves)", False),
        (["xsum"], "good.\n\n## Training data\n\n[CNN](https://huggingface.co/datasets/cnn_dailymail)", True),
        (["xsum"], "good.\n\n## Evaluation data\n\n[CNN](https://huggingface.co/datasets/cnn_dailymail)", False),
    ],
)
def test_data_sets_that_the_card_links(spec: list[str], card: str, wrong: bool) -> None:
    model = described(f"# little\n\nThis model is {card}.\n")
    model = replace(model, metadata={**model.metadata, "datasets": spec})
    assert bool(findings(model, "MATCH017")) == wrong


def sampled(text: str, kind: str = "input", **more: Any) -> Any:
    place = lambda line, column: Location("input_example.json", line, column)  # noqa: E731
    return replace(described("# little\n", **more), samples=(SampleText(kind, text, place),))


@pytest.mark.parametrize(("mask", "wrong"), [("<mask>", False), ("[MASK]", True)])
def test_masks_of_the_files_of_samples(mask: str, wrong: bool) -> None:
    model = sampled(f'{{"input_data": ["Paris is the {mask}."]}}', tokenizer={"mask_token": "<mask>"})
    found = findings(model, "CARD062")
    assert [(one.location.path, one.location.line) for one in found] == ([("input_example.json", 1)] if wrong else [])


@pytest.mark.parametrize(
    ("path", "text", "wrong"),
    [
        ("little/input_example.json", '{"inputs": ["a"]}', False),
        ("little/serving_input_example.json", '{"dataframe_split": {"columns": ["a"], "data": [["b"]]}}', False),
        ("little/sample_input.json", '{"inputs": ["a"]}', True),
        ("little/input_example.json", '{"input": ["a"]}', True),
    ],
)
def test_the_example_that_mlflow_kept_has_mlflow_s_form(path: str, text: str, wrong: bool) -> None:
    sample = SampleText("input", text, lambda line, column: Location(path, line, column))
    model = replace(described("# little\n", task="text-classification"), samples=(sample,))
    assert bool(findings(model, "SMPL006")) == wrong


def signed(inputs: str, outputs: str) -> Any:
    signature = json.dumps({"signature": {"inputs": inputs, "outputs": outputs}})
    return parse_yaml(signature, "MLmodel")[0]


TENSOR = '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]'
AGE = '[{"type": "KIND", "name": "age", "required": true}, {"type": "double", "name": "rooms", "required": true}]'


@pytest.mark.parametrize(("answer", "wrong"), [("[4.3]", False), ('["high"]', True), ("[[4.3]]", False)])
def test_texts_where_a_tensor_of_numbers_answers(answer: str, wrong: bool) -> None:
    model = replace(sampled(answer, "output", task="tabular-regression"), mlmodel=signed(AGE, TENSOR))
    assert bool(findings(model, "SMPL008")) == wrong


@pytest.mark.parametrize(("kind", "wrong"), [("double", False), ("string", True)])
def test_numbers_where_the_signature_takes_texts(kind: str, wrong: bool) -> None:
    rows = '{"input_data": {"columns": ["age", "rooms"], "index": [0], "data": [[41.0, 2.5]]}}'
    model = replace(sampled(rows, task="tabular-regression"), mlmodel=signed(AGE.replace("KIND", kind), TENSOR))
    assert bool(findings(model, "SMPL002")) == wrong


@pytest.mark.parametrize(
    ("numbered", "wrong"),
    [({"a": 0, "b": 1, "c": 2}, False), ({"a": 0, "c": 2}, True), ({"a": 0}, False), ({}, False)],
)
def test_a_label_without_a_number(numbered: Mapping[str, int], wrong: bool) -> None:
    assert bool([*label_mistakes({"id2label": {"0": "a", "1": "b", "2": "c"}, "label2id": numbered})]) == wrong


@pytest.mark.parametrize(
    ("name", "data", "wrong"),
    [
        ("tokenizer.json", b"{}", False),
        ("tokenizer.json", b"", True),
        ("special_tokens_map.json", b'\xef\xbb\xbf{"pad_token": "<pad>"}', True),
        ("special_tokens_map.json", b'{"pad_token": "<pad>"}', False),
        ("notes.json", b"\xef\xbb\xbf{}", False),
    ],
)
def test_files_that_json_refuses(tmp_path: Path, name: str, data: bytes, wrong: bool) -> None:
    (tmp_path / name).write_bytes(data)
    assert bool([*contradictions(WeightFiles({name: tmp_path / name}))]) == wrong


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("WhisperForConditionalGeneration", False), ("WhisperForConditonalGeneration", True), ("OfOurs", False)],
)
def test_a_class_that_transformers_does_not_have(name: str, wrong: bool) -> None:
    flavours = {"flavors": {"hftransformersv2": {"hf_pretrained_class": name}}}
    config = {"architectures": ["WhisperForConditionalGeneration"]}
    assert bool([*class_differences(flavours, config)]) == wrong


ADAPTER: dict[str, Any] = {"r": 16, "target_modules": ["q_proj", "v_proj"], "peft_type": "LORA"}


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("Layers adapted | `q_proj`, `v_proj`", False),
        ("Layers adapted | `q_proj`, `v_proj`, `gate_proj`", True),
        ("Precision of the weights | bfloat16", False),
        ("Precision of the weights | float32", True),
        ("Size of the adapter | 27 MB in bfloat16", False),
        ("Size of the adapter | 270 MB in bfloat16", True),
    ],
)
def test_rows_by_further_labels(row: str, wrong: bool) -> None:
    text = f"# little\n\n| Property | Value |\n|---|---|\n| {row} |\n| Trainable parameters | 13,631,488 |\n"
    model = described(text, config={"torch_dtype": "bfloat16", "model_type": "mistral"})
    model = replace(model, weights={"adapter_config.json": ADAPTER})
    assert bool(findings(model, "CARD063")) == wrong
