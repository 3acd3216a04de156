"""Colours and links for terminals."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ADDRESS = re.compile(r"(?:https|file)://[!-Z^-~]+")
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours text, or leaves it unchanged.

    A key, digits with a semicolon, marks colours and links as ours for the filter that takes it out again, so that a
    field cannot bring its own.
    """

    enabled: bool = False
    key: str = ""

    def __call__(self, text: str, *styles: str) -> str:
        """The text in these styles: bold, dim, red, green, yellow, blue, cyan."""
        if not self.enabled or not text:
            return text
        return f"\x1b[{self.key}{';'.join(_CODES[style] for style in styles)}m{text}\x1b[{self.key}0m"

    def link(self, text: str, address: str) -> str:
        """The text as one that leads to an address, in terminals that can.

        https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda
        """
        if not self.enabled or not _ADDRESS.fullmatch(address):
            return text
        begin = f"\x1b]8;{self.key or ';'}"
        return f"{begin}{address}\x1b\\{text}{begin}\x1b\\"


PLAIN = Paint()
