"""Writes values as YAML, in a form that YAML 1.1 and 1.2 parse to the same data."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import yaml

from azureml_publish.assets import Value
from azureml_publish.documents.scalars import FLOAT, Resolving


def dump_yaml(value: Value, *, indent: int = 0) -> str:
    """A value as block YAML, without a final newline, lines after the first indented by `indent` spaces.

    Keys keep their order, text is never folded, and text that YAML 1.1 or 1.2 would read as another type is quoted.
    """
    try:
        lines = _lines(value)
    except _Unusual:
        lines = _written(value).split("\n")
    return ("\n" + " " * indent).join(lines)


class _Unusual(Exception):
    """A value that only the library can write."""


def _lines(value: Any) -> list[str]:
    """The lines that the library would write, ten times faster, for all but unusual values such as multi-line text.

    Raises:
        _Unusual: it is not sure what the library would write.
    """
    kind = type(value)
    if kind is str:
        return [_text(value) if len(value) <= _LONGEST_KEPT else _long_text(value)]
    if kind is dict and value:
        lines = []
        for key, one in value.items():
            if type(key) is not str or len(key) > _LONGEST_KEPT:
                raise _Unusual
            below = _lines(one)
            if not one or type(one) not in (dict, list, tuple):
                lines.append(f"{_text(key)}: {below[0]}")
                continue
            margin = "  " if type(one) is dict else ""
            lines.append(f"{_text(key)}:")
            lines += [margin + line for line in below]
        return lines
    if kind in (list, tuple) and value:
        return [("  " if at else "- ") + line for one in value for at, line in enumerate(_lines(one))]
    if kind in _PLAIN:
        return [_PLAIN[kind](value)]
    raise _Unusual


_PLAIN: dict[type, Callable[[Any], str]] = {
    bool: lambda value: "true" if value else "false",
    int: str,
    type(None): lambda _: "null",
    dict: lambda _: "{}",
    list: lambda _: "[]",
    tuple: lambda _: "[]",
}
_LINE = re.compile(r"[ -~]+")
_LONGEST_KEPT = 100
"""Characters; the library does not write a longer key as a simple key, either."""


def _long_text(text: str) -> str:
    if not _LINE.fullmatch(text):
        raise _Unusual
    return _written(text)


_text = functools.lru_cache(maxsize=4096)(_long_text)
"""Cached, because a catalogue repeats the same words: keys, machine sizes, tasks."""


def _written(value: Value) -> str:
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**9, default_flow_style=False)
    return text.removesuffix("\n...\n").rstrip("\n")


class _Dumper(Resolving, yaml.CSafeDumper):
    """Writes no aliases: a repeated value is written each time."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


# Readers of YAML 1.2 take `5e-6` as a number, PyYAML takes it as text: quoted, it is text to both.
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(rf"{FLOAT.pattern}\Z"), list("-+0123456789."))
# And `0o17` as 15.
_Dumper.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"0o[0-7]+\Z"), ["0"])
