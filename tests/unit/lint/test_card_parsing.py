"""The card as checks see it: places, prose, links, headings, cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from azureml_publish.diagnostics import Location
from azureml_publish.lint.engine import Card
from azureml_publish.lint.markdown.blocks import block_parser

PIECES = st.sampled_from(
    (
        *(
            "a b",
            "é",
            " ",
            "  \n",
            "\t",
            "\n",
            "\n\n",
            "# ",
            "## ",
            "# Sample input\n",
            "- ",
            "1. ",
            "    ",
            "> ",
            "---\n",
            "===\n",
        ),
        *(
            "`",
            "``",
            "```",
            "```json\n",
            "~~~\n",
            "*",
            "_",
            "**",
            "\\",
            "todo",
            "{{ x }}",
            "{% y %}",
            '{"input_data": [',
            "]}",
        ),
        *(
            "[",
            "]",
            "(",
            ")",
            "](",
            "](https://example.org/a)",
            "[x](y)",
            "![i](p)",
            "[r]: /u\n",
            "[r]",
            "http://",
            "[a](b c)",
        ),
        *(
            "<a href=",
            '"',
            "'",
            ">",
            "</a>",
            "<!--",
            "-->",
            "<code>",
            "</code>",
            "<pre>",
            "<div>\n",
            "&nbsp;",
            "<a href='/b'>c</a>",
        ),
        *(
            "|",
            "||",
            "| a | b |\n",
            "|---|---|\n",
            "a|b\n-|-\n",
            " --- ",
            ":-:",
            "https://huggingface.co/bert-base-uncased",
        ),
        *(
            "[mask]",
            "[MASK]",
            "<mask>",
            "24 layers",
            "is uncased",
            "\u00a0",
            "\u200b",
            "\u00c2 ",
            "\u00c3\u00a9",
            "\u2019",
            "\u201c",
        ),
        *("\ufeff", "\ud83d", "\x00", "\x0b", "\u2028", "\r\n", "\r"),
    )
)
TEXTS = st.lists(PIECES, max_size=40).map("".join)


def card(text: str) -> Card:
    return Card(text, lambda line, column: Location("card.md", line, column))


def hrefs(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "link_open":
            yield str(token.attrs["href"])
        yield from hrefs(token.children or ())


def test_positions_count_lines_and_columns_from_one() -> None:
    one = card("ab\r\ncd\n\nef")
    assert one.lines == ("ab", "cd", "", "ef")
    assert [one.position(offset) for offset in (0, 1, 3, 4, 6, 7, 9)] == [
        (1, 1),
        (1, 2),
        (2, 1),
        (2, 2),
        (3, 1),
        (4, 1),
        (4, 3),
    ]


def test_prose_is_the_card_without_code_comments_and_front_matter() -> None:
    text = "---\ntags: [x]\n---\nWe `{{ a }}` and ``b ` c`` \\`d` <!-- no\nno --> e.\n\n"
    text += "```\nf\n```\n\n    g\n\n> ```\n> h\n> ```\n"
    prose = card(text).prose
    assert len(prose) == len(text)
    assert [index for index, line in enumerate(prose.split("\n"), 1) if line.strip()] == [4, 5]
    assert prose.split() == ["We", "and", "\\`d`", "e."]


def test_a_rule_across_the_page_is_no_front_matter() -> None:
    assert card("---\nA sentence of its own.\n\n---\n").front_matter == 0
    assert card("---\nlicense: mit\nno end").front_matter == 0
    assert card("---\nlicense: mit\ntags:\n- a\n---\nText.\n").front_matter == 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](b)", [("markdown", "a", "b", 4)]),
        ("[a](<b c> 'd')", [("markdown", "a", "b c", 5)]),
        ("[a [b] c](d(e)f)", [("markdown", "a [b] c", "d(e)f", 10)]),
        ("[![i](p)](u)", [("markdown", "![i](p)", "u", 10)]),
        ("![i](p)", []),
        ("`[a](b)`", []),
        ("[a](b c)", [("broken", "a", "b c)", 4)]),
        ('<a target="_blank" href="u">t</a>', [("html", "t", "u", 25)]),
        ("<A HREF='u'>t</A>", [("html", "t", "u", 9)]),
        ("see https://e.org/a_b, or", [("plain", "https://e.org/a_b", "https://e.org/a_b", 4)]),
        ("<https://e.org>", [("plain", "https://e.org", "https://e.org", 1)]),
        ("[a][r]\n\n[r]: https://e.org 'x'\n", [("definition", "", "https://e.org", 13)]),
        ("<div>\n[a](b)\n</div>\n", []),
    ],
)
def test_links_with_their_targets_places(text: str, expected: list[tuple[str, str, str, int]]) -> None:
    assert [(link.kind, link.text, link.url, link.url_start) for link in card(text).links] == expected


def test_cells_are_split_as_github_splits_them() -> None:
    (table,) = card("a | b\n--|--\n| `x|y` \\| z | w |\n\n").tables
    assert [cell.text for cell in table.header.cells] == ["a", "b"]
    assert [(cell.text, cell.column) for cell in table.rows[0].cells] == [("`x", 3), ("y` \\| z", 6), ("w", 16)]


@pytest.mark.parametrize(
    ("heading", "slug"),
    [
        ("Training Data", "training-data"),
        ("What's `new`?", "whats-new"),
        ("**Bold** & [linked](https://e.org)", "bold--linked"),
        ("snake_case and _soft_", "snake_case-and-soft"),
        ("Über 3.5", "über-35"),
    ],
)
def test_anchors_are_those_of_github(heading: str, slug: str) -> None:
    assert card(f"# {heading}\n\n# {heading}\n").anchors == {slug, f"{slug}-1"}


@settings(max_examples=150)
@given(TEXTS)
@example("[a](b)\n===\n")
@example("][x](y)")
def test_every_link_of_markdown_it_is_found(text: str) -> None:
    """Its inline parser has no places; what it calls a link must be one here as well."""
    if "<" in text or "[r]" in text or "\\" in text or "`" in text or "\r" in text or "\x00" in text:
        return
    wanted = {href for href in hrefs(MarkdownIt("commonmark").enable("table").parse(text)) if "%" not in href}
    assert wanted <= {link.url for link in card(text).links}


def blocks(tokens: Sequence[Token]) -> list[tuple[object, ...]]:
    """What begins where, without the cells of tables and the text of paragraphs."""
    found: list[tuple[object, ...]] = []
    cell, before = False, ""
    for token in tokens:
        text, before = token.type == "inline" and before == "paragraph_open", token.type
        if token.type in ("td_open", "th_open", "td_close", "th_close"):
            cell = token.nesting > 0
        elif not cell and not text and token.nesting >= 0 and token.type not in ("thead_open", "tbody_open"):
            kind = token.type.replace("tr_open", "row")
            found.append((kind, token.tag, token.map, token.content, token.info))
    return found


@settings(max_examples=150)
@given(TEXTS)
@example("a|b\n-|-\n\x0b")
def test_blocks_are_those_of_markdown_it(text: str) -> None:
    plain = MarkdownIt("commonmark").enable("table")
    plain.core.ruler.enableOnly(["normalize", "block"])
    names: dict[str, object] = {}
    links: dict[str, object] = {}
    normal = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    assert blocks(block_parser().parse(normal, links)) == blocks(plain.parse(text, names))
    assert links == names


@settings(max_examples=100)
@given(TEXTS)
def test_whatever_is_found_stands_where_it_is_said_to_stand(text: str) -> None:
    one = card(text)
    assert len(one.prose) == len(one.words) == len(one.source)
    for link in one.links:
        assert one.source[link.url_start : link.url_start + len(link.url)] == link.url
    for table in one.tables:
        for row in (table.header, *table.rows):
            for cell in row.cells:
                assert one.lines[cell.line - 1][cell.column - 1 :].startswith(cell.text)
    for heading in one.headings:
        assert 1 <= heading.line <= len(one.lines)
