"""Colour codes around text, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_publish.reporters.folding import folded
from azureml_publish.reporters.hostile_text import for_terminal
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


@pytest.mark.parametrize("address", ["https://docs.example/rules/cards#card001-x", "file:///a/b%20c.md#card001-x"])
def test_a_link_that_is_ours_passes_the_filter_for_terminals(address: str) -> None:
    linked = Paint(enabled=True, key="7;").link("text", address)
    assert for_terminal(f"a {linked}\n", "7;") == f"a \x1b]8;;{address}\x1b\\text\x1b]8;;\x1b\\\n"
    assert "\x1b" not in for_terminal(linked) + for_terminal(linked, "8;")
    assert folded(f"{linked} and more of it all", 20) == f"{linked} and more of it\n    all"


@pytest.mark.parametrize("address", ["", "javascript:x", "https://a b", "https://a\x1b\\", "https://a/##vso[task]"])
def test_what_is_no_address_or_nobody_can_follow_is_no_link(address: str) -> None:
    assert Paint(enabled=True, key="7;").link("text", address) == "text"
    assert PLAIN.link("text", "https://docs.example") == "text"


def test_an_unknown_style_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError, match="pink"):
        Paint(enabled=True)("text", "pink")
