"""Fixes for YAML that several rules use: one writes another value, one removes a key with its lines."""

from __future__ import annotations

import re

from azureml_publish.diagnostics import Edit, Fix
from azureml_publish.documents import Document, KeyPath
from azureml_publish.documents.edits import remove_key, replace_value

MANY = 50
"""With more findings of one rule in one file, no fixes are made, because each parses the file again."""


def replaced_by(document: Document, key_path: KeyPath, value: bool | int | str, *, safe: bool = True) -> Fix | None:  # noqa: FBT001 - a value
    """The fix that writes another value; None where that would change more than the value."""
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
    """The whole number that a text is; None for other texts."""
    return int(text) if re.fullmatch(r"\s*-?[0-9]{1,18}\s*", text) else None
