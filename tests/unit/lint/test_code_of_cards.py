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
        ("python", ">>> f(1\n", 1),
        ("pycon", ">>> for x in y:\n...     f(x)\n1\n2\n>>> f(1))", 5),
        ("python", ">>> f(\n    1)\n1", None),
        ("python", ">>> f(1)\n{'a' 1", None),
        ("{.python}", "print('a'", 1),
        ("{python}", "print('a')", None),
        ("python", "%%capture\nprint('a'", 2),
        ("python", "%%bash\nls 'a", None),
        ("python", "from transformer import AutoModel", 1),
        ("python", "from transformer import Block", None),  # a file of one's own
        ("python", "import os\nimport troch", 2),
        ("python", "import torch_geometric, tortoise, pandas_ta", None),
        ("python", "from transformers import AutoModelForCausualLM", 1),
        ("python", "from transformers import AutoTokenizers", 1),
        (
            "python",
            "from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM, AutoVideoProcessor",
            None,
        ),
        ("python", "from huggingface_hub import snapshot_downlaod", 1),
        ("python", "x = f()\nreturn x", 2),
        ("pyhton", "x = f()", 0),
        ("jsno", "{}", 0),
        ("jsonl", "{}", None),
        ("python", "import os\nx = torch.zeros(1)", 2),
        ("python", "from transformers import AutoTokenizer\nm = AutoModelForCausalLM.from_pretrained('x')", 2),
        ("python", "import torch as t, numpy as np\nnp.zeros(1)\ntorch = t\ntorch.zeros(1)", None),
        ("python", "import os\ndef pipeline(x): ...\npipeline('x')", None),
        ("python", "x = torch.zeros(1)", None),  # a part of a program
        ("bash", "pip install sklearn", 1),
        ("bash", "export TOKEN = abc", 1),
        ("bash", "export TOKEN=abc\n[ $A = b ] && x=1 test a = b", None),
        ("bash", "ls\ncd model &&", 2),
        ("bash", "f \\\n\n  --all", 1),
        ("bash", "f \\\n  --all\n\nls", None),
        ("bash", "pip install -q transfomers 'torch>=2'", 1),
        ("bash", "pip install torch my-transformers -r transfomers", None),
        ("python", "    x = f()\n    return x", None),
        ("python", "m = AutoModel.form_pretrained('x')", 1),
        ("python", "t.batch_encode(x)\nt.from_pretrained_x(y)", None),
        ("python", "p = pipeline('txt-generation')", 1),
        ("python", "p = pipeline('text-generation')\np = pipeline('text-to-image')\np = pipeline('my-own-task')", None),
        ("json", '{"a": 1,\n"b": 2,\n"a": 3}', 3),
        ("json", '{"a": {"b": 1}, "c": {"b": 2}}', None),
        ("python", "!pip install x\nf()", None),
        ("python", "client = Client(key=<your key>)", None),
        ("python", "x = {{ model.name }}(", None),
        ("python", "await f()\nre.match('\\d', x)", None),
        ("python", "- f(1\n+ f(1)", None),
        ("python", "f(1)\n=> [{'a': 1}]", None),
        ("python", "f(1)\n--> 'a' of all", None),
        ("python", "f(1)\n\u2192 it gives a", None),
        ("python", "f(1)\nOutput: it gives a", None),
        ("python", "f(1)\nit gives a", 2),
        ("yaml", "a: b: c", 1),
        ("yaml", "a:\n\t- b", 2),
        ("yml", "a: [1, 2", 1),
        ("yaml", "a: 1\na: 2", 2),
        ("yaml", "a: 1  # this, or\na: 2", None),
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
        ("bash", "pip instal transformers", 1),
        ("bash", "python3 -m pip intsall x", 1),
        ("bash", "ls\nsudo dokcer run x", 2),
        ("bash", "git clean && docker buildx x && pips x && my-conda", None),
        ("bash", "az ml model create \u2013file model.yml", 1),
        ("bash", "echo 'a \u2013b'  # or \u2013c", None),
        ("bash", "if [ -f x ]; then\n  ls", 1),
        ("bash", "if [ -f x ]; then ls; fi\nfor f in *; do ls; done", None),
        ("bash", "for f in *; do echo $f", 1),
        ("bash", "echo if for while\nls --for x", None),
        ("bash", "pip install transformers>=4.0", 1),
        ("bash", "pip install 'transformers>=4.0' \"a<2\" b==1 > log.txt", None),
        ("console", "$ pip install transformers>=4.0\nDone", 1),
        ("console", "pip install transformers>=4.0", None),
        ("bash", "ls \\ \n  -l", 1),
        ("bash", "ls \\\n  -l", None),
        ("text", "f(", None),
    ],
)
def test_code_that_no_program_reads(language: str, code: str, line: int | None) -> None:
    found = places(described(f"Text.\n\n```{language}\n{code}\n```\n"), "CARD077")
    assert [one.split(":")[0] for one in found] == ([str(line + 3)] if line is not None else [])


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
