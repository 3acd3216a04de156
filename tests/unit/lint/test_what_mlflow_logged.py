"""What MLmodel and a tokenizer say against the name, the spec, the code and the sizes of a model."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.documents import parse_yaml
from azureml_publish.lint.weights.mlmodel import (
    class_differences,
    flavour_mistakes,
    logging_mistakes,
    pair_differences,
    pair_of_name,
    pairs_logged,
)
from tests.unit.lint import assets
from tests.unit.lint.cards_at_hand import described, findings
from tests.unit.lint.test_values_of_settings import INDEX, LLAMA

TODAY = date(2026, 11, 21)
LOGGED = {"mlflow_version": "2.16.2", "model_uuid": "8d5f4f3e2a1b4c6d9e7f0a1b2c3d4e5f"}
LOGGED |= {"utc_time_created": "2024-10-01 09:00:12.554310"}


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({}, None),
        ({"model_uuid": "8d5f4f3e-2a1b-4c6d-9e7f-0a1b2c3d4e5f"}, None),
        ({"model_id": "m-8d5f4f3e2a1b4c6d9e7f0a1b2c3d4e5f"}, None),
        ({"model_uuid": "8d5f4f3e2a1b4c6d9e7f0a1b2c3d4e"}, "model_uuid"),
        ({"utc_time_created": "2024-16-01 09:00:12"}, "utc_time_created"),
        ({"utc_time_created": "2027-03-01 09:00:12"}, "utc_time_created"),
        ({"utc_time_created": "2023-10-01 09:00:12"}, "utc_time_created"),  # before this version of MLflow
        ({"mlflow_version": "1.30.0"}, None),
        ({"mlflow_version": 2.16}, None),
        ({"mlflow_version": "of-ours", "utc_time_created": None}, None),
    ],
)  # fmt: skip
def test_when_and_by_what_it_was_logged(change: dict[str, Any], key: str | None) -> None:
    found = [path[-1] for path, _ in logging_mistakes(LOGGED | change, TODAY)]
    assert found == ([key] if key else [])


@pytest.mark.parametrize(
    ("auto", "task", "config", "wrong"),
    [
        ("AutoModelForCausalLM", "chat-completion", LLAMA, False),
        ("AutoModelForSequenceClassification", "chat-completion", {}, True),
        ("AutoModelForSequenceClassification", "of-ours", LLAMA, False),  # which llama has as well
        ("AutoModelForMaskedLM", "of-ours", LLAMA, True),
        ("AutoModel", "embeddings", LLAMA, False),
    ],
)
def test_the_class_of_azure_mls_flavour(auto: str, task: str, config: dict[str, Any], wrong: bool) -> None:
    flavour = {"hf_pretrained_class": auto, "task_type": task}
    named = config | ({"architectures": ["LlamaForSequenceClassification"]} if "Sequence" in auto else {})
    assert bool([*class_differences({"flavors": {"hftransformersv2": flavour}}, named)]) is wrong


def test_pairs_of_languages() -> None:
    data = {
        "flavors": {"transformers": {"task": "translation_en_to_fr"}},
        "metadata": {"base_model_task": "translation"},
    }
    assert [*pairs_logged(data)] == [(("flavors", "transformers", "task"), "en-fr")]
    assert pair_of_name("helsinki", "Helsinki-NLP/opus-mt-en-de") == "en-de"
    assert pair_of_name("t5-base") == ""
    for sound in ({"source_lang": "eng", "target_lang": "deu"}, {"src_lang": "en_XX", "tgt_lang": "de_DE"}, {}):
        assert [*pair_differences(sound, "en-de")] == []
    assert [key for key, _ in pair_differences({"source_lang": "eng", "target_lang": "fra"}, "en-de")] == [
        "target_lang"
    ]
    assert [key for key, _ in pair_differences({"src_lang": "deu_Latn"}, "en-de")] == ["src_lang"]
    assert [*pair_differences({"target_lang": "fra"}, "")] == []


@pytest.mark.parametrize(
    ("task", "architecture", "wrong"),
    [
        ("object-detection", "DetrForSegmentation", True),
        ("object-detection", "DetrForObjectDetection", False),
        ("image-segmentation", "DetrForSegmentation", False),
        ("automatic-speech-recognition", "WhisperForConditionalGeneration", False),
        ("object-detection", "OfItsOwn", False),
    ],
)
def test_the_class_of_the_weights_against_the_task(task: str, architecture: str, wrong: bool) -> None:
    model = replace(described("A model.\n", task=task, finetune=()), config={"architectures": [architecture]})
    assert bool(findings(model, "MATCH006")) is wrong


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("model = mlflow.lightgbm.load_model(path)", False),
        ("model = mlflow.pyfunc.load_model(path)", False),
        ("model = mlflow.xgboost.load_model(path)", True),
        ("mlflow.xgboost.autolog()", False),
    ],
)
def test_the_flavour_that_code_loads(code: str, wrong: bool) -> None:
    logged = parse_yaml("flavors:\n  lightgbm: {lgb_version: 4.3.0}\n  python_function: {}\n", "MLmodel")[0]
    model = replace(described(f"A model.\n\n```python\nimport mlflow\n{code}\n```\n"), mlmodel=logged)
    assert bool(findings(model, "CARD069")) is wrong


@pytest.mark.parametrize(
    ("size", "index", "wrong"),
    [
        (16_061_000_000, True, False),
        (16_061_000_000, False, False),
        (32_121_000_000, True, False),  # the folder may hold them twice
        (1_606_100_000, True, True),
        (1_606_100_000, False, True),
        (160_610_000_000, True, True),
        (160_610_000_000, False, False),
    ],
)
def test_the_size_that_was_logged(tmp_path: Path, size: int, index: bool, wrong: bool) -> None:
    files: dict[str, str | bytes] = {**assets.sound(), "MLmodel": f"flavors: {{a: {{}}}}\nmodel_size_bytes: {size}\n"}
    files |= {"config.json": json.dumps(LLAMA)}
    files |= {"model.safetensors.index.json": json.dumps(INDEX)} if index else {}
    assets.write(tmp_path, files)
    found = [one.message for one in assets.run(tmp_path).found if one.code == "MATCH011"]
    assert bool(found) is wrong


@pytest.mark.parametrize(("longest", "wrong"), [(4096, False), (2048, True), (10**30, False)])
def test_a_tokenizer_that_cuts_what_the_spec_promises(tmp_path: Path, longest: int, wrong: bool) -> None:
    spec = assets.sound()["spec.yaml"].replace("system_metadata:\n", "system_metadata:\n  textContextWindow: 4096\n", 1)
    tokenizer = json.dumps({"model_max_length": longest})
    assets.write(tmp_path, {**assets.sound(), "spec.yaml": spec, "tokenizer_config.json": tokenizer})
    found = [one.message for one in assets.run(tmp_path).found if "texts are cut" in one.message]
    assert bool(found) is wrong


FOUND = frozenset({"MLmodel", "model.pkl", "model/config.json", "components/tokenizer/tokenizer_config.json"})


@pytest.mark.parametrize(
    ("flavour", "settings", "key"),
    [
        ("python_function", {"loader_module": "mlflow.lightgbm", "data": "model.pkl", "model_binary": "model"}, None),
        ("python_function", {"loader_module": "mlflow.lighgbm"}, "loader_module"),
        ("python_function", {"loader_module": "of.ours"}, None),
        ("python_function", {"python_model": "python_model.pkl"}, "python_model"),  # beside model.pkl
        ("lightgbm", {"data": "model.txt"}, None),  # it may lie with the weights
        ("lightgbm", {"model_class": "xgboost.sklearn.XGBClassifier"}, "model_class"),
        ("lightgbm", {"model_class": "lightgbm.sklearn.LGBMClassifier", "serialization_format": "cloudpickle"}, None),
        ("lightgbm", {"serialization_format": "clodpickle"}, "serialization_format"),
        ("transformers", {"model_binary": "weights"}, "model_binary"),
        ("transformers", {"components": ["tokenizer"], "task": "fill-mask", "framework": "pt"}, None),
        ("transformers", {"components": ["tokenizer", "feature_extractor"]}, "components"),
        ("transformers", {"task": "text-classifcation"}, "task"),
        ("hftransformersv2", {"task_type": "chat-complettion"}, "task_type"),
    ],
)
def test_words_and_files_of_a_flavour(flavour: str, settings: dict[str, Any], key: str | None) -> None:
    found = [path[-1] for path, _ in flavour_mistakes({"flavors": {flavour: settings}}, FOUND, "model/config.json")]
    assert found == ([key] if key else [])


def test_how_an_example_lies_in_its_file() -> None:
    for orient, wrong in (("split", False), ("spilt", True)):
        data = {"flavors": {}, "saved_input_example_info": {"pandas_orient": orient}}
        assert bool([*flavour_mistakes(data, FOUND, "")]) is wrong


@pytest.mark.parametrize(
    ("python", "flavour", "key"),
    [
        ({"model_path": "model.pkl"}, {"pickled_model": "model.pkl"}, None),
        ({"model_path": "model.pkl"}, {"pickled_model": "forest.pkl"}, "pickled_model"),
        ({"data": "data", "code": "code"}, {"model_data": "data/", "code": "code"}, None),
        ({"data": "data", "code": "code"}, {"model_data": "weights", "code": None}, "model_data"),
        ({"data": "data", "code": "code"}, {"model_data": "data", "code": "src"}, "code"),
        ({"data": "data", "model_path": "m.pkl"}, {"pickled_model": "n.pkl"}, None),
    ],
)
def test_both_flavours_are_of_one_file(python: dict[str, Any], flavour: dict[str, Any], key: str | None) -> None:
    data = {"flavors": {"python_function": python, "sklearn": flavour}}
    assert [path[-1] for path, _ in flavour_mistakes(data, frozenset(), "")] == ([key] if key else [])


MLMODEL_BELOW = """artifact_path: model
flavors:
  python_function:
    env: {conda: conda.yaml, virtualenv: python_env.yaml}
    loader_module: mlflow.sklearn
    model_path: model.pkl
    python_version: 3.11.9
  sklearn: {pickled_model: model.pkl, serialization_format: cloudpickle, sklearn_version: 1.5.1}
mlflow_version: 2.15.1
saved_input_example_info: {artifact_path: input_example.json, pandas_orient: split, type: dataframe}
signature:
  inputs: '[{"type": "double", "name": "rooms", "required": true}, {"type": "double", "name": "age", "required": true}]'
"""
BELOW = {
    "model/MLmodel": MLMODEL_BELOW,
    "model/conda.yaml": "dependencies:\n- python=3.11.9\n- pip:\n  - mlflow==2.15.1\n  - scikit-learn==1.5.1\n",
    "model/python_env.yaml": "python: 3.11.9\ndependencies:\n- -r requirements.txt\n",
    "model/requirements.txt": "mlflow==2.15.1\nscikit-learn==1.5.1\n",
    "model/input_example.json": '{"columns": ["rooms", "age"], "data": [[4.5, 12.0]]}\n',
}


@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        ("model/MLmodel", "", "", ""),
        ("model/MLmodel", "sklearn_version: 1.5.1", "sklearn_version: 1.3.2", "MATCH012"),
        ("model/MLmodel", "conda: conda.yaml", "conda: conda.yml", "PKG014"),
        ("model/MLmodel", "input_example.json", "input_examples.json", "PKG014"),
        ("model/conda.yaml", "- pip:", " - pip:", "PKG014"),
        ("model/requirements.txt", "scikit-learn==1.5.1", "scikit-learn=1.5.1", "PKG014"),
        ("model/input_example.json", '"age"', '"years"', "SMPL002"),
    ],
)
def test_an_mlmodel_below_the_folder_is_the_model_s(tmp_path: Path, name: str, old: str, new: str, code: str) -> None:
    files = assets.sound() | BELOW
    del files["MLmodel"]
    files["model.yaml"] = files["model.yaml"].replace("custom_model", "mlflow_model")
    folder = assets.write(tmp_path, {name: text for name, text in files.items() if "/" not in name})
    (folder / "model").mkdir()
    for one, text in BELOW.items():
        (folder / one).write_text(text.replace(old, new) if one == name else text, encoding="utf-8")
    found = assets.run(tmp_path).found
    told = [(one.code, one.location.path) for one in found if "/model/" in one.location.path or one.code == "PATH005"]
    assert [one for one in told if one[0] != "SMPL005"] == ([(code, f"assets/little/{name}")] if code else []), found
