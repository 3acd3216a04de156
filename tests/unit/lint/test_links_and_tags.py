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
