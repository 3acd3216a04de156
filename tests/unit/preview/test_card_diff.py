"""What changed in a card, word by word, in HTML that stays well-formed whatever changed."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from azureml_publish.preview.card_diff import word_diff
from azureml_publish.preview.markdown import VOID, render_markdown


class _Balance(HTMLParser):
    """Notes where elements do not nest, and text that stands straight in a table or list."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("ins", "del") and self.open and self.open[-1] in ("table", "thead", "tbody", "tr", "ul", "ol"):
            self.wrong.append(f"{tag} in {self.open[-1]}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def marked(before: str, after: str) -> tuple[list[str], list[str]]:
    """The words that went and those that came."""
    html = word_diff(before, after)
    balance = _Balance()
    balance.feed(html)
    assert balance.wrong == []
    assert balance.open == []
    found = (re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL) for tag in ("del", "ins"))
    gone, came = ([one.strip() for one in part] for part in found)
    return gone, came


def test_words_of_a_paragraph() -> None:
    assert marked("It reads *English* text.", "It reads *German* text well.") == (["English"], ["German", "well"])


def test_several_words_in_a_row_are_one_mark() -> None:
    assert marked("A b c d e f g h.", "A b x y z c d e f g h.") == ([], ["x y z"])


def test_a_cell_a_row_and_an_item() -> None:
    table = "| a | b |\n|---|---|\n| one | two |\n| three | four |\n"
    assert marked(table, table.replace("two", "2")) == (["two"], ["2"])
    assert marked(table, table.replace("| three | four |\n", ""))[0] != []
    assert marked(table, table + "| five | six |\n")[1] == ["five", "six"]
    assert marked("- one\n- two\n- three", "- one\n- three") == (["two"], [])
    assert marked("- one\n- three", "- one\n- two\n- three") == ([], ["two"])


def test_whole_blocks_come_and_go() -> None:
    html = word_diff("# Same\n\nGone entirely.\n\nLast.", "# Same\n\n```\nnew code\n```\n\nLast.")
    assert re.search('<div class="block-gone"><p>Gone entirely.</p></div>', html)
    assert re.search('<div class="block-come"><pre.*new code', html, re.DOTALL)


def test_what_is_as_before_is_left_out_but_beside_a_change() -> None:
    before = "\n\n".join(f"Paragraph number {number}." for number in range(20))
    html = word_diff(before, before.replace("number 10.", "number ten."))
    assert "Paragraph number 9." in html
    assert "Paragraph number 11." in html
    assert "Paragraph number 5." not in html
    assert html.count("blocks as before") == 2
    assert word_diff(before, before).count("blocks as before") == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<b>one <i>two</i></b> three", "<i>one</i> <b>two three"),
        ("<details><summary>a</summary>\n\nb\n\n</details>", "<details><summary>a c</summary>\n\nb d\n\n</details>"),
        ("a & b < c", "a &amp; b &lt; d"),
        ("", "one"),
        ("one", ""),
        ("text</p></div> more", "text</article> most"),
        ("| a |\n|---|\n| <b>x |\n", "| a |\n|---|\n| <b>y |\n| z |\n"),
    ],
)
def test_odd_cards_give_well_formed_pages(before: str, after: str) -> None:
    marked(before, after)


def test_a_hostile_card_is_as_clean_as_elsewhere() -> None:
    html = word_diff("a word", "a <script>x</script> [w](javascript:x) <img src=x onerror=x> word &lt;script&gt;")
    assert "<script" not in html
    assert "onerror" not in html
    assert 'href="javascript' not in html


def test_anchors_stand_on_one_side_only() -> None:
    assert ' id="' in render_markdown("# One").body
    assert ' id="' not in word_diff("# One", "# One more")
