"""The odd manners of the real service, each a switch. All are off at first: then the emulator is as plain as can be.

The rules of the service are no manners and have no switch: that content, type and properties of a version do not
change, that a deleted version leaves a tombstone, that an upload for a version that is there is answered 409, that
lists come in pages. A registry without them does not exist, so nothing should be tested against one.
"""

import threading
from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How the emulator behaves where the service is not plain. Nothing here is random."""

    stale_reads: int = 0
    """After a write so many GETs of that version still answer what was there before it: 404 after a create. Lists and
    names are not late."""
    ignore_archive: bool = False
    """`isArchived` is taken and has no effect, on a version and on a name."""
    empty_list_tags: bool = False
    """Lists hand back empty tags; a GET of a version has them."""
    ignore_list_view: bool = False
    """`listViewType` is ignored: every list holds what is archived too."""
    page_size: int = 100
    """Entries of a page at most."""
    put_polls: int | None = None
    """A PUT of a version is answered 202 with `Azure-AsyncOperation`, which is in progress for so many polls. Till then
    a GET answers what was there before, but not more often than that many times. None: 200 or 201 at once."""
    throttle_every: int | None = None
    """Every request of the registry whose number can be divided by this is answered 429."""
    retry_after_seconds: int = 1
    """What `Retry-After` says then."""
    latency_seconds: float = 0.0
    """Every request waits so long before anything else, in all three services."""
    sas_seconds: float | None = None
    """How long the signatures are good that the registry lends for uploads and downloads; None for the service's day
    and hour. The end is a whole second, the next one after that time."""
    sas_requests: int | None = None
    """How many requests to the blobs each of them is good for; after that it is answered as one that has expired."""

    def __post_init__(self) -> None:
        """Check what types do not say, and types too, since manners also come in as JSON."""
        for name in ("ignore_archive", "empty_list_tags", "ignore_list_view"):
            if not isinstance(value := getattr(self, name), bool):
                raise ValueError(f"{name} is true or false, not {value!r}")  # noqa: TRY004 - as below
        self._number("stale_reads", 0, 1000)
        self._number("page_size", 1, 1000)
        self._number("put_polls", 0, 1000)
        self._number("throttle_every", 2, 1_000_000)  # were it 1, nothing would ever be answered
        self._number("retry_after_seconds", 0, 3600)
        self._number("latency_seconds", 0.0, 60.0)
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
