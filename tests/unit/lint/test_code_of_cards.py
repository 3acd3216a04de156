"""Code in cards: what no program reads is found, and what people write in place of programs is let pass."""

from __future__ import annotations

import pytest

from tests.unit.lint.cards_at_hand import described, findings, places


@pytest.mark.parametrize(
    ("language", "code", "line"),
    [
        ("python", "x = f(1\ny = 2", 1),
        ("py", "def f(x)\n    return x", 1),
        ("Python", "print 'x'", 1),
        ("python", "if x = 1:\n    pass", 1),
        ("python", "for i in x:\nprint(i)", 2),
        ("python", "print(&quot;a&quot;)", 1),
        ("python", "pip install transformers", 1),
        ("python", "f(1)\ntype Row = list[int]", None),  # what Pythons of later years take, or of this one do not
        ("python", "def first[T](row: list[T]) -> T: ...", None),
        ("python", "class Row[T]: pass", None),
        ("python", "print(f'{row['name']}')", None),
        ("python", "print(f'{row[\"name\"}')", None),
        ("python", "text = t'{name}'", None),
        ("python", "try:\n    f()\nexcept ValueError, KeyError:\n    pass", None),
        ("python", "    x = 1\n    y = f(x)", None),  # a part of a function
        ("python", "x = f(...)\ny = [a, ..., b", None),
        ("python", ">>> f(1\n", None),
        ("python", "!pip install x\nf()", None),
        ("python", "client = Client(key=<your key>)", None),
        ("python", "x = {{ model.name }}(", None),
        ("python", "await f()\nre.match('\\d', x)", None),
        ("python", "- f(1\n+ f(1)", None),
        ("yaml", "a: b: c", 1),
        ("yaml", "a:\n\t- b", 2),
        ("yml", "a: [1, 2", 1),
        ("yaml", "a: 1\na: 2", None),
        ("yaml", "  a: 1\nb: 2", None),  # what goes below something else
        ("yaml", "name: ${{ env.NAME }}", None),
        ("bash", 'echo "a', 1),
        ("bash", "ls\npip install 'a>=1", 2),
        ("bash", "echo it's", 1),
        ("bash", 'f --style="2px solid #333"', None),
        ("bash", "ls  # it's all\nls", None),
        ("bash", 'echo \\"a', None),
        ("bash", "cat <<EOF\nit's\nEOF", None),
        ("bash", "$ ls\nit's there", None),
        ("bash", "pip install a b=1.2", 1),
        ("bash", "pip install a==1.2 'b>=1' --index-url=1", None),
        ("bash", "curl -d '{\"a\": 1,}' https://e.com", 1),
        ("bash", "curl -d '{\"a\": 1}' https://e.com", None),
        ("console", 'echo "a', None),
        ("text", "f(", None),
    ],
)
def test_code_that_no_program_reads(language: str, code: str, line: int | None) -> None:
    found = places(described(f"Text.\n\n```{language}\n{code}\n```\n"), "CARD077")
    assert [one.split(":")[0] for one in found] == ([str(line + 3)] if line else [])


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = f(1\ny = 2", "This is not Python: '(' was never closed."),
        ("for i in x:\nprint(i)", "This is not Python: expected an indented block after 'for' statement on line 1."),
        ("f(1 g=2)", "This is not Python."),
    ],
)
def test_what_is_said_of_python_is_the_same_under_each_python(code: str, message: str) -> None:
    (found,) = findings(described(f"Text.\n\n```python\n{code}\n```\n"), "CARD077")
    assert found.message == message


def test_code_that_is_nested_without_end_is_let_pass() -> None:
    for code in ("(" * 5000, "~" * 9000 + "1", "a" + ".b" * 9000, "[" * 150 + "]" * 150):
        assert len(places(described(f"Text.\n\n```python\n{code}\n```\n"), "CARD077")) <= 1
