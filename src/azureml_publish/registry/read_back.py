"""Looking until a registry answers what was written: its reads may come from a copy that lags behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

READ_BACK_DELAYS = (0.0, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
"""Seconds before each look at what was written. A registry may answer its old state for some seconds after a write."""

LOOKS_BEFORE_APART = 3
"""How often a version is seen to hold a run's property and not all that went with it, before the rest is sent alone."""

LOOKS_AT_A_NEW_VERSION = 5
"""How often a new version is seen without a key of its system metadata, before the registry counts as dropping it."""

LOOKS_AT_A_REFUSAL = 5
"""How often it is looked who was first when a registry refuses a write: what the other run wrote may not show yet."""

T = TypeVar("T")

POLLING_INTERVAL = 0.5
"""Seconds between two looks at a create. azure-core's 30 are for a service that takes minutes; a create of this one
takes effect within a second (recorded), and its answers do not say when to look."""


def look_until(
    look: Callable[[], T | None],
    *,
    looks: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> T | None:
    """Look again and again until something is seen; None where the last look sees nothing.

    Args:
        look: what is there, None for not yet.
        looks: how often; as often as there are `READ_BACK_DELAYS` if left out.
        sleep: how to wait.
    """
    for delay in READ_BACK_DELAYS[:looks]:
        sleep(delay)
        found = look()
        if found is not None:
            return found
    return None
