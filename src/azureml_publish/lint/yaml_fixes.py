"""Fixes in YAML that rules share: one writes another value, one takes a key away with its lines."""

from __future__ import annotations

import re

from azureml_publish.diagnostics import Edit, Fix
from azureml_publish.documents import Document, KeyPath
from azureml_publish.documents.edits import remove_key, replace_value

MANY = 50
"""Findings of one rule in one file; where there are more, no fixes are made: each reads the file again."""


def replaced_by(document: Document, key_path: KeyPath, value: bool | int | str, *, safe: bool = True) -> Fix | None:  # noqa: FBT001 - a value
    """The fix that writes another value; None where that cannot be done without touching more."""
    try:
        return Fix((Edit.between(document.text, replace_value(document, key_path, value)),), safe)
    except (KeyError, ValueError):
        return None


def without_key(document: Document, key_path: KeyPath, *, safe: bool = True) -> Fix | None:
    """The fix that removes a key; None where it shares its line with others, or is the last one of its mapping."""
    try:
        return Fix((Edit.between(document.text, remove_key(document, key_path)),), safe)
    except (KeyError, ValueError):
        return None


def whole_number(text: str) -> int | None:
    """A whole number that is written as text."""
    return int(text) if re.fullmatch(r"\s*-?[0-9]{1,18}\s*", text) else None
