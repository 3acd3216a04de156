"""Tags and properties as the service holds them: strings.

Lists and maps are sent as JSON whose leaves are all strings. Such a text is a Python literal as well, so both kinds
of existing readers understand it: those with `json.loads` and those with `ast.literal_eval` (because Microsoft's own
tools write `str()` of a value on create and JSON on update).
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence

from azureml_publish.assets import AssetRecord, RenderedAsset, Value


def record_of(asset: RenderedAsset, further: Mapping[str, str]) -> AssetRecord:
    """A rendered asset in the form of the service, with further properties added."""
    return AssetRecord(
        name=asset.name,
        version=asset.version,
        type=asset.type,
        description=asset.description,
        tags={key: encode(value) for key, value in asset.tags.items()},
        properties={key: encode(value) for key, value in asset.properties.items()} | dict(further),
        system_metadata=asset.system_metadata,
    )


def encode(value: Value) -> str:
    """A value of a tag or property as the string that the service holds.

    Text stays unchanged; None is an empty string, a boolean "True" or "False", a number its digits. Lists and maps
    are JSON with string leaves: inside them booleans are "true" and "false", as in all published
    `model_specific_defaults`, and None is "".
    """
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return str(value)
        case int() | float():
            return json.dumps(value)
        case _:
            return json.dumps(_with_string_leaves(value), ensure_ascii=False)


def decode(text: str) -> Value:
    """The value of the service's string: a list or map, if it is one in JSON or Python notation; else the string."""
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        try:
            found = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return text
    try:
        return found if isinstance(found, list | dict) and _is_value(found) else text
    except RecursionError:  # what can be read at some depth cannot be walked through at it
        return text


def _with_string_leaves(value: Value) -> Value:
    match value:
        case str():
            return value
        case Mapping():
            return {key: _with_string_leaves(item) for key, item in value.items()}
        case Sequence():
            return [_with_string_leaves(item) for item in value]
        case bool():
            return "true" if value else "false"
        case _:
            return encode(value)


def _is_value(found: object) -> bool:
    match found:
        case dict():
            return all(isinstance(key, str) and _is_value(item) for key, item in found.items())
        case list():
            return all(_is_value(item) for item in found)
        case _:
            return found is None or isinstance(found, str | int | float)
