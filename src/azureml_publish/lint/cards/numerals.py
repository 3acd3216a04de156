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


def bytes_of(size: str) -> float:
    """The number of bytes in a size such as `1,024 bytes`, `3.5 GB` or `3.26 GiB`."""
    unit = re.sub(r"[^a-z]", "", size.lower())
    step = 1024.0 if "i" in unit else 1000.0
    return float(size[: -len(unit)].replace(",", "")) * step ** "bkmgt".index(unit[0])
