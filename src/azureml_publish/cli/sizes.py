"""Numbers of bytes on the command line, written in the same way for every option."""

from __future__ import annotations

import re
from typing import Any

import click

_UNITS = {
    f"{letter}{suffix}": base**power
    for power, letter in enumerate("KMGT", 1)
    for suffix, base in (("", 1000), ("B", 1000), ("I", 1024), ("IB", 1024))
} | {"": 1, "B": 1}


class Bytes(click.ParamType[int]):
    """A number of bytes, or of bytes a second: `512`, `1.5GB`, `12GiB`, `50MiB/s`.

    As in the SI and IEC: K, M, G and T, with or without B, are powers of 1000; Ki, Mi, Gi and Ti are powers of 1024.
    """

    name = "size"

    def __init__(self, *, per_second: bool = False) -> None:
        self._per_second = per_second

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a size; anything else, and less than one byte, is a usage error."""
        if isinstance(value, int):
            return value
        text = str(value).strip().upper()
        if self._per_second:
            text = text.removesuffix("/S")
        found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Z]*)", text)
        size = int(float(found[1]) * _UNITS.get(found[2], 0)) if found else 0
        if size < 1:
            what = "rate such as 50MiB or 50MiB/s" if self._per_second else "size such as 512MiB or 12GiB"
            self.fail(f"'{value}' is not a {what} (MiB is 2^20 bytes; MB and M are 10^6).", param, ctx)
        return size
