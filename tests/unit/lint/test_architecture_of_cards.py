"""Figures, bases, formats of conversations and builds that a card states, against the files beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.diagnostics import Location
from azureml_publish.documents import Document, parse_yaml
from azureml_publish.lint.engine import Card, check
from tests.unit.lint import assets
from tests.unit.lint.cards_at_hand import described, findings
from tests.unit.lint.test_across_files import codes, model

LABELS = {str(number): name for number, name in enumerate(("rust", "spot", "sound"))}
DETR: dict[str, Any] = {"encoder_layers": 6, "decoder_layers": 6, "num_queries": 100, "id2label": LABELS}
LLAMA: dict[str, Any] = {"num_key_value_heads": 8, "intermediate_size": 8192, "torch_dtype": "bfloat16", "d_model": 512}
IMAGES = {"size": {"height": 224, "width": 224}, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25]}
BESIDE: dict[str, dict[str, Any]] = {
    "preprocessor_config.json": IMAGES | {"chunk_length": 30},
    "adapter_config.json": {"lora_dropout": 0.1, "target_modules": ["q_proj", "v_proj"]},
    "sentence_bert_config.json": {"max_seq_length": 256},
}


@pytest.mark.parametrize(
    ("card", "wrong"),
    [
        ("A DETR with 12 encoder layers and 6 decoder layers.", True),
        ("A DETR with 6 encoder layers and 6 decoder layers.", False),
        ("| Property | Value |\n| --- | --- |\n| Decoder layers | 3 |", True),
        ("It has 300 object queries.", True),
        ("The number of object queries is set to 100.", False),
        ("It knows five classes.", True),
        ("It knows three classes.", False),
        ("It was pretrained on 21,843 classes and has 2 stages.", False),  # of the data, not of the model
        ("- Key-value heads: 32", True),
        ("- Key-value heads: 8", False),
        ("- Feed-forward size: 4,096", True),
        ("- Tensor type: F32", True),
        ("- Tensor type: BF16, I32", False),
        ("- d_model: 768", True),
        ("Images are resized to 384x384.", True),
        ("Images are resized and cropped to 224 \u00d7 224.", False),
        ("Images of 512x512 pixels are cut into patches.", True),
        ("Photographs of 4000x4000 pixels come from a drone.", False),
        ("Normalized with mean (0.485, 0.456, 0.406).", True),
        ("Normalized with mean (0.5, 0.5, 0.5) and standard deviation (0.25, 0.25, 0.25).", False),
        ("Normalized with standard deviation (0.5, 0.5, 0.5).", True),
        ("Sound is cut into windows of 10 seconds.", True),
        ("Sound is cut into 30-second windows.", False),
        ("Long recordings are cut into windows of 25 seconds.", False),
        ("It keeps 2 of its 32 decoder layers.", False),
        ("Mean (0.501, 0.499, 0.5).", False),  # rounded
        ("- Dropout: 0.5", True),
        ("- Dropout: 0.1", False),
        ("- **Target modules:** q_proj, k_proj, v_proj", True),
        ("- **Target modules:** `v_proj`, `q_proj`", False),
        ("- Target modules: all linear layers", False),
        ("Text longer than 512 word pieces is truncated.", True),
        ("Text longer than 256 word pieces is truncated.", False),
    ],
)
def test_figures_of_a_card_against_the_configuration(card: str, wrong: bool) -> None:
    at_hand = replace(
        described(f"A model.\n\n{card}\n", task="object-detection"), config={**DETR, **LLAMA}, weights=BESIDE
    )
    assert bool(findings(at_hand, "CARD063")) is wrong


@pytest.mark.parametrize(
    ("labels", "task", "wrong"),
    [
        (LABELS, "image-classification", True),
        (LABELS, "token-classification", False),  # each entity has two labels there
        ({**LABELS, "3": "N/A"}, "object-detection", False),  # COCO's numbers, of which some stand for nothing
        ({"0": "LABEL_0"}, "text-classification", False),
    ],
)
def test_classes_are_counted_where_labels_are_classes(labels: dict[str, str], task: str, wrong: bool) -> None:
    at_hand = described("There are 80 classes.\n", task=task, config={"id2label": labels})
    assert bool(findings(at_hand, "CARD063")) is wrong


@pytest.mark.parametrize(
    ("config", "card", "wrong"),
    [
        ({"model_type": "whisper", "encoder_layers": 6, "decoder_layers": 6, "d_model": 512}, "244 million", True),
        ({"model_type": "whisper", "encoder_layers": 6, "decoder_layers": 6, "d_model": 512}, "74 million", False),
        ({"model_type": "vit", "num_hidden_layers": 12, "hidden_size": 768}, "304M", True),
        ({"model_type": "vit", "num_hidden_layers": 12, "hidden_size": 768}, "86M", False),
        ({"model_type": "xlm-roberta", "num_hidden_layers": 12, "hidden_size": 768}, "560 million", True),
        ({"model_type": "xlm-roberta", "num_hidden_layers": 12, "hidden_size": 768}, "278 million", False),
        ({"model_type": "mamba", "num_hidden_layers": 12, "hidden_size": 768}, "560 million", False),
    ],
)
def test_parameters_that_follow_from_the_configuration(config: dict[str, Any], card: str, wrong: bool) -> None:
    words = {"whisper": {"vocab_size": 51865}, "xlm-roberta": {"vocab_size": 250002}}.get(config["model_type"], {})
    at_hand = replace(model(f"This model has {card} parameters.\n"), config=config | words)
    assert ("MATCH009" in codes(at_hand)) is wrong


ADAPTED = {"adapter_config.json": {"base_model_name_or_path": "meta-llama/Llama-3.1-8B"}}


@pytest.mark.parametrize(
    ("card", "found"),
    [
        ("A LoRA adapter for [Llama](https://huggingface.co/meta-llama/Llama-2-7b-hf).", ["MATCH004"]),
        ("A LoRA adapter for [Llama](https://huggingface.co/meta-llama/Llama-3.1-8B).", []),
        ("An adapter for [Mistral](https://huggingface.co/mistralai/Mistral-7B-v0.3).", ["MATCH004"]),
        ("Compare the adapter of [Mistral](https://example.com/mistral).", []),
        ("```python\nbase = AutoModel.from_pretrained('meta-llama/Llama-2-7b-hf')\n```", ["CARD027"]),
        ("```python\nbase = AutoModel.from_pretrained('meta-llama/Llama-3.1-8B')\n```", []),
    ],
)
def test_what_an_adapter_is_for(card: str, found: list[str]) -> None:
    at_hand = replace(described(f"{card}\n", "tone-lora"), weights=ADAPTED)
    assert [one.code for one in findings(at_hand, "MATCH004", "CARD027")] == found


@pytest.mark.parametrize(
    ("name", "metadata", "found"),
    [
        ("Qwen2.5-7B-Instruct", {"displayName": "Qwen2.5 7B Base"}, ["MATCH001"]),
        ("Qwen2.5-7B-Instruct", {"displayName": "Qwen2.5 7B"}, []),
        ("bert-base-chat", {"displayName": "BERT base"}, []),
        ("all-MiniLM-L6-v2", {"displayName": "all-MiniLM-L12-v2"}, ["MATCH001"]),
        ("Phi-4-mini", {"licenseDescription": "https://huggingface.co/m/Phi-3-mini/blob/main/LICENSE"}, ["MATCH001"]),
        ("Phi-4-mini", {"licenseDescription": "https://huggingface.co/m/Phi-4-mini/blob/main/LICENSE"}, []),
        ("Phi-4-mini", {"publisher": "Meta"}, ["MATCH013"]),
    ],
)  # fmt: skip
def test_names_in_the_spec(name: str, metadata: dict[str, Any], found: list[str]) -> None:
    assert codes(model("Text.\n", name, **metadata)) == found


@pytest.mark.parametrize(
    ("line", "name", "wrong"),
    [
        ("- **Developed by:** Meta", "Phi-4-mini-instruct", True),
        ("- **Developed by:** Microsoft", "Phi-4-mini-instruct", False),
        ("- **Developed by:** Meta", "Phi-4-llama-merge", False),  # of two families
        ("- Model creator: [Meta](https://huggingface.co/meta-llama)", "Mistral-7B-v0.2-GGUF", True),
        ("- Model creator: [Mistral AI](https://huggingface.co/mistralai)", "Mistral-7B-v0.2-GGUF", False),
        ("- **Developed by:** somebody", "Mistral-7B-v0.2-GGUF", False),
    ],
)
def test_who_made_it(line: str, name: str, wrong: bool) -> None:
    assert ("MATCH013" in codes(model(f"Text.\n\n{line}\n", name))) is wrong


LLAMA_TEMPLATE = "<|start_header_id|>{{ role }}<|end_header_id|>{{ content }}<|eot_id|>"


@pytest.mark.parametrize(
    ("prompt", "name", "template", "wrong"),
    [
        ("<|im_start|>user\nHi<|im_end|>", "tuned", LLAMA_TEMPLATE, True),
        ("<|start_header_id|>user<|end_header_id|>", "tuned", LLAMA_TEMPLATE, False),
        ("<|im_start|>user\nHi<|im_end|>", "tuned", None, False),
        ("[INST] Hi [/INST]", "Phi-3-mini-4k-instruct", None, True),
        ("<|user|>\nHi<|end|>", "Phi-3-mini-4k-instruct", None, False),
        ("[INST] Hi [/INST]", "contoso-phi-3-mini", None, False),  # tuned by another, with another template
    ],
)
def test_the_format_of_conversations(prompt: str, name: str, template: str | None, wrong: bool) -> None:
    tokenizer = {"chat_template": template} if template else None
    found = findings(described(f"A model.\n\n```\n{prompt}\n```\n", name, tokenizer=tokenizer), "CARD062")
    assert bool(found) is wrong
    assert not found or found[0].location.line == 4


@pytest.mark.parametrize(
    ("metadata", "wrong"),
    [
        ({"toolCallStart": "<|tool_call|>", "toolCallEnd": "<|/tool_call|>"}, False),
        ({"toolCallStart": "<tool_call>", "toolCallEnd": "<|/tool_call|>"}, True),
        ({"toolCallStart": "<tool_call>"}, True),
        ({"toolCallStart": "[TOOL_CALLS]"}, False),
        ({"toolCallStart": "<t>", "toolCallEnd": "</t>", "supportsToolCalling": False}, True),
        ({"promptTemplate": '{"user": "[INST] {Content} [/INST]", "prompt": "<|user|>{Content}<|end|>"}'}, True),
        ({"promptTemplate": '{"user": "<|assistant|>{Content}", "assistant": "<|assistant|>{Content}"}'}, True),
        ({"promptTemplate": '{"user": "<|user|>{Content}", "assistant": "<|assistant|>{Content}"}'}, False),
        ({"promptTemplate": '{"user": "<|im_start|>user<|im_sep|>{Content}"}'}, False),
        ({"promptTemplate": '{"user": "<|im_start|>system\\n<|im_end|><|im_start|>user\\n{Content}"}'}, False),
        ({"promptTemplate": '{"user": "<|im_start|>assistant<|im_sep|>{Content}"}'}, True),
    ],
)
def test_marks_in_the_metadata(metadata: dict[str, Any], wrong: bool) -> None:
    at_hand = described("A model.\n")
    at_hand = replace(at_hand, metadata={**at_hand.metadata, **metadata})
    assert bool(findings(at_hand, "GATE002")) is wrong


@pytest.mark.parametrize(
    ("details", "found"),
    [
        ({"executionProvider": "CPUExecutionProvider", "device": "gpu"}, ["MATCH010"]),
        ({"executionProvider": "CUDAExecutionProvider", "device": "gpu"}, []),
        ({"executionProvider": "OpenVINOExecutionProvider", "device": "gpu"}, []),
        ({"vRamFootprintBytes": 4}, ["MATCH011"]),
        ({"fileSizeBytes": 3 * 10**15}, ["MATCH011"]),
        ({"fileSizeBytes": 3 * 10**11, "vRamFootprintBytes": 3 * 10**11}, []),
    ],
)
def test_details_of_a_build(details: dict[str, Any], found: list[str]) -> None:
    assert codes(replace(model("Text.\n"), variant={"variantMetadata": details})) == found


@pytest.mark.parametrize(
    ("sentence", "name", "wrong"),
    [
        ("It translates from German to English.", "opus-mt-en-de", True),
        ("It translates from English to German.", "opus-mt-en-de", False),
        ("It translates from German to English.", "opus-mt", False),
    ],
)
def test_the_direction_of_a_translation(sentence: str, name: str, wrong: bool) -> None:
    assert ("MATCH007" in codes(model(f"{sentence}\n", name, languages=["en", "de"]))) is wrong


@pytest.mark.parametrize(
    ("section", "wrong"),
    [
        ("MIT License: use, changes and redistribution are allowed, for sale too, as long as the text is kept.", True),
        ("Apache 2.0: use, changes and redistribution are allowed, for sale too, as long as the text is kept.", False),
        ("MIT covers the code; the weights are under the terms that the section above gives in full.", False),
        ("[MIT](https://huggingface.co/contoso/a-model-with-a-long-name-of-sixty-letters/blob/main/LICENSE)", True),
    ],
)  # fmt: skip
def test_a_long_line_on_the_licence(section: str, wrong: bool) -> None:
    card = f"A model.\n\n- License: apache-2.0\n\n# License\n\n{section}\n"
    assert ("MATCH005" in codes(model(card, license="apache-2.0"))) is wrong


def test_a_page_on_another_familys_model() -> None:
    page = Card("# Evaluation of Llama-3.1-8B\n", lambda line, column: Location("evaluation.md", line, column))
    assert "MATCH002" in codes(replace(model("Text.\n", "Qwen2.5-7B"), pages=(page,)))


SOUND = {"model_type": "bert", "architectures": ["BertForMaskedLM"], "vocab_size": 30522, "eos_token_id": 102}


@pytest.mark.parametrize(
    ("config", "wrong"),
    [
        (SOUND, False),
        ({**SOUND, "model_type": "roberta"}, True),
        ({**SOUND, "model_type": "own_type"}, True),
        ({**SOUND, "model_type": "own_type", "auto_map": {"AutoModel": "own.Model"}}, False),  # with code of its own
        ({**SOUND, "architectures": ["LittleForMaskedLM"]}, False),
        ({**SOUND, "eos_token_id": [30521, 30522]}, True),
        ({**SOUND, "vocab_size": None}, False),
    ],
)
def test_a_configuration_that_is_of_two_models(config: dict[str, Any], wrong: bool, tmp_path: Path) -> None:
    assets.write(tmp_path, {**assets.sound(), "config.json": json.dumps(config)})
    assert ("MATCH016" in [one.code for one in assets.run(tmp_path).found]) is wrong


@pytest.mark.parametrize(
    ("conda", "wrong"),
    [("torch==2.1.2", False), ("torch==1.13.1", True), ("torch==2.1.2.post1", False), ("torch>=1.13.1", False)],
)
def test_two_files_of_one_environment(conda: str, wrong: bool, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {**assets.sound(), "MLmodel": "flavors: {python_function: {loader_module: a}}\n"}
    files |= {"requirements.txt": "torch==2.1.2\n", "conda.yaml": f"dependencies:\n- pip:\n  - {conda}\n"}
    assets.write(tmp_path, files)
    found = [one.message for one in assets.run(tmp_path).found if one.code == "MATCH012"]
    assert bool(found) is wrong


def _mlmodel(**flavour: str) -> Document:
    document = parse_yaml(json.dumps({"flavors": {"transformers": flavour}}), "MLmodel")[0]
    assert document is not None
    return document


@pytest.mark.parametrize(
    ("name", "flavour", "wrong"),
    [
        ("bert-base-cased", {"pipeline_model_type": "DistilBertForMaskedLM"}, True),
        ("bert-base-cased", {"pipeline_model_type": "BertForMaskedLM"}, False),
        ("xlm-roberta-base", {"pipeline_model_type": "XLMRobertaForMaskedLM"}, False),
        ("deberta-v3-base", {"pipeline_model_type": "DebertaV2ForMaskedLM"}, False),
        ("granite-3b-code", {"pipeline_model_type": "LlamaForCausalLM"}, False),
        ("bert-mini2bert-mini", {"pipeline_model_type": "EncoderDecoderModel"}, False),
        ("vit-gpt2-captions", {"pipeline_model_type": "VisionEncoderDecoderModel"}, False),
        ("contoso-bert", {"pipeline_model_type": "RobertaForMaskedLM"}, False),
        ("distilbert-base", {"tokenizer_type": "RobertaTokenizerFast"}, True),
        ("distilbert-base", {"tokenizer_type": "BertTokenizerFast"}, False),
    ],
)
def test_classes_against_the_type_that_the_name_begins_with(name: str, flavour: dict[str, str], wrong: bool) -> None:
    assert ("MATCH012" in codes(replace(model("Text.\n", name), mlmodel=_mlmodel(**flavour)))) is wrong


@pytest.mark.parametrize(
    ("sentence", "wrong"),
    [
        ("A regression of scikit-learn 1.2.0.", True),
        ("A regression of scikit-learn 1.5.2.", False),
        ("It needs scikit-learn 1.2.0 or later.", False),
        ("It was moved from scikit-learn 1.2.0 to scikit-learn 1.5.2.", False),
    ],
)
def test_the_version_of_a_library_in_the_card(sentence: str, wrong: bool) -> None:
    document = parse_yaml('{"flavors": {"sklearn": {"sklearn_version": "1.5.2"}}}', "MLmodel")[0]
    assert bool(findings(replace(described(f"{sentence}\n"), mlmodel=document), "CARD063")) is wrong


@pytest.mark.parametrize(("day", "wrong"), [("2042-05-16 08:19:09", True), ("2024-05-16 08:19:09", False), ("-", True)])
def test_the_day_of_logging(day: str, wrong: bool) -> None:
    document = parse_yaml(json.dumps({"flavors": {"sklearn": {}}, "utc_time_created": day}), "MLmodel")[0]
    assert ("MATCH012" in codes(replace(model("Text.\n"), mlmodel=document))) is wrong


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("SwinForImageClassification.from_pretrained('google/vit')", True),
        ("ViTForImageClassification.from_pretrained('google/vit')", False),
        ("AutoModelForImageClassification.from_pretrained('google/vit')", False),
    ],
)
def test_a_class_in_code_of_another_type(code: str, wrong: bool) -> None:
    config = {"model_type": "vit", "architectures": ["ViTForImageClassification"]}
    at_hand = described(f"A model.\n\n```python\n{code}\n```\n", task="image-classification", config=config)
    assert bool(findings(at_hand, "CARD069")) is wrong


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("- Max output tokens: 16384", ["MATCH008"]),
        ("- Max output tokens: 2048", []),
        ("Context of 8,192 tokens and generation 4096 tokens.", ["MATCH008"]),
        ("Its knowledge ends in March 2023.", ["CARD072"]),
        ("Knowledge cutoff: December 2023", []),
        ("It reads English, German and Japanese.", ["MATCH007"]),
        ("It reads English and German.", []),
        ("This is the instruction-tuned 3B model.", ["MATCH009"]),
        ("It was trained in March 2036.", ["CARD075"]),
        ("The summary of a meeting held in March 2036.", []),
    ],
)
def test_lines_against_the_spec(line: str, found: list[str]) -> None:
    metadata: dict[str, Any] = {"maxOutputTokens": 2048, "trainingDataDate": "December 2023", "languages": ["en", "de"]}
    at_hand = model(f"Text.\n\n{line}\n", "little-1B", **metadata)
    assert [one.code for one in check(at_hand) if one.code.startswith(("MATCH", "CARD"))] == found


def test_the_size_that_the_card_deploys_on() -> None:
    deployment = "A model.\n\n```yaml\nname: my-deployment\ninstance_type: {}\n```\n"
    assert [one.code for one in findings(described(deployment.format("Standard_E4s_v3")), "SKU016")] == ["SKU016"]
    assert findings(described(deployment.format("Standard_DS3_v2")), "SKU016") == ()
    assert findings(described("It was trained on Standard_E4s_v3.\n"), "SKU016") == ()


@pytest.mark.parametrize(
    ("output", "wrong"),
    [
        ('[{"label": "rust", "score": 0.9}, {"label": "spot", "score": 0.8}]', False),
        ('[{"label": "rust", "score": 0.9}]', True),  # of two inputs
        ('[{"label": "rust", "score": 1.9}, {"label": "spot", "score": 0.8}]', True),
        ('[{"label": "rust", "score": -0.9}, {"label": "spot", "score": 0.8}]', True),
        ('[{"boxes": [{"label": "milk", "score": 0.9}]}, {"boxes": []}]', True),
        ('[{"probs": [0.9, 0.1], "labels": ["rust"]}, {"probs": [1.0], "labels": ["spot"]}]', True),
        ('[{"probs": [91, 9], "labels": ["rust", "spot"]}, {"probs": [], "labels": []}]', True),
    ],
)
def test_answers_of_a_model_for_images(output: str, wrong: bool) -> None:
    samples = (
        f'## Sample input\n\n```json\n{{"input_data": ["a", "b"]}}\n```\n\n## Sample output\n\n```json\n{output}\n```\n'
    )
    at_hand = described(f"A model.\n\n{samples}", task="image-classification", config={"id2label": LABELS})
    assert bool(findings(at_hand, "SMPL008")) is wrong


def test_a_quantised_build_is_smaller_than_its_configuration_says() -> None:
    config: dict[str, Any] = {"hidden_size": 4096, "num_hidden_layers": 32, "intermediate_size": 11008}
    config |= {"vocab_size": 32000, "num_attention_heads": 32, "torch_dtype": "bfloat16", "model_type": "llama"}
    builds: tuple[tuple[dict[str, Any], bool], ...] = (({"quantization": ["RTN"]}, False), ({}, True))
    for details, wrong in builds:
        build: dict[str, Any] = {"variantMetadata": {"fileSizeBytes": 4 * 10**9, **details}}
        assert ("MATCH011" in codes(replace(model("Text.\n"), variant=build, config=config))) is wrong
