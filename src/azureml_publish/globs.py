"""Patterns over names, as a shell has them, and over paths: one pass over a path, however many stars a pattern has.

A pattern from a stranger, such as `a*a*a*a*b`, makes a regular expression try every way to part a path. Here each
character of a path moves a set of positions in the pattern, and that set is one whole number.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

_STAR, _ANY, _FOLDERS = "*", "**", "**/"
"""What stands for many characters: all of one folder's, all, and any number of whole folders."""

_BEFORE = ""
"""The position before `**/`, from which it may be left out as a whole; within it, only a slash leads on."""


@dataclass(frozen=True, slots=True)
class _One:
    """One character: of some, or of all but some; None for any. Never a slash, unless it is the one that is meant."""

    chars: frozenset[str] | None
    ranges: tuple[tuple[str, str], ...] = ()
    negated: bool = False

    def takes(self, char: str) -> bool:
        if self.chars is None:
            return char != "/"
        found = char in self.chars or any(first <= char <= last for first, last in self.ranges)
        return found if not self.negated else not found and char != "/"


_Token = _One | str


class Glob:
    """A pattern, ready to be matched: `*` and `?` stay in one folder, `**` crosses folders, a backslash quotes."""

    def __init__(self, pattern: str, *, sets: bool = False) -> None:
        """Read a pattern.

        Args:
            sets: whether `[a-z]` and `[!a]` mean one of several characters.
        """
        tokens = tuple(_without_repeats(_parse(pattern, sets=sets)))
        many = [token for token in tokens if isinstance(token, str)]
        # With one star there is one way to part a path, and `re` is faster.
        self._simple = re.compile("".join(map(_expression, tokens)), re.DOTALL) if len(many) < 2 else None
        self._tokens = tuple(part for one in tokens for part in ((_BEFORE, one) if one == _FOLDERS else (one,)))
        self._skipping = sum(1 << at for at, token in enumerate(self._tokens) if token in (_STAR, _ANY, _BEFORE))
        self._leaving_out = sum(1 << at for at, token in enumerate(self._tokens) if token == _BEFORE)
        self._moves: dict[str, tuple[int, int]] = {}

    def matches(self, text: str) -> bool:
        """Whether a whole path matches."""
        if self._simple is not None:
            return self._simple.fullmatch(text) is not None
        at = self._skipped(1)
        for char in text:
            onward, staying = self._moves.get(char) or self._moves_of(char)
            at = self._skipped((at & onward) << 1 | at & staying)
            if not at:
                return False
        return bool(at >> len(self._tokens) & 1)

    def _skipped(self, at: int) -> int:
        while (more := at | (at & self._skipping) << 1 | (at & self._leaving_out) << 2) != at:
            at = more
        return at

    def _moves_of(self, char: str) -> tuple[int, int]:
        """From which positions a character leads to the next one, and at which it stays."""
        onward = staying = 0
        for position, token in enumerate(self._tokens):
            if isinstance(token, _One):
                onward |= token.takes(char) << position
            elif token == _STAR:
                staying |= (char != "/") << position
            elif token != _BEFORE:
                staying |= 1 << position
                onward |= (token == _FOLDERS and char == "/") << position
        self._moves[char] = onward, staying
        return onward, staying


def matches_any(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name matches one of the patterns of a shell; `*` matches `/` too."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def escaped(path: str) -> str:
    """A pattern that matches just this path."""
    return re.sub(r"([*?\\])", r"\\\1", path)


@lru_cache(maxsize=4096)
def path_matches(pattern: str, path: str) -> bool:
    """Whether a path matches a pattern without sets."""
    return _glob(pattern).matches(path)


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> Glob:
    return Glob(pattern)


def _parse(pattern: str, *, sets: bool) -> Iterator[_Token]:
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith(_FOLDERS, at) and (at == 0 or not sets or pattern[at - 1] == "/"):
            yield _FOLDERS
            at += 3
            continue
        if pattern.startswith(_ANY, at):
            end = at + 2
            while pattern.startswith("*", end):
                end += 1
            # To git two stars are one, but between slashes.
            whole = (at == 0 or pattern[at - 1] == "/") and end == len(pattern)
            yield _ANY if not sets or whole else _STAR
            at = end
            continue
        at += 1
        if char == "*":
            yield _STAR
        elif char == "?":
            yield _One(None)
        elif char == "\\" and at < len(pattern):
            yield _One(frozenset(pattern[at]))
            at += 1
        elif sets and char == "[" and (found := _set(pattern, at)) is not None:
            yield found[0]
            at = found[1]
        else:
            yield _One(frozenset(char))


def _set(pattern: str, at: int) -> tuple[_One, int] | None:
    """The set that begins after a bracket, and where it ends; None where nothing closes it."""
    negated = pattern[at : at + 1] in ("!", "^")
    at += negated
    chars: list[str] = []
    ranges: list[tuple[str, str]] = []
    first = at
    while at < len(pattern) and (pattern[at] != "]" or at == first):
        at += pattern[at] == "\\" and at + 1 < len(pattern)
        char = pattern[at]
        if pattern[at + 1 : at + 2] == "-" and pattern[at + 2 : at + 3] not in ("", "]"):
            end = at + 2 + (pattern[at + 2] == "\\" and at + 3 < len(pattern))
            ranges.append((char, pattern[end]))
            at = end + 1
        else:
            chars.append(char)
            at += 1
    if at >= len(pattern):
        return None
    return _One(frozenset(chars), tuple(ranges), negated), at + 1


def _without_repeats(tokens: Iterable[_Token]) -> Iterator[_Token]:
    """Stars that follow each other say no more than the widest of them."""
    last: _Token | None = None
    for token in tokens:
        if isinstance(token, str) and isinstance(last, str):
            if token == last or (last == _ANY and token == _STAR):
                continue
            if last == _STAR and token == _ANY:
                last = _ANY
                continue
        if last is not None:
            yield last
        last = token
    if last is not None:
        yield last


def _expression(token: _Token) -> str:
    if isinstance(token, str):
        return {_STAR: "[^/]*", _ANY: ".*", _FOLDERS: "(?:.*/)?"}[token]
    if token.chars is None:
        return "[^/]"
    parts = [re.escape(char) for char in sorted(token.chars)]
    parts += [f"{re.escape(first)}-{re.escape(last)}" for first, last in token.ranges if first <= last]
    if not parts:
        return "[^/]" if token.negated else "(?!)"
    return f"[^/{''.join(parts)}]" if token.negated else f"[{''.join(parts)}]"


class IgnoreFile:
    """What stays behind, in the form of a .gitignore (https://git-scm.com/docs/gitignore); the last line counts."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = [read for line in lines if (read := _ignored(line)) is not None]

    def matches(self, path: str, *, folder: bool) -> bool:
        """Whether a file or a folder is left behind; the path is relative, without a slash at its end."""
        name = path.rpartition("/")[2]
        for one in reversed(self._lines):
            if (folder or not one.folders) and one.glob.matches(path if one.anchored else name):
                return not one.kept
        return False


@dataclass(frozen=True, slots=True)
class _Ignored:
    glob: Glob
    anchored: bool
    folders: bool
    kept: bool


def _ignored(line: str) -> _Ignored | None:
    bare = line.rstrip("\r\n").rstrip(" ")
    quoted = bare != line and (len(bare) - len(bare.rstrip("\\"))) % 2
    line = f"{bare} " if quoted else bare
    if not line or line.startswith("#"):
        return None
    kept = line.startswith("!")
    line = line[kept:]
    folders = line.endswith("/")
    line = line.rstrip("/") if folders else line
    anchored = "/" in line
    line = line.removeprefix("/")
    if not line:
        return None
    return _Ignored(Glob(line, sets=True), anchored, folders, kept)
