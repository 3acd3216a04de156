"""The odd manners of the real service, each a switch. All are off at first: then the emulator is as plain as can be.

The rules of the service are no manners and have no switch: that content, type and properties of a version do not
change, that a deleted version leaves a tombstone, that an upload for a version that is there is answered 409, that
lists come in pages. A registry without them does not exist, so nothing should be tested against one.
"""

import threading
from dataclasses import dataclass, fields, replace
from typing import Any

_LONGEST_SECONDS = 60.0
"""More would only look as if the emulator hung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How the emulator behaves where the service is not plain. Nothing here is random."""

    sas_seconds: float | None = None
    """How long the signatures are good that the registry lends for uploads and downloads; None for the service's day
    and hour. The end is a whole second, the next one after that time."""
    sas_requests: int | None = None
    """How many requests to the blobs each of them is good for; after that it is answered as one that has expired."""

    def __post_init__(self) -> None:
        """Check what types do not say, and types too, since manners also come in as JSON."""
        self._number("sas_seconds", 1.0, 7 * 86_400.0)
        self._number("sas_requests", 1, 1_000_000)

    def _number(self, name: str, least: float, most: float) -> None:
        value = getattr(self, name)
        if value is None and _DEFAULTS[name] is None:
            return
        whole = isinstance(least, int)
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            raise ValueError(f"{name} is a {'whole ' if whole else ''}number, not {value!r}")  # noqa: TRY004 - one kind of error for what came in
        if not least <= value <= most:
            raise ValueError(f"{name} is {least:g} to {most:g}, not {value!r}")

    def changed(self, **values: Any) -> "Manners":
        """These manners with some of them others.

        Raises:
            ValueError: There is no manner of that name, or it cannot have that value.
        """
        if unknown := sorted(set(values) - set(_DEFAULTS)):
            raise ValueError(f"there is no manner {', '.join(unknown)}; there are {', '.join(sorted(_DEFAULTS))}")
        return replace(self, **values)


_DEFAULTS: dict[str, Any] = {each.name: each.default for each in fields(Manners)}


class Switches:
    """The manners in force. Safe from any thread."""

    def __init__(self, manners: Manners) -> None:
        """Start with these; `reset` comes back to them."""
        self._lock = threading.Lock()
        self._first = manners
        self._now = manners

    @property
    def now(self) -> Manners:
        """What is in force."""
        return self._now

    @now.setter
    def now(self, manners: Manners) -> None:
        self._now = manners

    def change(self, **values: Any) -> Manners:
        """Turn some, leave the others; ValueError for what is no manner."""
        with self._lock:
            self._now = self._now.changed(**values)
            return self._now

    def off(self) -> None:
        """Turn all of them off."""
        self._now = Manners()

    def reset(self) -> None:
        """Back to those of the start."""
        self._now = self._first
