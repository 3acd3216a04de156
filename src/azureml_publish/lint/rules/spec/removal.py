"""What rules that take a key away share: the mend that removes a key with its lines, and nothing else."""

from __future__ import annotations

from azureml_publish.diagnostics import Edit, Fix
from azureml_publish.documents import Document, KeyPath
from azureml_publish.documents.edits import edit_to, remove_key

MANY = 50
"""Findings of one rule in one file; where there are more, no mends are made: each reads the file again."""


def without_key(document: Document, key_path: KeyPath, *, safe: bool = True) -> Fix | None:
    """The mend that removes a key; None where it shares its line with others, or is the last one of its mapping."""
    try:
        edit: Edit = edit_to(document, remove_key(document, key_path))
    except (KeyError, ValueError):
        return None
    return Fix((edit,), safe)
