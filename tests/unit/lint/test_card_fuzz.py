"""No card brings a rule down, or keeps it busy for long."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import example, given, settings

from tests.unit.lint.assets import CODES
from tests.unit.lint.cards_at_hand import described, findings, fixed
from tests.unit.lint.test_card_parsing import TEXTS

pytestmark = pytest.mark.long  # thousands of cards

SECONDS = 30
"""A guard of processor time, far above what any of these takes; what grows with the square of a card takes minutes."""

STYLE = ("CARD003", "CARD004", "CARD025", "CARD026", "CARD041", "CARD042", "CARD044", "CARD045", "CARD047")


@settings(max_examples=150, deadline=None)
@given(TEXTS)
@example("\x00a b\r\n")
def test_findings_stand_within_the_card(text: str) -> None:
    model = described(text, "bert-base-cased", hub="google-bert/bert-base-cased")
    for found in findings(model):
        if found.location.path != "card.md":
            continue
        lines = model.card.lines
        assert 1 <= found.location.line <= len(lines)
        assert 1 <= found.location.column <= len(lines[found.location.line - 1]) + 1
        for edit in found.fix.edits if found.fix else ():
            assert (edit.line, edit.column) <= (edit.end_line, edit.end_column)


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_a_fixed_matter_of_style_is_not_reported_again(text: str) -> None:
    if "\r" in text:
        return
    for code in STYLE:
        once = fixed(described(text), code)
        again = fixed(described(once), code)
        assert fixed(described(again), code) == again


@contextmanager
def guard() -> Iterator[None]:
    def end(*_: object) -> None:
        raise AssertionError(f"not done after {SECONDS} seconds of processor time")

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@pytest.mark.parametrize(
    "piece",
    [
        *("[", "](", "[a](", "![", "`", "<a ", "<a href='", "<!--", "<code>", "|", "| a ", "> ", "- ", "* a\n", "#"),
        *("](a](", "[a](b 'c", "](((", "*_", "https://", "[r]: ", "{{ a", "\u00c2", "1 ", "summary ", "\n| a |", "\\"),
        *("<mask>", "[mask]", "(https://a)[", "``` \n", "\u00a0", "\t", "from_pretrained(", " layers", "<", "a|b\n"),
        *(
            "[a](b) ",
            "<a href='b'>c</a>",
            "https://a.org ",
            "<div>\n\n",
            "# a\n",
            "[a]: b\n",
            "]()",
            "](a\n",
            "is texts ",
        ),
    ],
)
def test_cards_that_repeat_one_thing_are_read_in_time_that_grows_with_them(piece: str) -> None:
    text = (piece * (60_000 // len(piece)))[:60_000]
    with guard():
        found = findings(described(text, "bert-base-cased", hub="google-bert/bert-base-cased"))
    assert len(found) <= text.count(piece) + 20
    lines = re.split(r"\r\n|\r|\n", text)
    for one in found:
        assert one.code in CODES
        assert one.location.path == "model.yaml" or one.location.column <= len(lines[one.location.line - 1]) + 1
    assert {"CARD050"} <= {one.code for one in found}


def test_a_card_of_ten_megabytes_is_reported_of_and_not_parsed() -> None:
    with guard():
        found = findings(described("| [a](b) | `c` |\n" * 650_000, "bert-base-cased"))
    assert [one.code for one in found] == ["CARD050", "SMPL004"]
    assert "not checked further" in found[0].message
