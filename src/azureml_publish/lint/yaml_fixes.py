"""Fixes for YAML that several rules use: write another value, remove a key with its lines, remove items of a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from azureml_publish.diagnostics import Edit, Fix
from azureml_publish.documents import Document, KeyPath
from azureml_publish.documents.edits import remove_items, remove_key, replace_value

MANY = 50
"""With more findings of one rule in one file, no fixes are made, because each parses the file again."""


def replaced_by(document: Document, key_path: KeyPath, value: bool | int | str, *, safe: bool = True) -> Fix | None:  # noqa: FBT001 - a value
    """The fix that writes another value; None where that would change more than the value."""
    return _fix(document, lambda: replace_value(document, key_path, value), safe=safe)


def without_key(document: Document, key_path: KeyPath, *, safe: bool = True) -> Fix | None:
    """The fix that removes a key; None where it shares its line with others, or is the last one of its mapping."""
    return _fix(document, lambda: remove_key(document, key_path), safe=safe)


def without_items(document: Document, key_path: KeyPath, indexes: Collection[int]) -> Fix | None:
    """The fix that removes items of a list; None where they share a line with others."""
    return _fix(document, lambda: remove_items(document, key_path, indexes))


def _fix(document: Document, change: Callable[[], str], *, safe: bool = True) -> Fix | None:
    try:
        return Fix((Edit.between(document.text, change()),), safe)
    except (KeyError, ValueError):
        return None


def whole_number(text: str) -> int | None:
    """The whole number that a text is; None for other texts."""
    return int(text) if re.fullmatch(r"\s*-?[0-9]{1,18}\s*", text) else None
