"""Figures of the model itself in rows, summaries, tables, signatures and names of builds, against its files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from azureml_publish.diagnostics import Location
from azureml_publish.documents import parse_yaml
from azureml_publish.lint.engine import Card
from tests.unit.lint.test_across_files import codes, model

BERT: dict[str, Any] = {
    "num_hidden_layers": 12,
    "hidden_size": 384,
    "torch_dtype": "float32",
    "vocab_size": 30522,
    "num_key_value_heads": 4,
}
BERT |= {"max_position_embeddings": 512, "id2label": {"0": "bad", "1": "good"}}
BESIDE: dict[str, dict[str, Any]] = {
    "adapter_config.json": {"r": 16, "target_modules": ["query_key_value"]},
    "preprocessor_config.json": {"sampling_rate": 16000, "chunk_length": 30, "size": {"height": 224, "width": 224}},
}
TABLE = "| Fact | Value |\n| --- | --- |\n"


@pytest.mark.parametrize(
    ("card", "found"),
    [
        (f"Its 12 layers are small.\n\n{TABLE}| Layers | 24 |", "CARD063"),  # the labelled one is the model's own
        (f"The large one has 24 layers.\n\n{TABLE}| Layers | 12 |", None),
        (f"{TABLE}| Longest input | 1,024 tokens |\n\nIt reads up to 512 tokens.", "MATCH008"),
        (f"{TABLE}| Longest input | 512 tokens |\n\nIt reads up to 512 tokens.", None),
        (f"{TABLE}| Image size | 384x384 |\n\nImages are resized to 224x224.", "CARD063"),
        ("- **Image size:** 224 x 224", None),
        ("It takes audio of 44.1 kHz.", "CARD063"),
        ("Audio of 44.1 kHz is resampled to 16 kHz.", None),
        ("It takes sound in pieces of 60 seconds.", "CARD063"),
        ("It takes sound in 30-second chunks.", None),
        ("A LoRA adapter of rank 64.", "CARD063"),
        ("A LoRA adapter with rank 16; ranks of 8 and 64 were tried.", None),
        ("- Weights: 16-bit floats", "CARD063"),
        ("- Weights: 32-bit floats", None),
        ("**Precision**: bfloat16", "CARD063"),
        (f"{TABLE}| Precision | FP16 |", "CARD063"),
        (f"{TABLE}| Weights | float32, with a copy in float16 |", None),
        ("- Sampling rate: 8,000 Hz", "CARD063"),
        ("- Sampling rate: 16,000 Hz", None),
        ("Sound must be sampled at 8000 Hz.", "CARD063"),
        ("- Chunk length: 10 s", "CARD063"),
        ("The LoRA rank is 64.", "CARD063"),
        ("- Rank: 1st of 20", None),
        ("- Maximum sequence length: 1,024 tokens", "MATCH008"),
        ("- Sequence length: 1,024 tokens", None),
        ("The weights are stored in float16.", "CARD063"),
        ("The weights are 32-bit floats.", None),
        ("It accepts inputs of at most 1,024 tokens.", "MATCH008"),
        ("A prompt and its answer together must not exceed 1,024 tokens.", "MATCH008"),
        ("A prompt and its answer together must not exceed 256 tokens.", None),
        (f"{TABLE}| Picture size | 384 x 384 pixels |", "CARD063"),
        (f"{TABLE}| Picture size | 224 x 224 pixels |", None),
        (f"{TABLE}| Key and value heads | 32 |", "CARD063"),
        (f"{TABLE}| Query groups | 4 |", None),
        (f"{TABLE}| Adapted layers | `q_proj` and `v_proj` of all 12 blocks |", "CARD063"),
        (f"{TABLE}| Adapted layers | all linear layers |", None),
        ("The 16-bit copy of the weights takes 134 MB in memory.", None),
    ],
)
def test_what_lines_rows_and_sentences_say_of_the_model(card: str, found: str | None) -> None:
    at_hand = replace(model(f"Text.\n\n{card}\n"), config=BERT, weights=BESIDE)
    assert codes(at_hand) == ([found] if found else [])


@pytest.mark.parametrize(
    ("summary", "wrong"),
    [
        ("A BERT of 24 layers.", True),
        ("A BERT of 12 layers.", False),
        ("It has more than 24 layers of its teacher.", False),
        ("LoRA adapter of rank 64 for dialogues.", True),
        ("Sorts images of 384x384 pixels.", True),
        ("Sorts images of 224x224 pixels.", False),
    ],
)
def test_figures_of_the_summary(summary: str, wrong: bool) -> None:
    at_hand = replace(model("Text.\n", summary=summary), config=BERT, weights=BESIDE)
    assert codes(at_hand) == (["CARD063"] if wrong else [])


@pytest.mark.parametrize(
    ("row", "wrong"), [("small-en", True), ("**org/small-en**", True), ("base-en", False), ("small-en-v2", False)]
)
def test_the_row_of_this_model_in_a_table_of_several(row: str, wrong: bool) -> None:
    card = f"This is small-en.\n\n| Model | Dimensions | Score |\n| --- | --- | --- |\n| {row} | 768 | 61.2 |\n"
    at_hand = replace(model(card, "small-en"), config=BERT)
    tasks = {"tasks": {"inferenceTasks": ["embeddings"]}}
    assert codes(replace(at_hand, metadata={**at_hand.metadata, **tasks})) == (["CARD063"] if wrong else [])


@pytest.mark.parametrize(("size", "wrong"), [(768, True), (384, False), (-1, False)])
def test_vectors_of_the_signature(size: int, wrong: bool) -> None:
    shape = f'[{{"type": "tensor", "tensor-spec": {{"dtype": "float32", "shape": [-1, {size}]}}}}]'
    mlmodel = parse_yaml(f"signature:\n  outputs: '{shape}'\n", "MLmodel")[0]
    at_hand = replace(model("Text.\n"), config=BERT, mlmodel=mlmodel)
    tasks = {"tasks": {"inferenceTasks": ["embeddings"]}}
    found = codes(replace(at_hand, metadata={**at_hand.metadata, **tasks}))
    assert ("CARD063" in found) is wrong


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("Weights | 32-bit floats, 1.3 GB", True),
        ("Weights | 32-bit floats, 268 MB", False),
        ("Weights | 134 MB in 16 bits", False),
        ("Download | 2.6 GB", True),
    ],
)
def test_bytes_that_mlflow_logged(row: str, wrong: bool) -> None:
    mlmodel = parse_yaml("flavors:\n  transformers: {}\nmodel_size_bytes: 268779382\n", "MLmodel")[0]
    at_hand = replace(model(f"Text.\n\n{TABLE}| {row} |\n"), mlmodel=mlmodel)
    assert ("CARD063" in codes(at_hand)) is wrong


GGUF = "Text.\n\n" + TABLE + "| File | tiny-q4_k_m.gguf |\n| Quantization | Q4_K_M, 4 bits |\n| Size | 1.06 GB |\n"
GGUF += "| Parameters | 1.7B |\n\n```bash\nllama-server -m tiny-q4_k_m.gguf\n```\n"


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("", "", False),
        ("Q4_K_M, 4 bits", "Q8_0, 8 bits", True),
        ("Q4_K_M, 4 bits", "Q4_K_M, 8 bits", True),
        ("-m tiny-q4_k_m", "-m tiny-q8_0", True),
        ("1.06 GB", "10.6 GB", True),
        ("1.06 GB", "0.9 GB", False),
        ("Text.", "Text. Files of Q8_0 and Q5_K_M are elsewhere.", False),
        ("Text.", "Text. A Q8_0 file of 8 bits is no part of it.", False),
    ],
)
def test_types_of_gguf_files(old: str, new: str, wrong: bool) -> None:
    assert codes(model(GGUF.replace(old, new), "tiny-gguf")) == (["CARD063"] if wrong else [])


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [
        ({"displayName": "Tiny (GGUF, Q5_K_M)"}, True),
        ({"displayName": "Tiny (GGUF, Q4_K_M)"}, False),
        ({"summary": "Quantized to 8 bits (Q4_K_M)."}, True),
    ],
)
def test_types_in_names_and_summaries(shown: dict[str, str], wrong: bool) -> None:
    assert codes(model(GGUF, "tiny-gguf", **shown)) == (["CARD063"] if wrong else [])


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        ("bert-base-cased", "28,996 tokens, lower case", True),
        ("bert-base-cased", "28,996 tokens, case-sensitive", False),
        ("bert-base-uncased", "30,522 tokens, case-sensitive", True),
        ("bert-base-uncased", "30,522 tokens, not case-sensitive", False),
    ],
)
def test_capitals_in_the_line_on_the_vocabulary(name: str, text: str, wrong: bool) -> None:
    assert codes(model(f"Text.\n\n{TABLE}| Vocabulary | {text} |\n", name)) == (["CARD063"] if wrong else [])


def test_trees_of_a_forest() -> None:
    assert codes(model("A forest of 100 trees.\n", summary="A forest of 200 trees.")) == ["CARD063"]
    assert codes(model("A forest of 100 trees.\n", summary="A forest of 100 trees.")) == []


@pytest.mark.parametrize(("stated", "wrong"), [(9, True), (5, False), (4, False), (3, False), (2, False)])
def test_labels_of_entities_are_counted_with_and_without_their_places(stated: int, wrong: bool) -> None:
    labels = {str(number): name for number, name in enumerate(("O", "B-PER", "I-PER", "B-LOC", "I-LOC"))}
    at_hand = replace(model(f"Text.\n\n- **Labels**: {stated}\n"), config={"id2label": labels})
    tasks = {"tasks": {"inferenceTasks": ["token-classification"]}}
    assert codes(replace(at_hand, metadata={**at_hand.metadata, **tasks})) == (["CARD063"] if wrong else [])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Inputs longer than 4,096 tokens have to be cut.", True),
        ("Inputs longer than 32,768 tokens have to be cut.", False),
        ("Inputs longer than 4,096 tokens are slower.", False),
    ],
)
def test_lengths_from_which_the_notes_cut(text: str, wrong: bool) -> None:
    page = Card(f"{text}\n", lambda line, column: Location("notes.md", line, column))
    at_hand = replace(model("Text.\n", textContextWindow=32768), pages=(page,))
    assert codes(at_hand) == (["MATCH008"] if wrong else [])


def test_a_page_that_names_one_sibling_throughout() -> None:
    text = "Scores of Otter-14B-Instruct.\n\n| Test | Otter-14B-Instruct |\n| --- | --- |\n| MMLU | 70.1 |\n"
    for written, wrong in ((text, True), (text.replace("14B", "7B"), False), (f"{text}\nOtter-7B-Instruct.\n", False)):
        page = Card(written, lambda line, column: Location("evaluation.md", line, column))
        found = codes(replace(model("Otter-7B-Instruct is a model.\n", "Otter-7B-Instruct"), pages=(page,)))
        assert ("MATCH002" in found) is wrong


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It answers questions in English and German.", "MATCH007"),
        ("It answers questions in English and French.", None),
        ("It writes in three languages: English, French and Arabic.", "MATCH007"),
    ],
)
def test_languages_that_sentences_list(text: str, found: str | None) -> None:
    assert codes(model(f"{text}\n", languages=["en", "fr"])) == ([found] if found else [])
    assert codes(model("Text.\n", languages=["en"], summary="Multilingual reader.")) == ["MATCH007"]


@pytest.mark.parametrize(
    ("card", "wrong"),
    [
        ("It is published as [org/otter-large](https://huggingface.co/org/otter-large).", True),
        ("It is published as [org/otter-small](https://huggingface.co/org/otter-small).", False),
        ("A larger one is [org/otter-large](https://huggingface.co/org/otter-large).", False),
        ("```python\nmodel = SentenceTransformer('org/otter-large')\n```", True),
        ("```python\nmodel = SentenceTransformer('org/otter-small')\n```", False),
        ('```json\n{"model": "otter-large", "choices": []}\n```', False),  # an answer names what answered
    ],
)
def test_siblings_that_the_card_takes_for_this_model(card: str, wrong: bool) -> None:
    at_hand = model(f"This is otter-small.\n\n{card}\n", "otter-small", huggingFaceModelId="org/otter-small")
    assert codes(at_hand) == (["CARD027"] if wrong else [])


def test_a_sentence_on_a_sibling_is_not_taken_for_one_on_this_model() -> None:
    at_hand = replace(model("Otter large has 1,550 million parameters and 24 layers.\n", "otter-small"), config=BERT)
    assert codes(at_hand) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("It returns vectors of 768 dimensions.", True),
        ("- Output dimensions: 768", True),
        ("- Dimensions: 224 x 224", False),  # of images
        ("A vector of 2 dimensions is drawn.", False),
    ],
)
def test_dimensions_of_an_embedding(text: str, wrong: bool) -> None:
    at_hand = replace(model(f"Text.\n\n{text}\n"), config=BERT)
    tasks = {"tasks": {"inferenceTasks": ["embeddings"]}}
    assert codes(replace(at_hand, metadata={**at_hand.metadata, **tasks})) == (["CARD063"] if wrong else [])
