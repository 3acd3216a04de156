"""Texts that were not finished: marks that nobody resolved, sentences without an end, numbers of the version before."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.lint.assets import lint, sound
from tests.unit.lint.cards_at_hand import described, findings

SENTENCES = (
    "The model takes a part of the context. It does not write answers of its own, and it{}\n\n# License\n\nMIT\n"
)
MODEL = "contoso-reader"


def codes(card: str, name: str = MODEL) -> set[str]:
    return {one.code for one in findings(described(card, name)) if one.severity != "info"}


@pytest.mark.parametrize(
    ("code", "wrong", "right"),
    [
        ("CARD022", "![](https://host/a.png)\n", "![A cat](https://host/a.png)\n"),
        ("CARD022", '<img src="https://host/a.png">\n', '<img src="https://host/a.png" alt="">\n'),
        ("CARD023", "See the [book](https://example.com/book).\n", "See the [book](https://host.org/book).\n"),
        ("CARD040", "By Carion et al. \ufffd in 2020.\n", "Lost text becomes \ufffd (a replacement character).\n"),
        ("CARD042", "It is a static\u200b model.\n", "Two words.\u200b\n"),
        ("CARD010", "The error is XX.X MW.\n", "Python 3.X.X is enough.\n"),
        ("CARD010", "See <link to guidelines> first.\n", "See <b>the guidelines</b> first.\n"),
        ("CARD010", "Detailed figures: coming soon.\n", "A coming soon page is found well.\n"),
        ("CARD010", "Insert a one-sentence summary of the model here.\n", "Insert the disk here and there.\n"),
        ("CARD010", "Write here what it does.\n", "People write here what they think of it, and why.\n"),
        ("CARD010", "- <!-- add limitations here -->\n", "- Small. <!-- add limitations here -->\n"),
        ("CARD010", "It may be wrong;\\n\\nThe team knows.\n", "The gradient is $\\nabla f$, as in C:\\new.\n"),
        ("CARD054", "```text\na\n\n# License\n\n```json\n{}\n```\n", "```text\na\n```json\n{}\n```\n"),
        ("CARD075", "Data to 2025-31-12.\n", "Data to 2025-12-31.\n"),
        ("CARD058", "<<<<<<< HEAD\nText.\n", "A line of <<<<<<< signs.\n"),
        ("CARD067", SENTENCES.format(""), SENTENCES.format(" works with texts alone.")),
        ("CARD067", SENTENCES.format(" is for the"), SENTENCES.format(" reads a list of\n\n- texts\n")),
        (
            "CARD067",
            "It is for retrieval and It has 33 million of them.\n",
            "It is for retrieval. It has two and a half.\n",
        ),
        ("CARD058", "Text.\n>>>>>>> feature/notes\n", "Text.\n\n> > > quoted\n"),
        ("CARD065", "Modules are q_proj, k_proj, k_proj, v_proj.\n", "Modules are q_proj, k_proj, v_proj.\n"),
        ("CARD010", "Write to firstname.lastname@company.com.\n", "Write to anna.smith@company.com.\n"),
        ("CARD010", "See [link text here](https://host.org/a).\n", "See [the text](https://host.org/a).\n"),
        ("CARD010", '```python\npipeline("x", model="YOUR_MODEL")\n```\n', '```python\nmodel="YOUR_KEY"\n```\n'),
        ("CARD010", "XXX check with the owner\n", "Models of size XXX are larger.\n"),
        ("CARD010", "Write to your-team@example.com.\n", "Write to team@contoso.com.\n"),
        ("CARD010", "A summary of the model goes here.\n", "The road goes here and there.\n"),
        ("CARD066", "&nbsp;&lt;br&gt;Be short.\n", "Tags such as &lt;br&gt; are kept, as is &lt;s&gt;.\n"),
        (
            "CARD010",
            '```python\nPeftModel.from_pretrained(base, "<your-adapter-path>")\n```\n',
            '```python\nClient(key="<your-api-key>")\n```\n',
        ),
    ],
)
def test_what_was_left_unfinished(code: str, wrong: str, right: str) -> None:
    assert code in codes(f"A reader.\n\n{wrong}")
    assert code not in codes(f"A reader.\n\n{right}")


def test_one_text_of_two_forms_is_reported_once() -> None:
    assert len(findings(described("A reader.\n\n[insert figures here]\n"), "CARD010")) == 1


@pytest.mark.parametrize(
    ("loaded", "wrong"), [("models:/little/6", True), ("models:/little/7", False), ("models:/other/6", False)]
)
def test_code_takes_this_version(loaded: str, wrong: bool, tmp_path: Path) -> None:
    spec = re.sub(r"version: 1\b", "version: 7", sound()["spec.yaml"])
    card = sound()["description.md"] + f'\n```python\nmodel = mlflow.pyfunc.load_model("{loaded}")\n```\n'
    assert ("CARD027" in {code for code, *_ in lint(tmp_path, spec_yaml=spec, card=card)}) == wrong


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("contoso/little/6/mlflow_model_folder", True),
        ("contoso/little/7/mlflow_model_folder", False),
        ("contoso/little/1712053921/mlflow_model_folder", False),
        ("huggingface/little/6/mlflow_model_folder", False),
    ],
)
def test_files_are_of_this_version(path: str, wrong: bool, tmp_path: Path) -> None:
    spec = re.sub(r"version: 1\b", "version: 7", sound()["spec.yaml"])
    place = f"path:\n  container_name: models\n  container_path: {path}\n  storage_name: contoso\n  type: azureblob\n"
    publishing = f"{place}publish:\n  description: description.md\n  type: mlflow_model\n"
    assert ("PATH002" in {code for code, *_ in lint(tmp_path, spec_yaml=spec, model_yaml=publishing)}) == wrong
