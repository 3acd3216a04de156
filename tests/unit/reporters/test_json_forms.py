"""JSON in other forms."""

from __future__ import annotations

import json

import pytest
import yaml

from azureml_publish.reporters.json_forms import as_tsv, as_yaml

DOCUMENT = {
    "schema_version": 1,
    "models": [{"name": "a\tb", "version": 1}, {"name": "c", "tags": {"x": "é"}}],
    "empty": [],
}


def test_yaml_holds_the_same() -> None:
    text = as_yaml(json.dumps(DOCUMENT))
    assert yaml.safe_load(text) == DOCUMENT
    assert text.startswith("schema_version: 1\nmodels:\n")


@pytest.mark.parametrize(
    ("document", "lines"),
    [
        (DOCUMENT, ["name\tversion\ttags", "a\\tb\t1\t", 'c\t\t{"x": "é"}']),
        ({"schema_version": 1, "name": "a\\b", "archived": False}, ["name\tarchived", "a\\\\b\tfalse"]),
        ({"schema_version": 1, "models": []}, []),
        ([{"a": 1}], ["a", "1"]),
    ],
)
def test_tsv_has_the_rows(document: object, lines: list[str]) -> None:
    assert as_tsv(json.dumps(document)).splitlines() == lines
