"""The edges of the rules on cards: what they find beyond the examples, and what they leave alone."""

from __future__ import annotations

import pytest

from tests.unit.lint.cards_at_hand import described, findings, fixed, places

BERT = "bert-base-cased"
HUB = "google-bert/bert-base-cased"


def found(text: str, *codes: str, name: str = BERT, hub: str = HUB, task: str = "fill-mask") -> list[str]:
    return places(described(text, name, hub=hub, task=task), *codes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("| a | b |\n|---|---|\n| 1 | 2 | 3 |\n", ["3:1"]),
        ("| a | b |\n|---|---|\n| 1 \\| 2 | 3 |\n", []),
        ("a|b\n|---|---|\n1|2\n</a>\n", ["4:1"]),
        ("a | b | c\n--- | ---\n1 | 2 | 3\n", ["2:1"]),
        ("> a | b\n> -|-\n> 1\n", ["3:1"]),
        ("```\na | b\n-|-\n1\n```\n", []),
    ],
)
def test_rows_and_dashes_with_other_cells_than_the_header(text: str, expected: list[str]) -> None:
    assert found(text, "CARD001") == [f"{place} CARD001" for place in expected]


@pytest.mark.parametrize(
    "text", ["P(a|b) is small.\nP(b|a) is not.\n", "a || b\nc || d\n", "| x |\n", "`a|b|c`\n`d|e|f`\n"]
)
def test_bars_in_text_are_no_table(text: str) -> None:
    assert found(text, "CARD001", "CARD002", "CARD003") == []


@pytest.mark.parametrize(
    "text",
    [
        "A larger one is coming soon to the catalogue.",
        "$\\frac{{a}}{{b}}$ and x^{{n}}",
        "`TODO` and\n\n```\n{{ name }} TODO\n```\n",
        "<!-- the table below is made by a script -->",
        "The todo list of a person.",
        "[your data](https://example.org)",
        "| To be | not |\n|---|---|\n| to be | or |\n",
    ],
)
def test_what_only_looks_like_a_placeholder(text: str) -> None:
    assert found(text, "CARD010") == []


@pytest.mark.parametrize(
    "text",
    [
        "TBD",
        "- **Coming soon!**",
        "Lorem ipsum dolor",
        "[More Information Needed]",
        "Served by {{ who.name }}.",
        "FIXME: x",
    ],
)
def test_placeholders_in_text(text: str) -> None:
    assert len(found(text, "CARD010")) == 1


@pytest.mark.parametrize(
    "ref", ["main", "master", "v1.2", "4.30.0", "transformers-4.30", "release-1", "HEAD", "5532cc56f7", "a" * 40]
)
def test_branches_that_stay(ref: str) -> None:
    assert found(f"[a](https://github.com/o/r/blob/{ref}/a.py)", "CARD021") == []


@pytest.mark.parametrize("url", ["https://raw.githubusercontent.com/o/r/trial/a", "https://github.com/o/r/tree/jdoe/x"])
def test_branches_that_end(url: str) -> None:
    assert len(found(f"See {url} here", "CARD021")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "[a](mailto:a@example.org)",
        "[a](https://example.org/a_(b))",
        "f(x)[0] and (see)[1]",
        "[a](#b)",
        "array[i](j k)",
        "[a](<https://e.org/a b>)",
        "![a](b c)",
    ],
)
def test_addresses_that_are_right_or_none(text: str) -> None:
    assert found(text, "CARD023") == []


@pytest.mark.parametrize(
    "text",
    [
        "[a](https//example.org)",
        "[a](htps://example.org)",
        "[a](https://https://example.org)",
        "[a](https://)",
        "[a](https://example.org",
        "(the site)[https://example.org]",
        '<a href="https:/example.org">a</a>',
    ],
)
def test_addresses_that_cannot_be_followed(text: str) -> None:
    assert len(found(text, "CARD023")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "[bert-base-uncased](https://huggingface.co/bert-base-uncased)",
        "its [uncased sibling](https://huggingface.co/google-bert/bert-base-uncased)",
        "[the BERT base model](https://huggingface.co/bert-base-cased)",
        "[original model card](https://huggingface.co/bert-base-cased/blob/main/README.md)",
        "[original model card](https://hf.co/google-bert/bert-base-cased)",
        "[Emotion](https://huggingface.co/datasets/dair-ai/emotion)",
        "[a paper](https://huggingface.co/papers/1810.04805) [docs](https://huggingface.co/docs/transformers)",
        "[RoBERTa](https://huggingface.co/roberta-base), its [model card](https://huggingface.co/roberta-base)",
        "| large | [link](https://huggingface.co/bert-large-cased) |\n|---|---|\n",
        "[in fp16](https://huggingface.co/somebody/bert-base-cased-fp16)",
        "[the organisation](https://huggingface.co/google-bert)",
        "`[original model card](https://huggingface.co/bert-base-uncased)`",
    ],
)
def test_links_to_models_that_are_fine(text: str) -> None:
    assert found(text, "CARD027") == []


@pytest.mark.parametrize(
    "text",
    [
        "[original model card](https://huggingface.co/bert-base-uncased)",
        "[model page](https://huggingface.co/google-bert/bert-base-uncased/tree/main)",
        "<a href='https://huggingface.co/bert-large-cased'>here</a>",
        "[registry](https://ml.azure.com/registries/azureml/models/bert-large-cased/version/17)",
        "[Model Card](https://huggingface.co/bert-large-cased)",
        "```python\npipeline('fill-mask', model='bert-base-uncased')\n```\n",
    ],
)
def test_links_that_take_another_model_for_this_one(text: str) -> None:
    assert len(found(text, "CARD027")) == 1


def test_a_declared_base_model_may_be_linked() -> None:
    text = "[original model card](https://huggingface.co/bert-base-uncased)"
    assert places(described(text, "mine-base", tags={"base_model": "google-bert/bert-base-uncased"}), "CARD027") == []
    assert places(described(text, "mine-base", hub="me/mine-base"), "CARD027") != []


def test_names_with_the_organisation_in_them_are_the_models_own() -> None:
    for name, url in (
        ("openai-whisper-large", "openai/whisper-large"),
        ("mistralai-Mixtral-8x7B-Instruct-v01", "mistralai/Mixtral-8x7B-Instruct-v0.1"),
    ):
        assert found(f"[original model card](https://huggingface.co/{url})", "CARD027", name=name, hub="") == []


@pytest.mark.parametrize(
    ("name", "text", "count"),
    [
        ("bert-base-uncased", "The model is uncased: it does not make a difference between english and English.", 0),
        ("bert-base-uncased", "It makes a difference between english and English.", 1),
        ("bert-base-uncased", "The model is not case-sensitive.", 0),
        ("bert-base-cased", "It makes a difference between english and English.", 0),
        ("bert-base-cased", "It does not make a difference between english and English.", 1),
        ("bert-base-cased", "The model is case-insensitive.", 1),
        ("bert-base-cased", "See [one that is uncased](https://e.org).", 1),
        ("bert-base-cased", "`is uncased`", 0),
        ("roberta-base", "The model is uncased.", 0),
    ],
)
def test_cased_and_uncased(name: str, text: str, count: int) -> None:
    assert len(found(text, "CARD029", name=name, hub="")) == count


@pytest.mark.parametrize(
    "text", ["Ça va, garçon ? À demain, Âge, pâté, naïve", "SÃO PAULO", "Ünï¢ode", "日本語 \u2013 „so“"]
)
def test_letters_that_are_meant(text: str) -> None:
    assert found(text, "CARD040") == []


@pytest.mark.parametrize("meant", ["café", "it\u2019s", "“so”", "naïve", "\u2013", "€5", "日本", "Ω"])
def test_every_text_read_in_the_wrong_encoding_is_given_back(meant: str) -> None:
    for encoding in ("latin-1", "cp1252"):
        try:
            wrong = meant.encode().decode(encoding)
        except UnicodeDecodeError:
            continue
        assert fixed(described(f"a {wrong} b\n"), "CARD040") == f"a {meant} b\n"


@pytest.mark.parametrize("text", ["4\u00a0GB", "Ça va\u00a0?", "«\u00a0oui\u00a0»"])
def test_no_break_spaces_that_are_meant(text: str) -> None:
    assert found(text, "CARD041") == []


@pytest.mark.parametrize("text", ["👩‍🍳 🏡", "می‌خواهم", "क्‍ष", "ไทย\u200bไทย"])
def test_joiners_that_emoji_and_scripts_need(text: str) -> None:
    assert found(text, "CARD042") == []


@pytest.mark.parametrize(
    ("language", "code", "count"),
    [
        ("json", '{"a": "don\u2019t"}', 0),
        ("json", "{“a”: 1}", 1),
        ("python", "print('don\u2019t')  # “x”", 0),
        ("bash", "echo “a”", 1),
        ("", "“a”", 0),
    ],
)
def test_typographic_quotes_in_code(language: str, code: str, count: int) -> None:
    assert len(found(f"```{language}\n{code}\n```\n", "CARD043")) == count


def test_blanks_that_break_a_line_or_stand_in_code_are_left_alone() -> None:
    assert found("a  \nb\n\n```\nc \n```\n", "CARD045") == []
    assert fixed(described("# a \n\nb  \n\n|c|d| \n|-|-|\n"), "CARD045") == "# a\n\nb\n\n|c|d|\n|-|-|\n"


def test_headings_keep_their_order_when_a_level_is_fixed() -> None:
    text = "# A\n\n### B\n\n#### C\n\n### D\n\n# E\n"
    assert fixed(described(text), "CARD030") == "# A\n\n## B\n\n### C\n\n## D\n\n# E\n"
    assert found("### A\n\nb\n\n### C\n\n#### D\n", "CARD030") == []


@pytest.mark.parametrize(
    ("text", "name", "count"),
    [
        ("`[mask]`", "bert-base-cased", 1),
        ("`<mask>`", "bert-base-cased", 1),
        ("`<mask>`", "roberta-base", 0),
        ("`[MASK]`", "roberta-base", 1),
        ("`[MASK]` or `<mask>`", "little", 0),
        ("`[Mask]`", "little", 1),
        ("`loss[mask]` and x[mask], [mask](https://e.org)", "bert-base-cased", 0),
        ("```python\nx[mask]\n```\n", "bert-base-cased", 0),
    ],
)
def test_masks(text: str, name: str, count: int) -> None:
    assert len(found(text, "CARD062", name=name, hub="")) == count


def test_the_tokenizer_has_the_last_word_on_its_mask() -> None:
    assert places(described("`[MASK]`", BERT, tokenizer={"mask_token": "<mask>"}), "CARD062") == ["1:2 CARD062"]
    assert places(described("`<mask>`", BERT, tokenizer={"mask_token": {"content": "<mask>"}}), "CARD062") == []


def test_the_configuration_has_the_last_word_on_figures() -> None:
    config = {"num_hidden_layers": 12, "hidden_size": 768, "num_attention_heads": 12}
    (layers,) = findings(described("A 24-layer network.", config=config), "CARD063")
    assert "config.json" in layers.message
    assert "12 layers" in layers.message
    assert findings(described("A 24-layer network.", BERT, config={"num_hidden_layers": 24}), "CARD063") == ()
    assert findings(described("It has 12 layers, its sibling 24 layers.", config=config), "CARD063") == ()
    assert findings(described("It has 24 layers.", "little"), "CARD063") == ()
    assert findings(described("Freeze the first 6 layers.", BERT), "CARD063") == ()


@pytest.mark.parametrize(
    ("url", "task", "count"),
    [
        ("https://aka.ms/azureml-infer-online-sdk-fill-mask", "fill-mask", 0),
        ("https://aka.ms/azureml-eval-sdk-fill-mask/", "text-classification", 1),
        ("https://aka.ms/fill-mask-online-endpoint-oss", "token-classification", 1),
        ("https://aka.ms/sdk-notebook-examples", "fill-mask", 0),
        ("https://aka.ms/azureml-infer-online-sdk-asr", "automatic-speech-recognition", 0),
        ("https://aka.ms/azureml-infer-online-sdk-text-generation-dolly", "text-generation", 1),
        ("https://aka.ms/azureml-eval-sdk-text-generation", "chat-completion", 0),
        ("https://github.com/Azure/azureml-examples/blob/main/sdk/Llama-notebooks/a.ipynb", "text-generation", 1),
        ("https://aka.ms/azureml-infer-online-sdk-fill-mask", "a-new-task", 0),
    ],
)
def test_samples_of_other_tasks_and_families(url: str, task: str, count: int) -> None:
    assert len(found(f"[a]({url})", "CARD028", name="little", hub="", task=task)) == count


def test_a_card_of_the_size_of_others_is_not_too_large() -> None:
    assert found("a" * 16 * 1024, "CARD050") == []
    assert found("é" * 8 * 1024 + "a", "CARD050") == ["1:1 CARD050"]


def test_fixes_make_what_the_hint_says() -> None:
    for code, text, expected in (
        ("CARD001", "a|b\n-|-\n1|\n", "a|b\n-|-\n1| |\n"),
        ("CARD001", "a|b|c\n-|-|-\n1|2\n", "a|b|c\n-|-|-\n1|2 | |\n"),
        ("CARD002", "|a|b|\n|1|2|\n", "|a|b|\n| --- | --- |\n|1|2|\n"),
        ("CARD003", "text\n|a|b|\n|-|-|\n", "text\n\n|a|b|\n|-|-|\n"),
        ("CARD004", "a|b\n|-|-|\n1|2\n", "a|b\n---|-\n1|2\n"),
        ("CARD010", "|a|b|\n|-|-|\n|Batch|todo|\n|c|d|\n", "|a|b|\n|-|-|\n|c|d|\n"),
        ("CARD010", "|a|b|c|\n|-|-|-|\n|d|e|todo|\n", "|a|b|c|\n|-|-|-|\n|d|e||\n"),
        ("CARD020", "[a](http://arxiv.org/x)", "[a](https://arxiv.org/x)"),
        ("CARD020", "[a](http://www.cs.uic.edu/x)", "[a](http://www.cs.uic.edu/x)"),
        ("CARD023", "[a](https:/e.org/b)", "[a](https://e.org/b)"),
        ("CARD023", "(https://e.org)[b]", "[b](https://e.org)"),
        ("CARD025", "[a](https://learn.microsoft.com/en-us/b)", "[a](https://learn.microsoft.com/b)"),
        ("CARD026", '<a href="https://e.org">b</a>.', "[b](https://e.org)."),
        ("CARD031", "# Sample input and output\n", "# Sample inputs and outputs\n"),
        ("CARD047", "a", "a\n"),
        ("CARD062", "`[mask]`", "`[MASK]`"),
    ):
        assert fixed(described(text, BERT, hub=HUB), code) == expected
