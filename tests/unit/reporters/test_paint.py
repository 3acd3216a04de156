"""Colour codes around text, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_publish.reporters.paint import PLAIN, Paint

STYLES = ["bold", "dim", "red", "green", "yellow", "blue", "cyan"]


@given(st.text(), st.lists(st.sampled_from(STYLES), max_size=3))
def test_without_colour_text_stays_as_it_is(text: str, styles: list[str]) -> None:
    assert PLAIN(text, *styles) == Paint(enabled=False)(text, *styles) == text


@pytest.mark.parametrize(
    ("styles", "codes"),
    [(["bold"], "1"), (["dim"], "2"), (["red", "bold"], "31;1"), (["green"], "32"), (["yellow"], "33")],
)
def test_with_colour_text_stands_between_its_codes_and_a_reset(styles: list[str], codes: str) -> None:
    assert Paint(enabled=True)("text", *styles) == f"\x1b[{codes}mtext\x1b[0m"


@pytest.mark.parametrize("style", STYLES)
def test_nothing_is_not_painted(style: str) -> None:
    assert Paint(enabled=True)("", style) == ""


def test_an_unknown_style_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError, match="pink"):
        Paint(enabled=True)("text", "pink")
