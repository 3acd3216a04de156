"""Prints how many actions of each kind a saved plan has, a `key=number` a line; `changes` are those that write."""

from __future__ import annotations

import collections
import json
import sys
from pathlib import Path

KINDS = ("create", "update", "archive", "restore", "unchanged", "conflict")

counts = collections.Counter(
    action["action"] for action in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["actions"]
)
print("\n".join(f"{kind}={counts[kind]}" for kind in KINDS))
print(f"changes={sum(counts[kind] for kind in KINDS[:4])}")
