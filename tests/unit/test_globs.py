"""Patterns over paths: what they mean, against the library that git's own are taken from, and how long they take."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from azureml_publish.globs import Glob, IgnoreFile, escaped, path_matches

PATHS = st.lists(st.text("abcx-", min_size=1, max_size=4), min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("pattern", "taken", "left"),
    [
        ("models/old-*/**", "models/old-a/x/y.md models/old-/z", "models/new/x models/old-a"),
        ("**", "a a/b", ""),
        ("**/card.md", "card.md a/card.md a/b/card.md", "xcard.md a/card.mdx"),
        ("a/**/b", "a/b a/x/b a/x/y/b", "ab a/xb"),
        ("*/**/b", "a/b a/x/b a/x/y/b", "ab a/xb a/x/yb"),
        ("*", "a abc", "a/b"),
        ("?.md", "a.md", "/.md ab.md"),
        ("a*b*c*d", "abcd axbxcxd aabbccdd", "abc abcdx a/bcd"),
        ("**a**b**", "ab xaxbx x/a/y/b/z", "ba"),
        (r"a\*b", "a*b", "axb"),
    ],
)
def test_what_a_pattern_takes(pattern: str, taken: str, left: str) -> None:
    assert all(path_matches(pattern, path) for path in taken.split())
    assert not any(path_matches(pattern, path) for path in left.split())


@given(st.text("ab*?/.", max_size=10), PATHS)
@example("*?**/", "a/a")
def test_both_ways_to_match_agree(pattern: str, path: str) -> None:
    """With at most one star a regular expression is used, else a set of positions; to most patterns both are open."""
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", re.sub(r"\*{3,}", "**", pattern))
    expression = "".join(known.get(part) or re.escape(part) for part in parts)
    assert Glob(re.sub(r"\*{3,}", "**", pattern)).matches(path) == (
        re.fullmatch(expression, path, re.DOTALL) is not None
    )


@given(st.text("ab*?[]\\.", max_size=8))
def test_an_escaped_path_matches_itself_alone(path: str) -> None:
    assert path_matches(escaped(path), path)
    assert not path_matches(escaped(path), f"{path}x")


LINES = st.lists(st.text("ab*?/!.#-x ", max_size=8), max_size=4)


@given(LINES, PATHS)
@example(["a/**"], "a/b")
@example(["a/**", "!a/b"], "a/b")
@example(["[a-b]x", "!ax"], "ax")
@example(["*.x", "!b.x"], "a/b.x")
@example(["/a"], "b/a")
@example(["a/"], "a")
def test_an_ignore_file_means_what_git_means(lines: list[str], path: str) -> None:
    """Each folder on the way is judged before what is in it, as the walk over a source does it."""
    lines = [line for line in lines if not re.search(r"//|\*\*\*|/\*\*/?$|[^/!]\*\*|\*\*[^/]|^!?/?\s*/*\s*$", line)]
    known = GitIgnoreSpec.from_lines(lines)
    own = IgnoreFile(lines)
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        one, folder = "/".join(parts[:depth]), depth < len(parts)
        expected = known.match_file(f"{one}/" if folder else one)
        assert own.matches(one, folder=folder) == expected, (lines, one)
        if expected:
            return


@pytest.mark.parametrize(
    ("lines", "taken", "left"),
    [
        (["# a comment", r"\#kept", r"\!kept"], "#kept !kept", "kept a"),
        (["a/**"], "a/b a/b/c", "a ba/b"),
        (["**/a/*.bin"], "a/x.bin b/a/x.bin", "a/b/x.bin"),
        (["*.py[co]", "![!x].pyc"], "x.pyc a/xx.pyo", "a.pyc x.py"),
        (["trailing  "], "trailing", ""),
        (["[", "[]x]"], "] x", ""),
    ],
)
def test_lines_of_an_ignore_file(lines: list[str], taken: str, left: str) -> None:
    own = IgnoreFile(lines)
    assert all(own.matches(path, folder=False) for path in taken.split())
    assert not any(own.matches(path, folder=False) for path in left.split(" ") if path)
