"""Sample outputs beside their inputs, and prompts beside the template of the tokenizer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from azureml_publish.lint.engine import check
from tests.unit.lint.cards_at_hand import described

NER = "token-classification"
QA = "question-answering"
TEXT = "My name is Ada and I live in Berlin"
TWO = {"columns": ["question", "context"], "index": [0, 1], "data": [["Who?", "I am John."], ["Where?", "In Seattle."]]}
PAIRS = {"columns": ["query", "passage"], "index": [0, 1], "data": [["a", "b"], ["a", "c"]]}
ASKED = {"columns": ["question", "context"], "index": [0], "data": [["Who am I?", "I am John."]]}


def codes(card: str, task: str, name: str = "little", **known: Any) -> list[str]:
    return [one.code for one in check(described(card, name, task=task, **known)) if one.severity != "info"]


def card(given: Any, shown: Any) -> str:
    parts = ("A model.\n\n## Sample input\n", {"input_data": given}, "\n## Sample output\n", shown)
    return "\n".join(one if isinstance(one, str) else f"```json\n{json.dumps(one)}\n```" for one in parts)


@pytest.mark.parametrize(
    ("task", "given", "shown", "wrong"),
    [
        ("text-ranking", PAIRS, [8.6], True),
        ("text-ranking", PAIRS, [8.6, -4.3], False),
        ("embeddings", ["one text"], [0.1, 0.2, 0.3], False),
        (QA, ASKED, ["POSITIVE"], True),
        (QA, ASKED, ["john"], False),
        (QA, TWO, ["John", "Seattle"], False),
        (QA, TWO, ["Seattle", "John"], True),
        (QA, ASKED, [{"answer": "", "score": 0.9}], False),
        (NER, [TEXT], [{"entity": "LOC", "word": "Berlin", "start": 34, "end": 40}], True),
        (NER, [TEXT], [{"entity": "LOC", "word": "Berlin", "start": 29, "end": 35}], False),
        (NER, [TEXT], [{"entity": "LOC", "word": "##lin", "start": 32, "end": 35}], False),
        (NER, [TEXT], [{"entity": "LOC", "word": "Paris", "start": 29, "end": 34}], True),
        ("text-classification", ["a", "b"], [{"label": "x"}, {"label": "y"}, {"label": "x"}], True),
        ("text-classification", ["a", "b"], [{"label": "x"}, {"label": "y"}], False),
        ("text-classification", ["a"], [{"label": "x"}, {"label": "y"}, {"label": "z"}], False),
        ("chat-completion", [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}], ["c"], False),
    ],
)
def test_an_output_answers_its_input(task: str, given: Any, shown: Any, wrong: bool) -> None:
    assert ("SMPL008" in codes(card(given, shown), task)) == wrong


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [
        ("La vie est belle. Berlin est la capitale de l'Allemagne.", True),
        ("Das Leben ist schön. Berlin ist die Hauptstadt.", False),
        ("Berlin.", False),
    ],
)
def test_a_translation_is_in_the_language_of_the_name(shown: str, wrong: bool) -> None:
    assert ("SMPL008" in codes(card(["It is."], [shown]), "translation", "opus-mt-en-de")) == wrong


TEMPLATE = "{% for m in messages %}<|user|>{{ m.content }}<|assistant|>{% endfor %}"


@pytest.mark.parametrize(
    ("prompt", "wrong"), [("<s>[INST] Hi <|assistant|>", True), ("<|user|> Hi <|assistant|>", False), ("Hi", False)]
)
def test_a_prompt_has_the_marks_of_the_template_alone(prompt: str, wrong: bool) -> None:
    text = f"A model.\n\n```\n{prompt}\n```\n"
    assert ("CARD062" in codes(text, "chat-completion", tokenizer={"chat_template": TEMPLATE})) == wrong
