"""Archiving a version, or restoring it: the ways there are, one after the other, and a look whether it took effect.

Nobody recorded a registry that did it. Azure's own people archive by another way than the SDK, which calls it
unsupported (https://github.com/Azure/azure-sdk-for-python/issues/41502).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from azureml_publish.assets import AssetId, AssetRecord, ModelType, RegisteredAsset
from azureml_publish.errors import PublishError
from azureml_publish.registry.protocol import Registry
from azureml_publish.registry.read_back import LOOKS_BEFORE_APART, look_until


def record_of_registered(registered: RegisteredAsset) -> AssetRecord:
    """A registered version as it is, to be written with nothing changed but whether it is archived."""
    return AssetRecord(
        name=registered.id.name,
        version=registered.id.version,
        type=cast("ModelType", registered.type),
        description=registered.description,
        tags=registered.tags,
        properties={},
        system_metadata=registered.system_metadata,
    )


def bring_archived(
    registry: Registry, registered: RegisteredAsset, sleep: Callable[[float], None], *, archived: bool
) -> None:
    """Archive a version, or restore it, and look until the registry says so.

    The first attempt changes that alone, by an API that no registry need have. Where it fails, or has no effect, the
    version is written as it is, with `isArchived` in it.

    Raises:
        PublishError: it ignores both, or the version went.
    """
    asset = registered.id
    whole = False

    def write_whole() -> None:
        nonlocal whole
        whole = True
        registry.update(registered, record_of_registered(registered), {}, archived=archived)

    try:
        registry.set_archived(asset, archived=archived)
    except PublishError:
        write_whole()
    looks = 0

    def look() -> bool | None:
        nonlocal looks
        held = registry.find(asset.name, asset.version)
        if held is not None and held.archived == archived:
            return True
        looks += 1
        if looks == LOOKS_BEFORE_APART and not whole:
            write_whole()
        return None

    if look_until(look, sleep=sleep) is None:
        raise archive_ignored(registry.name, asset, archived=archived)


def archive_ignored(registry: str, asset: AssetId, *, archived: bool) -> PublishError:
    """What to say of a registry that takes the request to archive or restore a version, and ignores it."""
    undone = "not archived" if archived else "archived"
    command = "az ml model archive" if archived else "az ml model restore"
    return PublishError(
        f"The registry {registry} took the request and ignored it: "
        f"{asset.name} version {asset.version} is still {undone}.",
        hint=f"Registries are known to ignore this. Try `{command} --name {asset.name} --version {asset.version} "
        f"--registry-name {registry}` or the portal, then run this again, which then sees it.",
    )
