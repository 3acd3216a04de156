"""Keys of the system metadata that a registry was seen not to hand back: a project's folder keeps them from run to run.

A registry that shows null where a key is not set tells by itself. One that shows what is set, and drops a key, cannot
be told from one that has not been written to. Another machine learns the keys from `unverifiable` in publish.yaml.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from azureml_publish.errors import UsageProblem
from azureml_publish.files import STATE_FOLDER, make_folder, read_file, write_whole

FILE = Path(STATE_FOLDER) / "unverifiable.json"
"""Below the project: keys by registry."""


def dropped_keys(root: Path, registry: str) -> frozenset[str]:
    """The keys that a run from this folder wrote to a registry, and did not read back."""
    return frozenset(_read(root).get(registry, ()))


def note_dropped(root: Path, registry: str, keys: Iterable[str]) -> None:
    """Keep keys that a registry did not hand back after they were written."""
    held = _read(root)
    known = held.get(registry, [])
    if found := sorted({*keys} - {*known}):
        text = json.dumps({**held, registry: sorted([*known, *found])}, indent=1)
        with suppress(OSError, UsageProblem):  # a folder that may only be read: the next run finds them out again
            make_folder((root / FILE).parent)
            write_whole(root / FILE, f"{text}\n", durable=False)


def _read(root: Path) -> dict[str, list[str]]:
    """What is kept; nothing where it cannot be read, as it is found out again."""
    try:
        held = json.loads(read_file(root / FILE, None))
    except (OSError, UsageProblem, ValueError):
        return {}
    if not isinstance(held, dict):
        return {}
    return {str(registry): [str(key) for key in keys] for registry, keys in held.items() if isinstance(keys, list)}
