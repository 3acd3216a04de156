"""Registers a version again with the same files: in another registry (promote), or as the next number (rollback)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import cast

from azureml_publish.assets import (
    MANIFEST_PROPERTY,
    SOURCE_PROPERTY,
    ModelType,
    Origin,
    RegisteredAsset,
    RegistryState,
    RenderedAsset,
    is_bookkeeping,
)
from azureml_publish.content.upload.copy import Copied, Place, copy_content
from azureml_publish.errors import Conflict, UnusableSource
from azureml_publish.execute.registration import Registration, Tools, Written
from azureml_publish.plan.actions import Action, ActionKind, Desired
from azureml_publish.plan.diff import plan_model
from azureml_publish.registry.protocol import Registry


class Mode(StrEnum):
    """Where the metadata of the promoted version comes from."""

    RENDER = "render"
    """From the model folder, as it is now."""
    CARRY = "carry"
    """From the source version, verbatim."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """The promotion of one version: its source, the desired state of the target, and the action for it."""

    source: RegisteredAsset
    wanted: Desired
    mode: Mode
    action: Action


def find_manifest(source: RegisteredAsset) -> str:
    """The digest of a registered version's manifest.

    Raises:
        UnusableSource: it has none.
    """
    digest = source.properties.get(MANIFEST_PROPERTY)
    if digest is None:
        raise UnusableSource(
            f"{source.id} has no property {MANIFEST_PROPERTY}: another tool registered it, so nothing says which "
            "files it is to hold.",
            hint="Register it with `publish apply` from a model folder first.",
        )
    return digest


def wanted_of(source: RegisteredAsset, folder: Desired | None) -> Desired:
    """The desired state of the target: the folder's, or verbatim that of the source version.

    Raises:
        Conflict: the folder has other files than the source version.
    """
    digest = source.properties.get(SOURCE_PROPERTY, "")
    if folder is None:
        asset = RenderedAsset(
            name=source.id.name,
            version=source.id.version,
            type=cast("ModelType", source.type),
            description=source.description,
            tags=source.tags,
            properties={key: value for key, value in source.properties.items() if not is_bookkeeping(key)},
            system_metadata=source.system_metadata,
            archived=source.archived,
        )
        return Desired(asset, digest)
    # What was locked only later holds the same files all the same.
    same_files = folder.source_digest == digest or folder.manifest == source.properties.get(MANIFEST_PROPERTY)
    if not same_files or folder.asset.type != source.type:
        raise Conflict(
            f"The folder of {source.id.name} has other files than {source.id}. Nothing was written.",
            hint="Apply the folder as another version to that registry first, or take the metadata along as it is: "
            "--metadata carry.",
        )
    return replace(folder, source_digest=digest)


def plan_promotion(source: RegisteredAsset, folder: Desired | None, state: RegistryState) -> Promotion:
    """What it takes: nothing where the target has the same files under this version, a conflict where it has others.

    A version that a run registered and was cut off before it archived it is archived.

    Raises:
        Conflict, UnusableSource: see `find_manifest` and `wanted_of`.
    """
    manifest = find_manifest(source)
    mode = Mode.CARRY if folder is None else Mode.RENDER
    promotion = Promotion(source, wanted_of(source, folder), mode, plan_model(wanted_of(source, folder), state))
    action, bump = promotion.action, f"`publish bump {source.id.name}`"
    if state.asset is None:
        if action.kind is ActionKind.CONFLICT:
            action = replace(action, hint=f"Bump it and apply it to the source registry first: {bump}.")
        elif folder is None:
            action = replace(action, reason=_left_behind(source))
    elif state.asset.properties.get(MANIFEST_PROPERTY) != manifest:
        reason = f"version {source.id.version} is there with other files"
        hint = f"Versions keep their files: {bump}, apply to the source registry, promote that."
        action = replace(action, kind=ActionKind.CONFLICT, reason=reason, fields=(), hint=hint)
    elif _is_half_done(promotion, state.asset):
        held = wanted_of(state.asset, None)
        wanted = replace(held, asset=replace(held.asset, archived=True))
        promotion = replace(promotion, wanted=wanted)
        action = replace(plan_model(wanted, state), reason="registered already")
    else:
        reason = "" if action.kind is ActionKind.UNCHANGED else "the same files; its metadata differs, see publish plan"
        action = replace(action, kind=ActionKind.UNCHANGED, reason=reason, fields=(), hint="")
    return replace(promotion, action=action)


def plan_rollback(source: RegisteredAsset, latest: RegisteredAsset, free: RegistryState) -> Promotion:
    """What it takes to have a version's files under the highest number; nothing where they are there.

    Args:
        source: the version to bring back. It may be archived; the new one is not.
        latest: the highest version.
        free: what the registry says of the next free number.

    Raises:
        UnusableSource: see `find_manifest`.
    """
    manifest, carried = find_manifest(source), wanted_of(source, None)
    wanted = replace(carried, asset=replace(carried.asset, version=free.next_version, archived=False))
    reason = ", ".join(filter(None, (f"the files and metadata of version {source.id.version}", _left_behind(source))))
    action = replace(plan_model(wanted, free), reason=reason)
    if latest.properties.get(MANIFEST_PROPERTY) == manifest and not latest.archived:
        wanted = replace(carried, asset=replace(carried.asset, version=latest.id.version))
        reason = f"it has the files of version {source.id.version} already"
        action = replace(action, version=latest.id.version, kind=ActionKind.UNCHANGED, reason=reason)
    return Promotion(source, wanted, Mode.CARRY, action)


def _left_behind(source: RegisteredAsset) -> str:
    """What of a version cannot be carried."""
    return (
        f"without system metadata, which {source.id.registry} does not hand back" if source.shown_keys is None else ""
    )


def _is_half_done(promotion: Promotion, there: RegisteredAsset) -> bool:
    """Whether a promotion of this very version was cut off between its record and its archival."""
    origin = Origin.of(there.properties)
    begun = origin.archived and origin.promoted_from == str(promotion.source.id)
    return begun and promotion.wanted.asset.archived and not there.archived


def promote(promotion: Promotion, source: Registry, target: Tools, origin: Origin) -> Written[Copied]:
    """Copy the files, check each against the manifest, then register the version and look whether it reads back.

    Safe to run again: files that are there and checked are kept, and a version that is there is not touched, but for
    an archival that is left to do.

    Args:
        promotion: what to do; a conflict cannot be carried out.
        target: the registry that is to have it, and what writes there.
        origin: the commit, plan and tool that are noted with the version.

    Raises:
        Overtaken: another run was first with something else, or wrote over what was registered.
        PublishError: see `copy_content` and `Registry`; nothing is registered before all files are there and right.
    """
    registered, asset = promotion.source, promotion.wanted.asset
    registration = Registration(promotion.wanted, target)
    if promotion.action.kind is not ActionKind.CREATE:
        return Written(registration.update(promotion.action).outcome)
    renew_source = partial(source.open_content, registered)
    renew_target = partial(target.registry.start_upload, asset.name, asset.version)

    def bring() -> Copied:
        access = renew_source()
        folder = access.folder_of(registered.path)
        into = Place(renew_target(), folder, renew_target)
        manifest = find_manifest(registered)
        return copy_content(asset.name, Place(access, folder, renew_source), into, manifest, target.transfer)

    came_from = "promoted_from" if asset.version == registered.id.version else "rolled_back_to"
    return registration.create(bring, replace(origin, **{came_from: str(registered.id)}, archived=asset.archived))
