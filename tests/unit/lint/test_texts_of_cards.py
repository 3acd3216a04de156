"""Placeholders, citations, dates, figures, licences and languages in the words of a card, each beside a sound one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from azureml_publish.diagnostics import Location
from azureml_publish.documents import parse_yaml
from azureml_publish.lint.engine import Card
from tests.unit.lint.cards_at_hand import described, findings
from tests.unit.lint.test_across_files import codes, model

ENTRY = "```bibtex\n{}\n```"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("It was trained on <dataset name>.", "CARD010"),
        ("It was trained on [dataset name].", "CARD010"),
        ("It is under the [LICENSE NAME] license.", "CARD010"),
        ("It is under the [Apache license](https://e.com).", None),
        ("It was trained on ${DATASET}.", "CARD010"),
        ("Set `${DATASET}` before.", None),
        ("It has XX parameters.", "CARD010"),
        ("Author: Your Name", "CARD010"),
        ("Write it on your name badge.", None),
        ("See Section ??.", "CARD010"),
        ("| Metric | Value |\n| --- | --- |\n| Accuracy | xx.x |", "CARD010"),
        ("- Training time: undefined", "CARD010"),
        ("- Loss: nan", "CARD010"),
        ("Divided by zero it is undefined", None),
        ("Copy code", "CARD010"),
        ("Copy code from here.", None),
        ("Certainly! Here is the card:", "CARD010"),
        ("The model is good\u30104\u2020source\u3011.", "CARD010"),
        ("citeturn0search0", "CARD010"),
        ("| a | b |\n\n| --- | --- |\n| 1 | 2 |", "CARD002"),
        ("| a | b |\n|---+---|\n| 1 | 2 |", "CARD002"),
        ("| a | b |\n| --- | --- |\n| 1 | 2 |\n\n| c | d |\n| --- | --- |\n| 1 | 2 |", None),
        ("It\\u2019s a model.", "CARD066"),
        ("Write `\\u2019` or C:\\\\u2019.", None),
        ("A\u2028model.", "CARD048"),
        ("\ue000 A model.", "CARD048"),
        ("[paper](https://doi.org/10.18653)", "CARD073"),
        ("[paper](https://doi.org/doi:10.18653/v1/N19-1423)", "CARD073"),
        ("[paper](https://doi.org/10.18653/v1/N19-1423)", None),
        ("[paper](https://arxiv.org/1810.04805)", "CARD073"),
        ("[paper](https://arxiv.org/abs/181004805)", "CARD073"),
        ("[paper](https://arxiv.org/abs/1810.O4805)", "CARD073"),
        ("[paper](https://arxiv.org/abs/XXXX.XXXXX)", "CARD073"),
        ("[paper](https://arxiv.org/abs/cs/0112017)", None),
        ("[paper](https://arxiv.org/list/cs.CL/recent)", None),
        ("[1810.04805](https://arxiv.org/abs/1910.01108)", "CARD073"),
        ("[arXiv:1810.04805](https://arxiv.org/pdf/1810.04805v2.pdf)", None),
        (ENTRY.format("@artcle{a,\n  title = {X}\n}"), "CARD073"),
        (ENTRY.format("@article{,\n  title = {X}\n}"), "CARD073"),
        (ENTRY.format("@article a,\n  title = {X}\n}"), "CARD073"),
        (ENTRY.format("@article{a,\n  title = {X}\n  year = {2020}\n}"), "CARD073"),
        (ENTRY.format("@article{a,\n  year = {20233}\n}"), "CARD073"),
        (ENTRY.format("@misc{a, eprint={2313.12345}, year=2023}"), "CARD073"),
        (ENTRY.format('@inbook{a:b,\n  title = {X {Y}},\n  year = 2020\n}\n@Misc{c, title="X"}'), None),
        ("- Release date: 2024-19-09", "CARD075"),
        ("It was made on 31 June 2024.", "CARD075"),
        ("It was made on February 30, 2024.", "CARD075"),
        ("It was made on 29 February 2024, or 31 May.", None),
        ("Use the API of 2024-10-21.", None),
        ("It has an accuracy of 191.3 %.", "CARD071"),
        ("It has an accuracy of 91.3 %, a gain of 120 %.", None),
        ("| Metric | Value |\n| --- | --- |\n| F1 | 134.2 |", "CARD071"),
        ("| Metric | Value |\n| --- | --- |\n| total | 11873 |", None),
        ("Model Card for Model ID", "CARD010"),
        ("Model Card for BERT", None),
        ("It is a fine-tuned version of [None](https://huggingface.co/None).", "CARD010"),
        ("| Licence | [None](https://e.com/why) |", None),
        ("An export of `a/b` at commit `{{SOURCE_REVISION}}`.", "CARD010"),
        ("Replace `{{USER_PROMPT}}` with the question; the commit `{{MODEL_SHA}}` is a placeholder.", None),
        ("The prompt is `{{SYSTEM_PROMPT}}`.", None),
        ('```python\nm = AutoModel.from_pretrained(\n    "your-username/a-8b",\n)\n```', "CARD010"),
        ('```python\nmodel_id = "<your-org>/a-8b"\n```', "CARD010"),
        ('```python\nt.push_to_hub("your-username/a")\nm = AutoModel.from_pretrained("your-username/a")\n```', None),
        ('```python\nm = AutoModel.from_pretrained("yourtts/little")\n```', None),
        ("See [the model](https://huggingface.co/your-username/a).", "CARD010"),
        ("See [the model](https://huggingface.co/yourtts/a).", None),
        ("See [the paper]([https://e.com/paper]).", "CARD023"),
        (ENTRY.format("@misc{a, title={X}, eprint={1810.04805}, url={https://arxiv.org/abs/1910.01108}}"), "CARD073"),
        (ENTRY.format("@misc{a, title={X}, eprint={1810.04805}, url={https://arxiv.org/abs/1810.04805v2}}"), None),
        ("See [the paper]([https://e.com/paper](https://e.com/paper)).", "CARD023"),
        ("$$ x = 1\n\nMore.", "CARD054"),
        ("$$\nx = 1\n$$\n\nMore.", None),
        ("$$x = 1$$\n\n$$\\frac{1}{2}\n\nMore.", "CARD054"),
        ("A price of $$ and of $$$.", None),
        ("$$ is the number of a process.", None),
        ("    echo $$\n\n```bash\nkill $$\n```", None),
        (ENTRY.format("@misc{a,\n  title = {X},\n  title = {Y},\n}"), "CARD073"),
        (ENTRY.format("@misc{a,\n  title = {X},\n}\n@misc{b,\n  title = {Y},\n}"), None),
        (ENTRY.format("@misc{a,\n  title = {X},\n  booktitle = {X},\n}"), None),
    ],
)
def test_words_of_a_card(text: str, code: str | None) -> None:
    card = replace(described(f"A model.\n\n{text}\n"), as_of=date(2026, 11, 21))
    found = {one.code for one in findings(card) if one.severity != "info" and one.code != "SMPL004"}
    assert found == ({code} if code else set())


@pytest.mark.parametrize(
    ("text", "licence", "wrong"),
    [
        ("License: apache-2.0\n\n# License\n\n[License](https://opensource.org/licenses/MIT)", "apache-2.0", True),
        ("License: apache-2.0\n\n# License\n\napache-2.0", "apache-2.0", False),
        ("This is an MIT-licensed model.", "apache-2.0", True),
        ("This is an MIT-licensed model.", "mit", False),
        ("Little is released under a GPL-3.0 license.", "apache-2.0", True),
        ("Little is released under the Apache 2.0 license.", "apache-2.0", False),
        ("It is tuned from Little.\n\nLittle is released under a GPL-3.0 license.", "apache-2.0", False),
        ("Bigger is released under a GPL-3.0 license.", "apache-2.0", False),  # another one
        ("The code is released under a GPL-3.0 license.", "apache-2.0", False),
        ("Little's data is released under a GPL-3.0 license.", "apache-2.0", False),
        ("License: CreativeML Open RAIL++-M", "openrail++", False),
    ],
)
def test_licences_in_other_places(text: str, licence: str, wrong: bool) -> None:
    assert ("MATCH005" in codes(model(f"{text}\n", license=licence))) is wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("It translates from English to German.", False),
        ("It translates from English to French.", True),
        ("* source languages: en\n* target languages: fr", True),
        ("* source languages: en\n* target languages: de", False),
        ("* target languages: all", False),
    ],
)
def test_languages_of_a_translation(text: str, wrong: bool) -> None:
    assert ("MATCH007" in codes(model(f"{text}\n", languages=["en", "de"]))) is wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("MIT License\n\nCopyright (c) [year] [fullname]", True),
        ("Copyright (c) <year> <copyright holders>", True),
        ("Copyright (c) 2024 [copyright holder]", True),
        ("Copyright [yyyy] [name of copyright owner]", False),  # the appendix of Apache's
        ("END OF TERMS AND CONDITIONS\n\nCopyright (C) <year>  <name of author>", False),  # that of the GPL
        ("Copyright (c) 2024 Contoso", False),
    ],
)
def test_a_licence_that_nobody_filled_in(text: str, wrong: bool) -> None:
    page = Card(f"{text}\n", lambda line, column: Location("LICENSE", line, column))
    found = findings(replace(described("A model.\n"), licences=(page,)), "CARD010")
    assert bool(found) is wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("# Little\n\n---\nlicense: mit\ntags:\n- a\n---\n\nA model.", True),
        ("-----\ntags:\n- a\n-----\n\nA model.", True),
        ("# Little\n\n---\nNote: it is small\n\n---\n\nA model.", False),
        ("# Little\n\n---\nauthor: somebody\n---\n\nA model.", False),
        ("# Little\n\nA model.\n\n---\n\nlicense: mit", False),
    ],
)
def test_front_matter_that_is_not_first(text: str, wrong: bool) -> None:
    assert bool(findings(described(f"{text}\n"), "CARD053")) is wrong


LISTED = "It detects these languages:\n\nEnglish (en), German (de), Polish (pl), Urdu (ur), "


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (f"{LISTED}Thai (th)", False),
        (f"{LISTED}Thai (th), Greek (el)", True),
        (f"{LISTED}Ukrainian (uk)", True),
        ("These languages are rare:\n\nGreek, Thai, and 5 of India", False),
    ],
)
def test_a_list_of_languages_in_a_paragraph(text: str, wrong: bool) -> None:
    known = model(f"A model.\n\n{text}\n", languages=["en", "de", "pl", "ur", "th"])
    assert ("MATCH007" in codes(known)) is wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Little has 2 layers and takes at most 16,384 tokens.", True),
        ("Little has 2 layers and takes at most 4,096 tokens.", False),
        ("Little has 2 layers and takes at most 512 tokens.", False),
        ("A model.\n\nLittle handles prompts of up to 16,384 tokens.", True),
        ("A model.\n\nBig takes at most 16,384 tokens.", False),
    ],
)
def test_a_limit_above_the_context(text: str, wrong: bool) -> None:
    assert ("MATCH008" in codes(model(f"{text}\n", textContextWindow=4096))) is wrong


SAMPLES = "# {} samples\n\nTask|Use case|Dataset\n--|--|--\nToken Classification|Names|CoNLL\n"
VISION: dict[str, Any] = {"architectures": ["OwlModel"], "patch_size": 14, "image_size": 224, "num_channels": 3}


@pytest.mark.parametrize(
    ("tasks", "text", "found"),
    [
        ({"inferenceTasks": ["summarization"]}, SAMPLES.format("Finetuning"), ["MATCH006"]),
        ({"inferenceTasks": ["summarization"]}, SAMPLES.format("Model Evaluation"), ["MATCH006"]),
        ({"inferenceTasks": ["fill-mask"]}, SAMPLES.format("Finetuning"), []),
        (
            {"inferenceTasks": ["fill-mask"], "fineTuningTasks": ["text-classification"]},
            SAMPLES.format("Finetuning"),
            ["MATCH006"],
        ),
        ({"inferenceTasks": ["token-classification"]}, SAMPLES.format("Model Evaluation"), []),
    ],
)
def test_tables_of_samples_for_the_task(tasks: dict[str, list[str]], text: str, found: list[str]) -> None:
    assert [one for one in codes(model(text, tasks=tasks)) if one == "MATCH006"] == found


@pytest.mark.parametrize(
    ("task", "media", "found"),
    [
        ("embeddings", {"inputModalities": ["image"], "outputModalities": ["embeddings"]}, []),
        ("embeddings", {"inputModalities": ["text"]}, ["MATCH015"]),
        ("image-classification", {"inputModalities": ["image"]}, ["MATCH006"]),
        ("image-classification", {"outputModalities": ["embeddings"]}, ["MATCH006", "MATCH015"]),
    ],
)
def test_media_and_heads_by_the_configuration(task: str, media: dict[str, Any], found: list[str]) -> None:
    known = replace(model("A model.\n", tasks={"inferenceTasks": [task]}, **media), config=VISION)
    assert [one for one in codes(known) if one in ("MATCH006", "MATCH015")] == found


CHANGED = "# Changes\n\n| Version | Change |\n| --- | --- |\n| {} | more data |\n| 1 | first |\n"
SHOTS = "| Benchmark | Shots | Little |\n| --- | --- | --- |\n| MMLU | 5 | 69.5 |\n| GSM8K | 0 | 84.8 |\n\n"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (CHANGED.format(2), False),
        (CHANGED.format(3), True),
        ("# Changes\n\n- Version 3, in May: more data.\n- Version 1: first.\n", True),
        ("# Versions of the data\n\n- Version 3, in May: more data.\n- Version 1: first.\n", False),
        ("# Release notes\n\n**Version 3**: more data\n\n**Version 1**: first", True),
        ("Results were measured with version 1 of this model.", True),
        ("All figures are from version 1.", True),
        ("All figures are from version 2.", False),
        ("All figures are from version 1 of the data.", False),
        (f"{SHOTS}MMLU is answered with 3 examples in the prompt, and GSM8K with none.", True),
        (f"{SHOTS}MMLU is answered with 5 examples in the prompt, and GSM8K with none.", False),
        (f"{SHOTS}GSM8K is measured 8-shot.", True),
        (f"{SHOTS}ARC is measured 8-shot.", False),
    ],
)
def test_versions_and_shots_of_a_text(text: str, wrong: bool) -> None:
    page = Card(f"A page.\n\n{text}\n", lambda line, column: Location("notes.md", line, column))
    known = replace(model("A model.\n"), version=2, pages=(page,))
    assert ("CARD063" in codes(known)) is wrong


@pytest.mark.parametrize(
    ("text", "licence", "wrong"),
    [
        ("Proprietary. For use inside of Acme only.", "mit", True),
        ("For internal use at Acme only.", "apache-2.0", True),
        ("For use in research and elsewhere.", "mit", False),
        ("Proprietary.", "proprietary", False),
    ],
)
def test_an_open_licence_of_a_model_for_few(text: str, licence: str, wrong: bool) -> None:
    assert ("MATCH005" in codes(model(f"A model.\n\n# License\n\n{text}\n", license=licence))) is wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Assistants in English and Japanese.", True),
        ("Assistants in English and German.", False),
        ("Not meant for languages other than English and Dutch.", True),
        ("Not meant for languages other than English and German.", False),
    ],
)
def test_languages_that_a_page_names(text: str, wrong: bool) -> None:
    page = Card(f"{text}\n", lambda line, column: Location("notes.md", line, column))
    assert ("MATCH007" in codes(replace(model("A model.\n", languages=["en", "de"]), pages=(page,)))) is wrong


@pytest.mark.parametrize(
    ("card", "text", "wrong"),
    [
        ("the accuracy is 97.2 %", "which is an accuracy of 94.0 %", True),
        ("the accuracy is 94.0 %", "which is an accuracy of 0.94", False),
        ("the accuracy is 97.2 %", "the accuracy was 94.0 % in an earlier version", False),
        ("the 4,000 windows of 4,000 hours", "Measured on 40,000 windows", True),
        ("the 4,000 windows of 4,000 hours", "Trained on 40,000 windows", False),
    ],
)
def test_results_of_card_and_page(card: str, text: str, wrong: bool) -> None:
    page = Card(f"{text}.\n", lambda line, column: Location("evaluation.md", line, column))
    assert ("CARD072" in codes(replace(model(f"On all {card}.\n"), pages=(page,)))) is wrong


def test_a_size_that_the_model_is_not_offered_on() -> None:
    computes = {"inferenceComputes": ["Standard_NC24ads_A100_v4"]}
    for text, wrong in (("One instance of", True), ("Deploy it on", True), ("It was trained on", False)):
        known = model(f"A model. {text} `Standard_NC4as_T4_v3`.\n", supportedComputes=computes)
        assert ("SKU016" in {one.code for one in findings(known, "SKU016")}) is wrong


def test_the_row_of_this_model_in_a_table_of_sizes() -> None:
    known = {"hidden_size": 768, "num_hidden_layers": 12}
    for row, wrong in (("87 million | 768", False), ("304 million | 1,024", True)):
        head = "| Model | Parameters | Length of the vector |\n| --- | --- | --- |\n"
        rows = f"{head}| owl-large | 304 million | 1,024 |\n| owl-base | {row} |\n"
        at_hand = model(rows, "owl-base", tasks={"inferenceTasks": ["embeddings"]})
        assert ("CARD063" in codes(replace(at_hand, config=known))) is wrong


def test_a_card_that_begins_with_a_sibling() -> None:
    for name, wrong in (("Owl-1.5-6B-Chat", True), ("Owl-1.5-9B-Chat", False)):
        text = f"{name} is the chat model of middle size.\n\nThe weights are those of Owl-1.5-9B-Chat.\n"
        assert ("MATCH002" in codes(model(text, "Owl-1.5-9B-Chat"))) is wrong


def test_an_image_of_azure_reads_input_data() -> None:
    text = 'A model.\n\n## Sample input\n\n```json\n{"inputs": ["a"]}\n```\n'
    for image, wrong in (("mcr.microsoft.com/azureml/curated/mlflow:1", True), ("acme.azurecr.io/own:1", False)):
        mlmodel = parse_yaml(f"metadata:\n  azureml.base_image: {image}\n", "MLmodel")[0]
        found = findings(replace(model(text), mlmodel=mlmodel), "SMPL006")
        assert [str(one.severity) for one in found] == ["warning" if wrong else "info"]


def test_languages_of_a_first_sentence_are_reported_once() -> None:
    known = model("A chat model for texts in English and Japanese.\n", languages=["en", "de"])
    assert len(findings(known, "MATCH007")) == 1
