"""Signs and words: what is found with them, at once and round them alone, is what would be found without."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azureml_publish.patterns import Signs, near_words

MARKS = ("ab", "abc", "b a", "b", "[", "[[", "[b", "{{", "a{", ": a", "\na")


@settings(max_examples=200, derandomize=True)
@given(st.text("abc[{: \n"))
def test_every_sign_is_found_that_begins_a_word(text: str) -> None:
    begins = {at for at in range(len(text)) if not f"\n{text}"[at].isalnum()}
    alone = {
        sign: [at for at in range(len(text)) if text.startswith(sign, at) and (at in begins or not sign[0].isalpha())]
        for sign in MARKS
    }
    found = Signs(MARKS).places(f" {text}")
    assert {sign: [at - 1 for at in places] for sign, places in found.items()} == {k: v for k, v in alone.items() if v}


def test_a_text_begins_like_a_line() -> None:
    assert Signs(MARKS).places("A text")["\na"] == [0]


LINES = ("Draft: not yet", "a draft, or two", "It is no DRAFT", "{{ draft }}", "x" * 400, "word " * 90, "", "| draft |")
FORMS = (
    re.compile(r"^draft\b[^\n]{0,60}$", re.IGNORECASE | re.MULTILINE),
    re.compile(r"(?<![\w|] )\bdraft\b(?![^|]*\|)", re.IGNORECASE),
    re.compile(r"\w+\s+(?:\w+\s+){0,2}draft", re.IGNORECASE),
    re.compile(r"(?<=\n\n)[^\n]{0,9}draft(?=[^\n]*\Z)", re.IGNORECASE),
)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.pattern)
@settings(max_examples=100, derandomize=True)
@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_round_its_words_an_expression_finds_all(form: re.Pattern[str], lines: list[str]) -> None:
    text = "\n".join(lines)
    found = [match.span() for match in near_words(form, text, text.lower(), ["draft"])]
    assert found == [match.span() for match in form.finditer(text)]


def test_a_letter_that_is_two_in_lower_case_is_let_pass() -> None:
    text = "\u0130\u0130\u0130 draft"
    assert [match[0] for match in near_words(re.compile("draft"), text, text.lower(), ["draft"])] == ["draft"]
