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
from azureml_publish.lint.weights.mlmodel import class_differences
from azureml_publish.lint.weights.parts import label_mistakes
from azureml_publish.lint.weights.settings import contradictions
from tests.unit.lint.assets import run, sound, write
from tests.unit.lint.cards_at_hand import described, findings

VIT: dict[str, Any] = {
    "architectures": ["ViTForImageClassification"],
    "model_type": "vit",
    "id2label": {"0": "a", "1": "b"},
}
SKLEARN = "import sklearn\nfrom sklearn.{} import GradientBoostingRegressor\n"
LOADS = "from transformers import AutoModel\nmodel = AutoModel.from_pretrained('org/little')\n"
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
        ("```python\nimport soundfile as sf\nx = 1\nsf.write('a', x)\n```\n", ""),
        ("```python\nimport soundfile as sf\nx = 1\nsoundfile.write('a', x)\n```\n", "CARD077"),
        ("```python\nimport onnxruntime_genai as og\nx = og.Model('a')\n```\n", ""),
        ("```python\nimport onnxruntime_genai as ort\nx = og.Model('a')\n```\n", "CARD077"),
        (f"```python\n{LOADS}x = read_image('a')\n```\n", "CARD077"),
        (f"```python\nfrom tools import read_image\n{LOADS}x = read_image('a')\n```\n", ""),
        ("```python\nimport time\nfor step in range(3):\n    do_step(step)\n```\n", ""),
        ("```python\nfrom transformers import OurProcessor\np = OurProcesor()\n```\n", "CARD077"),
        ('```bash\npip install "transformers>=4.27"\n```\n', ""),
        ('```bash\npip install "transformers=>4.27"\n```\n', "CARD077"),
        ("It hears 16 kHz (16,000 samples a second).\n", ""),
        ("It hears 16 kHz (1,600 samples a second).\n", "CARD072"),
        ("The area under the ROC curve is 0.781.\n", ""),
        ("The area under the ROC curve is 7.81.\n", "CARD071"),
        ("The AUC was 78.1 per cent.\n", ""),
        ("Read [Mr. TyDi][tydi].\n\n[tydi]: https://arxiv.org/abs/2108.08787\n", ""),
        ("Read [Mr. TyDi][tydi].\n", "CARD066"),
        ("```python\nprint('Das Haus ist gro\u00df')\n```\n", ""),
        ("```python\nprint('Das Haus ist gro\u00c3\u0178')\n```\n", "CARD040"),
    ],
)
def test_texts(text: str, code: str) -> None:
    codes = ("CARD027", "CARD040", "CARD065", "CARD066", "CARD071", "CARD072", "CARD075", "CARD077")
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


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("## Inputs and Outputs\n\n# Inputs\n\nA text.\n\n# Outputs\n\nA label.\n", ""),
        ("## Outputs\n\n# Inputs\n\nA text.\n", "CARD067"),
        ("## Status\n\n**Work in Progress — June 2025**\n", ""),
        ("## Results\n\n**Work in Progress — June 2025**\n", "CARD010"),
        ("```python\nfrom diffusers import StableDiffusion3Pipeline\n```\n", ""),
        ("```python\nfrom diffusers import StableDifusionPipeline\n```\n", "CARD077"),
        ("A line\r\nof many.\n", "CARD046"),
        ("[//]: <br> (room above the image)\n", ""),
        ("[one]: br (room above the image)\n", "CARD064"),
        ("## License\n\n- the code: MIT\n- the model: Apache 2.0\n", ""),
        ("## License\n\n- MIT\n- see also the notice\n", "MATCH005"),
        ("```python\npipe = AutoModel.from_pretrained('other/base-7b')\npipe.load_lora_weights('a')\n```\n", ""),
        ("```python\npipe = AutoModel.from_pretrained('other/base-7b')\n```\n", "CARD068"),
    ],
)
def test_what_strangers_write_is_let_pass_and_its_neighbour_is_not(text: str, code: str) -> None:
    codes = ("CARD010", "CARD046", "CARD064", "CARD067", "CARD068", "CARD077", "MATCH005")
    model = described(f"# little\n\nReads posts.\n\n{text}", "little")
    found = findings(replace(model, metadata={**model.metadata, "license": "apache-2.0"}), *codes)
    assert [one.code for one in found if one.severity != "info"] == ([code] if code else []), found


def test_a_card_that_ends_all_lines_alike_is_an_info() -> None:
    found = findings(described("# little\r\n\r\nReads posts.\r\n"), "CARD046")
    assert [str(one.severity) for one in found] == ["info"]


@pytest.mark.parametrize(("how", "wrong"), [("", True), (" (through inference extrapolation)", False)])
def test_a_context_that_the_line_says_how_to_stretch(how: str, wrong: bool) -> None:
    config: dict[str, Any] = {"max_position_embeddings": 4096, "model_type": "llama"}
    card = f"# little\n\nThis model:\n\n- Supports a 16k context length{how}\n"
    assert bool(findings(described(card, config=config, task="text-generation"), "MATCH008")) == wrong


@pytest.mark.parametrize(("more", "wrong"), [({}, False), ({"model_type": "vits"}, True)])
def test_a_number_as_text_in_the_settings_of_another_library(
    tmp_path: Path, more: Mapping[str, str], wrong: bool
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"resblock_decoder": "1", **more}), encoding="utf-8")
    assert bool([*contradictions(WeightFiles({"config.json": tmp_path / "config.json"}))]) == wrong


def test_a_pointer_of_git_lfs_is_called_one(tmp_path: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 12\n"
    write(tmp_path, {**sound(), "config.json": pointer})
    (message,) = (one.message for one in run(tmp_path).found if one.code == "DOC001")
    assert message == "config.json is a pointer of Git LFS in the place of JSON, so nothing can load it."


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


VISION = {"model_type": "qwen2_vl", "vision_config": {"patch_size": 14}}
MODULE = {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}


@pytest.mark.parametrize(
    ("name", "data", "wrong"),
    [
        ("preprocessor_config.json", {"patch_size": 14, "min_pixels": 3136, "max_pixels": 12845056}, False),
        ("preprocessor_config.json", {"patch_size": 16}, True),
        ("preprocessor_config.json", {"min_pixels": 12845056, "max_pixels": 3136}, True),
        ("preprocessor_config.json", {"image_processor_type": "Qwen2VLImageProcessorFast"}, False),
        ("preprocessor_config.json", {"image_processor_type": "Qwen2VLImageProcesor"}, True),
        ("generation_config.json", {"max_length": -1876}, True),
        ("generation_config.json", {"max_length": 1876}, False),
        ("modules.json", [MODULE], False),
        ("modules.json", [MODULE | {"type": "sentence_transformers.models.Polling"}], True),
        ("model.safetensors.index.json", {"metadata": {"total_size": 12}}, True),
        ("chat_template.json", {"chat_template": "{% for m in messages %}{{ m }}{% endfor %}"}, False),
        ("chat_template.json", {"chat_template": "{% for m in messages %}{{ m }}"}, True),
        ("config.json", VISION | {"image_token_id": 7, "video_token_id": 8}, False),
        ("config.json", VISION | {"image_token_id": 7, "video_token_id": 7}, True),
    ],
)
def test_settings_that_cannot_be_so(tmp_path: Path, name: str, data: Any, wrong: bool) -> None:
    places = {}
    for one, content in {"config.json": VISION, name: data}.items():
        places[one] = tmp_path / one
        places[one].write_text(json.dumps(content), encoding="utf-8")
    assert bool([*contradictions(WeightFiles(places))]) == wrong


@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        ("model.yaml", "container_path: ", "container_path: <TIMESTAMP>/", "PATH006"),
        ("model.yaml", "container_name: ", "container_name: Our_", "PATH006"),
        ("asset.yaml", "type: model", "type: model\nnmae: little", "SPEC035"),
        ("description.md", "", "\n\n> It will be retired on April 30, 2026.\n", "SPEC037"),
        ("description.md", "", "\n\n> It will be retired on April 30, 2027.\n", ""),
    ],
)
def test_folders_of_a_catalogue(tmp_path: Path, name: str, old: str, new: str, code: str) -> None:
    files = sound()
    date = "system_metadata:\n  deprecation:\n    inferenceRetirementDate: '2027-04-30'\n"
    files["spec.yaml"] = files["spec.yaml"].replace("system_metadata:\n", date)
    write(tmp_path / "a", {**files})
    before = {one.code for one in run(tmp_path / "a").found}
    assert old in files[name]
    files[name] = files[name].replace(old, new, 1) if old else files[name] + new
    write(tmp_path / "b", {**files})
    assert {one.code for one in run(tmp_path / "b").found} - before == ({code} if code else set())


HTML = "<table>\n<tr><th>Property</th><th>Value</th></tr>\n<tr><td>{}</td><td>{}</td></tr>\n</table>"


@pytest.mark.parametrize(("value", "wrong"), [("12", False), ("24", True)])
def test_rows_of_a_table_of_html(value: str, wrong: bool) -> None:
    model = described(f"# little\n\n{HTML.format('Layers', value)}\n", config={"num_hidden_layers": 12})
    assert bool(findings(model, "CARD063")) == wrong


@pytest.mark.parametrize(
    ("task", "key", "media", "wrong"),
    [
        ("text-to-speech", "outputModalities", ["audio"], False),
        ("text-to-speech", "outputModalities", ["text"], True),
        ("image-text-to-text", "inputModalities", ["text", "image"], False),
        ("image-text-to-text", "inputModalities", ["text"], True),
    ],
)
def test_media_that_a_task_cannot_do_without(task: str, key: str, media: list[str], wrong: bool) -> None:
    model = described("# little\n", task=task, finetune=())
    model = replace(model, metadata={**model.metadata, key: media})
    assert bool(findings(model, "MATCH015")) == wrong


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
