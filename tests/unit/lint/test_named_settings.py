"""Labels of cards against the keys of settings that have their words; files and parts that other files name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.lint.cards.sample_values import columns_in_code
from azureml_publish.lint.engine import check
from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.lint.weights.indexes import index_mistakes
from azureml_publish.lint.weights.named_files import naming_mistakes
from azureml_publish.lint.weights.triton import triton_differences, triton_mistakes
from tests.unit.lint.test_across_files import CHECKS, codes, model

CLIP: dict[str, Any] = {
    "model_type": "clip",
    "projection_dim": 768,
    "text_config": {"hidden_size": 512, "projection_dim": 768, "num_hidden_layers": 12},
    "vision_config": {"hidden_size": 1024, "projection_dim": 768, "patch_size": 14},
}
T5: dict[str, Any] = {"model_type": "t5", "num_layers": 12, "num_decoder_layers": 12}
PATCHTST: dict[str, Any] = {"prediction_length": 24, "context_length": 96, "num_input_channels": 7, "tie_weights": True}
GPTQ: dict[str, Any] = {"bits": 4, "desc_act": False, "damp_percent": 0.1}
VAE: dict[str, Any] = {"_class_name": "AutoencoderKL", "latent_channels": 4, "sample_size": 1024}
SCHEDULER: dict[str, Any] = {"_class_name": "EulerDiscreteScheduler", "num_train_timesteps": 1000}
INDEX: dict[str, Any] = {
    "_class_name": "StableDiffusionPipeline",
    "scheduler": ["diffusers", "EulerDiscreteScheduler"],
    "vae": ["diffusers", "AutoencoderKL"],
    "safety_checker": [None, None],
}
PIPELINE = {"model_index.json": INDEX, "vae/config.json": VAE, "scheduler/scheduler_config.json": SCHEDULER}
UNET = {"unet/config.json": {"_class_name": "UNet2DConditionModel", "in_channels": 9}}
TABLE = "| Property | Value |\n| --- | --- |\n"
PARTS = "| Property | Image encoder | Text encoder |\n| --- | --- | --- |\n"


def files_of(root: Path, files: dict[str, Any]) -> WeightFiles:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(data if isinstance(data, str) else json.dumps(data))
    return WeightFiles({name: root / name for name in files})


@pytest.mark.parametrize(
    ("files", "card", "wrong"),
    [
        ({"config.json": CLIP}, f"{PARTS}| Projection | 512 | 512 |", True),
        (
            {"config.json": CLIP},
            f"{PARTS}| Projection | 768 | 512 |",
            False,
        ),  # one of the cells may be of something else
        ({"config.json": CLIP}, f"{PARTS}| Input | 224 pixels, patches of 32 | 77 tokens |", True),
        ({"config.json": CLIP}, "It reads patches of 14.", False),
        ({"config.json": CLIP}, "Unlike the small one with patches of 32, it sees details.", False),
        ({"config.json": T5}, f"{TABLE}| Encoder layers | 24 |", True),
        ({"config.json": T5}, f"{TABLE}| Encoder layers | 12 |", False),
        ({"config.json": PATCHTST}, f"{TABLE}| Horizon | 96 hours |", True),
        ({"config.json": PATCHTST}, f"{TABLE}| Forecast horizon | 24 hours |\n| Context | 96 hours |", False),
        ({"config.json": PATCHTST}, "- Channels: 12", True),
        ({"config.json": PATCHTST}, f"{TABLE}| Horizon | up to 96 hours |", False),
        ({"quantize_config.json": GPTQ}, f"{TABLE}| Act order | yes |", True),
        ({"quantize_config.json": GPTQ}, f"{TABLE}| Act order | no |\n| Damping | 0.1 |", False),
        ({"quantize_config.json": GPTQ}, f"{TABLE}| Damping | 0.01 |", True),
        ({"quantize_config.json": GPTQ}, f"{TABLE}| Damping | 10 % |", False),
        (PIPELINE, "| Part | Class |\n| --- | --- |\n| Autoencoder | `AutoencoderKL`, 16 latent channels |", True),
        (PIPELINE, "The autoencoder has 4 latent channels. Another one has 16 latent channels.", False),
        (PIPELINE, "`DDIMScheduler` with 1,000 steps.", True),
        (PIPELINE, "`EulerDiscreteScheduler` with 1,000 steps.", False),
        (PIPELINE, "For speed take `DPMSolverMultistepScheduler`.", False),
        (PIPELINE, f"{TABLE}| Samples | 12,000 |", False),  # which are no sample_size
        (PIPELINE, f"{TABLE}| Sample size | 512 |", True),
    ],
)
def test_a_label_is_held_against_the_key_with_its_words(
    tmp_path: Path, files: dict[str, Any], card: str, wrong: bool
) -> None:
    held = replace(model(f"Text.\n\n{card}\n"), content=files_of(tmp_path, files), config=files.get("config.json"))
    assert codes(held) == (["CARD063"] if wrong else [])


MODULES = [{"idx": 0, "path": "", "type": "T"}, {"idx": 1, "path": "1_Pooling", "type": "P"}]
VIT = {"config.json": {"model_type": "vit"}, "model.safetensors": "x"}


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        ({"python_env.yaml": "dependencies:\n- -r requirements.txt\n", "requirements.txt": "mlflow==2.16.2\n"}, ""),
        (
            {"python_env.yaml": "dependencies:\n- -r requirements-prod.txt\n", "requirements.txt": ""},
            "requirements-prod",
        ),
        (PIPELINE, ""),
        ({**PIPELINE, "model_index.json": {**INDEX, "scheduler": ["diffusers", "PNDMScheduler"]}}, "PNDMScheduler"),
        (
            {**PIPELINE, "model_index.json": {**INDEX, "text_encoder": ["transformers", "CLIPTextModel"]}},
            "text_encoder",
        ),
        ({**PIPELINE, **UNET}, "9 channels"),
        ({**PIPELINE, **UNET, "model_index.json": {**INDEX, "_class_name": "StableDiffusionInpaintPipeline"}}, ""),
        ({"modules.json": MODULES}, ""),
        ({"modules.json": [*MODULES, {"idx": 1, "path": "2_Normalize", "type": "N"}]}, "idx 1"),
        (VIT, "preprocessor_config.json"),
        ({**VIT, "preprocessor_config.json": {}}, ""),
        ({"config.json": {"model_type": "vit"}, "m/1/model.onnx": "x"}, ""),
        ({"quantize_config.json": GPTQ, "config.json": {"quantization_config": {**GPTQ, "bits": 8}}}, "bits"),
        ({"quantize_config.json": GPTQ, "config.json": {"quantization_config": GPTQ}}, ""),
    ],
)
def test_what_a_file_names_is_there_and_is_so(tmp_path: Path, files: dict[str, Any], wrong: str) -> None:
    found = [message for _, _, message in naming_mistakes(files_of(tmp_path, files))]
    assert (len(found) == 1 and wrong in found[0]) if wrong else not found


PBTXT = """\
name: "m"
platform: "onnxruntime_onnx"
output [ { name: "y" data_type: TYPE_FP32 dims: [ 2 ] label_filename: "l.txt" } ]
"""


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("", "", ""),
        ('name: "m"', 'name: "n"', "the folder"),
        ("l.txt", "labels.txt", "label_filename"),
        ("[ 2 ]", "[ 1000 ]", "1000 values"),
    ],
)
def test_what_triton_looks_for_is_there(tmp_path: Path, old: str, new: str, wrong: str) -> None:
    files = files_of(tmp_path, {"m/config.pbtxt": PBTXT.replace(old, new), "m/l.txt": "cat\ndog\n"})
    found = [message for _, _, message in triton_mistakes(files)]
    found += [message for _, message in triton_differences(files, "m/config.pbtxt")]
    assert (len(found) == 1 and wrong in found[0]) if wrong else not found


LABELS: dict[str, Any] = {"id2label": {"0": "can", "1": "glass", "2": "paper"}}
CLASSES = "| Index | Class |\n| ---: | --- |\n| 0 | can |\n| {} | glass |\n| {} | paper |"
TENSORS = "| Tensor | Type |\n| --- | --- |\n| `{}` | FP32 |\n| `y` | FP32 |"
PORTS = (
    'platform: "onnxruntime_onnx"\ninput [ { name: "x" data_type: TYPE_FP32 dims: [ 3 ] } ]\n'
    'output [ { name: "y" data_type: TYPE_FP32 dims: [ 2 ] } ]\n'
)


@pytest.mark.parametrize(
    ("files", "card", "wrong"),
    [
        ({"config.json": LABELS}, CLASSES.format(1, 2), False),
        ({"config.json": LABELS}, CLASSES.format(2, 1), True),
        ({"labels.txt": "can\nglass\npaper\n"}, CLASSES.format(2, 1), True),
        ({"labels.txt": "can\nglass\nmetal\n"}, CLASSES.format(2, 1), False),  # which are others, or of others
        ({"config.json": LABELS}, CLASSES.format(1, 2).replace("glass", "metal"), True),
        ({"config.json": LABELS}, "The three scores, in this order: can, paper and glass.", True),
        ({"config.json": LABELS}, "The three scores, in this order: `can`, `glass` and `paper`.", False),
        ({"config.json": LABELS}, "It has three labels: `can`, `glass` and `metal`.", True),
        ({"config.json": LABELS}, "It has three labels: paper, glass or can.", False),
        ({"config.json": {"hidden_size": 64}}, f"{TABLE}| Embedding size | 128 |", True),
        ({"config.json": {"hidden_size": 64, "embedding_size": 128}}, f"{TABLE}| Embedding size | 128 |", False),
        ({"m/config.pbtxt": PORTS}, TENSORS.format("x"), False),
        ({"m/config.pbtxt": PORTS}, TENSORS.format("input"), True),
        ({}, f"{TABLE}| Trees | 800 |\n\nThis model is an ensemble of 500 trees.", True),
        (
            {},
            f"{TABLE}| Trees | 800 |\n\nThis model is an ensemble of 800 trees; the version before had 500 trees.",
            False,
        ),
        ({}, f"{TABLE}| Trees | 800 |\n\nThe one before was an ensemble of 500 trees.", False),
        ({}, "The spec lists 12 languages.", True),
        ({}, "The spec lists 2 languages.", False),
        ({}, "It forecasts 48 hours ahead.", True),
        ({}, "It forecasts 24 hours ahead. The one before forecast 48 hours ahead.", False),
        ({}, "Format: ONNX, opset 11.", True),
        ({}, "Format: ONNX, opset 17.", False),
        ({}, "On the test set macro F1 is 0.88.", True),
        ({}, "| Measure | Value |\n| --- | --- |\n| Macro-F1 | 0.79 |", True),
        ({}, "On the test set macro F1 is 0.88, and 82.5 % on the new one.", False),
        ({}, "It makes images of 1024 x 1024 pixels.", True),
        ({}, "It makes images of 512 x 512 pixels, or of 1024 x 1024 pixels.", False),
    ],
)
def test_what_cards_say_in_several_places(tmp_path: Path, files: dict[str, Any], card: str, wrong: bool) -> None:
    held = model(f"Text.\n\n{card}\n")
    metadata = {**held.metadata, "languages": ["en", "de"], "summary": "It makes images of 512 x 512 pixels."}
    tags: dict[str, Any] = {"horizon_hours": "24", "opset": 17, "eval_macro_f1": "0.825"}
    config = files.get("config.json")
    held = replace(held, content=files_of(tmp_path, files), config=config, metadata=metadata, tags=tags)
    assert ("CARD063" in codes(held)) == wrong


UP, DOWN = ([f"model.layers.{number}.{part}.weight" for number in range(8)] for part in ("up", "down"))


@pytest.mark.parametrize(
    ("tensors", "wrong"),
    [
        ({f"model.layers.{n}.{part}.weight": "a" for n in range(8) for part in ("up", "down")}, False),
        (
            {
                f"model.layers.{n}.{part}.weight": "a"
                for n in range(8)
                for part in ("up", "down")
                if (n, part) != (3, "up")
            },
            True,
        ),
        ({f"model.layers.{n}.experts.0.up": "a" for n in range(1, 8)} | {"model.layers.0.up": "a"}, False),
        (
            {f"model.layers.{n}.ssm": "a" for n in range(0, 8, 2)} | {f"model.layers.{n}.q": "a" for n in range(8)},
            False,
        ),
    ],
)
def test_no_layer_of_an_index_lacks_a_tensor(tmp_path: Path, tensors: list[str], wrong: bool) -> None:
    index = {"metadata": {}, "weight_map": dict.fromkeys(tensors, "model-00001-of-00001.safetensors")}
    held = files_of(tmp_path, {"model.safetensors.index.json": index})
    found = [message for _, message in index_mistakes(held, "", "model.safetensors.index.json", index)]
    assert bool(found) == wrong


@pytest.mark.parametrize(
    ("card", "found"),
    [
        ("Its 151.3 million parameters, stored as 32-bit floats in 1.71 GB, are small.", ["CARD063"]),
        ("Its 427.6 million parameters, stored as 32-bit floats in 1.71 GB, are small.", []),
        ("# License\n\nThe Open RAIL++-M licence (`mit` on the Hub).", ["MATCH005"]),
        ("# License\n\nThe Open RAIL++-M licence (`openrail++` on the Hub).", []),
        ("# License\n\nThe CreativeML Open RAIL++-M licence (`creativeml-openrail-m` on the Hub).", ["MATCH005"]),
        ("The checkpoint here is [contoso/little-large](https://huggingface.co/contoso/little-large).", ["MATCH002"]),
        ("The checkpoint here is [contoso/little](https://huggingface.co/contoso/little).", []),
        ("It wraps the checkpoint [contoso/big](https://huggingface.co/contoso/big).", ["MATCH002"]),
        ("It runs at its full context of 128,000 tokens.", ["MATCH008"]),
        ("Llama 3.1 8B has a context of 128,000 tokens.", []),
    ],
)
def test_a_sentence_by_itself_and_against_the_spec(card: str, found: list[str]) -> None:
    held = model(f"Text.\n\n{card}\n")
    spec: dict[str, Any] = {"license": "openrail++", "textContextWindow": 8192, "huggingFaceModelId": "contoso/little"}
    assert codes(replace(held, metadata={**held.metadata, **spec})) == found


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ('row = {"width": 1.0, "length": 2.0, "depth": 3.0}', False),
        ('row = {"width": 1.0, "long": 2.0, "depth": 3.0}', True),
        ('row = {"width": 1.0, "length": 2.0, "depth": 3.0, "id": 7}', False),
        ('frame = DataFrame(rows, columns=["width", "depth", "len"])', True),
        ('settings = {"headers": 1, "timeout": 2}', False),
    ],
)
def test_columns_of_code_are_the_signatures(code: str, wrong: bool) -> None:
    held = model(f"Text.\n\n```python\n{code}\n```\n")
    assert bool(list(columns_in_code(held, ["width", "length", "depth"]))) == wrong


def test_the_summary_is_quoted_as_it_is_written() -> None:
    held = model("Text.\n\nThis model knows 100 topics.\n")
    held = replace(held, metadata={**held.metadata, "summary": "Tells 200 topics apart."})
    (found,) = [one for one in check(held, checks=CHECKS) if one.code == "CARD063"]
    assert found.message == "The summary says '200 topics', while the card says 100 topics."
