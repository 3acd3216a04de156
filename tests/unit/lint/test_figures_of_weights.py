"""Parameters, bytes, shards, quantisation and words of the configuration, against what cards and summaries say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from azureml_publish.documents import parse_yaml
from azureml_publish.lint.engine import Described
from azureml_publish.lint.weights.parameters import configured_bounds
from tests.unit.lint.test_across_files import codes, model

INDEX = "model.safetensors.index.json"
TABLE = "\n\n| Fact | Value |\n| --- | --- |\n"
MIXTURE: dict[str, Any] = {"model_type": "olmoe", "num_hidden_layers": 16, "hidden_size": 2048, "num_experts": 64}
MIXTURE |= {"intermediate_size": 1024, "num_attention_heads": 16, "num_experts_per_tok": 8, "vocab_size": 50304}
MIXTURE |= {"torch_dtype": "bfloat16", "hidden_act": "silu"}
SHARDS = {f"layer.{number}": f"model-0000{number}-of-00003.safetensors" for number in (1, 2, 3)}


def mixture(card: str, summary: str = "") -> Described:
    """A mixture of experts of 6.9 billion parameters in three files."""
    weights: dict[str, Any] = {INDEX: {"metadata": {"total_size": 13_838_323_712}, "weight_map": SHARDS}}
    about = {"summary": summary} if summary else {}
    return replace(model(f"{card}\n", "Owl-MoE", **about), config=MIXTURE, weights=weights)


@pytest.mark.parametrize(
    ("card", "found"),
    [
        ("Owl-MoE is a language model with 1.3 billion active and 46.7 billion total parameters.", "MATCH009"),
        ("Owl-MoE is a language model with 1.3 billion active and 6.9 billion total parameters.", None),
        ("A model.\n\nOwl-MoE has 7.9B parameters in all.", "MATCH009"),
        ("A model.\n\nOwl-MoE has 6.9B parameters in all.", None),
        ("A model.\n\nThe larger Owl-MoE-Plus has 46.7B parameters.", None),
        ("A family of models with 0.5B to 72B parameters.", None),
        (f"A model.{TABLE}| Total parameters | 6.9M |", "MATCH009"),
        (f"A model.{TABLE}| Total parameters | 6,919,161,856 |", None),
        (f"A model.{TABLE}| Active parameters | 13B |", "MATCH009"),
        (f"A model.{TABLE}| Activated parameters | 1.3B |", None),
        (f"A model.{TABLE}| Experts | 8 |", "CARD063"),
        (f"A model.{TABLE}| Experts per token | 2 |", "CARD063"),
        (f"A model.{TABLE}| Active experts | 8 of 64 |", None),
        ("A model.\n\nMixtral has 8 experts.", None),
        ("A model.\n\nOwlet-7B has 32 layers and 8 experts.", None),
        ("A model.\n\nThe 70B model needs 140 GB.", None),
        ("A model.\n\nThe tiny version takes 151 MB, the weights of it are 140 MB.", None),
        ("A model.\n\nEach token is routed to 2 of 64 experts.", "CARD063"),
        ("A model.\n\nIt activates 3B of its 7B parameters for each token.", "MATCH009"),
        ("A model.\n\nIt activates 1.3B of its 6.9B parameters for each token.", None),
        (f"A model.{TABLE}| Parameters | 6.9B |\n| Non-embedding parameters | 9B |", "MATCH009"),
        (f"A model.{TABLE}| Architecture | RoPE, GELU and RMSNorm |", "CARD063"),
        ("A model.\n\nThe model needs at least 1.4 GB of memory.", "CARD063"),
        ("A model.\n\nThe dense model before it was slower.", None),
        ("Owl-MoE is a dense language model.", "CARD063"),
        (f"A model.{TABLE}| Activation | GELU |", "CARD063"),
        (f"A model.{TABLE}| Activation function | SwiGLU |", None),
        (f"A model.{TABLE}| Weights on disk | 27.7 GB in 3 shards |", "CARD063"),
        (f"A model.{TABLE}| Weights | 13.8 GB (float16) |", "CARD063"),
        (f"A model.{TABLE}| Weights on disk | 12.9 GB in 4 shards |", "CARD063"),
        (f"A model.{TABLE}| Weights on disk | 12.9 GB in three shards |", None),
        (f"A model.{TABLE}| File size | 13.8 MB |", "CARD063"),
        ("A model.\n\nThe weights need about 140 GB of GPU memory.", "CARD063"),
        ("A model.\n\nThe weights need about 15 GB of GPU memory. In float32 the weights need 28 GB.", None),
        ("A model.\n\nThe model needs 80 GB of memory for training.", None),
    ],
)
def test_parameters_bytes_and_words(card: str, found: str | None) -> None:
    assert codes(mixture(card)) == ([found] if found else [])


@pytest.mark.parametrize(
    ("summary", "found"),
    [
        ("A chat model with 1B active and 7B total parameters.", None),
        ("A chat model with 70B parameters.", "MATCH009"),
        ("A dense chat model.", "CARD063"),
        ("A mixture-of-experts model, faster than a dense model.", None),
    ],
)
def test_the_summary_of_a_mixture_of_experts(summary: str, found: str | None) -> None:
    assert codes(mixture("A model.", summary)) == ([found] if found else [])


@pytest.mark.parametrize(("row", "wrong"), [("41.6B", True), ("41.6M", False), ("60 million", False)])
def test_parameters_by_the_bytes_that_mlflow_logged(row: str, wrong: bool) -> None:
    mlmodel = parse_yaml("model_size_bytes: 167398912\n", "MLmodel")[0]
    at_hand = replace(model(f"A model.{TABLE}| Parameters | {row} |\n"), config={"torch_dtype": "float32"})
    assert ("MATCH009" in codes(replace(at_hand, mlmodel=mlmodel))) is wrong


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("36.7 GB (float32)", True),
        ("36.7 MB (float32)", False),
        ("3 GB", False),
        ("18,400,000 bytes, float16", False),
        ("18,400,000 KB, float16", True),
        ("18,400,000 bytes, float32", True),
    ],
)
def test_the_size_of_an_adapter_by_its_parameters(row: str, wrong: bool) -> None:
    card = f"A model.{TABLE}| Trained parameters | 9.2M |\n| Adapter size | {row} |\n"
    assert ("CARD063" in codes(replace(model(card), weights={"adapter_config.json": {"r": 16}}))) is wrong


AWQ: dict[str, Any] = {"quant_method": "awq", "bits": 4, "group_size": 128}


@pytest.mark.parametrize(
    ("card", "wrong"),
    [
        ("A model, quantised from FP16 to INT8 with AutoAWQ.", True),
        ("A model, quantized to 4 bits with AWQ.", False),
        (f"A model.{TABLE}| Quantisation | GPTQ, 4 bits |", True),
        (f"A model.{TABLE}| Quantization method | AWQ |\n| Bits | 8 |", True),
        (f"A model.{TABLE}| Quantization | AWQ, 4 bits, group size 64 |", True),
        (f"A model.{TABLE}| Quantization | AWQ, INT4, group size 128 |", False),
        ("A model.\n\n```bash\nvllm serve org/owl --quantization gptq_marlin\n```", True),
        ("A model.\n\n```bash\nvllm serve org/owl --quantization awq_marlin\n```", False),
        ("A model.\n\nQuantisation to 8 bits costs a little accuracy.", True),
        ("A model.\n\nOther models are quantised with GPTQ to 8 bits.", False),
    ],
)
def test_quantisation_against_the_configuration(card: str, wrong: bool) -> None:
    config: dict[str, Any] = {"quantization_config": AWQ, "torch_dtype": "float16"}
    assert ("MATCH010" in codes(replace(model(f"{card}\n", "owl-AWQ"), config=config))) is wrong


@pytest.mark.parametrize(
    ("tags", "method", "found"),
    [
        ({"quantization": "awq", "bits": "4"}, "awq", 0),
        ({"quantization": "awq", "bits": "8"}, "awq", 1),
        ({"quantization": "gptq"}, "awq", 1),
        ({"quantization": "awq"}, "gptq", 1),  # once, at the name
    ],
)
def test_quantisation_of_tags_and_name(tags: dict[str, Any], method: str, found: int) -> None:
    config: dict[str, Any] = {"quantization_config": {**AWQ, "quant_method": method}}
    at_hand = replace(model("A model.\n", "owl-AWQ"), config=config, tags=tags)
    assert codes(at_hand).count("MATCH010") == found


@pytest.mark.parametrize(
    ("card", "wrong"),
    [
        ("A model.\n\nThe shortest side is at least 640 pixels.", True),
        ("A model.\n\nThe shortest side is at least 800 pixels, the largest side at most 1333 pixels.", False),
    ],
)
def test_sides_of_images(card: str, wrong: bool) -> None:
    weights = {"preprocessor_config.json": {"size": {"shortest_edge": 800, "longest_edge": 1333}}}
    at_hand = replace(model(f"{card}\n"), weights=weights)
    assert ("CARD063" in codes(at_hand)) is wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("It is made with LightGBM 3.3.5.", True),
        ("It is made with LightGBM 4.3.0.", False),
        ("Version 6 was made with LightGBM 3.3.5.", False),
        (f"It sorts.{TABLE}| Input columns | 8 |", True),
        (f"It sorts.{TABLE}| Input columns | 2 |", False),
    ],
)
def test_library_and_columns_of_mlmodel(text: str, wrong: bool) -> None:
    columns = '[{"type": "double", "name": "age"}, {"type": "long", "name": "sum"}]'
    written = f"flavors:\n  lightgbm: {{lgb_version: 4.3.0}}\nsignature:\n  inputs: '{columns}'\n"
    at_hand = replace(model(f"A model.\n\n{text}\n"), mlmodel=parse_yaml(written, "MLmodel")[0])
    assert ("CARD063" in codes(at_hand)) is wrong


BART = {"d_model": 1024, "encoder_layers": 12, "decoder_layers": 12, "encoder_ffn_dim": 4096, "num_hidden_layers": 12}
ALBERT = {"hidden_size": 768, "embedding_size": 128, "num_hidden_layers": 12, "intermediate_size": 3072}
ZAMBA = {"hidden_size": 3712, "num_hidden_layers": 76, "intermediate_size": 14848, "mamba_d_state": 16}
ERNIE = {"hidden_size": 2560, "num_hidden_layers": 28, "intermediate_size": 12288, "moe_num_experts": 64}


@pytest.mark.parametrize(
    ("config", "count"),
    [
        ({**BART, "model_type": "bart", "vocab_size": 50265}, 0.406e9),
        ({**BART, "model_type": "pegasus", "encoder_layers": 16, "decoder_layers": 16, "vocab_size": 96103}, 0.57e9),
        ({**BART, "model_type": "led", "vocab_size": 50265}, 0.46e9),
        ({**BART, "model_type": "whisper", "vocab_size": 51865, "architectures": ["WhisperForAudioClassification"]}, 0),
        ({**ALBERT, "model_type": "albert", "vocab_size": 30000}, 0),
        ({**ALBERT, "model_type": "electra", "vocab_size": 30522}, 0),
        ({**ZAMBA, "model_type": "zamba", "vocab_size": 32000}, 0),
        ({**ERNIE, "model_type": "ernie4_5_moe", "vocab_size": 103424}, 0),
        ({**ALBERT, "model_type": "squeezebert", "embedding_size": 768, "vocab_size": 30528}, 0),
    ],
)
def test_parameters_by_the_sizes_in_config_json(config: dict[str, Any], count: float) -> None:
    bounds = sorted(configured_bounds(config))
    assert bounds[0] * 0.9 <= count <= bounds[1] * 1.1
