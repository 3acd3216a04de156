"""Cards and metadata against the files beside the weights, and against the names that the model has."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.diagnostics import Location
from azureml_publish.documents import parse_yaml
from azureml_publish.lint.engine import Card, check
from tests.unit.lint import assets
from tests.unit.lint.test_across_files import codes, model

CONFIG = {"num_hidden_layers": 12, "num_attention_heads": 12, "hidden_size": 768, "intermediate_size": 3072}
CONFIG |= {"vocab_size": 30522, "max_position_embeddings": 512, "patch_size": 16}
SQUAD = "deepset-roberta-base-squad2"
BESIDE: dict[str, dict[str, Any]] = {
    "adapter_config.json": {"r": 16, "lora_alpha": 32, "base_model_name_or_path": "meta-llama/Llama-3-8B"},
    "preprocessor_config.json": {"sampling_rate": 16000},
}


@pytest.mark.parametrize(
    ("card", "found"),
    [
        ("- Number of Layers: 24", "CARD063"),
        ("- Number of Layers: 12", None),
        ("- Number of Layers: 12 in the encoder, 24 in all", None),
        ("- **Number of Attention Heads (GQA):** 28 for Q and 4 for KV", "CARD063"),
        ("| Fact | Value |\n| --- | --- |\n| Hidden size | 1,024 |", "CARD063"),
        ("A vocabulary size of 50,265.", "CARD063"),
        ("WordPiece with a vocabulary size of 30,000.", None),  # as the paper rounds it
        ("The vocabulary has 250k entries.", None),
        ("Images are cut into patches (resolution 32x32).", "CARD063"),
        ("Images are cut into patches (resolution 16x16).", None),
        ("It takes speech at 8 kHz.", "CARD063"),
        ("It takes speech at 16kHz.", None),
        ("Telephone speech at 8 kHz is brought to 16 kHz.", None),
        ("- **LoRA rank:** 64", "CARD063"),
        ("- lora_alpha: 32", None),
        ("It reads up to 2,048 tokens.", "MATCH008"),
        ("It reads up to 512 tokens.", None),
        ("It was trained on up to 4000000 tokens.", None),
        ("| Fact | Value |\n| --- | --- |\n| Maximum sequence length | 1024 tokens |", "MATCH008"),
        ("| Fact | Value |\n| --- | --- |\n| Maximum sequence length | 128 tokens |", None),
        ("- Parameters: 560M", "MATCH009"),
        ("- Parameters: 110M", None),
    ],
)
def test_figures_against_the_files_of_the_weights(card: str, found: str | None) -> None:
    at_hand = replace(model(f"Text.\n\n{card}\n"), config=CONFIG, weights=BESIDE)
    assert codes(at_hand) == ([found] if found else [])


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("vllm serve a/b --max-model-len 16384", True),
        ("vllm serve a/b --max-model-len 8192", False),
        ("vllm serve a/b --max-model-len 2048", False),
        ("llm = Llama(model_path='a.gguf', n_ctx=131072)", True),
        ("llm = Llama(model_path='a.gguf', n_ctx = 4096)", False),
        ("vllm serve a/b --max-model-len 32768 --rope-scaling '{}'", False),
        ("--max_model_len=9_000_000", True),
    ],
)
def test_lengths_in_code_against_the_context(code: str, wrong: bool) -> None:
    card = f"A model.\n\n```text\n{code}\n```\n"
    assert ("MATCH008" in codes(model(card, textContextWindow=8192))) is wrong
    assert "MATCH008" not in codes(model(card))
    stretched = replace(model(card), config={"max_position_embeddings": 4096, "rope_scaling": {"factor": 4}})
    assert "MATCH008" not in codes(stretched)


@pytest.mark.parametrize(("length", "wrong"), [("2048", False), (65536, True), ("65536", True), ("-1", False)])
def test_the_length_of_fine_tuning_against_the_context(length: object, wrong: bool) -> None:
    tags: dict[str, Any] = {"model_specific_defaults": {"max_seq_length": length}}
    assert ("MATCH008" in codes(replace(model("Text.\n", textContextWindow=8192), tags=tags))) is wrong


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        ({"config.json": {"id2label": {"0": "NO", "1": "YES"}, "label2id": {"NO": 1, "YES": 0}}}, True),
        ({"config.json": {"id2label": {"0": "NO", "1": "YES"}, "label2id": {"NO": 0, "YES": 1}}}, False),
        ({"config.json": {"id2label": {"0": "NO", "1": "YES"}, "label2id": {"LABEL_0": 0, "LABEL_1": 1}}}, False),
        ({"config.json": {"id2label": {"0": "N/A", "1": "N/A"}, "label2id": {"N/A": 0}}}, False),
        ({"config.json": {"hidden_size": 384}, "1_Pooling/config.json": {"word_embedding_dimension": 768}}, True),
        ({"config.json": {"hidden_size": 384}, "1_Pooling/config.json": {"word_embedding_dimension": 384}}, False),
        ({"1_Pooling/config.json": {"word_embedding_dimension": 384}}, False),
        ({"config.json": CONFIG | {"model_type": "bert"}, "tokenizer_config.json": {"model_max_length": 1024}}, True),
        (
            {"config.json": CONFIG | {"model_type": "bert"}, "tokenizer_config.json": {"model_max_length": 10**30}},
            False,
        ),
        (
            {
                "config.json": CONFIG | {"model_type": "bert", "auto_map": {"AutoModel": "modeling_alibi.AlibiModel"}},
                "tokenizer_config.json": {"model_max_length": 8192},
            },
            False,
        ),
        ({"config.json": CONFIG | {"model_type": "qwen2"}, "tokenizer_config.json": {"model_max_length": 1024}}, False),
        (
            {"a/config.json": CONFIG | {"model_type": "bert"}, "b/tokenizer_config.json": {"model_max_length": 9999}},
            False,
        ),
        ({"config.json": CONFIG | {"model_type": "bert"}, "sentence_bert_config.json": {"max_seq_length": 8192}}, True),
        ({"config.json": {"model_type": "vit", "image_size": 224}, "preprocessor_config.json": {"size": 384}}, True),
        (
            {
                "config.json": {"model_type": "clip", "vision_config": {"image_size": 224}},
                "preprocessor_config.json": {"size": {"shortest_edge": 256}, "crop_size": 224, "do_center_crop": True},
            },
            False,
        ),
        (
            {"config.json": {"model_type": "dinov2", "image_size": 518}, "preprocessor_config.json": {"size": 224}},
            False,
        ),
        ({"config.json": {"model_type": "vit"}, "preprocessor_config.json": {"size": {"height": 384}}}, False),
    ],
)
def test_settings_beside_the_weights_against_one_another(tmp_path: Path, files: dict[str, Any], wrong: bool) -> None:
    folder = assets.write(tmp_path, {**assets.sound()})
    for name, data in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(data))
    assert ("MATCH016" in {one.code for one in assets.run(tmp_path).found}) is wrong


@pytest.mark.parametrize(
    ("name", "base", "found"),
    [
        ("support-llama-3-8b-lora", "meta-llama/Llama-3-8B", []),
        ("support-llama-3-8b-lora", "meta-llama/Llama-3-70B", ["MATCH001"]),
        ("support-llama-3-8b-lora", "mistralai/Mistral-7B-v0.3", ["MATCH001"]),
        ("support-bot", "mistralai/Mistral-7B-v0.3", []),
    ],
)
def test_the_base_of_an_adapter_against_its_name(name: str, base: str, found: list[str]) -> None:
    adapter = {"adapter_config.json": {"base_model_name_or_path": base}}
    assert codes(replace(model("Text.\n", name), weights=adapter)) == found


@pytest.mark.parametrize(
    ("card", "name", "metadata", "found"),
    [
        ("- **Base model:** mistralai/Mistral-7B-v0.3", "support-bot", {}, ["MATCH004"]),
        ("- **Base model:** meta-llama/Llama-3-8B-Instruct", "support-bot", {}, ["MATCH004"]),
        ("This card is about the 32B model.", "Qwen2.5-7B", {}, ["MATCH009"]),
        ("This repo contains the instruction-tuned 7B model.", "Qwen2.5-7B", {}, []),
        ("Text.", "Qwen2.5-7B", {"summary": "An instruction-tuned 72B model."}, ["MATCH009"]),
        ("Text.", "Qwen2.5-7B", {"summary": "A 7B model that was distilled from a 72B teacher."}, []),
        ("Text.", "Qwen2.5-7B", {"summary": "Context of 32K tokens.", "textContextWindow": 131072}, ["MATCH008"]),
        ("Text.", "Qwen2.5-7B", {"summary": "Context of 128K tokens.", "textContextWindow": 131072}, []),
        ("- Parameters: 110M", "tiny", {"summary": "Has 67 million parameters."}, ["MATCH009"]),
        ("Whisper large-v2 is a model of speech.", "openai-whisper-small", {}, ["MATCH002"]),
        ("Whisper is a model of speech.", "openai-whisper-small", {}, []),
        ("Text.", "openai-whisper-small", {"summary": "Whisper medium, for speech."}, ["MATCH002"]),
        ("Text.", "openai-whisper-small", {"summary": "Whisper small; larger than Whisper tiny."}, []),
        ("This is a fine-tuned version of bert-large-cased.", "bert-base-cased-ner", {}, ["MATCH002"]),
        ("This is a fine-tuned version of bert-base-cased.", "bert-base-cased-ner", {}, []),
        (
            "bert-base-cased-ner finds names, a fine-tuned version of bert-large-cased.",
            "bert-base-cased-ner",
            {},
            ["MATCH004"],
        ),
        (
            "An optimized version of Phi-3-mini-4k-instruct.",
            "Phi-4-mini-instruct-cuda-gpu",
            {},
            ["MATCH002"],
        ),
        ("An optimized version of Phi-4-mini-instruct.", "Phi-4-mini-instruct-cuda-gpu", {}, []),
        ("This is the [roberta-large](https://e.com) model, fine-tuned on a-base-squad2.", SQUAD, {}, ["MATCH004"]),
        ("This is the [roberta-base](https://e.com) model, fine-tuned on a-base-squad2.", SQUAD, {}, []),
    ],
)
def test_names_in_first_words_and_sentences(card: str, name: str, metadata: dict[str, Any], found: list[str]) -> None:
    at_hand = replace(model(f"{card}\n", name, **metadata), weights=BESIDE if name == "support-bot" else {})
    assert codes(at_hand) == found


@pytest.mark.parametrize(
    ("title", "wrong"), [("Evaluation of Qwen2.5-14B", True), ("Qwen2.5-7B and Qwen2.5-14B", False)]
)
def test_the_title_of_a_page_beside_the_card(title: str, wrong: bool) -> None:
    page = Card(f"# {title}\n\nText.\n", lambda line, column: Location("evaluation.md", line, column))
    assert ("MATCH002" in codes(replace(model("Text.\n", "Qwen2.5-7B"), pages=(page,)))) is wrong


def test_the_configuration_nearest_to_the_top_is_the_models(tmp_path: Path) -> None:
    card = assets.sound()["description.md"] + "\nIt has 6 layers.\n"
    folder = assets.write(tmp_path, {**assets.sound(), "description.md": card, "config.json": '{"num_layers": 6}'})
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"num_layers": 1}')
    assert [one for one in assets.run(tmp_path).found if one.code == "CARD063"] == []


GGUF = """| Name | Quant method | Bits |
| --- | --- | --- |
| [a-7b-v0.2.Q4_K_M.gguf](https://e.com/a-7b-v0.2.Q4_K_M.gguf) | Q4_K_M | 4 |
| a-7b-v0.2.Q8_0.gguf | Q8_0 | 8 |
| a-7b-v0.2.f16.gguf | F16 | 16 |

```text
./main -m ./a-7b-v0.2.Q4_K_M.gguf --mmproj mmproj.gguf
```
"""


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("| Q4_K_M | 4 |", "| Q4_K_M | 5 |", 5),
        ("| Q8_0 | 8 |", "| Q6_K | 8 |", 6),
        ("| F16 | 16 |", "| bf16 | 16 |", 7),
        ("| F16 | 16 |", "| - | full |", None),
        ("-m ./a-7b-v0.2", "-m ./a-7b-v0.1", 10),
        ("-m ./a-7b-v0.2.Q4_K_M", "-m ./a-7b-v0.2.Q2_K", None),  # of the same model, perhaps of another page
        ("-m ./a-7b-v0.2.Q4_K_M", "-m model", None),
        ("-m ./a-7b-v0.2.Q4_K_M", "-m ./tiny-draft.Q4_K_M", 10),
        ("--mmproj mmproj", "-md ./tiny-draft.Q4_0", None),
        ("Name", "Name", None),
    ],
)
def test_a_table_of_gguf_files_against_their_names(old: str, new: str, line: int | None) -> None:
    card = f"A model.\n\n{GGUF.replace(old, new, 1)}"
    found = [one for one in check(model(card, "a-7b-v0.2")) if one.code == "MATCH010"]
    assert [one.location.line for one in found] == ([line] if line else [])


@pytest.mark.parametrize(
    ("card", "found"),
    [
        ("```python\nfeatures = processor(sound, sampling_rate=44100)\n```", ["CARD063"]),
        ("```python\nfeatures = processor(sound, sampling_rate=16_000)\n```", []),
        ("```python\nfeatures = processor(sound, sampling_rate=16000)\n```", []),
        ("**Language model:** bert-large-uncased", ["MATCH004"]),
        ("**Language model:** roberta-base", []),
        ("French texts, French books and a French newspaper.", ["MATCH007"]),
        ("French texts, French books and an English newspaper.", []),
        ("French texts, French books and a German newspaper.", []),
    ],
)
def test_code_and_words_against_the_rest_of_the_folder(card: str, found: list[str]) -> None:
    sound = {"preprocessor_config.json": BESIDE["preprocessor_config.json"]}
    assert codes(replace(model(f"Text.\n\n{card}\n", SQUAD, languages=["en"]), weights=sound)) == found


@pytest.mark.parametrize(
    ("name", "hub", "wrong"),
    [
        ("distilbert-base-uncased", "distilbret/distilbert-base-uncased", True),
        ("distilbert-base-uncased", "distilbert/distilbert-base-uncased", False),
        ("distilbert-base-uncased", "contoso/distilbert-base-uncased", False),
    ],
)
def test_the_owner_of_a_hub_id(name: str, hub: str, wrong: bool, tmp_path: Path) -> None:
    spec = assets.sound()["spec.yaml"]
    assert isinstance(spec, str)
    text = re.sub(r"huggingFaceModelId: .*", f"huggingFaceModelId: {hub}", re.sub(r"^name: .*", f"name: {name}", spec))
    assert f"huggingFaceModelId: {hub}" in text
    assets.write(tmp_path, {**assets.sound(), "spec.yaml": text.replace("name: little", f"name: {name}")})
    found = [one.message for one in assets.run(tmp_path).found if one.code == "SPEC004" and "almost" in one.message]
    assert bool(found) is wrong


@pytest.mark.parametrize(("count", "wrong"), [("two", False), ("2", False), ("five", True), ("12", True)])
def test_how_many_input_columns_the_card_counts(count: str, wrong: bool) -> None:
    signature = {"inputs": json.dumps([{"name": "a", "type": "double"}, {"name": "b", "type": "double"}])}
    document = parse_yaml(json.dumps({"flavors": {"sklearn": {}}, "signature": signature}), "MLmodel")[0]
    at_hand = replace(model(f"It has {count} input columns.\n"), mlmodel=document)
    assert ("SMPL002" in [one.code for one in check(at_hand)]) is wrong
