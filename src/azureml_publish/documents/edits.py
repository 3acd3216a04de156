"""Edits of YAML files: every other character, comments included, stays unchanged."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import yaml

from azureml_publish.assets import Value
from azureml_publish.documents import Document, KeyPath, Span, dump_yaml, parse_yaml, value_at


def with_line_ends(document: Document, text: str) -> str:
    """New text whose lines end as most lines of a document do."""
    windows = document.text.count("\r\n")
    return text.replace("\n", "\r\n") if windows * 2 > document.text.count("\n") else text


def replace_value(document: Document, key_path: KeyPath, value: Value) -> str:
    """The document's text with one scalar replaced and every other character unchanged.

    Raises:
        KeyError: there is no such key.
        ValueError: the result would not parse to the intended data, and must not be written.
    """
    span = document.spans[key_path]
    text = document.text[: span.start] + dump_yaml(value) + document.text[span.end :]
    changed, _ = parse_yaml(text, document.path)
    if changed is None or changed.data != _with(document.data, key_path, value):
        raise ValueError(f"{document.path}: replacing {'.'.join(map(str, key_path))} would damage the file")
    return text


def remove_items(document: Document, key_path: KeyPath, indexes: Collection[int]) -> str:
    """The document's text without some items of one list; all else, comments included, stays unchanged.

    An item with lines of its own is removed with them and with a comment at their end; comments on lines of their
    own stay. A block list that loses every item is removed with its key; a flow list becomes `[]`.

    Raises:
        KeyError: there is no such list, or no such item.
        ValueError: the result would not parse to the intended data, and must not be written.
    """
    items = [document.spans[*key_path, index] for index in sorted(indexes)]
    if not items:
        return document.text
    everything = (*key_path, len(indexes)) not in document.spans
    flow = document.text.startswith("[", document.spans[key_path].start)
    kept = [span for path, span in document.spans.items() if path[:-1] == key_path and path[-1] not in indexes]
    intended: Value
    if everything and not flow:
        cuts = [(_line_start(document.text, document.spans[key_path].key), _line_end(document.text, items[-1].end))]
        intended = _without(document.data, key_path)
    else:
        cuts = [_cut(document.text, span, kept) for span in items]
        data: Any = value_at(document.data, key_path)
        intended = _with(document.data, key_path, [item for index, item in enumerate(data) if index not in indexes])
    text, position = "", 0
    for start, end in sorted(cuts):
        text += document.text[position : max(start, position)]
        position = max(position, end)
    text += document.text[position:]
    changed, _ = parse_yaml(text, document.path)
    if changed is None or changed.data != intended:
        raise ValueError(f"{document.path}: taking items out of {'.'.join(map(str, key_path))} would damage the file")
    return text


def remove_key(document: Document, key_path: KeyPath) -> str:
    """The document's text without one key of a block mapping and the lines of its value; all else stays unchanged.

    Raises:
        KeyError: there is no such key.
        ValueError: other text is on its lines, or the result would not parse to the intended data.
    """
    span, old = document.spans[key_path], document.text
    last = max(_last_characters(document, key_path))
    start, end = _line_start(old, span.key), _line_end(old, last - (old[last - 1 : last] == "\n"))
    text = old[:start] + old[end:]
    changed, _ = parse_yaml(text, document.path)
    if old[start : span.key].strip() or changed is None or changed.data != _without(document.data, key_path):
        raise ValueError(f"{document.path}: taking out {'.'.join(map(str, key_path))} would damage the file")
    return text


def _last_characters(document: Document, key_path: KeyPath) -> Iterator[int]:
    """The end of the last scalar or flow collection below a key; a block collection's end includes what follows."""
    for below, span in document.spans.items():
        if below[: len(key_path)] == key_path:
            collection = isinstance(value_at(document.data, below), dict | list)
            if not collection or document.text[span.start : span.start + 1] in ("[", "{"):
                yield span.end


def _cut(text: str, item: Span, kept: Sequence[Span]) -> tuple[int, int]:
    """The characters to remove with one item of a list."""
    start, end = _line_start(text, item.start), _line_end(text, item.end)
    if re.fullmatch(r"[ \t]*(- +)?", text[start : item.start]) and re.fullmatch(
        r"[ \t]*+(?:,[ \t]*+)?(#.*)?\r?\n?", text[item.end : end]
    ):
        return start, end
    following = re.compile(r"\s*,[ \t]*").match(text, item.end)
    if following is not None and any(span.start > item.start for span in kept):
        ends_line = text[following.end() : following.end() + 1] in ("\r", "\n")
        return len(text[: item.start].rstrip(" \t")) if ends_line else item.start, following.end()
    before = max((span.end for span in kept if span.end <= item.start), default=item.start)
    return before, following.end() if following is not None else item.end


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _line_end(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def _without(data: Any, key_path: KeyPath) -> Any:
    changed = copy.deepcopy(data)
    del value_at(changed, key_path[:-1])[key_path[-1]]
    return changed


def _with(data: Any, key_path: KeyPath, value: Value) -> Any:
    if not key_path:
        return value
    changed = copy.deepcopy(data)
    value_at(changed, key_path[:-1])[key_path[-1]] = value
    return changed


def set_value(document: Document, key_path: tuple[str, ...], value: Value) -> str:
    """The document's text with a key set; missing mappings around it are created.

    A new key comes last in its mapping, in the style of that mapping: block or flow.

    Raises:
        ValueError: the result would not parse to the intended data (as below an alias) and must not be written.
    """
    known: KeyPath = key_path
    while known and known not in document.spans:
        known = known[:-1]
    there = value_at(document.data, known)
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
    if changed is None or wrong or changed.data != _set(document.data, key_path, value):
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
    written = f"{' ' * indent}{dump_yaml(pair, indent=indent)}\n"
    newline = "" if not text[:at] or text[:at].endswith("\n") else "\n"
    return f"{text[:at]}{with_line_ends(document, newline + written)}{text[at:]}"


def _last_line(text: str, span: Span) -> int:
    """The start of the line after a value; a block value may already end at the start of the next line."""
    end = len(text[: span.end].rstrip())
    following = text.find("\n", end)
    return len(text) if following < 0 else following + 1


def _empty(document: Document, key_path: KeyPath) -> tuple[int, int]:
    """Where to insert a mapping for a key without a value: after the colon, or instead of a written null."""
    span = document.spans[key_path]
    if span.end > span.start:
        return span.start, span.end
    colon = document.text.index(":", span.key) + 1
    return colon, colon


def _spliced(text: str, start: int, end: int, value: str) -> str:
    space = " " if start and text[start - 1] == ":" else ""
    return f"{text[:start]}{space}{value}{text[end:]}"


def _flow(value: Value) -> str:
    """A value on one line."""
    if not isinstance(value, Mapping | list | tuple):
        return dump_yaml(value)
    text: str = yaml.dump(
        value, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=10**9, default_flow_style=True
    )
    return text.rstrip("\n")


def _nested(keys: tuple[str, ...], value: Value) -> dict[str, Value]:
    return {keys[0]: value if len(keys) == 1 else _nested(keys[1:], value)}


def _set(data: Any, key_path: tuple[str, ...], value: Value) -> Any:
    changed = copy.deepcopy(data) or {}
    place = changed
    for key in key_path[:-1]:
        if place.get(key) is None:
            place[key] = {}
        place = place[key]
    place[key_path[-1]] = value
    return changed
