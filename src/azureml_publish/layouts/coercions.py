"""How one value is written in the `tags` layout, and read back into its native type.

The reading rules are those of upstream's move to system metadata (azureml-registry-tools, as observed on
Azure/azureml-assets up to 4b41f8ccbc): an empty string and "true" are true, a comma string is a list with trimmed,
non-empty items, languages are lower-case, a day is midnight of that day. Values from a registry, where all structure
is text, are read as well.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from azureml_publish.assets import Value
from azureml_publish.layouts.wire import decode

Coercion: TypeAlias = Literal[
    "text",
    "value",
    "presence",
    "truth",
    "bool-string",
    "inverted-bool",
    "comma-list",
    "languages",
    "list",
    "counts",
    "int",
    "date",
]
"""How a value of the system metadata is written in the layout `tags`.

- `text`: text, unchanged
- `value`: anything, unchanged
- `presence`: true is the key with an empty string; false is not a key
- `truth`: true is "True"; false is not a key, and an empty string is false
- `bool-string`: "true" or "false"
- `inverted-bool`: true is "false": the old key disables what the new key enables
- `comma-list`: "a, b"; stays a list where an item could not be read back (it holds a comma, or spaces at its ends)
- `languages`: as `comma-list`, in lower case
- `list`: a list
- `counts`: a map to whole numbers
- `int`: a whole number
- `date`: `2025-03-31` for `2025-03-31T00:00:00.000000Z`; other times are written in full
"""

TRUE_ONLY: Final[frozenset[Coercion]] = frozenset({"presence", "truth"})
"""Coercions that hold true or nothing: false is the same as no key."""

_MIDNIGHT: Final = "T00:00:00.000000Z"


class Absent(enum.Enum):
    """The type of `ABSENT`."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
"""No value; None could be one."""


class UnreadableValueError(ValueError):
    """A value of the layout `tags` does not have the form that its key requires. The message says which form."""


def write(coercion: Coercion, value: Value) -> Value | Absent:
    """A native value as the layout `tags` writes it; ABSENT if it is left out (None, and false for some coercions).

    A value of another type than the coercion's is written unchanged.
    """
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return _write_bool(coercion, yes=value)
    if coercion in ("comma-list", "languages") and isinstance(value, Sequence) and not isinstance(value, str):
        return _write_list(coercion, value)
    if coercion == "date" and isinstance(value, str):
        return value.removesuffix(_MIDNIGHT)
    return value


def read(coercion: Coercion, value: Value) -> Value:
    """A value of the layout `tags` as a native value. None, which an empty YAML value is, counts as empty.

    Raises:
        UnreadableValueError: the value does not have the form that the coercion requires.
    """
    if coercion in ("text", "value"):
        return value
    return _READERS[coercion](value)


def _write_bool(coercion: Coercion, *, yes: bool) -> Value | Absent:
    match coercion:
        case "presence":
            return "" if yes else ABSENT
        case "truth":
            return "True" if yes else ABSENT
        case "bool-string":
            return "true" if yes else "false"
        case "inverted-bool":
            return "false" if yes else "true"
        case _:
            return yes


def _write_list(coercion: Coercion, items: Sequence[Value]) -> Value:
    joined = ", ".join(str(item) for item in items)
    try:
        same = read(coercion, joined) == list(items)
    except UnreadableValueError:
        same = False
    return joined if same else list(items)


def _bool(value: Value) -> bool:
    if isinstance(value, bool):
        return value
    if value is None or value == "":
        return True
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise UnreadableValueError("'true', 'false' or nothing")


def _truth(value: Value) -> bool:
    return value is not None and value != "" and _bool(value)


def _list(value: Value) -> list[Value]:
    if value is None:
        return []
    if isinstance(value, str):
        decoded = decode(value)
        if not isinstance(decoded, str):
            return _list(decoded)
        return [item.strip() for item in value.split(",") if item.strip()]
    if isinstance(value, Sequence):
        return list(value)
    raise UnreadableValueError("a list, or its items separated by commas")


def _languages(value: Value) -> list[Value]:
    return [item.lower() if isinstance(item, str) else item for item in _list(value)]


def _counts(value: Value) -> dict[str, Value]:
    decoded = decode(value) if isinstance(value, str) else value
    if not isinstance(decoded, Mapping):
        raise UnreadableValueError("a map from names to whole numbers")
    return {key: _int(number) for key, number in decoded.items()}


def _int(value: Value) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*+-?[0-9]{1,100}\s*", value):
        return int(value)
    raise UnreadableValueError("a whole number")


def _date(value: Value) -> str:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return value + _MIDNIGHT
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", value):
        return value
    raise UnreadableValueError("a day such as 2025-03-31, or a time such as 2025-03-31T00:00:00.000000Z")


_READERS: Final[Mapping[Coercion, Callable[[Value], Value]]] = MappingProxyType(
    {
        "presence": _bool,
        "truth": _truth,
        "bool-string": _bool,
        "inverted-bool": lambda value: not _bool(value),
        "comma-list": _list,
        "languages": _languages,
        "list": _list,
        "counts": _counts,
        "int": _int,
        "date": _date,
    }
)
