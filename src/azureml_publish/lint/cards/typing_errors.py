"""Typing errors: in code, in names, and sentences without an end."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from azureml_publish.lint.markdown.cards import Card
from azureml_publish.patterns import pattern


class Mistake(NamedTuple):
    """A mistake in code: its line (from 1), a message, and the hint where it is known what was meant."""

    line: int
    message: str
    hint: str = "Fix it here or just before, so that people can copy it; for no program, write text after the fence."


def almost(name: str, known: Iterable[str], alike: float = 0) -> str | None:
    """The known name that a misspelt one means: a letter lost, doubled or misplaced, or `alike` enough; else None."""
    names = tuple(known)
    if name in names or len(name) < _SHORTEST or len(name) > _LONGEST:
        return None
    close = next((one for one in names if mistyped(name, one)), None)
    near = difflib.get_close_matches(name, names, n=1, cutoff=alike) if alike and close is None else []
    return close or (near[0] if near else None)


_SHORTEST, _LONGEST = 4, 60


def mistyped(written: str, meant: str) -> bool:
    """Whether a letter of one name is missing, doubled or misplaced in the other. A replaced one makes another name."""
    if re.sub(r"\D", "", written) != re.sub(r"\D", "", meant):
        return False
    if len(written) == len(meant):
        return sorted(written) == sorted(meant) and sum(a != b for a, b in zip(written, meant, strict=True)) == 2
    short_one, long_one = sorted((written, meant), key=len)
    one_less = (long_one[:at] + long_one[at + 1 :] for at in range(len(long_one)))
    return len(long_one) == len(short_one) + 1 and short_one in one_less


_OF_HEADINGS = (
    *("architecture", "benchmarks", "citation", "considerations", "dataset", "deployment", "description"),
    *("details", "disclaimer", "environment", "environmental", "ethical", "evaluation", "examples", "features"),
    *("finetuning", "hyperparameters", "inference", "information", "installation", "intended", "introduction"),
    *("languages", "license", "limitations", "metrics", "overview", "parameters", "performance", "preprocessing"),
    *("procedure", "quickstart", "recommendations", "references", "requirements", "responsible", "results"),
    *("technical", "training", "transparency", "versions"),
)


@functools.cache
def misspelled(word: str) -> tuple[str, str] | None:
    """A misspelt word of a heading and the usual word; a letter added at the end may be another form."""
    meant = almost(word.lower(), _OF_HEADINGS)
    plain = word.lower()
    if meant is None or meant.startswith(plain) or plain.startswith(meant):
        return None
    return word, meant.capitalize() if word[0].isupper() else meant


_WITHOUT_END = pattern(
    r"(?<=[a-z] )(?:and|or|of|with|an?|to) (?:It|This|These|They|We)(?= (?:is|are|was|has|have|can|does|may|will)\b)"
)
_AFTER_WORD = pattern("|".join(rf"{word}(?<=[a-z] {word})" for word in ("It", "This", "These", "They", "We")))
"""A cheap test: every text that the pattern above matches has one of these."""
_NO_END = (
    *(" and", " or", " the", " a", " an", " of", " that", " which", " its", " but", " was", " will", " and it"),
    *(" because", " than", " between", " into"),
)
_BROKEN = pattern(rf"[\w,)](?:{'|'.join(_NO_END)})\s*\Z")
_LONGEST_END = 12
"""The longest match of the pattern above at the end of a line."""
_FEWEST_WORDS = 4


def unfinished(card: Card) -> Iterator[tuple[int, str]]:
    """Where a sentence stops in the middle: before another sentence, or at the end of a paragraph."""
    for match in _WITHOUT_END.finditer(card.words) if _AFTER_WORD.search(card.words) else ():
        yield match.start(), match[0]
    for first, last in card.paragraphs:
        line = card.lines[last - 1].rstrip()
        end = _BROKEN.search(line, max(0, len(line) - _LONGEST_END)) if line.endswith(_NO_END) else None
        if end is None or not re.match(r"\s{0,3}[A-Z*_\[]", card.lines[first - 1]):
            continue
        words = " ".join(card.lines[first - 1 : last]).split()
        following = next((line for line in card.lines[last:] if line.strip()), "# ")
        if len(words) > _FEWEST_WORDS and re.match(r"#{1,6} |[A-Z][a-z]+ ", following):
            yield card.starts[last - 1] + end.start(), end[0].strip()
