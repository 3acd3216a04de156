"""JSON that every reader takes."""

from __future__ import annotations

import json

import pytest

from azureml_publish.documents import MAX_DEPTH
from azureml_publish.documents.strict_json import parse_json


@pytest.mark.parametrize("text", ['{"a": [1, 2.5, null, true, "é"]}', "[" * MAX_DEPTH + "]" * MAX_DEPTH, "1e308"])
def test_plain_json_is_read(text: str) -> None:
    assert parse_json(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[NaN]", "NaN is not a JSON value"),
        ("[-Infinity]", "-Infinity is not a JSON value"),
        ("[1e999]", "the number 1e999 is too large"),
        ("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2), "it is nested deeper than"),
        ("[" * 200_000 + "]" * 200_000, "it is nested deeper than"),
        ('"\\ud800"', "half a character"),
    ],
)
def test_what_no_other_document_holds_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_json(text)
