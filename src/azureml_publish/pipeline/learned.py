"""What a project's folder keeps from run to run about a registry, because the registry's answers do not show it.

A registry that shows null where a key of the system metadata is not set shows what it drops. One that shows only what
is set, and drops a key, looks like one that has not been written to. A deleted number shows only when it is registered
again, unless a model's container counts. All of it is found out again where it is lost; on another machine
`unverifiable` in publish.yaml names the keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azureml_publish.errors import Deleted, PublishError, UsageProblem
from azureml_publish.files import STATE_FOLDER, make_folder, read_file, write_whole

FILE = Path(STATE_FOLDER) / "registries.json"
"""Below the project."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What is known of one registry.

    Attributes:
        dropped: dotted keys of the system metadata that were written, and not handed back.
        deleted: the highest number of each model that was refused because it had been deleted.
    """

    dropped: frozenset[str] = frozenset()
    deleted: Mapping[str, int] = field(default_factory=dict)


def read_learned(root: Path, registry: str) -> Learned:
    """What runs from a project's folder learned of a registry; nothing where that cannot be read."""
    held = _read(root).get(registry)
    if not isinstance(held, dict):
        return Learned()
    dropped, deleted = held.get("unverifiable"), held.get("deleted")
    return Learned(
        frozenset(str(key) for key in dropped) if isinstance(dropped, list) else frozenset(),
        {str(name): number for name, number in deleted.items() if isinstance(number, int)}
        if isinstance(deleted, dict)
        else {},
    )


def learn(root: Path, registry: str, ends: Iterable[tuple[str, int, tuple[str, ...], PublishError | None]]) -> None:
    """Keep what the ends of a run tell: model, version, keys that were not handed back, and the error, if any."""
    known = read_learned(root, registry)
    dropped, deleted = set(known.dropped), dict(known.deleted)
    for model, version, unseen, error in ends:
        dropped.update(unseen)
        if isinstance(error, Deleted):
            deleted[model] = max(version, deleted.get(model, 0))
    if dropped == known.dropped and deleted == known.deleted:
        return
    noted = {"unverifiable": sorted(dropped), "deleted": dict(sorted(deleted.items()))}
    with suppress(OSError, UsageProblem):  # a folder that may only be read
        make_folder((root / FILE).parent)
        write_whole(root / FILE, json.dumps({**_read(root), registry: noted}, indent=1) + "\n", durable=False)


def _read(root: Path) -> dict[str, Any]:
    try:
        held = json.loads(read_file(root / FILE, None))
    except (OSError, UsageProblem, ValueError, RecursionError):
        return {}
    return held if isinstance(held, dict) else {}
