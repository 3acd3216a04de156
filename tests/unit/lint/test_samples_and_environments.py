"""Samples against signature and configuration, MLmodel against its environment, and names in commands."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.lint import assets
from tests.unit.lint.cards_at_hand import described, findings

MLMODEL = """flavors:
  python_function:
    env: {{conda: conda.yaml}}
    loader_module: {loader}
    python_version: 3.10.13
  sklearn:
    pickled_model: model.pkl
    sklearn_version: 1.4.2
mlflow_version: 2.12.2
signature:
  inputs: '[{{"type": "double", "name": "acid"}}, {{"type": "long", "name": "months"}},
    {{"type": "string", "name": "site"}}]'
  outputs: '[{{"type": "string", "name": "label"}}]'
"""
BUILT = MLMODEL.format(loader="mlflow.sklearn").replace("1.4.2", "1.4.0+cu128")
CODES = ("SMPL002", "SMPL003", "SMPL008", "MATCH012", "SPEC022")
OUTPUT = [{"label": "good"}]


def found(root: Path, **named: str) -> set[str]:
    """The codes of errors and warnings in a sound folder with further files that the sound one has not."""
    files: dict[str, str | bytes] = {**assets.sound(), "MLmodel": MLMODEL.format(loader="mlflow.sklearn"), **named}
    assets.write(root, files)
    return {
        one.code
        for one in assets.run(root).found
        if "/little/" in one.location.path and one.severity != "info" and one.code in CODES
    }


def card(columns: list[str], row: list[Any], output: Any = OUTPUT) -> str:
    given = {"input_data": {"columns": columns, "index": [0], "data": [row]}}
    samples = [("input", given), ("output", output)]
    return "A model.\n" + "".join(f"\n# Sample {name}\n\n```json\n{json.dumps(data)}\n```\n" for name, data in samples)


COLUMNS = ["acid", "months", "site"]


@pytest.mark.parametrize(
    ("columns", "row", "code"),
    [
        (COLUMNS, [7.0, 24, "north"], None),
        (COLUMNS, [7, 24.0, "north"], None),
        (COLUMNS, [None, 24, "north"], None),
        (COLUMNS, ["high", 24, "north"], "SMPL002"),
        (COLUMNS, [7.0, 24.5, "north"], "SMPL002"),
        (["acid", "month", "site"], [7.0, 24, "north"], "SMPL002"),
    ],
)
def test_values_against_the_signature(tmp_path: Path, columns: list[str], row: list[Any], code: str | None) -> None:
    example = json.dumps({"columns": COLUMNS, "data": [[7.0, 24, "north"]]})
    files = {"description.md": card(columns, row), "input_example.json": example}
    assert found(tmp_path, **files) == ({code} if code else set())


def test_the_example_that_mlflow_keeps_against_the_signature(tmp_path: Path) -> None:
    example = json.dumps({"columns": ["acid", "months"], "data": [[7.0, 24]]})
    files = {"description.md": card(COLUMNS, [7.0, 24, "north"]), "input_example.json": example}
    assert found(tmp_path, **files) == {"SMPL002"}
    files["input_example.json"] = json.dumps({"columns": COLUMNS, "data": [[7.0, 24, "north", 3]]})
    assert found(tmp_path, **files) == {"SMPL003"}


@pytest.mark.parametrize(
    ("labels", "shown", "wrong"),
    [
        ({"0": "GOOD", "1": "BAD"}, "good", False),
        ({"0": "GOOD", "1": "BAD"}, "fair", True),
        ({"0": "LABEL_0", "1": "LABEL_1"}, "fair", False),
    ],
)
def test_labels_against_the_configuration(tmp_path: Path, labels: dict[str, str], shown: str, wrong: bool) -> None:
    text = card(COLUMNS, [7.0, 24, "north"], [{"label": shown}])
    files = {"description.md": text, "config.json": json.dumps({"id2label": labels})}
    assert ("SMPL008" in found(tmp_path, **files)) is wrong


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        ({"requirements.txt": "mlflow==2.12.2\nscikit-learn==1.4.2\n"}, False),
        ({"requirements.txt": "scikit-learn==1.1.3\n"}, True),
        ({"MLmodel": BUILT, "requirements.txt": "scikit-learn==1.4\n"}, False),
        ({"MLmodel": BUILT, "requirements.txt": "scikit-learn==1.5\n"}, True),
        ({"requirements.txt": "scikit-learn>=1.1.3\nscikit-learn-extra==0.3\n"}, False),
        ({"conda.yaml": "dependencies:\n- python=3.10.5\n- pip:\n  - scikit-learn==1.4.2\n"}, False),
        ({"conda.yaml": "dependencies:\n- python=3.8.5\n"}, True),
        ({"python_env.yaml": "python: 3.9.18\n"}, True),
        ({"requirements.txt": "mlflow==2.12.2\ncloudpickle==3.0.0\n"}, True),
        ({"requirements.txt": "mlflow==2.12.2\nscikit_learn==1.4.2\n"}, False),
        ({"requirements.txt": "mlflow==2.12.2\n-r more.txt\n"}, False),
        ({"requirements.txt": "mlflow==2.12.2\nimbalanced-learn==0.12\n"}, False),
        ({"requirements.txt": "mlflow==2.12.2\npycaret==3.3.2\n"}, False),
        ({"requirements.txt": "cloudpickle==3.0.0\n"}, False),  # the rest may be in the image
        ({"conda.yaml": "dependencies:\n- python=3.10.5\n- pip:\n  - mlflow==2.12.2\n"}, True),
        ({"MLmodel": MLMODEL.format(loader="mlflow.sklearn") + "utc_time_created: '2043-05-16 08:19:09'\n"}, True),
        ({"MLmodel": MLMODEL.format(loader="mlflow.sklearn") + "utc_time_created: '2024-05-16 08:19:09'\n"}, False),
        ({"MLmodel": MLMODEL.format(loader="mlflow.xgboost")}, True),
        ({"MLmodel": MLMODEL.format(loader="mlflow.pyfunc.model")}, False),
    ],
)
def test_mlmodel_against_its_environment(tmp_path: Path, files: dict[str, str], wrong: bool) -> None:
    text = card(COLUMNS, [7.0, 24, "north"])
    assert found(tmp_path, **{"description.md": text, **files}) == ({"MATCH012"} if wrong else set())


TABLE = (
    "| Column | Type | Unit |\n| --- | --- | --- |\n| acid | double | g |\n| months | int | - |\n| site | text | - |\n"
)


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("acid", "acidity", True),
        ("| months | int |", "| `months` | string |", True),
        ("| site | text |", "| site | double |", True),
        ("| months | int |", "| months | Integer |", False),
        ("| months | int |", "| months | as you like |", False),
        ("| site | text | - |\n", "| site | text | - |\n| quality | int | what is predicted |\n", False),
        ("| site | text | - |\n", "", False),  # the rest may be said elsewhere
        ("Column | Type", "Measure | Type", False),
        ("acid | double | g |\n| months | int | - |\n| site", "red | double | g |\n| green | int | - |\n| blue", False),
    ],
)
def test_a_table_of_columns_against_the_signature(tmp_path: Path, old: str, new: str, wrong: bool) -> None:
    text = card(COLUMNS, [7.0, 24, "north"]).replace("A model.", f"A model.\n\n{TABLE.replace(old, new)}", 1)
    assert found(tmp_path, **{"description.md": text}) == ({"SMPL002"} if wrong else set())


ONE_FILE = "flavors: {python_function: {loader_module: mlflow.sklearn, env: conda.yml}}\n"
BOTH = ONE_FILE.replace("conda.yml", "{conda: conda.yaml, virtualenv: python_env.yaml}")
EXAMPLE = f"{MLMODEL.format(loader='mlflow.sklearn')}saved_input_example_info:\n  artifact_path: example.json\n"
CONFLICT = "<<<<<<< HEAD\na==1.0\n=======\na==2.0\n>>>>>>> main\n"


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"conda.yaml": "dependencies:\n- pip\n  :\n  - a==1.0\n"}, "PKG014"),
        ({"python_env.yaml": "python: [3.10.13\n"}, "PKG014"),
        ({"conda.yaml": "dependencies:\n- pip:\n  - a==1.0\n"}, None),
        ({"requirements.txt": "a\n", "python_env.yaml": "python: 3.10.13\n"}, "PKG014"),  # and no conda.yaml
        ({"MLmodel": BOTH, "requirements.txt": "a\n", "conda.yaml": "dependencies: [pip]\n"}, None),  # it goes back
        ({"MLmodel": BOTH, "requirements.txt": "a\n", "python_env.yaml": "python: 3.10.13\n"}, "PKG014"),
        ({"requirements.txt": "a\n"}, None),  # the rest may lie with the weights
        ({"MLmodel": ONE_FILE, "conda.yaml": "dependencies: [pip]\n"}, "PKG014"),  # and no conda.yml
        ({"MLmodel": ONE_FILE, "conda.yml": "dependencies: [pip]\n"}, None),
        ({"requirements.txt": "a @ file:///home/alice/a.whl\n"}, "PKG014"),
        ({"requirements.txt": "-e /Users/alice/code/a\n"}, "PKG014"),
        ({"conda.yaml": "dependencies:\n- pip:\n  - 'a[b] @ file:///C:/a.whl'\nprefix: /home/alice/env\n"}, "PKG014"),
        ({"conda.yaml": "dependencies:\n- pip:\n  - a==1.0\nprefix: /home/alice/env\n"}, "PKG014"),
        ({"requirements.txt": "./wheels/a.whl\na @ https://contoso.com/home/a.whl\n"}, None),
        ({"MLmodel": EXAMPLE, "input_example.json": "{}"}, "PKG014"),
        ({"MLmodel": EXAMPLE, "example.json": "{}", "serving_input_example.json": "{}"}, None),
        ({"MLmodel": EXAMPLE}, None),  # it may lie with the weights
        ({"conda.yaml": CONFLICT}, "CARD058"),
        ({"requirements.txt": CONFLICT}, "CARD058"),
        ({"handler.py": CONFLICT}, "CARD058"),
        ({"vocab.txt": CONFLICT}, None),
        ({"requirements.txt": "# <<<<<<< HEAD\na\n"}, None),
        ({"merge.py": "MARKS = '<<<<<<< >>>>>>>'\n"}, None),
    ],
)
def test_files_beside_mlmodel(tmp_path: Path, files: dict[str, str], code: str | None) -> None:
    folder = assets.write(tmp_path, {**assets.sound(), "MLmodel": MLMODEL.format(loader="mlflow.sklearn"), **files})
    reported = [one for one in assets.run(tmp_path).found if one.code in ("PKG014", "CARD058")]
    assert [one.code for one in reported] == ([code] if code else [])
    assert all((tmp_path / one.location.path).parent == folder for one in reported)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"temperature": 0.7, "top_p": 1, "max_new_tokens": 5}, False),
        ({"temperature": "0.7"}, True),
        ({"temperature": 70}, True),
        ({"top_p": 8}, True),
        ({"stop": "a"}, False),
        ({"max_new_tokens": 100_000}, True),
        ({"max_new_tokens": 8192}, False),
    ],
)
def test_parameters_of_generation(values: dict[str, Any], wrong: bool) -> None:
    text = json.dumps({"input_data": {"input_string": [{"role": "user", "content": "a"}], "parameters": values}})
    model = described(f"A model.\n\n# Sample input\n\n```json\n{text}\n```\n", task="chat-completion")
    model = replace(model, metadata={**model.metadata, "textContextWindow": 8192})
    assert bool(findings(model, "SMPL006")) is wrong


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ('{"user": "<|user|>{Content}<|end|>", "prompt": "<|user|>{Content}<|end|>"}', False),
        ('{"user": "<|user|>{Content}<|end|>", "prompt": "<|user|><|end|>"}', True),
        ('{"user": "<|user|>{Content}<|end|>" "prompt": "<|user|>{Content}<|end|>"}', True),
        ('{"system": "You help.", "prompt": "{Content}"}', False),
        ("{% for message in messages %}{{ message['content'] }}{% endfor %}", False),
    ],
)
def test_templates_of_prompts(written: str, wrong: bool) -> None:
    model = described("A model.\n")
    model = replace(model, metadata={**model.metadata, "promptTemplate": written})
    assert bool(findings(model, "GATE002")) is wrong


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ("vllm serve Qwen/Qwen2.5-72B-Instruct", True),
        ("vllm serve Qwen/Qwen2.5-7B-Instruct", False),
        ('curl -d \'{"model": "Qwen/Qwen2-7B-Instruct"}\' https://e.com', True),
        ("az ml model show --name Qwen2.5-14B-Instruct --registry-name azureml", True),
        ("hf download Qwen/Qwen2.5-7B-Instruct-GGUF", False),
        ("model: azureml://registries/azureml/models/Qwen2.5-14B-Instruct/versions/4", True),
        ("model: azureml://registries/azureml/models/Qwen2.5-7B-Instruct/versions/4", False),
        ("model: azureml://registries/azureml/models/Qwen2.5-7B-Instruct/versions/5", True),
        ("vllm serve Qwen/Qwen2.5-7B-Insturct", True),
        ("vllm serve Qewn/Qwen2.5-7B-Instruct", False),
        ("python train.py --model bert-base-cased", False),
    ],
)
def test_names_in_commands(command: str, wrong: bool) -> None:
    model = described(f"A model.\n\n```text\n{command}\n```\n", "Qwen2.5-7B-Instruct")
    model = replace(model, version=4, metadata={**model.metadata, "huggingFaceModelId": "Qwen/Qwen2.5-7B-Instruct"})
    assert bool(findings(model, "CARD027")) is wrong


@pytest.mark.parametrize(
    ("task", "code", "wrong"),
    [
        ("question-answering", 'pipeline("question-answering", model="a/b")', False),
        ("question-answering", 'pipeline("text-classification", model="a/b")', True),
        ("question-answering", 'pipeline(task="feature-extraction", model="a/b")', False),
        ("text-classification", 'pipeline("sentiment-analysis", model="a/b")', False),
        ("chat-completion", 'pipeline("text-generation", model="a/b")', False),
        ("chat-completion", 'pipeline("my-own-task", model="a/b")', False),
        ("chat-completion", 'pipeline("fill-mask")\npipeline("text-generation")', False),
    ],
)
def test_pipelines_in_code(task: str, code: str, wrong: bool) -> None:
    model = described(f"A model.\n\n```python\n{code}\n```\n", task=task, finetune=())
    assert bool(findings(model, "CARD069")) is wrong


@pytest.mark.parametrize(
    ("classes", "wrong"),
    [(["BertForMaskedLM"], False), (["BertForPreTraining"], False), (["RobertaForMaskedLM"], True), ([], False)],
)
def test_the_class_of_mlmodel_against_the_configuration(tmp_path: Path, classes: list[str], wrong: bool) -> None:
    loaded = MLMODEL.format(loader="mlflow.transformers").replace("  sklearn:", "  transformers:")
    loaded = loaded.replace("    sklearn_version: 1.4.2", "    pipeline_model_type: BertForMaskedLM")
    files = {"MLmodel": loaded, "config.json": json.dumps({"architectures": classes})}
    assert ("MATCH012" in found(tmp_path, **files)) is wrong


@pytest.mark.parametrize(
    ("logged", "own", "wrong"),
    [
        ("RobertaTokenizerFast", "BertTokenizer", True),
        ("BertTokenizerFast", "BertTokenizer", False),
        ("BertTokenizerFast", "PreTrainedTokenizerFast", False),
        ("BertTokenizerFast", None, False),
    ],
)
def test_the_tokenizer_of_mlmodel_against_its_settings(tmp_path: Path, logged: str, own: Any, wrong: bool) -> None:
    loaded = MLMODEL.format(loader="mlflow.transformers").replace("  sklearn:", "  transformers:")
    loaded = loaded.replace("    sklearn_version: 1.4.2", f"    tokenizer_type: {logged}")
    files = {"MLmodel": loaded, "tokenizer_config.json": json.dumps({"tokenizer_class": own} if own else {})}
    assert ("MATCH012" in found(tmp_path, **files)) is wrong


@pytest.mark.parametrize(
    ("base", "tuned", "wrong"),
    [("summarization", "false", True), ("summarization", "true", False), ("fill-mask", "false", False)],
)
def test_the_task_of_the_base_in_mlmodel(tmp_path: Path, base: str, tuned: str, wrong: bool) -> None:
    metadata = f"metadata:\n  base_model_task: {base}\n  is_finetuned_model: {tuned}\n"
    files = {"MLmodel": MLMODEL.format(loader="mlflow.sklearn") + metadata}
    assert ("SPEC022" in found(tmp_path, **files)) is wrong


@pytest.mark.parametrize(("score", "wrong"), [(0.99, False), (1, False), (9.99, True)])
def test_a_score_is_a_probability(tmp_path: Path, score: float, wrong: bool) -> None:
    text = card(COLUMNS, [7.0, 24, "north"], [{"label": "GOOD", "score": score}])
    spec = assets.sound()["spec.yaml"]
    assert isinstance(spec, str)
    files = {"description.md": text, "spec.yaml": spec.replace("fill-mask", "text-classification")}
    files["config.json"] = json.dumps({"id2label": {"0": "GOOD", "1": "BAD"}})
    assert ("SMPL008" in found(tmp_path, **files)) is wrong


@pytest.mark.parametrize(
    ("task", "names", "wrong"),
    [
        ("object-detection", ["DetrForSegmentation"], True),
        ("object-detection", ["DetrForObjectDetection"], False),
        ("object-detection", ["DetrForSegmentation", "DetrForObjectDetection"], False),
        ("object-detection", ["DetrModel"], False),
        ("question-answering", ["AutoModelForTokenClassification"], True),
        ("chat-completion", ["AutoModelForImageTextToText"], False),
        ("chat-completion", ["OtherForTokenClassification"], False),
        ("embeddings", ["BertForMaskedLM"], False),
        ("sentence-similarity", ["AutoModelForSequenceClassification"], False),
    ],
)
def test_classes_in_code_against_the_task(task: str, names: list[str], wrong: bool) -> None:
    code = "\n".join(f'model = {name}.from_pretrained("a/b")' for name in names)
    model = described(f"A model.\n\n```python\n{code}\n```\n", task=task, finetune=())
    assert bool(findings(model, "CARD069")) is wrong
    same = {"architectures": ["DetrForSegmentation", "BertForTokenClassification"]}
    assert not findings(replace(model, config=same), "CARD069")


def test_columns_and_data_of_another_server() -> None:
    text = json.dumps({"columns": ["a", "b"], "data": [1, 2]})
    model = described(f"A model.\n\n# Sample input\n\n```json\n{text}\n```\n")
    assert not findings(model, "SMPL003")


TEN = MLMODEL.format(loader="mlflow.sklearn").replace("3.10.13", "3.10")


@pytest.mark.parametrize(
    ("mlmodel", "conda", "pinned", "wrong"),
    [
        (TEN, "- python=3.10\n", "", False),  # a number to YAML, which is 3.1
        (TEN, "- python=3.11\n", "", True),
        (TEN, "- python=3\n", "", False),
        (TEN, "- pip:\n  - scikit-learn==1.4.*\n", "", False),
        (TEN, "- pip:\n  - scikit-learn==1.5.*\n", "", True),
        (TEN, "- pip:\n  - scikit-learn==1.4\n", "", True),
        (TEN, "- scikit-learn=1.4\n", "", False),
        (TEN, "- pip:\n  - scipy==1.10.1\n", "scipy==1.11.0\n", True),
        (TEN, "- pip:\n  - scipy==1.10.1\n", 'scipy==1.11.0; python_version > "3.11"\n', False),
        (TEN, "- pip:\n  - scipy==1.10.*\n", "scipy==1.10.1\n", False),
    ],
)
def test_versions_as_they_are_written(tmp_path: Path, mlmodel: str, conda: str, pinned: str, wrong: bool) -> None:
    files = {"MLmodel": mlmodel, "conda.yaml": f"dependencies:\n{conda}", "requirements.txt": pinned}
    assert ("MATCH012" in found(tmp_path, **files)) is wrong
