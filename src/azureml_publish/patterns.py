"""Regular expressions that are compiled when they are first used.

The linter alone has more than two hundred, of which a run uses one in seven. To compile them all takes 20 ms of each
start of `lint` and `plan`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

    def places(self, text: str) -> Mapping[str, Sequence[int]]:
        """The offsets of those that the text, in lower case, holds."""
        held = _held(text.lower())
        return {sign: held[sign] for sign in held.keys() & self._signs}


def near_words(form: re.Pattern[str], text: str, lowered: str, words: Iterable[str]) -> Iterator[re.Match[str]]:
    """What an expression finds that holds one of these words, or has it beside it; they are in lower case.

    Most texts hold none of them, which takes a hundredth of the time of trying the expression at each character.
    """
    if len(lowered) != len(text):  # a letter that is two in lower case
        return form.finditer(text)
    return near(form, text, (place for word in words for place in _places(word, lowered)))


def _places(word: str, text: str) -> Iterator[int]:
    place = text.find(word)
    while place >= 0:
        yield place
        place = text.find(word, place + 1)


def near(form: re.Pattern[str], text: str, places: Iterable[int]) -> Iterator[re.Match[str]]:
    """What an expression finds in the lines round these places."""
    spans: list[tuple[int, int]] = []
    for place in sorted(places):
        if spans and place + _REACH <= spans[-1][1]:
            continue
        start, end = text.rfind("\n", 0, max(place - _REACH, 0)) + 1, text.find("\n", place + _REACH)
        if spans and start <= spans[-1][1]:
            start = spans.pop()[0]
        spans.append((start, end if end >= 0 else len(text)))
    for start, end in spans:
        for match in form.finditer(text, start, end):
            if whole := form.match(text, match.start()):  # it may look beyond the lines
                yield whole


_REACH = 250
"""Characters from a place in which what is found begins and ends."""


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
def _held(text: str) -> Mapping[str, Sequence[int]]:
    found: dict[str, list[int]] = {}
    for form in _searches():
        for match in form.finditer(f"\n{text}"):
            longest = match[0][-1] + match[match.lastindex or 0]
            for end in range(1, len(longest) + 1):
                if longest[:end] in _ALL_SIGNS:
                    found.setdefault(longest[:end], []).append(max(match.end() - 2, 0))
    return found
