"""Writes specs for people: short values on one line, long lists in lines of equal width."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from azureml_publish.documents import dump_yaml

WIDTH = 118

_PLAIN = re.compile(r"[A-Za-z]([\w./()+-]| (?! ))*(?<! )")
_OTHER_WORDS = frozenset(["true", "false", "null", "yes", "no", "on", "off", "y", "n"])


def write_yaml(data: Mapping[str, Any], indent: int = 0) -> str:
    """A mapping as YAML, keys in order; values of one line after their key, others below it."""
    return "".join(_pair(str(key), value, indent) for key, value in data.items())


def _pair(key: str, value: Any, indent: int) -> str:
    margin = " " * indent
    name = f"{margin}{scalar(key)}:"
    if isinstance(value, str) and "\n" in value:
        return f"{name} {_text(value, indent + 2)}\n"
    line = f"{name} {flow(value)}"
    if not isinstance(value, Mapping | list | tuple) or (len(line) <= WIDTH and "\n" not in line and not _deep(value)):
        return f"{line}\n"
    if isinstance(value, Mapping):
        return f"{name}\n{write_yaml(value, indent + 2)}"
    if all(not isinstance(item, Mapping | list | tuple) and "\n" not in str(item) for item in value):
        return f"{name}\n{_wrapped([flow(item) for item in value], indent + 2)}\n"
    items = dump_yaml(list(value), indent=indent + 2)
    return f"{name}\n{margin}  {items}\n"


def _deep(value: Any) -> bool:
    """Whether a value is hard to read on one line: it has multi-line text, or maps in maps in maps."""
    text = json.dumps(value, default=str)
    return "\\n" in text or (isinstance(value, Mapping) and text.count("{") > 2)


def _wrapped(items: Sequence[str], indent: int) -> str:
    margin = " " * indent
    lines, current = [], f"{margin}["
    for number, item in enumerate(items):
        piece = item + ("]" if number == len(items) - 1 else ",")
        if len(current) + len(piece) + 1 > WIDTH and current.strip() != "[":
            lines.append(current.rstrip())
            current = f"{margin} "
        current += piece + " "
    return "\n".join([*lines, current.rstrip()])


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(key))}: {flow(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(child) for child in value) + "]"
    return scalar(value)


def scalar(value: Any) -> str:
    """A text, number, truth value or null; text is quoted unless every reader reads it as the same text anywhere."""
    if isinstance(value, str):
        return _quoted(value)
    return dump_yaml(value)


@functools.lru_cache(maxsize=4096)
def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.isascii() and text.lower() not in _OTHER_WORDS:
        return text
    if re.fullmatch(r"[\w./-]+", text) and text.isascii():
        return dump_yaml(text)
    if text.isprintable():
        return "'" + text + "'" if "'" not in text else json.dumps(text, ensure_ascii=False)
    return dump_yaml(text) if "\n" not in text else json.dumps(text)


def _text(text: str, indent: int) -> str:
    """Multi-line text: as a block if that keeps every character, else in quotes."""
    lines = text.split("\n")
    holds = all(line.isprintable() for line in lines) and not text[:1].isspace() and text.rstrip("\n") != ""
    keep = {0: "-", 1: ""}.get(len(text) - len(text.rstrip("\n")))
    if not holds or keep is None or any(line.strip() == "" and line for line in lines):
        return json.dumps(text)
    body = "\n".join(" " * indent + line if line else "" for line in text.rstrip("\n").split("\n"))
    return f"|{keep}\n{body}"
