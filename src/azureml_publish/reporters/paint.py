"""Colour for terminals."""

from __future__ import annotations

from dataclasses import dataclass

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours text, or leaves it unchanged.

    A key, digits with a semicolon, marks the colours as ours for the filter that takes it out again, so that a field
    cannot bring its own.
    """

    enabled: bool = False
    key: str = ""

    def __call__(self, text: str, *styles: str) -> str:
        """The text in these styles: bold, dim, red, green, yellow, blue, cyan."""
        if not self.enabled or not text:
            return text
        return f"\x1b[{self.key}{';'.join(_CODES[style] for style in styles)}m{text}\x1b[{self.key}0m"


PLAIN = Paint()
