"""Tables in Markdown: of rows, and of what a JSON Schema describes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NAMES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
"""The types of JSON Schema in words."""


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table; empty where there are no rows."""
    if not rows:
        return ""
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines)


def inline(text: str) -> str:
    """A text on one line, of which nothing is HTML or emphasis."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    return "".join(part if at % 2 else part.replace("<", "&lt;").replace("*", r"\*") for at, part in enumerate(parts))


def schema_tables(schema: Mapping[str, Any], depth: int = 2, without: frozenset[str] = frozenset()) -> str:
    """A table for what is described, and one for each kind of object in it, in the order in which they are met.

    Args:
        schema: a JSON Schema.
        depth: of the headings of the kinds. At 2 the tables link them; deeper ones come again and again on a page.
        without: kinds that are left out.
    """
    shown = _Shown(schema.get("$defs", {}), linked=depth == 2)
    met: list[str] = []

    def meet(part: Any) -> None:
        for name in re.findall(r"'#/\$defs/(\w+)'", str(part)):
            if name not in met and name not in without:
                met.append(name)
                meet(shown.kinds[name])

    top = {key: value for key, value in schema.items() if key != "$defs"}
    if "$ref" in top:
        top = shown.kinds[top["$ref"].rpartition("/")[2]]
    meet(top)
    lines = [shown.keys_of(top)] if "properties" in top else [f"{shown.type_of(top)}\n"]
    for name in met:
        kind = shown.kinds[name]
        if "properties" in kind:
            said = kind.get("description", "")
            lines += [f"{'#' * depth} {_words(name)}\n", f"{inline(said)}\n" if said else "", shown.keys_of(kind)]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a schema's `$defs` hold, as tables."""

    kinds: Mapping[str, Any]
    linked: bool

    def keys_of(self, schema: Mapping[str, Any]) -> str:
        """The keys of an object."""
        rows = []
        for key, value in schema.get("properties", {}).items():
            described = {**self._referred(value), **value}
            default = value.get("default")
            said = inline(described.get("description", ""))
            if key in schema.get("required", ()):
                said = f"{said} **Required.**".strip()
            elif default not in (None, [], {}, ""):
                said = f"{said} Default: `{_written(default)}`.".strip()
            rows.append((f"`{key}`", self.type_of(value), said))
        return table(("key", "holds", "means"), rows)

    def type_of(self, schema: Mapping[str, Any]) -> str:
        """What a value may be, in words."""
        if "$ref" in schema:
            words = _words(schema["$ref"].rpartition("/")[2])
            if "properties" not in self._referred(schema):
                return self.type_of(self._referred(schema))
            return f"[{words}](#{words.lower().replace(' ', '-')})" if self.linked else words
        if values := [schema["const"]] if "const" in schema else schema.get("enum"):
            return ", ".join(f"`{_written(one)}`" for one in values)
        if several := schema.get("anyOf") or schema.get("oneOf"):
            return " or ".join(dict.fromkeys(self.type_of(one) for one in several if one != {"type": "null"}))
        return self._plain(schema)

    def _plain(self, schema: Mapping[str, Any]) -> str:
        kind, outer = schema.get("type"), {"array": "list", "object": "map"}
        if kind in outer:
            inner = schema.get("items" if kind == "array" else "additionalProperties")
            return f"{outer[kind]} of {self.type_of(inner)}" if isinstance(inner, dict) and inner else outer[kind]
        return NAMES.get(str(kind), "anything" if kind is None else str(kind))

    def _referred(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.kinds[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else {}
        return found


def _words(name: str) -> str:
    """`FinetuneDefaults` as words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
