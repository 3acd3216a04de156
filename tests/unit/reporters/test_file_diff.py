"""The diff of a file is one that git applies."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from azureml_publish.reporters.differences import file_diff


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\n", "a\nc\n"),
        ("a\nb", "a\nc"),
        ("a\nb\n", "a\nb"),
        ("a\r\nb\r\n", "a\r\nc\r\n"),
        ("a\u2028b\nc\n", "a\u2028b\nd\n"),
        ("one\x0bline\x0c\x1c\x85\nc\n", "one\x0bline\x0c\x1c\x85!\nc\n"),
        ("a\rb\nc\n", "a\rb\nd\n"),
    ],
)
def test_git_applies_it(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "card.md"
    path.write_bytes(before.encode())
    diff = file_diff("card.md", before, after)
    applied = subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=diff.encode(), capture_output=True, check=False)
    assert applied.returncode == 0, applied.stderr
    assert path.read_bytes() == after.encode()


def test_no_change_is_no_diff() -> None:
    assert file_diff("card.md", "a\n", "a\n") == ""
