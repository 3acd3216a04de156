from __future__ import annotations

import ast
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_publish.assets import Value
from azureml_publish.layouts.wire import decode, encode

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
STRUCTURES = st.recursive(
    st.lists(LEAVES) | st.dictionaries(TEXT, LEAVES),
    lambda inner: st.lists(inner | LEAVES, max_size=4) | st.dictionaries(TEXT, inner | LEAVES, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ("apache-2.0", "apache-2.0"),
        ("", ""),
        (None, ""),
        (True, "True"),
        (False, "False"),
        (5, "5"),
        (1.0, "1.0"),
        (["Standard_NC6s_v3", "b"], '["Standard_NC6s_v3", "b"]'),
        (
            {"apply_lora": True, "deepspeed_stage": 2, "lr": "5e-6"},
            '{"apply_lora": "true", "deepspeed_stage": "2", "lr": "5e-6"}',
        ),
        ({"a": [1.5, False, None, "é"]}, '{"a": ["1.5", "false", "", "é"]}'),
        ([], "[]"),
        ({}, "{}"),
    ],
)
def test_encode(value: Value, wire: str) -> None:
    assert encode(value) == wire


def leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


@given(STRUCTURES)
def test_both_kinds_of_reader_understand_structure(value: Value) -> None:
    wire = encode(value)
    assert json.loads(wire) == ast.literal_eval(wire) == decode(wire)
    assert all(isinstance(leaf, str) for leaf in leaves(json.loads(wire)))
    assert encode(decode(wire)) == wire


@given(TEXT)
def test_text_stays_as_it_is(text: str) -> None:
    assert encode(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("['Standard_NC6s_v3', 'b']", ["Standard_NC6s_v3", "b"]),
        ("{'apply_lora': 'true', 'n': None}", {"apply_lora": "true", "n": None}),
        ('{"a": [1, true, null]}', {"a": [1, True, None]}),
        ("[draft] a model", "[draft] a model"),
        ("{1: 'key is no string'}", "{1: 'key is no string'}"),
        ("{'a', 'set'}", "{'a', 'set'}"),
        ("[unclosed", "[unclosed"),
        ("a, b", "a, b"),
        ("True", "True"),
    ],
)
def test_decode_reads_json_and_python_and_leaves_the_rest(text: str, value: Value) -> None:
    assert decode(text) == value


@pytest.mark.parametrize("text", ["[" * 100_000, "{" * 5_000, "[\0]", "[" + "-" * 50_000 + "1]"])
def test_decode_survives_hostile_text(text: str) -> None:
    assert decode(text) == text
