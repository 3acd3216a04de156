"""Builds for ONNX Runtime: genai_config.json, variantInfo, tags, path and card against each other and the weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.diagnostics import Location
from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.lint.weights.settings import contradictions
from tests.unit.lint.test_across_files import codes, model

CONFIG: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_attention_heads": 4,
    "num_hidden_layers": 4,
    "vocab_size": 320,
}
CONFIG |= {"max_position_embeddings": 2048, "num_key_value_heads": 2, "bos_token_id": 1, "eos_token_id": 2}
DECODER: dict[str, Any] = {
    "hidden_size": 64,
    "num_attention_heads": 4,
    "num_hidden_layers": 4,
    "num_key_value_heads": 2,
}
DECODER |= {"filename": "model.onnx", "session_options": {"provider_options": []}}
MODEL: dict[str, Any] = {
    "type": "llama",
    "vocab_size": 320,
    "context_length": 2048,
    "bos_token_id": 1,
    "eos_token_id": [2, 7],
}
LAYERS = {
    f"model.layers.{layer}.{part}.weight": "a.safetensors" for layer in range(5) for part in ("norm", "up", "down")
}


def contradicted(root: Path, **files: dict[str, Any] | str) -> list[str]:
    for name, data in files.items():
        (root / name.replace("__", ".")).write_text(data if isinstance(data, str) else json.dumps(data))
    places = {path.name: path for path in root.iterdir()}
    return [one.key for one in contradictions(WeightFiles(places))]


@pytest.mark.parametrize(
    ("part", "change", "key"),
    [
        ("model", {}, None),
        ("model", {"context_length": 4096}, "context_length"),
        ("model", {"context_length": 1024}, "max_length"),
        ("model", {"vocab_size": 64}, "vocab_size"),
        ("model", {"eos_token_id": 32007}, "eos_token_id"),
        ("model", {"bos_token_id": 3}, "bos_token_id"),
        ("model", {"type": "phi3"}, "type"),
        ("decoder", {"num_hidden_layers": 8}, "num_hidden_layers"),
        ("decoder", {"head_size": 24}, "head_size"),
        ("decoder", {"head_size": 16}, None),
        ("decoder", {"filename": "model.gguf"}, "filename"),
        ("decoder", {"num_key_value_heads": 4}, "num_key_value_heads"),
        ("decoder", {"filename": "decoder.onnx"}, "filename"),
        ("search", {"max_length": 4096}, "max_length"),
        ("search", {"min_length": 2049}, "min_length"),
        ("search", {"max_length": 512}, None),
    ],
)  # fmt: skip
def test_settings_of_generate_against_the_weights(
    tmp_path: Path, part: str, change: dict[str, Any], key: str | None
) -> None:
    parts: dict[str, dict[str, Any]] = {"model": MODEL, "decoder": DECODER, "search": {"max_length": 2048}}
    parts[part] = parts[part] | change
    genai = {"model": {**parts["model"], "decoder": parts["decoder"]}, "search": parts["search"]}
    found = contradicted(tmp_path, genai_config__json=genai, config__json=CONFIG, model__onnx="x")
    assert found == ([key] if key else [])


@pytest.mark.parametrize(
    ("taken", "wrong"),
    [
        ((), False),
        (("model.layers.4.up.weight",), True),
        (("model.layers.2.norm.weight", "model.layers.2.up.weight", "model.layers.2.down.weight"), True),
        (("model.layers.1.up.weight", "model.layers.3.up.weight"), False),  # every other layer has one
    ],
)
def test_a_tensor_that_all_other_layers_have(tmp_path: Path, taken: tuple[str, ...], wrong: bool) -> None:
    held = {name: shard for name, shard in LAYERS.items() if name not in taken}
    assert contradicted(tmp_path, model__safetensors__index__json={"weight_map": held}) == ["weight_map"] * wrong


BUILD: dict[str, Any] = {"device": "cpu", "executionProvider": "CPUExecutionProvider", "quantization": ["RTN"]}
CARD = "- **Quantization:** int4, RTN\n- **Device:** CPU\n"


@pytest.mark.parametrize(
    ("build", "tags", "card", "found"),
    [
        ({}, {}, CARD, []),
        ({}, {}, CARD.replace("CPU", "CUDA GPU"), ["MATCH010"]),
        ({}, {}, CARD.replace("int4", "int8"), ["MATCH010"]),
        ({"quantization": ["GPTQ"]}, {}, CARD, ["MATCH010"]),
        ({"quantization": ["GPTQ", "RTN"]}, {}, CARD, []),
        ({"executionProvider": "CUDAExecutionProvider"}, {}, CARD, ["MATCH010"]),
        ({}, {}, CARD.replace("CPU", "NPU"), ["MATCH010"]),
        ({}, {"device": "gpu"}, CARD, ["MATCH010"]),
        ({}, {"baseModel": "maker/little-13b"}, CARD, ["MATCH001"]),
        ({}, {}, "- **Device:** CPU or GPU\n", []),
        ({}, {}, "```bash\npip install onnxruntime-genai-cuda\n```\n", ["MATCH010"]),
        ({}, {}, "```python\nconfig.append_provider('cuda')\n```\n", ["MATCH010"]),
        ({}, {}, "```bash\nfoundry model run phi-3-mini\n```\n", ["CARD027"]),
        ({}, {}, "```python\nmodel = og.Model('phi-3-mini-cpu')\n```\n", ["CARD027"]),
        ({}, {}, "```python\nmodel = og.Model('little-7b-generic-cpu')\n```\n", []),
    ],
)
@pytest.mark.parametrize("nested", [True, False])
def test_a_build_is_the_same_in_all_places(
    build: dict[str, Any], tags: dict[str, Any], card: str, found: list[str], nested: bool
) -> None:
    details = BUILD | build
    subject = model(card, "little-7b-generic-cpu", summary="Little in ONNX, quantized to 4 bits.")
    subject = replace(subject, variant={"variantMetadata": details} if nested else details)
    assert [*dict.fromkeys(codes(replace(subject, tags={"quantization": "int4"} | tags)))] == found


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        ({"alias": "little-7b", "directoryPath": "v2"}, []),
        ({"alias": "phi-3-mini-4k"}, ["MATCH001"]),
        ({"directoryPath": "v1"}, ["MATCH010"]),
    ],
)
def test_alias_and_folder_of_a_build(metadata: dict[str, Any], found: list[str]) -> None:
    subject = replace(model("Text.\n", "little-7b-generic-cpu", **metadata), variant=BUILD)
    assert codes(replace(subject, origin=("s/c/little-7b-generic-cpu/v2", Location("model.yaml", 3)))) == found


PROMPT = "```text\n<|user|>\nHello!{end}\n<|assistant|>\n```\n"
TEMPLATE = "{{ '<|user|>\\n' + messages[0]['content'] + eos_token + '<|assistant|>' }}"


@pytest.mark.parametrize(("end", "found"), [("</s>", []), ("<|end|>", ["CARD062"]), ("", [])])
def test_what_ends_a_turn_is_the_tokenizers(end: str, found: list[str]) -> None:
    subject = replace(model(PROMPT.format(end=end)), tokenizer={"chat_template": TEMPLATE, "eos_token": "</s>"})
    assert codes(subject) == found


@pytest.mark.parametrize(("end", "found"), [("</s>", []), ("<|end|>", ["CARD062"])])
def test_templates_by_role_end_turns_as_the_tokenizer(end: str, found: list[str]) -> None:
    prompt = json.dumps({"user": f"<|user|>\n{{Content}}{end}"})
    subject = replace(
        model("Text.\n", promptTemplate=prompt), tokenizer={"chat_template": TEMPLATE, "eos_token": "</s>"}
    )
    assert [one for one in codes(subject) if one.startswith("CARD")] == found


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("The summary is found by beam search with 4 beams.\n", False),
        ("The summary is found by beam search with 6 beams.\n", True),
        ("The default temperature of 0.6 suits chats.\n", True),
        ("A temperature of 0.6 suits stories.\n", False),
        ("- **Default temperature:** 0.6\n", True),
        ("- **Number of beams:** 4\n", False),
        ("It was evaluated by beam search with 6 beams.\n", False),
    ],
)
def test_how_texts_are_generated_by_default(tmp_path: Path, text: str, wrong: bool) -> None:
    (tmp_path / "generation_config.json").write_text(json.dumps({"num_beams": 4, "temperature": 0.3}))
    content = WeightFiles({"generation_config.json": tmp_path / "generation_config.json"})
    assert codes(replace(model(text), content=content)) == ["CARD063"] * wrong


@pytest.mark.parametrize(
    ("text", "config", "wrong"),
    [
        ("| Vocabulary | 50,265 tokens |", {"vocab_size": 50264}, True),
        ("| Vocabulary | 50,264 tokens |", {"vocab_size": 50264}, False),
        ("| Vocabulary | 32,000 tokens |", {"vocab_size": 32064}, False),
        ("| Data type | float32 |", {"torch_dtype": "bfloat16"}, True),
        ("| Data type | tabular |", {"torch_dtype": "bfloat16"}, False),
        ("ViT-B/16, with patches of 16 pixels, is another model.", {"patch_size": 14}, False),
    ],
)
def test_rows_and_asides_against_the_configuration(text: str, config: dict[str, Any], wrong: bool) -> None:
    card = f"Text.\n\n| Property | Value |\n| --- | --- |\n{text}\n" if text.startswith("|") else f"Text.\n\n{text}\n"
    assert [*dict.fromkeys(codes(replace(model(card), config=config)))] == ["CARD063"] * wrong
