"""Numbers written as words, and sizes with units."""

from __future__ import annotations

import re

NUMERALS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
"""The numerals from 0; each is at its own index."""


def number_of(text: str) -> float:
    """The number that a numeral, or digits with or without commas, stands for.

    Raises:
        ValueError: the text is neither.
    """
    word = text.lower()
    return NUMERALS.index(word) if word in NUMERALS else float(text.replace(",", ""))


_SCALE = {"k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "t": 1e12}


def value_of(digits: str, unit: str | None) -> float:
    """The number that digits and a unit stand for: `7` with `B`, `1.5` with `million`, `12` with `thousand`."""
    first = (unit or "").lower()
    scale = 1e3 if first == "thousand" else _SCALE.get(first[:1], 1.0)
    return float(digits.replace(",", "")) * scale


def bytes_of(size: str) -> float:
    """The number of bytes in a size such as `1,024 bytes`, `3.5 GB` or `3.26 GiB`."""
    unit = re.sub(r"[^a-z]", "", size.lower())
    step = 1024.0 if "i" in unit else 1000.0
    return float(size[: -len(unit)].replace(",", "")) * step ** "bkmgt".index(unit[0])
