"""Slips of the hand: what is wrong with a line of code, and names that are almost known ones."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable
from typing import NamedTuple


class Mistake(NamedTuple):
    """The line of the code (from 1), a sentence on it, and what to write where that is known."""

    line: int
    message: str
    hint: str = "Fix it here or just before, so that people can copy it; for no program, write text after the fence."


def almost(name: str, known: Iterable[str], alike: float = 0) -> str | None:
    """The known name that one is by a slip of the hand: a letter lost, doubled or in the wrong place; or that alike."""
    names = tuple(known)
    if name in names or len(name) < _SHORTEST or len(name) > _LONGEST:
        return None
    close = next((one for one in names if mistyped(name, one)), None)
    near = difflib.get_close_matches(name, names, n=1, cutoff=alike) if alike and close is None else []
    return close or (near[0] if near else None)


_SHORTEST, _LONGEST = 4, 60


def mistyped(written: str, meant: str) -> bool:
    """Whether a letter is missing, stands twice or has changed places; another letter makes another name."""
    if len(written) == len(meant):
        return sorted(written) == sorted(meant) and sum(a != b for a, b in zip(written, meant, strict=True)) == 2
    short_one, long_one = sorted((written, meant), key=len)
    one_less = (long_one[:at] + long_one[at + 1 :] for at in range(len(long_one)))
    return len(long_one) == len(short_one) + 1 and short_one in one_less


_OF_HEADINGS = (
    *(
        "architecture",
        "benchmarks",
        "citation",
        "considerations",
        "dataset",
        "deployment",
    ),
    *("description", "details", "disclaimer", "environment", "environmental", "ethical", "evaluation", "examples"),
    *(
        "features",
        "finetuning",
        "hyperparameters",
        "inference",
        "information",
        "installation",
        "intended",
        "introduction",
    ),
    *("languages", "license", "limitations", "metrics", "overview", "parameters", "performance", "preprocessing"),
    *("procedure", "quickstart", "recommendations", "references", "requirements", "responsible", "results"),
    *("technical", "training", "transparency", "versions"),
)


@functools.cache
def misspelled(word: str) -> tuple[str, str] | None:
    """A word of a heading and the usual one that it is by a slip; one more letter at the end makes another form."""
    meant = almost(word.lower(), _OF_HEADINGS)
    plain = word.lower()
    if meant is None or meant.startswith(plain) or plain.startswith(meant):
        return None
    return word, meant.capitalize() if word[0].isupper() else meant
