"""A key set in a YAML file that people keep: every other character, comments included, stays as it was."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import yaml

from azureml_publish.assets import Value
from azureml_publish.documents import Document, KeyPath, Span, dump_yaml, parse_yaml


def set_value(document: Document, key_path: tuple[str, ...], value: Value) -> str:
    """The document's text with a key set, and the mappings round it made where they are missing.

    A new key comes last in its mapping, in the style of that mapping: block or flow.

    Raises:
        ValueError: the result would not read back as intended, as below an alias; nothing should be written then.
    """
    known: KeyPath = key_path
    while known and known not in document.spans:
        known = known[:-1]
    there = _at(document.data, known)
    if len(known) == len(key_path):
        span = document.spans[key_path]
        text = _spliced(document.text, span.start, span.end, _flow(value))
    elif there is None and known:
        text = _spliced(document.text, *_empty(document, known), _flow(_nested(key_path[len(known) :], value)))
    elif isinstance(there, Mapping) or there is None:
        text = _added(document, known, _nested(key_path[len(known) :], value))
    else:
        text = ""
    changed, wrong = parse_yaml(text, document.path)
    if changed is None or wrong or changed.data != _with(document.data, key_path, value):
        raise ValueError(f"{document.path}: setting {'.'.join(key_path)} would damage the file")
    return text


def _added(document: Document, parent: KeyPath, pair: Mapping[str, Value]) -> str:
    text = document.text
    span = document.spans.get(parent)
    children = [one for path, one in document.spans.items() if path and path[:-1] == parent]
    if span is not None and text.startswith("{", span.start):
        before = text[: span.end - 1].rstrip()
        comma = "" if before.endswith(("{", ",")) else ","
        space = "" if before.endswith("{") else " "
        return f"{before}{comma}{space}{_flow(pair)[1:-1]}{text[span.end - 1 :]}"
    indent = min((child.column for child in children), default=1) - 1
    end = max(
        (_last_line(text, one) for path, one in document.spans.items() if path[: len(parent)] == parent), default=0
    )
    at = end if parent else len(text.rstrip("\n")) + 1 if text.strip() else len(text)
    written = dump_yaml(pair, indent=indent)
    newline = "" if not text[:at] or text[:at].endswith("\n") else "\n"
    return f"{text[:at]}{newline}{' ' * indent}{written}\n{text[at:]}"


def _last_line(text: str, span: Span) -> int:
    """Where the line after a value begins; a block value may end at the start of the next one already."""
    end = len(text[: span.end].rstrip())
    following = text.find("\n", end)
    return len(text) if following < 0 else following + 1


def _empty(document: Document, key_path: KeyPath) -> tuple[int, int]:
    """Where a mapping goes whose key has no value yet: right behind the colon, or in the place of a written null."""
    span = document.spans[key_path]
    if span.end > span.start:
        return span.start, span.end
    colon = document.text.index(":", span.key) + 1
    return colon, colon


def _spliced(text: str, start: int, end: int, value: str) -> str:
    space = " " if start and text[start - 1] == ":" else ""
    return f"{text[:start]}{space}{value}{text[end:]}"


def _flow(value: Value) -> str:
    """A value in one line."""
    if not isinstance(value, Mapping | list | tuple):
        return dump_yaml(value)
    text: str = yaml.dump(
        value, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=10**9, default_flow_style=True
    )
    return text.rstrip("\n")


def _nested(keys: tuple[str, ...], value: Value) -> dict[str, Value]:
    return {keys[0]: value if len(keys) == 1 else _nested(keys[1:], value)}


def _at(data: Any, key_path: KeyPath) -> Any:
    for key in key_path:
        data = data[key]
    return data


def _with(data: Any, key_path: tuple[str, ...], value: Value) -> Any:
    changed = copy.deepcopy(data) or {}
    place = changed
    for key in key_path[:-1]:
        if place.get(key) is None:
            place[key] = {}
        place = place[key]
    place[key_path[-1]] = value
    return changed
