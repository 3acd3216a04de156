"""Files of an environment by themselves, against MLmodel, and against what the weights are loaded by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import InvalidRequirement, Requirement

from azureml_publish.content.packaging.mlflow_folder import requirement_mistakes
from azureml_publish.lint.weights.environments import (
    Loaded,
    environment_mistakes,
    imports_missing,
    packages_missing,
    too_old,
    two_environments,
    version_differences,
)
from tests.unit.lint import assets

LISTED = "mlflow==2.16.2\ntransformers==4.44.2\ntorch==2.4.0\n"
CONDA = "dependencies:\n- python=3.10.13\n- pip<=24.0\n- pip:\n  - " + LISTED.strip().replace("\n", "\n  - ") + "\n"
V2 = {"pytorch_version": "2.4.0", "transformers_version": "4.44.2", "task_type": "chat-completion"}


@pytest.mark.parametrize(
    "line",
    [
        *("torch", "torch==2.4.0", "torch==2.4.0+cu118", "torch>=2,<3", "torch (>=2.0)", "torch==2.*", "torch~=2.0"),
        *("numpy==1.26.0rc1", "pytz==2026.1.post1", "a[b,c]~=1.0; python_version < '3.9'", "a @ https://b.c/d.whl"),
        *("torch=>2.6.0", "torch=2.6.0", "torch==latest", "torch==2.6.x", "torch==", "torch<>2", "torch=<2"),
    ],
)  # fmt: skip
def test_requirements_as_pip_reads_them(line: str) -> None:
    try:
        Requirement(line.partition(" #")[0])
        sound = True
    except InvalidRequirement:
        sound = False
    assert [*requirement_mistakes(line)] == [] if sound else len([*requirement_mistakes(line)]) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-e git+ssh://git@github.com/contoso/private.git#egg=private\n", "only people with access"),
        ("private @ git+ssh://git@dev.azure.com/a/b\n", "only people with access"),
        ("--extra-index-url https://pypi.contoso.internal/simple\na==1.0\n", "only people with access"),
        ("-e .\n", "only people with access"),
        ("-e /home/alice/a\n", "on somebody's own machine"),
        ("torch==2.4.0\ntorchvision==0.17.1\n", "torchvision 0.17 does not fit torch 2.4, which needs 0.19"),
        ("torch==2.4.0\ntorchaudio==2.2.1\n", "torchaudio 2.2 does not fit torch 2.4"),
        ("torch==2.4.0\ntorchvision==0.19.1\ntorchaudio==2.4.1\n", None),
        ("torch==1.13.1\ntorchvision==0.14.1\n", None),
        ("transformers @ git+https://github.com/huggingface/transformers\n", None),
        ("--extra-index-url https://download.pytorch.org/whl/cu118\ntorch==2.4.0+cu118\n", None),
        ("prefix-tuning==1.0\n", None),
        ("a @ git+https://oauth2@github.com/contoso/private.git\n", "only people with access"),
        ("python==3.7\nmlflow==2.14.1\n", "mlflow 2.14.1 needs Python 3.8, and Python is 3.7"),
    ],
)
def test_what_nobody_else_can_install(text: str, message: str | None) -> None:
    messages = [one.message for one in environment_mistakes({"requirements.txt": text})]
    assert len(messages) == (message is not None)
    assert all(message is not None and message in one for one in messages)


@pytest.mark.parametrize(
    ("mlmodel", "key"),
    [
        ({"flavors": {"hftransformersv2": V2}, "mlflow_version": "2.16.2"}, None),
        ({"flavors": {"hftransformersv2": V2}, "mlflow_version": "2.16"}, "mlflow_version"),
        ({"flavors": {"hftransformersv2": V2 | {"pytorch_version": "2.4.0+cu121"}}}, None),
        ({"flavors": {"hftransformersv2": V2 | {"pytorch_version": "2.1.0"}}}, "pytorch_version"),
        ({"flavors": {"hftransformersv2": V2 | {"transformers_version": "4.37.2"}}}, "transformers_version"),
        ({"flavors": {"python_function": {"python_version": "3.9.18"}}}, "python_version"),
        ({"flavors": {}, "mlflow_version": "2.4.1"}, "mlflow_version"),
        ({"flavors": {"sklearn": {"sklearn_version": "1.4.0"}}}, "sklearn_version"),  # which nothing installs
        ({"flavors": {"of_ours": {"keras_version": "3.1.0"}}}, None),
    ],
)
def test_versions_of_every_flavour(mlmodel: dict[str, Any], key: str | None) -> None:
    found = [path[-1] for path, _ in version_differences(mlmodel, {"conda.yaml": CONDA})]
    assert found == ([key] if key else [])


@pytest.mark.parametrize(
    ("requirements", "conda", "message"),
    [
        (LISTED, CONDA, ""),
        (LISTED + "sacremoses==0.1\n", CONDA, "requirements.txt installs sacremoses 0.1, conda.yaml does not."),
        (LISTED, CONDA + "  - peft==0.12.0\n", "conda.yaml installs peft 0.12.0, requirements.txt does not."),
        (LISTED, CONDA.replace("2.4.0", "2.1.0"), "requirements.txt installs torch 2.4.0, and conda.yaml 2.1.0."),
        (LISTED + "pandas==2.0\n", CONDA + "  - pandas>=2\n", ""),
        (LISTED + "gunicorn==22.0\n", CONDA + "  - -r more.txt\n", ""),
        ("mlflow\ncloudpickle==1.6.0\n", CONDA, ""),  # lists of two purposes
    ],
)  # fmt: skip
def test_the_two_lists_beside_mlmodel(requirements: str, conda: str, message: str) -> None:
    assert two_environments({"requirements.txt": requirements, "conda.yaml": conda}) == message


@pytest.mark.parametrize(
    ("settings", "package"),
    [
        ({"tokenizer": {"tokenizer_class": "MarianTokenizer"}}, "sentencepiece"),
        ({"tokenizer": {"tokenizer_class": "T5Tokenizer"}}, None),  # which has a fast one
        ({"config": {"quantization_config": {"quant_method": "awq"}}}, "autoawq"),
        ({"config": {"quantization_config": {"quant_method": "bitsandbytes"}}}, "bitsandbytes"),
        ({"config": {"model_type": "detr", "backbone": "resnet50"}}, "timm"),
        ({"config": {"model_type": "detr", "backbone": "resnet50", "use_timm_backbone": False}}, None),
        ({"prepared": {"image_processor_type": "ViTImageProcessor"}}, "pillow"),
        ({"adapter": True}, "peft"),
        ({"config": {"model_type": "llama"}}, None),
    ],
)
def test_what_the_weights_are_loaded_by(settings: dict[str, Any], package: str | None) -> None:
    nothing: dict[str, Any] = {"config": {}, "tokenizer": {}, "prepared": {}, "adapter": False}
    loaded = Loaded(**(nothing | settings))
    found = [one.message.split(",")[0] for one in packages_missing({"requirements.txt": LISTED}, loaded)]
    assert found == ([f"requirements.txt names no {package}"] if package else [])
    if package:
        assert [*packages_missing({"requirements.txt": f"{LISTED}{package}==1.0\n"}, loaded)] == []
    assert [*packages_missing({"requirements.txt": f"{LISTED}-r more.txt\n"}, loaded)] == []
    assert [*packages_missing({"requirements.txt": "torch==2.4.0\n"}, loaded)] == []


def test_transformers_that_does_not_know_the_type_yet() -> None:
    assert too_old("4.40.2", {"model_type": "olmoe"}) == (
        "transformers 4.40.2 does not know models of the type olmoe; 4.45 does."
    )
    assert too_old("4.45.0", {"model_type": "olmoe"}) == ""
    assert too_old("4.40.2", {"model_type": "olmoe", "auto_map": {"AutoModel": "a.B"}}) == ""


def test_in_folders_without_an_mlmodel(tmp_path: Path) -> None:
    folder = assets.write(tmp_path, {name: text for name, text in assets.sound().items() if name != "MLmodel"})
    (folder / "config.json").write_text(json.dumps({"model_type": "qwen3"}))
    (folder / "requirements.txt").write_text("transformers==4.44.2\ntorch=>2.4.0\n")
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    (folder / ".DS_Store").write_text("Bud1")
    found = [one for one in assets.run(tmp_path).found if one.code in ("MATCH016", "SPEC016")]
    assert sorted((one.location.path.rpartition("/")[2], one.location.line) for one in found) == [
        (".DS_Store", 1),
        ("model.safetensors", 1),
        ("requirements.txt", 1),
        ("requirements.txt", 2),
    ]


def test_the_list_for_pip_in_conda_yaml() -> None:
    for conda, messages in (
        (CONDA, []),
        (
            CONDA.replace("torch==2.4.0", "torch=2.4.0"),
            [(7, "conda.yaml: pip cannot read torch=2.4.0, which has one =.")],
        ),
        (CONDA.replace("- pip:", "- pip"), [(4, "conda.yaml has packages below `- pip` without a colon")]),
        (CONDA + "  - -r requirement.txt\n", [(8, "conda.yaml takes requirements from requirement.txt")]),
    ):
        found = environment_mistakes({"conda.yaml": conda, "requirements.txt": LISTED})
        assert [
            (one.line, one.message[: len(message)]) for one, (_, message) in zip(found, messages, strict=True)
        ] == messages


@pytest.mark.parametrize(
    "text", ["a==" + "1" * 60 + "!", "a==" + "1a" * 5000 + "!", " " * 20_000 + "x", "- " * 10_000 + "x"]
)
def test_texts_without_an_end_are_read_in_one_pass(text: str) -> None:
    assert len([*environment_mistakes({"requirements.txt": text, "conda.yaml": text})]) <= 2
    assert two_environments({"requirements.txt": text, "conda.yaml": text}) == ""


@pytest.mark.parametrize(
    ("source", "listed", "wrong"),
    [
        ("import xgboost\n", "mlflow==2.16.2\npandas==2.2.3\n", True),
        ("from PIL import Image\n", "mlflow==2.16.2\nnumpy==1.26.4\n", True),
        ("from PIL import Image\n", "mlflow==2.16.2\ntorchvision==0.19.1\n", False),
        ("import pandas\n", "mlflow==2.16.2\n", False),  # MLflow brings it
        ("    import xgboost\n", "mlflow==2.16.2\n", False),  # perhaps where there is one
        ("import xgboost\n", "numpy==1.26.4\n", False),  # not all that is installed
    ],
)
def test_packages_that_the_code_imports(source: str, listed: str, wrong: bool) -> None:
    assert bool(imports_missing({"requirements.txt": listed}, {"code/loader.py": source})) is wrong


def test_a_list_of_two_that_lacks_a_package() -> None:
    texts = {"requirements.txt": "mlflow==2.16.2\npandas==2.2.3\n"}
    texts["conda.yaml"] = "dependencies:\n- pip:\n  - mlflow==2.16.2\n"
    assert "pandas" in two_environments(texts)
