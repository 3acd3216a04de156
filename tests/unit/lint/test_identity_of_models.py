"""What a folder says of its model in several places: which one it is, its languages, data sets, licence and samples."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import pytest

from azureml_publish.assets import Value
from azureml_publish.diagnostics import Location
from azureml_publish.documents import parse_yaml
from azureml_publish.lint.engine import Card, Described, check
from azureml_publish.lint.names.variants import sibling_of
from tests.unit.lint.assets import lint, sound
from tests.unit.lint.cards_at_hand import described


def model(
    card: str, name: str = "little", page: str = "", mlmodel: str = "", labels: str = "", **metadata: Any
) -> Described:
    named: dict[str, Value] = {str(number): label for number, label in enumerate(labels.split())}
    base = described(card, name, config={"id2label": named} if labels else None)
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
WORDS = " ".join(left + right + "e" for left in ascii_lowercase for right in ascii_lowercase) + ".\n"
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
        (
            {"summary": "Speech, tuned on 100 hours of it."},
            {"summary": "Speech, tuned on 960 hours of it."},
            "ear-base-960h",
        ),
        ({"displayName": "OPUS English to French"}, {"displayName": "OPUS English to German"}, "opus-mt-en-de"),
        ({"card": "- **Architecture:** RoBERTa\n"}, {"card": "- **Architecture:** bert\n"}, "electra-small"),
        ({"card": "The large model of Ear.\n"}, {"card": "The base model of Ear.\n"}, "ear-base-960h"),
        (
            {"card": "It is made from the checkpoint *large*.\n"},
            {"card": "It is made from the checkpoint *base*.\n"},
            "ear-base-960h",
        ),
        ({"page": WORDS + "Llama reads. " * 3}, {"page": WORDS + "Llama reads. " * 2}, "bert-base-cased"),
        ({"page": "Phi reads. " * 3}, {"page": "Llama reads. " * 3}, "codellama-7b"),
        (
            {"card": "|A|B|\n|--|--|\n|X (this model)|ResNet-101|\n"},
            {"card": "|A|B|\n|--|--|\n|X (this model)|ResNet-50|\n"},
            "finder-resnet-50",
        ),
        ({"card": TABLE.format("12-v2")}, {"card": TABLE.format("6-v2")}, "reader-L6-v2"),
        ({"page": HEADS.format("Reader-7b")}, {"page": HEADS.format("Reader-2b")}, "reader-2b"),
        (
            {"page": HEADS.format("Reader-7b")},
            {"page": HEADS.format("Reader-7b").replace("Writer-7b", "This model")},
            "reader-2b",
        ),
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
        (
            {"page": "Results of the new harness for reader-7b.\n"},
            {"page": "Results of the new harness for reader-2b, beside reader-7b.\n"},
            "reader-2b",
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


@pytest.mark.parametrize(
    ("changes", "hub", "wrong"),
    [
        ({"displayName": "Reader Coder 7B"}, "contoso/reader-7b-instruct", True),
        ({"displayName": "Reader 7B, Chinese"}, "contoso/reader-7b-en", True),
        ({"displayName": "Reader 7B reranker"}, "contoso/reader-7b-instruct", False),
        ({"card": "The original is [it](https://huggingface.co/contoso/reader-7b).\n"}, "contoso/reader-7b-v1.5", True),
        (
            {"card": "The original is [it](https://huggingface.co/contoso/reader-7b-v1.5).\n"},
            "contoso/reader-7b-v1.5",
            False,
        ),
        ({"card": "The original is [it](https://huggingface.co/writer/reader-7b).\n"}, "contoso/reader-7b-v1.5", False),
        (
            {"card": "This model is [Reader 2B](https://huggingface.co/contoso/reader-2b), tuned.\n"},
            "contoso/reader-7b",
            True,
        ),
        ({"card": "Reader 2B (English) turns texts into others.\n"}, "contoso/reader-7b", True),
    ],
)
def test_names_are_compared_with_the_hub_id_as_well(changes: dict[str, str], hub: str, wrong: bool) -> None:
    one = model(**{"card": "It reads texts.\n", **changes}, name="reader-7b", huggingFaceModelId=hub)
    assert bool(found(one, "MATCH001", "MATCH002")) == wrong


LOADS = 'It reads.\n\n```python\nreader = AutoModelForCausalLM.from_pretrained("contoso/{}")\n```\n'


@pytest.mark.parametrize(
    ("loaded", "name", "wrong"),
    [
        ("writer-L2", "writer-L6", True),
        ("reader-2b", "reader-2b-instruct", True),
        ("reader-2b-instruct", "reader-2b-instruct", False),
        ("reader-de-en", "reader-en-de", True),
        ("reader-en-de", "reader-en-de", False),
    ],
)
def test_code_loads_the_model_itself(loaded: str, name: str, wrong: bool) -> None:
    one = model(LOADS.format(loaded), name, huggingFaceModelId=f"contoso/{name}")
    assert bool(found(one, "CARD027")) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("**Parent model:** Reader-3B", False),
        ("- **Parent architecture:** Reader-3B (3B)", False),
        ("Merged from Reader-7B and Lynx-7B.", False),
        ("Initialised from Reader-7B.", False),
        ("A pruned version of Reader-7B.", False),
        ("The tokenizer is that of Reader-7B.", False),
        ("The code runs Reader-7B. It is pruned.", True),
        ("**Model:** Reader-7B", True),
        ("A fine-tuned version of Reader-7B.", True),
    ],
)
def test_a_card_may_say_what_a_model_was_made_of(text: str, wrong: bool) -> None:
    assert bool(found(model(f"# Model card\n\nIt reads texts.\n\n{text}\n", "reader-2b"), "MATCH002")) == wrong


@pytest.mark.parametrize(
    ("linked", "name", "wrong"),
    [
        ("Reader-3.5-2b", "reader-3-5-2b", False),
        ("reader-3-5-2b", "Reader-3.5-2b", False),
        ("Reader-4.5-2b", "reader-3-5-2b", True),
        ("Reader-3.5-2b", "reader-3-2b", True),
        ("Reader-V-2.0", "reader-v-2", False),
        ("reader-2_base", "Reader-2.0.0-base", False),
        ("Reader-V-2.0", "reader-v-20", True),
        ("Reader-V-2.0", "reader-v-3", True),
    ],
)
def test_a_dash_stands_for_a_point(linked: str, name: str, wrong: bool) -> None:
    one = model(f"It reads. See the [original model card](https://huggingface.co/contoso/{linked}).\n", name)
    assert bool(found(one, "CARD027")) == wrong


EIGHT = ["en", "de", "fr", "it", "pt", "hi", "es", "th"]
LISTED = "## Supported languages\n\nEnglish, German, French, Italian, Portuguese, Hindi, Spanish and {}.\n"


@pytest.mark.parametrize(
    ("wrong", "right", "languages"),
    [
        (LISTED.format("Turkish"), LISTED.format("Thai"), EIGHT),
        (LISTED.replace("German, ", "").format("Thai"), LISTED.format("Thai"), EIGHT),
        ("## Languages\n\n- English\n- German\n- Dutch\n", "## Languages\n\n- English\n- German\n", ["en", "de"]),
        (
            "It supports two languages: English and Dutch.\n",
            "It supports two languages: English and German.\n",
            ["en", "de"],
        ),
        ("It is made for chat in twelve languages.\n", "It is made for chat in eight languages.\n", EIGHT),
        ("Answers in the other nine languages are worse.\n", "Answers in the other 7 languages are worse.\n", EIGHT),
        ("It supports 9 languages.\n", "It supports 8 languages, and is trained on more than 30 languages.\n", EIGHT),
        ("It reads Korean.\n", "It reads texts.\n", ["en", "kr"]),
        ("- **Target language:** French\n", "- **Target language:** German\n", ["en", "de"]),
        ("It summarizes dialogues in German.\n", "It summarizes dialogues in English, by a German team.\n", ["en"]),
        ("An assistant for support in English and French.\n", "An assistant in English and German.\n", ["en", "de"]),
        ("It reads English, German, German and French texts.\n", "It reads texts.\n", ["en", "de", "fr"]),
    ],
)
def test_lists_of_languages_are_those_of_the_spec(wrong: str, right: str, languages: list[str]) -> None:
    assert len(found(model(wrong, languages=languages), "MATCH007", "CARD065")) == 1
    assert found(model(right, languages=languages), "MATCH007", "CARD065") == []


def test_norwegian_wants_quotes(tmp_path: Path) -> None:
    spec = sound()["spec.yaml"]
    assert "languages:" in spec
    plain = re.sub(r"(languages:\n)(\s*)- .*\n", r"\1\2- no\n\2- en\n", spec)
    assert "SPEC036" in {code for code, *_ in lint(tmp_path / "plain", spec_yaml=plain)}
    quoted = plain.replace("- no\n", "- 'no'\n")
    assert "SPEC036" not in {code for code, *_ in lint(tmp_path / "quoted", spec_yaml=quoted)}


@pytest.mark.parametrize(
    ("card", "data_sets", "wrong"),
    [
        ("It was fine-tuned on the [OntoNotes 5](x) corpus.\n", ["conll2003"], True),
        ("It was fine-tuned on CoNLL-2003.\n", ["conll2003"], False),
        ("This one is tuned on ADE20K.\n", ["cityscapes"], True),
        ("This one is tuned on ADE20K.\n", ["scene_parse_150"], False),
        ("Little saw 1,500 billion tokens of RefinedWeb.\n", ["EleutherAI/pile"], True),
        ("Little saw 300 billion tokens of the Pile.\n", ["EleutherAI/pile"], False),
        ("It was fine-tuned on SQuAD 1.1.\n\n- **Training data:** SQuAD 2.0\n", ["deepset/squad_v2"], True),
        ("It was fine-tuned on SQuAD.\n", ["squad_v2"], False),
        ("It was pretrained on Wikitext, then fine-tuned on IMDB.\n", ["imdb"], False),
        ("First trained on MNLI.\n\n- **Training data:** XSum\n", ["imdb"], False),
        ("It does as well as models that were not seen.\n", ["imdb"], False),
    ],
)
def test_data_sets_of_card_and_spec_are_the_same(card: str, data_sets: list[str], wrong: bool) -> None:
    assert bool(found(model(card, datasets=data_sets), "MATCH017")) == wrong


ENTITIES = "It knows {} types of entities: places (LOC), organisations (ORG){}.\n"


@pytest.mark.parametrize(
    ("card", "labels", "wrong"),
    [
        (ENTITIES.format("two", ""), "O B-LOC B-ORG B-PER", True),
        (ENTITIES.format("three", ", and persons (PER)"), "O B-LOC B-ORG B-PER", False),
        (
            "|Label|Meaning|\n|--|--|\n|O|none|\n|B-LOC|place|\n|B-ORG|group|\n|B-DATE|day|\n",
            "O B-LOC B-ORG B-PER",
            True,
        ),
        (
            "|Label|Meaning|\n|--|--|\n|O|none|\n|B-LOC|place|\n|B-ORG|group|\n|B-PER|name|\n",
            "O B-LOC B-ORG B-PER",
            False,
        ),
        ("It sorts texts into positive, negative or mixed.\n", "negative positive neutral", True),
        ("It sorts texts into positive, negative or neutral.\n", "negative positive neutral", False),
        ("It gives three logits per pair.\n", "LABEL_0", True),
        ("It gives one logit per pair.\n", "LABEL_0", False),
    ],
)
def test_labels_of_the_card_are_those_of_the_configuration(card: str, labels: str, wrong: bool) -> None:
    assert bool(found(model(card, labels=labels), "CARD063")) == wrong


MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy of it.\n"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"card": "- **License:** Microsoft Research License\n", "license": "mit"}, "MATCH005"),
        ({"card": "- **License:** Open Source License\n", "license": "mit"}, None),
        ({"card": "- **License:** See the license\n", "license": "mit"}, None),
        ({"card": "- **License:** MIT\n", "license": "other", "licenseDescription": "Internal use only."}, "MATCH005"),
        ({"card": "- **License:** MIT\n", "license": "other", "licenseDescription": "See the file."}, None),
        (
            {
                "card": "It.\n",
                "license": "mit",
                "licenseDescription": f"MIT License\n\nCopyright (c) <year> <owner>\n{MIT}",
            },
            "SPEC041",
        ),
        ({"card": "It.\n", "license": "mit", "licence": f"Apache License\nVersion 2.0\n\n{MIT}"}, "SPEC041"),
        ({"card": "It.\n", "license": "mit", "licence": f"MIT License\n\n{MIT}"}, None),
        ({"card": "It.\n", "license": "mit", "licence": f"Copyright Contoso\n\n{MIT}"}, None),
    ],
)
def test_licences_are_named_alike(changes: dict[str, str], code: str | None) -> None:
    text = changes.pop("licence", "")
    one = model(**changes)
    one = replace(one, licences=(Card(text, partial(Location, "LICENSE")),)) if text else one
    assert bool(found(one, "MATCH005", "SPEC041")) == bool(code)
    assert not code or found(one, code)
