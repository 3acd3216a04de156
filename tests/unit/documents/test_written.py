"""YAML that is written: it reads back as the same data, by YAML 1.1 and 1.2."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from azureml_publish.documents import (
    dump_yaml,
)
from azureml_publish.documents.writing import _written
from tests.unit.documents.test_documents import read

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
TRICKY = st.sampled_from(
    [
        *["1e3", "0x1", ".inf", "-.INF", ".nan", "=", "<<", "~", "", "null", "no", "on", "y", "True", "2021-01-01"],
        *["12:30", "1_000", "0o7", "010", "+1", "5e-6", ".", "-", "- a", "? a", "a: b", "a #b", "#", "a\nb", "a\n"],
        *["\n", "\n a", "  a\n b\n", "\t", " a ", "'", '"', "...", "---", "a\r\nb", "\r", "a\x85b", "a\u2028b"],
        *["\x7f", "\x1b[0m", "\x00", "😀", "%", "@x", "`", "|", ">", "!x", "!!str", "&a", "*a", "{", "[a", "a, b"],
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | TRICKY
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT | TRICKY, inner, max_size=4),
    max_leaves=12,
)

WORDS = st.text("aZ09_-./", min_size=1, max_size=8)


def same(one: Any, other: Any) -> bool:
    """Equal in type as well: 1, 1.0 and true are three values."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


@given(VALUES)
@example(value={"a": ["x\ny", {"b": []}], "c": {}, "k" * 200: 1})
@example(value="x " * 200)
def test_what_is_dumped_reads_back_the_same_by_yaml_1_1_and_1_2(value: Any) -> None:
    text = dump_yaml(value)
    assert same(read(text).data, value)
    assert same(yaml.safe_load(text), value)


@given(VALUES, st.sampled_from([2, 4]))
@example(value={"a": "one\n\n  two\n", "b": ["x\ny"]}, indent=2)
def test_what_is_dumped_below_a_key_reads_back_the_same(value: Any, indent: int) -> None:
    text = f"before: 1\nkey:\n{' ' * indent}{dump_yaml(value, indent=indent)}\nafter: 2\n"
    assert same(read(text).data, {"before": 1, "key": value, "after": 2})
    assert same(yaml.safe_load(text), {"before": 1, "key": value, "after": 2})


@given(VALUES | st.dictionaries(WORDS, st.lists(WORDS) | VALUES))
@example(value=["name", "yes", "2026-11-21", "0x1f", "1_0", "5e-6", "k" * 2000, "a b", "# a", "a: b", ""])
@example(value={"k" * 100: 1, "l": [[["m"], {"n": ()}], {"o": {"p": ["q"]}, "r": []}], "s": "t " * 99 + "u"})
@example(value={"k" * 129: [{"a": "é", "b": "x\ny"}]})
def test_what_is_dumped_is_what_the_library_writes(value: Any) -> None:
    assert dump_yaml(value) == _written(value)


def test_text_is_not_folded_and_nothing_is_an_alias() -> None:
    shared = ["Standard_NC6s_v3"]
    text = dump_yaml({"a": shared, "b": shared, "c": "word " * 100})
    assert "&" not in text
    assert len(text.splitlines()) == 5
