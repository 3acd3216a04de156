"""The type of a plain scalar by the core schema of YAML 1.2: text, number, true, false or null."""

from __future__ import annotations

import functools
import re
from typing import Any

import yaml

INT = re.compile(r"[-+]?[0-9]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")

MERGE = "tag:yaml.org,2002:merge"
"""The tag of the key `<<`, which merges the keys of its value into the mapping."""

_SCALAR, _TEXT = yaml.ScalarNode, str(yaml.resolver.BaseResolver.DEFAULT_SCALAR_TAG)
_LONGEST_KEPT = 100


class Resolving(yaml.resolver.BaseResolver):
    """Finds the tag of a plain scalar as the library does, but skips its path resolvers, of which there are none.

    The library's own method looks for them at each scalar: once when it reads one and twice when it writes it.
    """

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        """The tag of a node."""
        if kind is not _SCALAR:
            return str(super().resolve(kind, value, implicit))  # type: ignore[no-untyped-call]
        if not implicit[0]:
            return _TEXT
        resolver: Any = type(self)
        return (_tag_of if len(value) <= _LONGEST_KEPT else _find_tag)(resolver, value)


def _find_tag(resolver: Any, value: str) -> str:
    for tag, pattern in resolver.yaml_implicit_resolvers.get(value[:1], ()):
        if pattern.match(value):
            return str(tag)
    return str(resolver.DEFAULT_SCALAR_TAG)


_tag_of = functools.lru_cache(maxsize=4096)(_find_tag)
"""Cached, because the files of a catalogue repeat the same words: keys, machine sizes, tasks."""


class Loader(Resolving, yaml.CSafeLoader):
    """Resolves plain scalars as YAML 1.2's core schema does.

    PyYAML follows YAML 1.1, where the language code `no` is false, `12:30` is 750 and `010` is 8.
    """

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge what `<<` names, each key once: otherwise merges of merges would grow without bound."""
        super().flatten_mapping(node)
        last = {key.value if isinstance(key, yaml.ScalarNode) else id(key): (key, child) for key, child in node.value}
        node.value = list(last.values())


Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"(~|null|Null|NULL|)", ["~", "n", "N", ""]),
    ("bool", r"(true|True|TRUE|false|False|FALSE)", list("tTfF")),
    ("int", INT.pattern, list("-+0123456789")),
    ("float", FLOAT.pattern, list("-+0123456789.")),
    ("merge", "<<", ["<"]),
):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"{_pattern}\Z"), _first)
