"""What a folder says of its model in several places: which one it is, its languages, data sets, licence and samples."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from azureml_publish.diagnostics import Location
from azureml_publish.documents import parse_yaml
from azureml_publish.lint.engine import Card, Described, check
from azureml_publish.lint.names.variants import sibling_of
from tests.unit.lint.cards_at_hand import described


def model(card: str, name: str, page: str = "", mlmodel: str = "", **metadata: Any) -> Described:
    base = described(card, name)
    document = parse_yaml(mlmodel, "MLmodel")[0] if mlmodel else None
    pages = (Card(page, partial(Location, "evaluation.md")),) if page else ()
    return replace(base, metadata={**base.metadata, **metadata}, pages=pages, mlmodel=document)


def found(one: Described, *codes: str) -> list[str]:
    """Messages of the findings of some codes that are more than remarks."""
    return [each.message for each in check(one) if each.code in codes and each.severity != "info"]


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("opus-mt-en-de", "Helsinki-NLP/opus-mt-en-fr", "pair"),
        ("opus-mt-en-de", "Helsinki-NLP/opus-mt-de-en", "pair"),
        ("wav2vec2-large-xlsr-53-german", "jonatas/wav2vec2-large-xlsr-53-english", "language"),
        ("wav2vec2-base-960h", "facebook/wav2vec2-base-100h", "hours"),
        ("OLMoE-1B-7B-0924-Instruct", "OLMoE 1B-7B Instruct (September 2024)", None),
        ("OLMoE-1B-7B-0924-Instruct", "OLMoE 1B-7B Instruct (January 2025)", "version"),
        ("gemma-2b-it", "google/gemma-2b-it", None),
    ],
)
def test_names_say_languages_hours_and_months(one: str, other: str, kind: str | None) -> None:
    assert sibling_of(one, other) == kind
    assert sibling_of(other, one) == kind


FLAVOUR = "flavors:\n  transformers:\n    source_model_name: contoso/{}\n"
TABLE = "|Model|Score|\n|--|--|\n|contoso/reader-L{} (this model)|74.3|\n|contoso/reader-L12-v2|75.0|\n"
BASE = "- **Base model:** contoso/bert-base-cased\n\nIt is a *{}* model that was fine-tuned.\n"
HEADS = "|Benchmark|{}|Writer-7b|\n|--|--|--|\n|MMLU|61|62|\n"


@pytest.mark.parametrize(
    ("wrong", "right", "name"),
    [
        ({"displayName": "DistilBERT for questions"}, {"displayName": "RoBERTa for questions"}, "roberta-base-qa"),
        ({"mlmodel": FLAVOUR.format("reader-7b")}, {"mlmodel": FLAVOUR.format("reader-2b")}, "reader-2b"),
        (
            {"card": "- **Hugging Face:** [it](https://huggingface.co/contoso/reader-7b)\n"},
            {"card": "- **Hugging Face:** [it](https://huggingface.co/contoso/reader-2b)\n"},
            "reader-2b",
        ),
        ({"card": "- **Backbone:** ResNet-101\n"}, {"card": "- **Backbone:** ResNet-50\n"}, "finder-resnet-50"),
        (
            {"card": "FINDER with a ResNet-101 backbone finds things.\n"},
            {"card": "FINDER with a ResNet-50 backbone finds things.\n"},
            "finder-resnet-50",
        ),
        ({"card": TABLE.format("12-v2")}, {"card": TABLE.format("6-v2")}, "reader-L6-v2"),
        ({"page": HEADS.format("Reader-7b")}, {"page": HEADS.format("Reader-2b")}, "reader-2b"),
        ({"page": HEADS.format("Reader-7b")}, {"page": HEADS.format("Reader-7b|This model")[:-3]}, "reader-2b"),
        (
            {"page": "The table compares Writer-7b-chat with its own stages.\n"},
            {"page": "The table compares Reader-2b with Writer-7b-chat.\n"},
            "reader-2b",
        ),
        (
            {"card": "Tuned on 100 hours of speech.\n"},
            {"card": "Tuned on 960 hours of speech, pretrained on 53,000 hours of it.\n"},
            "ear-base-960h",
        ),
        ({"summary": "Reader 7b reads texts."}, {"summary": "Refresh of Reader 7b that reads texts."}, "reader-2b"),
        (
            {"card": BASE.format("bert-base-uncased")},
            {"card": BASE.format("bert-base-cased")},
            "bert-base-names",
        ),
    ],
)
def test_a_place_of_the_model_names_the_model(wrong: dict[str, str], right: dict[str, str], name: str) -> None:
    for changes, expected in ((wrong, 1), (right, 0)):
        found_here = found(
            model(name=name, **{"card": "It reads texts.\n", **changes}), "MATCH001", "MATCH002", "MATCH004"
        )
        assert len(found_here) == expected, found_here


LOADS = 'It reads.\n\n```python\nreader = AutoModelForCausalLM.from_pretrained("contoso/{}")\n```\n'


@pytest.mark.parametrize(
    ("loaded", "name", "wrong"),
    [
        ("reader-2b", "reader-2b-instruct", True),
        ("reader-2b-instruct", "reader-2b-instruct", False),
        ("reader-de-en", "reader-en-de", True),
        ("reader-en-de", "reader-en-de", False),
    ],
)
def test_code_loads_the_model_itself(loaded: str, name: str, wrong: bool) -> None:
    one = model(LOADS.format(loaded), name, huggingFaceModelId=f"contoso/{name}")
    assert bool(found(one, "CARD027")) == wrong
