"""Rules that read across files: names of siblings, licences, languages, figures, and what must not be taken for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from azureml_publish.diagnostics import Location
from azureml_publish.documents import parse_yaml
from azureml_publish.lint.engine import ALL_CHECKS, Card, Described, check, compare, facts_of
from azureml_publish.lint.names.languages import is_language, languages_in
from azureml_publish.lint.names.licences import licence_of_text, licences_in
from azureml_publish.lint.names.variants import sibling_of
from tests.unit.lint.cards_at_hand import described

CHECKS = [
    one
    for one in ALL_CHECKS
    if one.rule.code.startswith(("MATCH", "SPEC004", "SPEC031", "SPEC036", "SPEC037", "CARD0"))
]


def model(card: str, name: str = "little", **metadata: Any) -> Described:
    base = described(card, name)
    return replace(base, metadata={**base.metadata, **metadata}, as_of=date(2026, 11, 21))


def codes(*models: Described) -> list[str]:
    facts = [fact for one in models for fact in facts_of(one, CHECKS)]
    found = [*(each for one in models for each in check(one, checks=CHECKS)), *compare(facts, CHECKS)]
    return sorted({one.code for one in found if one.severity != "info"})


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("bert-base-cased", "google-bert/bert-base-uncased", "case"),
        ("bert-base-cased", "BERT large model (uncased)", "class"),
        ("Mistral-7B-Instruct-v0-2", "mistralai/Mistral-7B-Instruct-v0.1", "version"),
        ("Mistral-7B-Instruct-v0-2", "mistralai/Mistral-7B-Instruct-v0.2", None),
        ("mistralai-Mixtral-8x7B-Instruct-v01", "mistralai/Mixtral-8x7B-Instruct-v0.1", None),
        ("mistralai-Mixtral-8x7B-Instruct-v01", "mistralai/Mixtral-8x22B-Instruct-v0.1", "size"),
        ("Salesforce-BLIP-2-opt-2-7b-vqa", "Salesforce/blip2-opt-2.7b", None),
        ("Phi-3-mini-4k-instruct", "microsoft/Phi-3-mini-128k-instruct", "context"),
        ("Phi-3-mini-4k-instruct", "microsoft/Phi-3-mini-4k-instruct", None),
        ("openai-clip-vit-base-patch32", "openai/clip-vit-base-patch16", "version"),
        ("Llama-2-7b", "meta-llama/Llama-2-7b-hf", None),
        ("Llama-2-7b-chat", "meta-llama/Llama-2-13b-chat-hf", "size"),
        ("Qwen2.5-7B-chat", "Qwen/Qwen2.5-7B-Instruct", "tuning"),
        ("distilbert-base-uncased", "bert-base-cased", None),
        ("Phi-4-mini-reasoning-cuda-gpu", "Phi-4", None),
        ("stabilityai-stable-diffusion-2-1", "stabilityai/stable-diffusion-2.1", None),
        ("compvis-stable-diffusion-v1-4", "CompVis/stable-diffusion-v1-5", "version"),
        ("google-efficientnet-b0", "google/efficientnet-b4", "class"),
        ("gpt2-medium", "openai-community/gpt2-large", "class"),
        ("Qwen3-5-9B-mlx", "Qwen/Qwen3.5-9B", None),
        ("qwen2-5-0-5b-instruct", "Qwen/Qwen2.5-0.5B-Instruct", None),
        ("Qwen3-5-9B", "Qwen/Qwen2.5-9B", "version"),
        ("Qwen3-5-9B", "Qwen/Qwen3-9B", "version"),
        ("yolov8-2024", "contoso/yolov8", None),
    ],
)
def test_siblings_are_told_apart_and_spellings_are_not(one: str, other: str, kind: str | None) -> None:
    assert sibling_of(one, other) == kind
    assert sibling_of(other, one) == kind


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Apache License, Version 2.0", {"apache-2.0"}),
        ("[MIT](https://opensource.org/licenses/MIT)", {"mit"}),
        ("CC BY-NC 4.0", {"cc-by-nc-4.0"}),
        ("AGPL v3", {"agpl-3.0"}),
        ("Llama 3.1 Community License", {"llama3.1"}),
        ("Apache-2.0 and MIT", {"apache-2.0", "mit"}),
        ("A custom commercial license is available", set()),
        ("See the file LICENSE", set()),
    ],
)
def test_licences_are_known_by_their_names(text: str, found: set[str]) -> None:
    assert licences_in(text) == found


def test_a_licence_text_is_known_by_its_first_words() -> None:
    assert licence_of_text("                Apache License\n   Version 2.0, January 2004\n") == "apache-2.0"
    assert licence_of_text("Copyright 2024 Contoso. All rights reserved.") == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("English, German and French", {"en", "de", "fr"}),
        ("en", {"en"}),
        ("English (primary)", {"en"}),
        ("many", set()),
    ],
)
def test_languages_are_known_by_code_and_name(text: str, found: set[str]) -> None:
    assert languages_in(text) == found


@pytest.mark.parametrize(
    ("code", "known"), [("kln", True), ("pt-BR", True), ("zh-Hans", True), ("xx", False), ("english", False)]
)
def test_a_language_is_a_tag(code: str, known: bool) -> None:
    assert is_language(code) == known


LICENCE = "This is Little.\n\n"


@pytest.mark.parametrize(
    ("card", "licence", "wrong"),
    [
        ("- **License:** apache-2.0\n", "MIT", True),
        ("- **License:** apache-2.0\n", "apache-2.0", False),
        ("**License** Apache 2.0\n", "mit", True),
        ("| Field | Value |\n|--|--|\n| License | CC-BY-NC-4.0 |\n", "cc-by-4.0", True),
        ("## License\n\nThis model is under the [MIT license](LICENSE).\n", "apache-2.0", True),
        ("The model is released under the Apache 2.0 license.\n", "mit", True),
        ("The code is released under the MIT license, the model is available under Apache 2.0.\n", "apache-2.0", False),
        ("## License\n\nThe code is MIT, the weights are Apache 2.0.\n", "apache-2.0", False),
        ("- **License:** see the Artifacts tab\n", "mit", False),
        ("- **License:** MIT\n", "custom", False),
        ("- **License:** BSD\n", "bsd-3-clause", False),
        ("It was trained by people at MIT on text under CC-BY-SA 3.0.\n", "apache-2.0", False),
    ],
)
def test_a_card_with_another_licence(card: str, licence: str, wrong: bool) -> None:
    assert ("MATCH005" in codes(model(LICENCE + card, license=licence))) == wrong


@pytest.mark.parametrize(
    ("text", "name", "metadata", "found"),
    [
        ("Phi-3-mini-4k-instruct is small.\n", "Phi-3-mini-4k-instruct", {}, []),
        ("# Phi-3-medium-4k-instruct\n\nA model.\n", "Phi-3-mini-4k-instruct", {}, ["MATCH002"]),
        (
            "An optimized version of Mistral-7B-Instruct-v0.1.\n",
            "Mistral-7B-Instruct-v0-2-generic-cpu",
            {},
            ["MATCH002"],
        ),
        ("DistilBERT is smaller than bert-base-uncased.\n", "distilbert-base-cased", {}, []),
        ("It improves on Mistral-7B-Instruct-v0.1: Mistral-7B-Instruct-v0.2.\n", "Mistral-7B-Instruct-v0-2", {}, []),
        ("It has a context length of 128K tokens.\n", "little", {"textContextWindow": 131072}, []),
        ("It has a context length of 128,000 tokens.\n", "little", {"textContextWindow": 4096}, ["MATCH008"]),
        ("Variants of 4K and 128K context length.\n", "little", {"textContextWindow": 131072}, []),
        ("A model.\n", "Phi-3-mini-4k-instruct", {"textContextWindow": 131072}, ["MATCH008"]),
        ("Little-7b has 7.2B parameters.\n", "little-7b", {}, []),
        ("Little-7b has 13B parameters.\n", "little-7b", {}, ["MATCH009"]),
        ("It is on par with models of 70B parameters.\n", "little-7b", {}, []),
        ("Little comes in 7B parameters and 70B parameters.\n", "little-7b", {}, []),
        ("- **Language(s):** English\n", "little", {"languages": ["en"]}, []),
        ("- **Language(s):** English\n", "little", {"languages": ["de"]}, ["MATCH007"]),
        ("---\nlanguage: [en, fr]\n---\nText.\n", "little", {"languages": ["en"]}, ["CARD053", "MATCH007"]),
        ("This model reads Dutch text only.\n", "little", {"languages": ["nl", "de"]}, ["MATCH007"]),
        ("It is not intended for languages other than Italian.\n", "little", {"languages": ["fr"]}, ["MATCH007"]),
        ("It was not tested in languages other than Italian.\n", "little", {"languages": ["fr", "it"]}, []),
        ("- **License:** MIT\n", "little", {"license": "proprietary"}, ["MATCH005"]),
        ("The license permits research use only.\n", "little", {"license": "cc-by-4.0"}, ["MATCH005"]),
        ("The license permits research and commercial use.\n", "little", {"license": "mit"}, []),
        (
            "It is tuned on seven languages: Dutch, Thai and Urdu.\n",
            "little",
            {"languages": ["nl", "th", "ur"]},
            ["MATCH007"],
        ),
        ("It is tuned on 3 languages: Dutch, Urdu (اردو) and Thai.\n", "little", {"languages": ["nl", "th", "ur"]}, []),
        ("## License\n\nNo commercial use.\n", "little", {"license": "mit"}, ["MATCH005"]),
        ("## License\n\nMIT, not the property of anybody.\n", "little", {"license": "mit"}, []),
        ("- **Language(s):** English, code\n", "little", {"languages": ["en", "de"]}, []),
        ("This is for local inference on AMD NPUs.\n", "little-vitis-npu", {}, []),
        ("This is for local inference on CUDA GPUs.\n", "little-vitis-npu", {}, ["MATCH010"]),
        ("- **Task:** Fill Mask\n", "little", {}, []),
        ("- **Task:** question-answering\n", "little", {"tasks": {"inferenceTasks": ["fill-mask"]}}, ["MATCH006"]),
        ("- **Task:** make people happy\n", "little", {}, []),
        ("Text.\n", "little", {"languages": ["en", "multilingual"]}, []),
        ("---\nlanguage: english\nlicense: apche-2.0\n---\nText.\n", "little", {}, ["CARD053", "SPEC031", "SPEC036"]),
        ("Text.\n", "little", {"deprecation": {"inferenceRetirementDate": "2027-02-30T00:00:00Z"}}, ["SPEC037"]),
        ("Text.\n", "little", {"trainingDataDate": "October 2023"}, []),
        ("Text.\n", "bert-base-cased", {"huggingFaceModelId": "bert-large-cased"}, ["SPEC004"]),
        ("Text.\n", "little-7b", {"alias": "little-13b"}, ["MATCH001"]),
        ("Text.\n", "little", {"summary": "Licensorâ€™s text"}, ["CARD040"]),
        ("Text.\n", "little", {"summary": "Licensorвђ™s".replace("вђ™", "вЂ™")}, ["CARD040"]),
        ("Text.\n", "little", {"summary": "TODO"}, ["CARD010"]),
        ("`little-2-1` is tuned from little-2 of last year.\n", "org-little-2-1", {}, []),
        ("It is tuned from little-2 of last year.\n", "org-little-3", {}, ["MATCH002"]),
        ("Description goes here.\n", "little", {}, ["CARD010"]),
        ("Add your description here.\n", "little", {}, ["CARD010"]),
        ("# [Model Name]\n\nText.\n", "little", {}, ["CARD010"]),
        ("You can add adapters here and there.\n", "little", {}, []),
        ("Itâ\x80\x99s read in Latin-1.\n", "little", {}, ["CARD040"]),
        ("Text.\n", "little", {"license": "“mit”"}, ["CARD043"]),
        ("Text.\n", "little", {"promptTemplate": "{{ messages }}"}, []),
    ],
)
def test_card_and_spec_against_each_other(text: str, name: str, metadata: dict[str, Any], found: list[str]) -> None:
    assert codes(model(text, name, **metadata)) == found


def variant(**details: Any) -> Mapping[str, Any]:
    parent = {"assetId": f"azureml://registries/azureml/models/{details.pop('parent', 'little-7b')}/versions/2"}
    return {"parents": [parent], "variantMetadata": details}


@pytest.mark.parametrize(
    ("details", "found"),
    [
        ({"device": "gpu", "executionProvider": "CUDAExecutionProvider", "fileSizeBytes": 4370129223}, []),
        ({"device": "cpu"}, ["MATCH010"]),
        ({"executionProvider": "QNNExecutionProvider"}, ["MATCH010"]),
        ({"fileSizeBytes": 4370}, ["MATCH011"]),
        ({"fileSizeBytes": 4370129223, "vRamFootprintBytes": 2985000000}, []),
        ({"fileSizeBytes": 4370129223, "vRamFootprintBytes": 437035000}, ["MATCH011"]),
        ({"parent": "little-13b"}, ["MATCH001"]),
        ({"parent": "Phi-4"}, ["MATCH001"]),
    ],
)
def test_a_build_against_its_name(details: dict[str, Any], found: list[str]) -> None:
    assert codes(replace(model("Text.\n", "little-7b-cuda-gpu"), variant=variant(**details))) == found


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"architectures": ["BertForMaskedLM"]}, []),
        ({"architectures": ["BertForQuestionAnswering"]}, ["MATCH006"]),
        ({"max_position_embeddings": 4096}, []),
        ({"max_position_embeddings": 2048}, ["MATCH008"]),
        ({"max_position_embeddings": 2048, "rope_scaling": {"factor": 4}}, []),
        ({"quantization_config": {"quant_method": "awq", "bits": 4}}, []),
        ({"quantization_config": {"quant_method": "bitsandbytes", "bits": 8}}, ["MATCH010"]),
        ({"num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 11008, "vocab_size": 32000}, []),
        ({"num_hidden_layers": 80, "hidden_size": 8192, "intermediate_size": 28672, "vocab_size": 32000}, ["MATCH009"]),
    ],
)
def test_the_weights_own_configuration_against_the_spec(config: dict[str, Any], found: list[str]) -> None:
    assert codes(replace(model("Text.\n", "little-7b-int4", textContextWindow=4096), config=config)) == found


def test_one_card_of_two_siblings_and_one_size_of_two() -> None:
    text = "".join(f"A model of language that fills gap {number} in a sentence. " for number in range(8))
    base, large = model(text, "little-base"), model(text, "little-large")
    builds = [
        replace(model(text, f"little-{device}"), variant=variant(fileSizeBytes=123456789)) for device in ("cpu", "gpu")
    ]
    assert codes(base, large) == ["MATCH003"]
    assert codes(model(f"little-base: {text}", "little-base"), model(f"little-base: {text}", "little-large")) == [
        "MATCH002",
        "MATCH003",
    ]
    assert codes(*builds) == []
    same = variant(fileSizeBytes=123456)
    assert codes(replace(base, variant=same), replace(model("Other.\n", "little-large"), variant=same)) == ["MATCH011"]


def test_base_models_of_card_and_mlmodel() -> None:
    mlmodel = parse_yaml("metadata: {base_model_name: little-7b}\n", "MLmodel")[0]
    for base, found in (("org/little-7b", []), ("org/little-13b", ["MATCH004"]), ("[other](https://x.org)", [])):
        one = replace(model(f"- **Base model:** {base}\n", "little-7b-tuned"), mlmodel=mlmodel)
        assert codes(one) == found


@pytest.mark.parametrize(
    ("outputs", "sample", "wrong"),
    [
        ('[{"type": "string"}]', '["paris"]', False),
        ('[{"type": "string"}]', "[0.5, 0.5]", True),
        ('[{"type": "double"}]', '["paris"]', True),
        ('[{"type": "string"}]', '[{"0": "paris"}]', False),
        ('[{"type": "string", "name": "label"}]', '[{"label": "a"}]', False),
        ('[{"type": "string", "name": "label"}]', '{"label": "a"}', False),
        ('[{"type": "string", "name": "label"}]', '[{"class": "a"}]', True),
        ('[{"type": "tensor"}]', "[[0.1]]", False),
    ],
)
def test_sample_outputs_against_the_signature(outputs: str, sample: str, wrong: bool) -> None:
    card = f"Text.\n\n# Sample output\n\n```json\n{sample}\n```\n"
    mlmodel = parse_yaml(f"signature: {{inputs: '[{{\"type\": \"string\"}}]', outputs: '{outputs}'}}\n", "MLmodel")[0]
    found = {one.code for one in check(replace(model(card), mlmodel=mlmodel), checks=ALL_CHECKS)}
    assert ("SMPL008" in found) == wrong


def test_prose_beside_the_card_is_read_as_well() -> None:
    page = Card(
        "The Licensorâ€™s text, coming\x07 soon.\n\nTBD\n", lambda line, column: Location("notes.md", line, column)
    )
    assert codes(replace(model("Text.\n"), pages=(page,))) == ["CARD010", "CARD040", "CARD048"]
    assert codes(replace(model("Text.\n"), licences=(page,))) == ["CARD010", "CARD040", "CARD048"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("![logo]()", ["CARD022"]),
        ("See <img src='assets/logo.png'/> here.", ["CARD064"]),
        ("![logo](http://example.org/a.png)", ["CARD020"]),
        ("[![logo](assets/logo.png)](https://example.org)", ["CARD064"]),
        ('![logo](logo.png "title")', ["CARD064"]),
        ("![logo][l]\n\n[l]: assets/logo.png", ["CARD064"]),
        ("![logo](https://huggingface.co/contoso/x/blob/main/logo.png)", ["CARD057"]),
        ("![logo](https://github.com/contoso/x/blob/main/logo.png?raw=true)", []),
        ("![logo](https://huggingface.co/contoso/x/resolve/main/logo.png)", []),
        ("![logo](data:image/png;base64,AAAA)", []),
        ("![logo](https//example.org/a.png)", ["CARD023"]),
        ("`![logo](logo.png)`", []),
        ("[a](java&#115;cript:alert(1))", ["CARD056"]),
        ("<a href='javascript:x()'>a</a>", ["CARD056"]),
        ("[a](https://example.org/javascript:x)", []),
        ("<img alt='a' src='https://x.org/a.png' onerror='x()'>", ["CARD056"]),
        ("The tokens <s>, <mask> and <pad> are special; a < b and b > c.", []),
        ("<p>One<p>Two<br><img alt='a' src='https://x.org/a.png'>", []),
        ("<b>bold", ["CARD055"]),
        ("<div>\n\n# Text\n\n</div>", []),
        ("```\n<b>\n```", []),
        ("````md\n```\n````", []),
        ("```json\n{}", ["CARD054"]),
        ("> ```\n> x\n> ```\n\nText.", []),
        ("- a\n\n  ```sh\n  x\n  ```", []),
        ("# Title\n\n## Part", ["CARD052"]),
        ("---\n\nText.", []),
    ],
)
def test_what_cards_hold_besides_links(text: str, found: list[str]) -> None:
    start = "" if text.startswith(("# Title", "---")) else "Text.\n\n"
    assert codes(model(f"{start}{text}\n")) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# DreamBooth Finetuning Samples\n\nTask|Notebook\n--|--\nAny|[a](https://x.org/a)\n", False),
        ("# Samples\n\n[Fine-tune](https://aka.ms/azureml-ft-sdk-text-classification)\n", False),
        ("# Samples\n\n[Infer](https://aka.ms/azureml-infer-online-sdk-fill-mask)\n", True),
    ],
)
def test_samples_of_fine_tuning_under_any_heading(text: str, found: bool) -> None:
    assert ("SPEC021" in {one.code for one in check(model(text), checks=ALL_CHECKS)}) == found


@pytest.mark.parametrize(
    ("one", "other", "severities"),
    [
        ({"huggingFaceModelId": "org/a"}, {"huggingFaceModelId": "org/b"}, {"error"}),
        ({"huggingFaceModelId": "org/a"}, {"huggingFaceModelId": "copier/a"}, set()),
        ({"huggingFaceModelId": "org/a"}, {}, {"info"}),
        ({}, {}, {"info"}),
    ],
)
def test_a_commit_of_two_repositories(one: dict[str, str], other: dict[str, str], severities: set[str]) -> None:
    shared = [replace(model("Text.\n", name, **meta), commit="5" * 40) for name, meta in (("a", one), ("b", other))]
    facts = [fact for each in shared for fact in facts_of(each, ALL_CHECKS)]
    assert {str(each.severity) for each in compare(facts, ALL_CHECKS) if each.code == "SPEC005"} == severities


def test_a_sample_is_of_the_family_that_the_model_derives_from() -> None:
    link = "[Sample](https://aka.ms/azureml-infer-online-sdk-text-generation-dolly)\n"
    tasks = {"inferenceTasks": ["text-generation"]}
    codes_of = {
        text: "CARD028" in {one.code for one in check(model(text + link, "tuned-7b", tasks=tasks), checks=ALL_CHECKS)}
        for text in ("It is tuned from Dolly.\n\n", "It is tuned from Falcon.\n\n")
    }
    assert list(codes_of.values()) == [False, True]
