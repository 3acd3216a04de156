"""A result that is JSON in other forms: YAML, and tab-separated lines for `cut` and spreadsheets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def as_yaml(text: str) -> str:
    """A JSON document as YAML, keys in their order."""
    import yaml  # noqa: PLC0415 - few runs want it

    written: str = yaml.safe_dump(json.loads(text), sort_keys=False, allow_unicode=True, width=100)
    return written


def as_tsv(text: str) -> str:
    r"""The rows of a JSON document, one on each line, after a line of their keys; what is nested is JSON.

    The rows are its first list of objects; a document without one is a row itself. Tabs and line ends within a value
    are written as `\t` and `\n`, a backslash as `\\`.
    """
    document = json.loads(text)
    rows = _rows(document)
    if not rows:
        return ""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    lines = ["\t".join(map(_cell, keys)), *("\t".join(_cell(row.get(key)) for key in keys) for row in rows)]
    return "".join(f"{line}\n" for line in lines)


def _rows(document: Any) -> list[Mapping[str, Any]]:
    if isinstance(document, list):
        return [row for row in document if isinstance(row, Mapping)]
    lists = (value for value in document.values() if isinstance(value, list))
    found = next((rows for rows in lists if rows and all(isinstance(row, Mapping) for row in rows)), None)
    if found is not None:
        return found
    if any(isinstance(value, list) for value in document.values()):
        return []  # a list that has nothing in it
    return [{key: value for key, value in document.items() if key != "schema_version"}]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    for raw, written in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(raw, written)
    return text
