"""What MLmodel and the environment beside it say: signatures, classes, packages with their versions."""

from __future__ import annotations

import json

import pytest

from azureml_publish.content.packaging.mlflow_model import describe, mlmodel, settings_of, signature
from azureml_publish.content.packaging.transformers_facts import stated
from azureml_publish.spec import Mlflow, ModelSpec
from tests.checkpoints import BERT, VIT, Files, safetensors
from tests.unit.content.packaging.packaged import codes, package, refusal, required

JAPANESE = {"tokenizer_class": "BertJapaneseTokenizer", "word_tokenizer_type": "mecab"}


def _config(model_type: str, **more: object) -> Files:
    return {"config.json": {"model_type": model_type, **more}, "model.safetensors": safetensors("a")}


class TestEnvironment:
    @pytest.mark.parametrize(
        ("files", "task", "package_line"),
        [
            (VIT, "image-classification", "torchvision==0.24.0"),
            ({**BERT, "tokenizer_config.json": JAPANESE}, "fill-mask", "unidic-lite==1.0.8"),
            (
                {**BERT, "tokenizer_config.json": {**JAPANESE, "mecab_kwargs": {"mecab_dic": "ipadic"}}},
                "fill-mask",
                "ipadic==1.0.0",
            ),
            ({**_config("gpt2"), "tokenizer.json": {}}, "text-generation", "accelerate==1.11.0"),
            ({**_config("detr", use_timm_backbone=True)}, "object-detection", "timm==1.0.22"),
            (
                {**_config("bert", quantization_config={"quant_method": "bitsandbytes"})},
                "fill-mask",
                "bitsandbytes==0.48.2",
            ),
        ],
    )
    def test_what_a_model_needs_is_required_with_its_version(self, files: Files, task: str, package_line: str) -> None:
        assert package_line in required(files, task)

    @pytest.mark.parametrize(("torch", "vision"), [("2.9.1", "0.24.1"), ("2.13.0", "0.28.0"), ("2.4.1", "0.19.1")])
    def test_torchvision_goes_with_its_torch(self, torch: str, vision: str) -> None:
        assert f"torchvision=={vision}" in required(VIT, "image-classification", torch=torch)

    def test_a_package_without_a_known_version_must_be_named(self) -> None:
        files: Files = {**BERT, "config.json": {"model_type": "bert", "quantization_config": {"quant_method": "awq"}}}
        assert "requirements: [autoawq==VERSION]" in refusal(files)
        assert codes(files, requirements=["autoawq==0.2.9"]) == []

    def test_a_requirement_of_the_spec_stands_in_the_place_of_another(self) -> None:
        lines = required(VIT, "image-classification", requirements=["Torch_Vision==1", "torchvision==0.1", "einops"])
        assert [line for line in lines if "vision" in line.lower()] == ["torchvision==0.1", "Torch_Vision==1"]
        assert lines[-1] == "einops"

    @pytest.mark.parametrize(
        ("files", "dtype"),
        [({"dtype": "bfloat16"}, "bfloat16"), ({"torch_dtype": "float16"}, "float16"), ({}, "float16")],
    )
    def test_weights_are_loaded_in_their_own_type(self, files: dict[str, str], dtype: str) -> None:
        made = package(
            {**BERT, "config.json": {"model_type": "bert", **files}, "model.safetensors": safetensors("a", dtype="F16")}
        )
        assert made.facts is not None
        assert made.facts.dtype == dtype


SPEC = ModelSpec.model_validate(
    {
        "name": "little",
        "version": 1,
        "source": {"huggingface": "org/little", "revision": "0" * 40},
        "tasks": {"inference": "x"},
    }
)


@pytest.mark.parametrize(
    "task", sorted({*stated()["tasks"], *stated()["inference_tasks"], "chat-completion", "translation_en_to_de"})
)
def test_every_task_of_transformers_has_a_flavour(task: str) -> None:
    flavour = describe(task, settings_of(task), None)
    told = mlmodel(SPEC, flavour)
    assert flavour.task is not None
    assert told["flavors"]["transformers"]["instance_type"] == flavour.task.pipeline
    assert ("python_function" in told["flavors"]) == flavour.task.served
    assert told.get("signature", {}) == signature(flavour)
    for text in told.get("signature", {}).values():
        assert text is None or isinstance(json.loads(text), list)


def test_a_chat_is_served_by_mlflows_own_protocol() -> None:
    told = mlmodel(SPEC, describe("chat-completion", settings_of("chat-completion"), None))
    flavour = told["flavors"]["transformers"]
    assert (flavour["task"], flavour["inference_task"], told["metadata"]["task"]) == (
        "text-generation",
        "llm/v1/chat",
        "llm/v1/chat",
    )
    assert "messages" in told["signature"]["inputs"]


def test_a_signature_is_what_the_spec_says_and_has_params() -> None:
    written = Mlflow.model_validate(
        {
            "signature": {
                "inputs": [{"name": "image", "type": "binary"}],
                "outputs": [{"tensor": "float32", "shape": [-1, 3]}],
            },
            "params": {"top_k": 5, "temperature": 0.7, "stop": ["a"], "greedy": True},
        }
    )
    told = {
        key: json.loads(text or "null")
        for key, text in signature(describe("fill-mask", settings_of("fill-mask", written), None)).items()
    }
    assert told["inputs"] == [{"type": "binary", "name": "image", "required": True}]
    assert told["outputs"] == [{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 3]}}]
    assert [(one["name"], one["type"], one["shape"]) for one in told["params"]] == [
        ("top_k", "long", None),
        ("temperature", "double", None),
        ("stop", "string", [-1]),
        ("greedy", "boolean", None),
    ]
