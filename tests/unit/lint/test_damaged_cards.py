"""Damage of texts, tables and code that nobody wrote on purpose, beside what only looks like it."""

from __future__ import annotations

import pytest

from tests.unit.lint.test_slips_in_cards import found_in

TABLE = (
    "| Benchmark | A | B | C |\n| --- | --- | --- | --- |\n"
    "| MMLU | 56.3 | 48.3 | 52.1 |\n| GSM8K | 81.6 | 84.5 | 76.7 |\n"
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Clone https://jane:s3cretPassw0rd@github.com/contoso/sst2.git.", "CARD059"),
        ("The the classifier is small.", "CARD065"),
        ("Its name is T\u03bfken.", "CARD074"),
        ("Use Qw\u0435n2.5-7B.", "CARD074"),
        ("```python\nname = 'Qwen2.5\u00ad-7B'\n```", "CARD042"),
        ("See [the page](%NOTEBOOK_URL%).", "CARD064"),
        ("See Error! Bookmark not defined. for more.", "CARD010"),
        ("Call Anna [please do not share].", "CARD010"),
        ("It was frozen on 2023-02-29.", "CARD075"),
        ("It was updated in March 20224.", "CARD075"),
        ("```python\nmodel_name = '/Users/jane/models/qwen'\n```", "CARD060"),
        ("####### Limits", "CARD066"),
        ("See <https://arxiv.org/abs/2412.15115 for more.", "CARD066"),
        ("A line.<br/ Another one.", "CARD066"),
        ("<b>Bold</b and plain.", "CARD066"),
        ("See <a href=\u201dhttps://arxiv.org/abs/2412.15115\u201d>it</a>.", "CARD066"),
        ("It is \\emph{large}.", "CARD066"),
        ("Fast &mdahs; small.", "CARD066"),
        (f"{TABLE}| GPQA | 364 | 32.8 | 32.8 |", "CARD071"),
        (f"{TABLE}| GPQA | 36.4.1 | 32.8 | 32.8 |", "CARD071"),
        (f"{TABLE}| GPQA | nan | 32.8 | 32.8 |", "CARD010"),
        ("| Data | Metric | Score |\n| --- | --- | --- |\n| SST-2 | F1 | 913 |", "CARD071"),
        ("| Fact | Value |\n| --- | --- |\n| Layers | None |", "CARD010"),
        ("| Fact | Value |\n| --- | --- |\n| Kind | [object Object] |", "CARD010"),
        ("```python\nimport torch\nclassify = torch.load('a')\nprint(classifier('x'))\n```", "CARD077"),
        ("```python\nimport json\nids = tokenizer('x')\n```", "CARD077"),
        ("```python\nm = AutoModel.from_pretrained('a/b')\nt = AutoTokenizer.from_pretrained('a/b')\n```", "CARD077"),
        ("```python\nx = Some.from_pretrained('a/b', trust_remote_cod=True)\n```", "CARD077"),
    ],
)
def test_what_no_reader_would_write_is_found(text: str, code: str) -> None:
    assert code in found_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "Clone https://user:password1@github.com/contoso/sst2.git.",
        "```python\nmodel_name = '/home/user/models/qwen'\nprint('/home/jane/out')\n```",
        "Sentences in which <mask> stands are not meant.",
        "The season of 2023-24-25 was long, that of 2024-02-29 short.",
        "It was evaluated in 20480 steps.",
        "Use `<br/` and `\\emph{x}`.\n\nA<br />B<br>C.",
        "With $x$ it is \\emph{large}.",
        f"{TABLE}| Latency | 364 | 412 | 398 |",
        f"{TABLE}| Elo | 1364 | 32.8 | 32.8 |",
        "| Argument | Default |\n| --- | --- |\n| callback | None |\n| options | {} |",
        "```python\nimport json\n\n# `response` is the answer\nresponse_data = json.loads(response)\n```",
        "```python\nimport json\ntokenizer, model = load()\n```\n\n```python\nimport torch\ntokenizer('x')\n```",
    ],
)
def test_what_only_looks_so_is_let_pass(text: str) -> None:
    assert not found_in(text) & {"CARD059", "CARD060", "CARD062", "CARD075", "CARD066", "CARD071", "CARD010", "CARD077"}
