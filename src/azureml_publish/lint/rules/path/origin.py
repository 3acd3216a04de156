"""What the path rules share: where model.yaml says that the files come from, and the place of each key of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azureml_publish.diagnostics import Location
from azureml_publish.documents import KeyPath
from azureml_publish.lint.subject import AssetSubject


def origin(subject: AssetSubject) -> Mapping[str, Any]:
    """The mapping `path` of model.yaml; empty where there is none."""
    path = subject.read.asset.model.get("path")
    return path if isinstance(path, Mapping) else {}


def place(subject: AssetSubject, key_path: KeyPath) -> Location:
    """Where a key of model.yaml stands, or the nearest one above it."""
    document = subject.read.publishing or subject.read.document
    return document.location(key_path)
