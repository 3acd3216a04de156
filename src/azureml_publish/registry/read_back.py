"""Looking until a registry answers what was written: its reads may come from a copy that lags behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from azureml_publish.assets import AssetId
from azureml_publish.errors import PublishError
from azureml_publish.registry.protocol import Registry

READ_BACK_DELAYS = (0.0, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
"""Seconds before each look at what was written. A registry may answer its old state for some seconds after a write."""

LOOKS_BEFORE_APART = 3
"""How often a version is seen to hold a run's property and not all that went with it, before the rest is sent alone."""

LOOKS_AT_A_REFUSAL = 5
"""How often it is looked who was first when a registry refuses a write: what the other run wrote may not show yet."""

T = TypeVar("T")


def look_until(
    look: Callable[[], T | None],
    *,
    looks: int | None = None,
    delays: Sequence[float] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> T | None:
    """Look again and again until something is seen; None where the last look sees nothing.

    Args:
        look: what is there, None for not yet.
        looks: how often, as often as there are delays if left out.
        delays: seconds before each look, `READ_BACK_DELAYS` if left out.
        sleep: how to wait.
    """
    for delay in (READ_BACK_DELAYS if delays is None else delays)[:looks]:
        sleep(delay)
        found = look()
        if found is not None:
            return found
    return None


def bring_archived(registry: Registry, asset: AssetId, *, archived: bool) -> None:
    """Archive a version, or restore it, and look until the registry says so.

    Raises:
        PublishError: it ignores that (https://github.com/Azure/azure-sdk-for-python/issues/41502), or the version went.
    """
    registry.set_archived(asset, archived=archived)

    def look() -> bool | None:
        held = registry.state(asset.name, asset.version).asset
        return True if held is not None and held.archived == archived else None

    if look_until(look) is None:
        raise archive_ignored(registry.name, asset, archived=archived)


def archive_ignored(registry: str, asset: AssetId, *, archived: bool) -> PublishError:
    """What to say of a registry that takes the request to archive or restore a version, and ignores it."""
    done, undone = ("archived", "not archived") if archived else ("restored", "archived")
    command = "az ml model archive" if archived else "az ml model restore"
    return PublishError(
        f"The registry {registry} took the request and ignored it: {asset.name} version {asset.version} is "
        f"still {undone}, so it was not {done}.",
        hint=f"Registries are known to ignore this. Try `{command} --name {asset.name} --version {asset.version} "
        f"--registry-name {registry}` or the portal, then run this again, which then sees it.",
    )
