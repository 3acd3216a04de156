"""Writes that reads do not show yet, as in a service whose reads come from a copy that lags behind.

It is counted in looks, not in seconds, and kept in memory: after a restart every read is fresh, and so it is in another
emulator on the same folder.
"""

import threading
from dataclasses import dataclass, replace

from azureml_publish.emulator.registry.records import Record

Key = tuple[str, str, str]
"""Registry, name and version."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a version was before the last write on it."""

    record: Record | None
    """None where that write created it."""
    looks: int
    """How many reads still show it."""
    operation: str | None = None
    """The long-running operation that makes the write visible when it ends, if that is sooner."""


class RecentWrites:
    """The versions that do not read back yet. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._before: dict[Key, Before] = {}

    def wrote(self, key: Key, before: Before) -> None:
        """Note a write; the next reads show what was there before it."""
        with self._lock:
            self._before.pop(key, None)
            if before.looks > 0:
                self._before[key] = before

    def look(self, key: Key) -> Before | None:
        """What a read is to show instead of the truth, or None. Counts the read."""
        with self._lock:
            before = self._before.pop(key, None)
            if before is not None and before.looks > 1:
                self._before[key] = replace(before, looks=before.looks - 1)
            return before

    def finished(self, operation: str) -> None:
        """A long-running operation has ended: what it wrote is visible."""
        with self._lock:
            for key in [key for key, before in self._before.items() if before.operation == operation]:
                del self._before[key]

    def clear(self) -> None:
        """Forget all of them: every read shows the truth."""
        with self._lock:
            self._before.clear()
