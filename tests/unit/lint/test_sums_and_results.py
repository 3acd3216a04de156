"""Results that sentences give otherwise than tables, sums that do not come out, and months of training data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from azureml_publish.diagnostics import Location
from azureml_publish.documents import parse_yaml
from azureml_publish.lint.engine import Card
from tests.unit.lint.test_across_files import codes, model

RESULTS = """

| Test set | BLEU | Loss |
| --- | --- | --- |
| newstest2018.en.de | 41.2 | 0.836 |
| Tatoeba.en.de | 47.2 | 1.204 |
"""
MODELS = """

| Model | Epochs | box AP |
| --- | --- | --- |
| owl-mini (this model) | 500 | 42.0 |
| OWL-large | 150 | 43.5 |
"""
COLUMNS = """

| Benchmark | owl-mini | Lynx-7B |
| --- | --- | --- |
| GSM8K (8-shot) | 86.2 | 54.4 |
| MMLU | 69.0 | 60.3 |
"""
FACTORS = """

| Metric | Raw Base (BF16) | owl-tuned | Meaning |
| --- | --- | --- | --- |
| **Focus factor** | 1.00 | **1.10 (the factor of all keys)** | Sharper |
"""
CLASSES = "| Language | Precision | Recall | F1 |\n| --- | --- | --- | --- |\n| Hindi | 0.984 | 0.996 | 0.990 |\n"
SPLITS = "| Split | Texts |\n| --- | --- |\n| Train | 10,000 |\n| Validation | 1,250 |\n| Test | 1,250 |\n"
BLOCK = '\n\n```\n"exact": 79.87029,\n"f1": 82.91251\n```\n'


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (f"The best BLEU score, 42.7, is reached on Tatoeba.{RESULTS}", True),
        (f"The best BLEU score, 47.2, is reached on Tatoeba.{RESULTS}", False),
        (f"BLEU rises to 14.2 with more data on newstest2018.{RESULTS}", True),
        (f"The chr-F of another paper is 42.7.{RESULTS}", False),
        (f"The loss on the test set is 0.816.{RESULTS}", True),
        (f"The loss fell from 0.816 in the version before.{RESULTS}", False),
        (f"In short: exact match 79.87 and F1 89.21.{BLOCK}", True),
        (f"In short: exact match 79.87 and F1 82.91.{BLOCK}", False),
        (f"In short: F1 82.9 %.{BLOCK}", False),
        (f"The model reaches an AP (average precision) of 43.5.{MODELS}", True),
        (f"The model reaches an AP of 42.0, the larger one 43.5.{MODELS}", False),
        (f"The model was trained for 150 epochs.{MODELS}", True),
        (f"The model was trained for 500 epochs.{MODELS}", False),
        (f"On GSM8K the model reaches 54.4, above all others.{COLUMNS}", True),
        (f"On GSM8K the model reaches 86.2, above all others.{COLUMNS}", False),
        (f"On GSM8K Lynx-7B reaches 54.4.{COLUMNS}", False),
        (f"The loss of Tatoeba is 12.04.{RESULTS}", True),
        (f"Focus factor scaling by 1.10 is steeper.{FACTORS}", False),
        (f"Focus factor scaling by 1.20 is steeper.{FACTORS}", True),
        ("The set holds 11,873 questions; of the 11,783 questions half are hard.", True),
        ("It holds 11,873 questions of one set and 11,783 of another.", False),
        ("The set holds 11,873 questions; of the 11,873 questions half are hard.", False),
    ],
)
def test_results_in_sentences_and_tables(text: str, wrong: bool) -> None:
    assert codes(model(f"A model.\n\n{text}\n", "owl-mini")) == (["CARD072"] if wrong else [])


def test_a_page_that_gives_another_result_than_the_card() -> None:
    for text, wrong in (("is compared with 0.863 each year", True), ("is compared with 0.836 each year", False)):
        page = Card(f"The loss {text}.\n", lambda line, column: Location("notes.md", line, column))
        assert ("CARD072" in codes(replace(model(f"A model.{RESULTS}"), pages=(page,)))) is wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("The set has 184,320 loans, of which 12,902 (0.7 %) defaulted.", True),
        ("The set has 184,320 loans, of which 12,902 (7 %) defaulted.", False),
        ("The test set holds 27,648 loans, 20 % of all 184,320.", True),
        ("27,648 of the 184,320 loans (15 %) are for tests.", False),
        ("62 % English and 48 % German", True),
        ("62 % English, 30 % German and 8 % French", False),
        ("It was 62 % faster and 48 % smaller.", False),
        ("70 % for training, 15 % for validation and 25 % for testing", True),
        ("70 % for training, 15 % for validation and 15 % for testing", False),
        ("Trained on 16 V100 GPUs with 4 images per GPU (a total batch size of 128).", True),
        ("Trained on 16 V100 GPUs with 4 images per GPU (a total batch size of 64).", False),
        ("- Batch size: 32 (8 per device, 8 accumulation steps)", True),
        ("- Batch size: 128 (8 per device, 8 accumulation steps)", False),
        ("It has 90,000 samples: 80,000 for training, 10,000 for validation and 10,000 for the test.", True),
        ("It has 90,000 samples: 70,000 for training, 10,000 for validation and 10,000 for the test.", False),
        ("There are 50,000 images, split into 40,000 train, 5,000 validation and 6,000 test images.", True),
        ("There are 50,000 images, split into 40,000 train, 4,981 validation and 4,992 test images.", False),
        ("Of the 2,000 test images 1,900 were classified correctly (91.0 %).", True),
        ("Of the 2,000 test images 1,900 were classified correctly (95.0 %).", False),
        ("It reaches an F1 of 0.95 (precision 0.90, recall 0.80).", True),
        ("It reaches an F1 of 0.85 (precision 0.90, recall 0.80).", False),
        ("Of 9,100 texts (8,000 train, 600 dev, and 800 test) all are short.", True),
        ("Of about 9,100 texts (8,000 train, 600 dev, and 800 test) all are short.", False),
        ("3,760 of the 4,000 windows were right, which is an accuracy of 96.0 %.", True),
        ("3,760 of the 4,000 windows were right, which is an accuracy of 94.0 %.", False),
        ("The test gives a precision of 0.91, a recall of 0.88 and an F1 of 0.95.", True),
        ("The test gives a precision of 0.91, a recall of 0.88 and an F1 of 0.89.", False),
        (f"{CLASSES}| Urdu | 1.000 | 0.972 | 0.896 |", True),
        (f"{CLASSES}| Urdu | 1.000 | 0.972 | 0.986 |", False),
        (f"{CLASSES}| Macro average | 0.812 | 0.790 | 0.771 |", False),
        ("It has 108,311,810 (66M) parameters.", True),
        ("It has 108,311,810 (108M) parameters.", False),
        (f"{SPLITS}| All | 12,000 |", True),
        (f"{SPLITS}| All | 12,500 |", False),
        (f"{SPLITS}| Total | 40,000 |", False),  # of which the rows are a part
        (f"{RESULTS}\nThe mean of the two is 54.2.", True),
        (f"{RESULTS}\nThe average of both rows is 54.2. The mean of the two is 44.2.", False),
        ("So 12 x 12 = 148 patches.", True),
        ("So 2 x 8 x 4 = 64 and 12 x 12 = 144.", False),
        ("- train_batch_size: 8\n- gradient_accumulation_steps: 4\n- total_train_batch_size: 16\n", True),
        ("- train_batch_size: 8\n- gradient_accumulation_steps: 4\n- total_train_batch_size: 64\n", False),
    ],
)
def test_sums_that_a_text_states(text: str, wrong: bool) -> None:
    assert codes(model(f"A model.\n\n{text}\n")) == (["CARD072"] if wrong else [])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("It has a cutoff date of October 2024 for public data.", True),
        ("It has a cutoff date of October 2023 for public data.", False),
        ("The cutoff of the pretraining data is March 2023.", True),
        ("Earlier models had a cutoff of March 2023.", False),
        ("The cutoff of the evaluation data is March 2024.", False),
        ("# Training data\n\nDialogues from January to November 2025.", True),
        ("It was trained on loans granted from January 2019 to June 2024.", True),
        ("The model was trained between June and August 2022.", True),
        ("The model was trained between June and August 2024.", False),
        ("# Training data\n\nDialogues of the years 2020 to 2023.", False),
        ("# Training data\n\nIt was evaluated on texts from January to November 2025.", False),
    ],
)
def test_months_of_the_training_data(text: str, wrong: bool) -> None:
    assert codes(model(f"A model.\n\n{text}\n", trainingDataDate="October 2023")) == (["CARD072"] if wrong else [])


@pytest.mark.parametrize(("month", "wrong"), [("February 2024", True), ("January 2024", False), ("May 2023", False)])
def test_training_data_after_the_model_was_logged(month: str, wrong: bool) -> None:
    mlmodel = parse_yaml("utc_time_created: '2024-01-15 14:11:09.004512'\n", "MLmodel")[0]
    at_hand = replace(model("A model.\n", trainingDataDate=month), mlmodel=mlmodel)
    assert ("SPEC037" in codes(at_hand)) is wrong


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('model = mlflow.lightgbm.load_model("models:/little/6")', "CARD068"),
        ('model = mlflow.lightgbm.load_model("models:/little/1")', None),
        ('model = Model(path="azureml://registries/azureml/models/little/versions/3")', "CARD068"),
        ("vllm serve base --enable-lora --max-lora-rank 8", "CARD063"),
        ("vllm serve base --enable-lora --max-lora-rank 64", None),
    ],
)
def test_versions_and_ranks_of_code(code: str, found: str | None) -> None:
    weights: dict[str, Any] = {"adapter_config.json": {"r": 16}}
    at_hand = replace(model(f"A model.\n\n```python\n{code}\n```\n"), weights=weights)
    assert [one for one in codes(at_hand) if one in ("CARD063", "CARD068")] == ([found] if found else [])


@pytest.mark.parametrize(("base", "wrong"), [("org/owl-8b", True), ("org/owl-8b-instruct", False)])
def test_a_conversion_keeps_the_tuning(base: str, wrong: bool) -> None:
    at_hand = model(f"A model.\n\n- Base model: {base}\n", "owl-8b-instruct-awq")
    assert ("MATCH004" in codes(replace(at_hand, config={"_name_or_path": "org/owl-8b-instruct"}))) is wrong
