"""Lines broken for a terminal: no word is broken, no line is too wide, and nothing is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_publish.reporters.folding import LEAST, folded


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("short", "short"),
        ("one two three four five six", "one two three four\n    five six"),
        ("  one two three four five", "  one two three four\n      five"),
        ("supercalifragilisticexpialidocious word", "supercalifragilisticexpialidocious\n    word"),
        ("\x1b[1mone two three\x1b[0m four", "\x1b[1mone two three\x1b[0m four"),
        ("日本語 日本語 日本語 日本語", "日本語 日本語 日本語\n    日本語"),
        ("a\nbb cc dd ee ff gg hh ii", "a\nbb cc dd ee ff gg hh\n    ii"),
    ],
)
def test_lines_break_between_words(text: str, shown: str) -> None:
    assert folded(text, 20) == shown


@given(st.text(st.sampled_from("ab \n"), max_size=200), st.integers(LEAST, 60))
def test_no_word_is_broken_and_none_is_lost(text: str, columns: int) -> None:
    shown = folded(text, columns)
    assert shown.split() == text.split()
    for line in shown.split("\n"):
        assert len(line.rstrip()) <= columns or not re.search(r"\S +\S", line)
