"""The events of a run as JSON lines, for programs; docs/schemas/events.schema.json describes them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from azureml_publish.events import Event, Kind

EVERY = 0.5
"""Seconds between two lines about the bytes of one model."""


@dataclass(slots=True)
class _Moving:
    """The transfer of one model: when it began, when it was last reported, bytes in all, bytes that are there."""

    begun: float
    reported: float
    size: int
    done: int = 0


class EventLines:
    """Writes events as lines of JSON, of those about bytes only some. From any thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin; `clock` measures how fast bytes move, in seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._models: dict[str, _Moving] = {}

    def line(self, event: Event) -> str | None:
        """The event on one line, without a line end; None where it adds nothing to the last one yet."""
        with self._lock:
            facts = self._facts(event)
        if facts is None:
            return None
        at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        head: dict[str, Any] = {"schema_version": 1, "event": str(event.kind), "at": at}
        if event.model:
            head["model"] = event.model
        if event.version:
            head["version"] = event.version
        return json.dumps({**head, **facts}, ensure_ascii=False)

    def _facts(self, event: Event) -> dict[str, Any] | None:
        facts = dict(event.facts)
        if event.kind is Kind.BEGIN:
            now = self._clock()
            self._models[event.model] = _Moving(now, now, facts["bytes"])
            return facts
        moving = self._models.get(event.model)
        if event.kind is Kind.PROGRESS:
            return self._progress(moving, facts) if moving is not None else None
        if event.kind is Kind.END and moving is not None:
            return {"done": moving.done, "bytes": moving.size}
        return facts

    def _progress(self, moving: _Moving, facts: dict[str, Any]) -> dict[str, Any] | None:
        now = self._clock()
        moving.done += facts["count"]
        if now - moving.reported < EVERY:
            return None
        moving.reported = now
        rate = moving.done / max(now - moving.begun, 0.001)
        left = round((moving.size - moving.done) / rate, 1) if rate else None
        return {
            "path": facts["path"],
            "done": moving.done,
            "bytes": moving.size,
            "bytes_per_second": round(rate),
            "seconds_left": left,
        }
