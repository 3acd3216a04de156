"""Texts that grow by the factor of two: what reads them takes twice as long, and not four times."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from azureml_publish.content.packaging.remote_code import find_imports
from azureml_publish.globs import Glob, IgnoreFile, path_matches
from azureml_publish.lint.suppression_comments import comment_suppressions
from azureml_publish.render.comments import SuppressionComments, kept_parts
from azureml_publish.spec.silence import silence_comments

LENGTH = 20_000
"""Characters of the shorter text: the square of its length is a second or more."""

PATH = 5_000
"""The same for paths, which are matched by Python and not by a regular expression's engine."""

COMMENT = "<!-- publish: ignore CARD001 why -->"


def _preprocess(text: str) -> None:
    SuppressionComments.preprocess(object.__new__(SuppressionComments), text, None)


def _suppressions(text: str) -> None:
    for _ in comment_suppressions(text, "card.md", judged=True):
        pass


def _comments(text: str) -> None:
    for _ in silence_comments(text):
        pass


def _globs(text: str) -> None:
    for pattern in ("*a*a*a*a*a*b", "**/a*/**/*b", "*" * 25 + "b", "?*?*?*?*?*?*c", "a**a**a**a**b"):
        path_matches(pattern, text)
        Glob(pattern, sets=True).matches(text)


def _ignored(text: str) -> None:
    IgnoreFile(["*a*a*a*a*b", "**/*x*/**/y*", "!*[a-z]*[a-z]*[0-9]"]).matches(text, folder=False)


READERS: tuple[Callable[[str], object], ...] = (_preprocess, _suppressions, _comments, kept_parts, find_imports)
AROUND = (
    ("", ""), ("<!-- publish: ignore ", ""), ("{# publish: ignore A", "\x00"), ("{% raw %}", "#}"),
)  # fmt: skip
"""What may stand before and after a text, for those that read templates."""

UNITS = (
    " ", "a", "<!--", "<!-- publish: ignore", "<!-- publish: ignore ", "<!-- publish: ignore A -->", "a/", "from ",
    "{# publish: ignore ", "{# publish: ignore A #}", "{% raw ", "{%- raw %}", "{% raw %}x{% endraw %}", "endraw ",
    "#}", "-->", "-", f"{COMMENT}\n", f"{COMMENT}\n\n", "<!-- publish:" + " " * 40, "\n", "\r\n", "\t",
)  # fmt: skip


def _seconds(read: Callable[[str], object], text: str) -> float:
    begun = time.thread_time()
    read(text)
    return time.thread_time() - begun


def _is_linear(read: Callable[[str], object], unit: str, prefix: str, suffix: str, length: int = LENGTH) -> bool:
    """Whether four times the text takes less than ten times as long; noise is given three chances."""
    short, long = (f"{prefix}{unit * (size // len(unit))}{suffix}" for size in (length, 4 * length))
    for _ in range(3):
        took = _seconds(read, long)
        if took < 0.2 or took < 10 * _seconds(read, short):
            return True
    return False


@pytest.mark.parametrize("read", READERS)
def test_matchers_are_linear(read: Callable[[str], object], record_property: Callable[[str, object], None]) -> None:
    tried = 0
    for unit in UNITS:
        for prefix, suffix in AROUND:
            assert _is_linear(read, unit, prefix, suffix), (unit, prefix, suffix)
            tried += 1
    record_property("inputs", tried)


@pytest.mark.parametrize("read", [_globs, _ignored])
def test_matchers_of_paths_are_linear(
    read: Callable[[str], object], record_property: Callable[[str, object], None]
) -> None:
    for unit in UNITS:
        assert _is_linear(read, unit, "", "", PATH), unit
    record_property("inputs", len(UNITS))


def test_generated_texts_are_read_to_their_end(record_property: Callable[[str, object], None]) -> None:
    """A comment is left out of what is published, with the same length; nothing else changes."""
    source = random.Random(15)
    tried = 500
    for _ in range(tried):
        text = "".join(source.choices(UNITS, k=source.randrange(1, 30)))
        found = [*silence_comments(text)]
        assert all(one.end <= other.start for one, other in pairwise(found))
        assert all("\n" not in text[one.start : one.end] for one in found)
        made = SuppressionComments.preprocess(object.__new__(SuppressionComments), text, None)
        assert len(made) == len(text)
        assert sum(end - start for start, end in kept_parts(text)) <= len(text)
        _suppressions(text)
    record_property("inputs", tried)
