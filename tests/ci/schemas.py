"""The JSON Schemas of the services' files, as check-jsonschema carries them."""

from __future__ import annotations

import json
from importlib.resources import files

from jsonschema import Draft7Validator


def schema(name: str) -> Draft7Validator:
    """One of them: GitHub's are SchemaStore's, those of GitLab and Azure Pipelines their makers' own."""
    text = files("check_jsonschema").joinpath(f"builtin_schemas/vendor/{name}.json").read_text(encoding="utf-8")
    return Draft7Validator(json.loads(text))
