"""Cards as HTML: what published cards use is there, and nothing that a reader could be harmed by."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from azureml_publish.preview.code import MOST_CODE
from azureml_publish.preview.markdown import MOST_CHARACTERS, render_markdown


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def elements(text: str, **options: Any) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Elements()
    parser.feed(render_markdown(text, **options).body)
    return parser.found


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("| a | b |\n|---|--:|\n| 1 | 2<br>3 |", '<td align="right">2<br>3</td>'),
        ("H<sub>2</sub>O and x<sup>2</sup>", "H<sub>2</sub>O and x<sup>2</sup>"),
        ("<details><summary>More</summary>\n\n*inside*\n\n</details>", "<p><em>inside</em></p>\n</details>"),
        ('[x](https://x.example "t")', ' target="_blank" rel="noopener noreferrer" title="t">x</a>'),
        ("# One\n\n[up](#one)", '<a href="#card-one">up</a>'),
        ("`a <b>`", "<code>a &lt;b&gt;</code>"),
        ("```json\n{}\n```", 'data-language="json"'),
        ("a &amp; b &copy;", "a &amp; b ©"),
    ],
)  # fmt: skip
def test_what_cards_use_is_rendered(written: str, shown: str) -> None:
    assert shown in render_markdown(written).body


@pytest.mark.parametrize(
    "written", ["$x^2$ and $$y$$", "Text[^1]\n\n[^1]: A note", "> [!NOTE]\n> Look", "~~gone~~", "https://x.example"]
)
def test_what_nobody_has_seen_in_azure_stays_text(written: str) -> None:
    assert {tag for tag, _ in elements(written)} <= {"p", "blockquote"}


def test_mermaid_is_code() -> None:
    assert "graph TD" in render_markdown("```mermaid\ngraph TD\n```").body


HOSTILE = [
    "<script>x</script>",
    "<img src=x onerror=x>",
    "[a](javascript:x)",
    "[a](JaVaScRiPt:x)",
    "[a](data:text/html,x)",
    "[a](vbscript:x)",
    "<a href='java&#10;script:x'>a</a>",
    "<a href='&#106;avascript:x'>a</a>",
    "<iframe srcdoc='<script>x</script>'></iframe>",
    "<svg><script>x</script></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=x>",
    "<form action=//x><input><button formaction=javascript:x>",
    "<style>*{display:none}</style>",
    "<p style='position:fixed' onclick=x id=live class=skip data-from=s0-1>",
    "<p data-hold-0='0'></p>",
    "<base href=//x><meta http-equiv=refresh content=0><link rel=stylesheet href=//x>",
    "<object data=x></object><embed src=x><video src=x onerror=x></video><audio src=x>",
    "<noscript><p title='</noscript><img src=x onerror=x>'>",
    "<textarea></textarea><img src=x onerror=x></textarea>",
    "</article></main></body><script>x</script>",
    "<!--><img src=x onerror=x>-->",
    "<a href=x tabindex=1 accesskey=x contenteditable autofocus onfocus=x>a</a>",
    '```"onmouseover=x\n</code></pre><script>x</script>\n```',
    '!["onerror=x](https://x/"onerror=x)',
    "![a](javascript:x) ![a](data:image/svg+xml,<svg onload=x>)",
    "# <img src=x onerror=x>\n",
    "<x-y onclick=x></x-y><template><script>x</script></template>",
    "<img srcset='//x 1x' src='//x'><picture><source srcset=//x></picture><input type=image src=//x>",
]  # fmt: skip

SAFE = frozenset(
    ["a", "b", "blockquote", "br", "code", "dd", "del", "details", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4",
     "h5", "h6", "hr", "i", "img", "ins", "li", "ol", "p", "pre", "span", "strong", "sub", "summary", "sup", "table",
     "tbody", "td", "tfoot", "th", "thead", "tr", "ul"]
)  # fmt: skip
"""Elements that run, submit, style and frame nothing."""


@pytest.mark.parametrize("written", HOSTILE)
@pytest.mark.parametrize("images", [False, True])
def test_a_hostile_card_keeps_no_element_and_no_attribute_that_acts(written: str, images: bool) -> None:
    ours = {"href", "title", "alt", "align", "colspan", "rowspan", "open", "start", "target", "rel", "width", "height"}
    ours |= {"class", "tabindex", "role", "aria-label", "data-language", "data-source", "id"}
    ours |= {"src", "referrerpolicy", "loading"} if images else set()
    for tag, attributes in elements(written, images=images):
        assert tag in SAFE
        assert set(attributes) <= ours, (tag, attributes)
        assert str(attributes.get("href") or "#").startswith(("#", "http://", "https://", "mailto:"))
        assert str(attributes.get("src") or "https://").startswith(("http://", "https://"))
        assert attributes.get("class") in (None, "code", "image", "nowhere", "wide") or str(
            attributes["class"]
        ).startswith("c-")
        assert str(attributes.get("id") or "card-").startswith("card-")


def test_nothing_leaves_the_article() -> None:
    body = render_markdown("</article></div></main>\n\n</table></details> text").body
    assert "</article>" not in body
    assert "</main>" not in body


def test_notes_stand_behind_the_block_of_their_line_and_are_not_cleaned() -> None:
    text = "one\ntwo\n\nthree\n\n| a |\n|---|\n| b |\n\nlast"
    notes = {2: '<aside id="n2"></aside>', 8: '<aside id="n8"></aside>', 99: '<aside id="n99"></aside>'}
    body = render_markdown(text, notes=notes).body
    order = [body.index(one) for one in ("two", 'id="n2"', "three", "<td>b", 'id="n8"', "last", 'id="n99"')]
    assert order == sorted(order)


def test_blocks_say_where_they_were_written() -> None:
    found = elements("one\n\n- two\n- three", place=lambda line: f"s0-{line}")
    assert [(tag, one["data-from"]) for tag, one in found if "data-from" in one] == [
        ("p", "s0-1"),
        ("li", "s0-3"),
        ("li", "s0-4"),
    ]


def test_headings_have_anchors_and_stand_below_the_page_s_own() -> None:
    rendered = render_markdown("# Training\n\n## Training\n\n###### `Deep`")
    assert rendered.headings == (
        (1, "card-training", "Training"),
        (2, "card-training-1", "Training"),
        (6, "card-deep", "Deep"),
    )
    assert '<h2 id="card-training">' in rendered.body
    assert '<h6 id="card-deep">' in rendered.body


def costly() -> Iterator[tuple[str, str]]:
    yield "long", "word " * MOST_CHARACTERS
    yield "deep", "<div>" * 20_000
    yield "emphasis", "**a" * 20_000
    yield "brackets", "[" * 50_000
    yield "quotes", ">" * 20_000
    yield "code", "```python\n" + "f(" * 50_000 + "\n```"


@pytest.mark.parametrize("written", [text for _, text in costly()], ids=[name for name, _ in costly()])
def test_a_costly_card_is_shown_all_the_same(written: str) -> None:
    assert render_markdown(written).body


def test_code_that_would_keep_its_lexer_busy_has_no_colours() -> None:
    short, long = "x = 1\n" * 600, "x = 1\n" * 700
    assert len(short) <= MOST_CODE < len(long)
    assert "<span" in render_markdown(f"```python\n{short}```\n").body
    assert "<span" not in render_markdown(f"```python\n{long}```\n").body
