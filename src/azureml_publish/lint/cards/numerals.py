"""Small numbers that cards write as words."""

from __future__ import annotations

NUMERALS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
"""Each stands at its number."""


def number_of(text: str) -> float:
    """The number that a numeral, or digits with or without commas, say.

    Raises:
        ValueError: it is neither.
    """
    word = text.lower()
    return NUMERALS.index(word) if word in NUMERALS else float(text.replace(",", ""))
