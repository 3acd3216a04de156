"""Says whether the plan of the main branch is the one that the pull request showed, by their digests."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def digest(path: str) -> str:
    """The digest of a plan; empty where there is no plan."""
    file = Path(path)
    return str(json.loads(file.read_text(encoding="utf-8"))["digest"]) if file.exists() else ""


def main(shown: str, now: str) -> str:
    """What to tell whoever approves."""
    before, after = digest(shown), digest(now)
    if not before:
        return "> The plan of the pull request is not there, or has expired: look at this one before you approve it."
    if before == after:
        return f"> This is the plan that the pull request showed ({after[:12]})."
    return (
        "> **The registry or the folders moved since the pull request**: its plan was "
        f"{before[:12]}, this one is {after[:12]}. Look at it before you approve it."
    )


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2]))
