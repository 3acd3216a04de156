"""Links, images, tags and front matter that look right and are not, each beside one that is."""

from __future__ import annotations

import pytest

from tests.unit.lint.cards_at_hand import described, findings


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('<picture><source srcset="dark.png 2x"><img alt="a" src="https://e.com/a.png"></picture>', "CARD064"),
        ('<picture><source srcset="https://e.com/d.png 2x"><img alt="a" src="https://e.com/a.png"></picture>', None),
        ('<video src="https://e.com/a.mp4" poster="first.png"></video>', "CARD064"),
        ("![a](<my pictures/a b.png>)", "CARD064"),
        ("![a](attachment:image.png)", "CARD064"),
        ("![a](cid:image001.png@01D)", "CARD064"),
        ("![a](//e.com/a.png)", "CARD023"),
        ("![a](https://drive.google.com/file/d/1AbC/view?usp=sharing)", "CARD057"),
        ("![a](https://www.dropbox.com/s/abc/a.png?dl=0)", "CARD057"),
        ("![a](https://www.dropbox.com/s/abc/a.png?raw=1)", None),
        ('<img alt="a">', "CARD022"),
        ('<img alt="" data-x="a" src="https://e.com/a.png">', None),
        ('<img title="A reader" src="https://e.com/a.png">', None),
        ('<img width="9" src="https://e.com/title.png">', "CARD022"),
        ('<a herf="https://e.com">a</a>', "CARD022"),
        ('<a name="here"></a>', None),
        ("See <https://e.com/my docs>.", "CARD023"),
        ("See <https://e.com/docs>.", None),
        ("See <https://e.com/docs", "CARD023"),
        ("[a](https://e,com/docs)", "CARD023"),
        ("[a](https://e.com:port/docs)", "CARD023"),
        ("[a](https://e.com:8080/a,b;c:d)", None),
        ("[a](https://user:word@e.com/)", None),
        ('[a]("https://e.com/docs")', "CARD023"),
        ("[us](team@e.com)", "CARD023"),
        ("[us](mail:team@e.com)", "CARD023"),
        ("[us](mailto://team@e.com)", "CARD023"),
        ("[us](mailto:team@@e.com)", "CARD023"),
        ("[us](mailto:team e.com)", "CARD023"),
        ("[us](mailto:first.last+tag@e.co.uk?subject=a)", None),
        ("[a][b]\n\n[b]: javascript:go()", "CARD056"),
        ("[a][b]\n\n[b]: https://e.com/javascript:go", None),
        ("![figure][nowhere]", "CARD066"),
        ("#Results", "CARD066"),
        ('<div align="center"\n\nText.', "CARD055"),
        ('<img alt="a" src="https://e.com/a.png width="3">', "CARD055"),
        ("Line</br>", "CARD055"),
        ("<detials><summary>a</summary></detials>", "CARD055"),
        ("A list of <String> or <Centre>.", None),
        ("<code>a", "CARD055"),
        ("<code>a</code> and <pre>b</pre>", None),
    ],
)
def test_what_stands_in_a_card(text: str, code: str | None) -> None:
    found = {
        one.code
        for one in findings(described(f"A model.\n\n{text}\n"))
        if one.severity != "info" and one.code != "SMPL004"
    }
    assert found == ({code} if code else set())


@pytest.mark.parametrize(
    ("beginning", "wrong"),
    [
        ("---\nlicense: mit\n---\n", True),
        ("\n\n---\nlanguage: en\ntags:\n- a\n---\n", True),
        ("<!-- made by a tool -->\n---\nlibrary_name: transformers\n---\n", True),
        ("```yaml\n---\nlicense: mit\n---\n```\n", True),
        ('+++\ntitle = "a"\n+++\n', True),
        ("---\n\nA model.\n\n---\n", False),
        ("```yaml\nlicense: mit\n```\n", False),
    ],
)
def test_front_matter_in_other_forms(beginning: str, wrong: bool) -> None:
    assert bool(findings(described(f"{beginning}\nA model.\n"), "CARD053")) is wrong


@pytest.mark.parametrize(
    ("text", "severity", "words", "hint"),
    [
        ("[a](http://contoso.example/how)", "info", "The link to http", "does not answer there"),
        ("[a](http://arxiv.org/abs/1)", "warning", "The link to http", "Write https instead."),
        ("[a](http://contoso.example/data.tar.gz)", "warning", "The link to http", "does not answer there"),
        ("![a](http://contoso.example/a.png)", "warning", "The image http", "does not answer there"),
        ('<video src="http://contoso.example/a.mp4"></video>', "warning", "The video http", "does not answer there"),
        ("[a](http://140.112.21.28:9000/how)", "warning", "to a machine without a name", "Link a host with a name"),
    ],
)
def test_plain_http_matters_most_where_readers_would_not_see_a_change(
    text: str, severity: str, words: str, hint: str
) -> None:
    (found,) = findings(described(f"A model.\n\n{text}\n"), "CARD020")
    assert (found.severity, words in found.message, hint in found.hint) == (severity, True, True)


@pytest.mark.parametrize(("file", "what"), [("a.mp4", "video"), ("a.wav?x=1", "sound"), ("a.png", "image")])
def test_a_message_says_what_would_be_shown(file: str, what: str) -> None:
    (found,) = findings(described(f'A model.\n\n<video><source src="{file}"></video>\n'), "CARD064")
    assert found.message.startswith(f"The {what} {file} is a file")


def test_an_image_that_is_not_shown_is_to_get_its_words_along_with_its_address() -> None:
    for image, asked in (("![](b.png)", True), ("<img src='b.png'>", True), ("![A b](b.png)", False)):
        (found,) = findings(described(f"A model.\n\n{image}\n"), "CARD022", "CARD064")
        assert (found.code, found.hint.endswith(", and words for those who do not see the image.")) == (
            "CARD064",
            asked,
        )


def test_a_badge_in_a_link_without_a_target_is_shown_all_the_same() -> None:
    (badge,) = findings(described("A model.\n\n[![Size](https://e.com/a.png)]()\n"), "CARD022")
    (words,) = findings(described("A model.\n\n[the size]()\n"), "CARD022")
    assert (badge.severity, words.severity) == ("warning", "error")
    assert badge.message == "The image leads nowhere: the link round it has no target."


@pytest.mark.parametrize(
    ("front", "found"),
    [
        ("language: english", ["2:11 warning"]),
        ("language:\n- en\n- cn", ["4:3 warning"]),
        ("language: [en, cn]", ["2:16 warning"]),
        ("languages:\n- python", ["3:3 info"]),
        ("language:\n- code", []),
    ],
)
def test_a_language_that_is_none_is_shown_where_it_stands(front: str, found: list[str]) -> None:
    every = findings(described(f"---\n{front}\n---\nA model.\n"), "SPEC036")
    assert [f"{one.location.line}:{one.location.column} {one.severity}" for one in every] == found


def test_the_first_line_that_loads_a_sibling_is_named() -> None:
    code = (
        'model = AutoModel.from_pretrained(\n    "contoso/contoso-reader-2b",\n    torch_dtype="auto",\n)\n'
        'tokenizer = AutoTokenizer.from_pretrained("contoso/contoso-reader-2b")\n'
    )
    card = f"A model.\n\n```python\n{code}```\n"
    (found,) = findings(described(card, "contoso-reader-7b", hub="contoso/contoso-reader-7b"), "CARD027")
    assert found.location.line == 5
