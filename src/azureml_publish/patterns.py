"""Regular expressions that are compiled when they are first used.

The linter alone has more than two hundred, of which a run uses one in seven. To compile them all takes 20 ms of each
start of `lint` and `plan`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any, cast


class _Pattern:
    """A pattern without its compiled form; once it is used its methods are the compiled one's, and as quick."""

    def __init__(self, text: str, flags: int) -> None:
        self._given = (text, flags)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        compiled = re.compile(*self._given)
        self.__dict__.update({each: getattr(compiled, each) for each in dir(compiled) if not each.startswith("_")})
        return self.__dict__[name]


def pattern(text: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """What `re.compile` returns, for its methods and attributes; `re.sub` and its like do not take it."""
    return cast("re.Pattern[str]", _Pattern(text, flags))


_ALL_SIGNS: set[str] = set()


class Signs:
    """Short texts in lower case that most texts do not hold, such as those without which an expression finds nothing.

    All of the program are looked for at once, each that begins with a letter where a word begins, which takes a fifth
    of the time of one by one; what was found in the last texts is kept.
    """

    def __init__(self, signs: Iterable[str]) -> None:
        self._signs = frozenset(signs)
        _ALL_SIGNS.update(self._signs)
        _searches.cache_clear()
        _held.cache_clear()

    def within(self, text: str) -> frozenset[str]:
        """Those that the text, in lower case, holds."""
        return self._signs & _held(text)


@functools.cache
def _searches() -> tuple[re.Pattern[str], ...]:
    """Finds the longest sign at each place: those that begin with a letter, and the others."""
    behind: dict[str, list[str]] = {}
    for sign in sorted(_ALL_SIGNS, reverse=True):
        behind.setdefault(sign[0], []).append(re.escape(sign[1:]))
    forms = {first: f"{re.escape(first)}(?=({'|'.join(rest)}))" for first, rest in behind.items()}
    words = "|".join(form for first, form in forms.items() if first.isalpha())
    return re.compile(f"[^a-z0-9](?:{words})"), re.compile("|".join(forms[one] for one in forms if not one.isalpha()))


@functools.lru_cache(maxsize=4)
def _held(text: str) -> frozenset[str]:
    matches = (match for form in _searches() for match in form.finditer(f"\n{text}"))
    longest = {match[0][-1] + match[match.lastindex or 0] for match in matches}
    return frozenset(sign[:end] for sign in longest for end in range(1, len(sign) + 1)) & _ALL_SIGNS
