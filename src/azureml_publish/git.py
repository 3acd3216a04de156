"""What `publish lint` asks git: where the repository begins, and which files a pull request changes."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

SECONDS = 10


def prefix_of(root: Path) -> str:
    """The project's folder in its repository with `/` at its end; empty at its top, or where there is none."""
    return (_git(root, "rev-parse", "--show-prefix") or "").strip()


def changed_files(root: Path, environ: Mapping[str, str]) -> frozenset[str]:
    """Paths from the top of the repository that a pull request changes, committed or not; none where nobody can tell.

    The branch that it goes into is GITHUB_BASE_REF in GitHub Actions. A shallow checkout may not have it; then the
    last commit is what is changed.
    """
    base = environ.get("GITHUB_BASE_REF", "")
    asked = [["diff", "--name-only", "-z", f"origin/{base}...HEAD"]] if base and not base.startswith("-") else []
    asked += [["diff", "--name-only", "-z", "HEAD^", "HEAD"]] if base else []
    names = next((names for arguments in asked if (names := _git(root, *arguments)) is not None), "")
    here = _git(root, "diff", "--name-only", "-z", "HEAD") or ""
    return frozenset(name for name in (names + here).split("\0") if name)


def _git(root: Path, *arguments: str) -> str | None:
    """What git says; None where it is not there, refuses, or takes too long."""
    command = ["git", "-C", str(root), "-c", "core.quotePath=false", *arguments]
    try:
        ran = subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)  # noqa: S603 - no shell
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout.decode("utf-8", errors="replace")
