"""Takes a registered version to another registry: same files, same manifest, and where it comes from in properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import cast

from azureml_publish.artifacts.copying import Copied, Place, copy_content
from azureml_publish.artifacts.transfer import Transfer
from azureml_publish.assets import (
    MANIFEST_PROPERTY,
    PROMOTED_BY,
    PROMOTED_COMMIT,
    PROMOTED_FROM,
    PROMOTED_PLAN,
    SOURCE_PROPERTY,
    AssetId,
    ContainerAccess,
    ModelType,
    RegisteredAsset,
    RegistryState,
    RenderedAsset,
    is_bookkeeping,
)
from azureml_publish.errors import Conflict, PublishError, UnusableSource
from azureml_publish.layouts import record_of
from azureml_publish.plan import Action, ActionKind, Wanted, plan_model
from azureml_publish.registry import Registry
from azureml_publish.registry.patience import bring_archived, look_until


class Mode(StrEnum):
    """Where the metadata of the promoted version comes from."""

    RENDER = "render"
    """From the model folder, as it is now."""
    CARRY = "carry"
    """From the source version, verbatim."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """One version on its way: what it is copied from, what the target is asked to hold, and what that takes."""

    source: RegisteredAsset
    wanted: Wanted
    mode: Mode
    action: Action


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is noted with every promoted version. `commit` is empty where there is no repository."""

    commit: str
    plan: str
    tool: str

    def properties(self, source: RegisteredAsset) -> Mapping[str, str]:
        """The properties of a version that is promoted from this one."""
        told = {
            PROMOTED_FROM: str(source.id),
            PROMOTED_COMMIT: self.commit,
            PROMOTED_PLAN: self.plan,
            PROMOTED_BY: self.tool,
        }
        return {key: value for key, value in told.items() if value}


def find_manifest(source: RegisteredAsset) -> str:
    """The digest of a registered version's manifest.

    Raises:
        UnusableSource: it has none.
    """
    digest = source.properties.get(MANIFEST_PROPERTY)
    if digest is None:
        raise UnusableSource(
            f"{source.id} has no property {MANIFEST_PROPERTY}: another tool registered it, so nobody can say whether a "
            "copy is whole.",
            hint="Register it with `publish apply` from a model folder first.",
        )
    return digest


def wanted_of(source: RegisteredAsset, folder: Wanted | None) -> Wanted:
    """What the target is asked to hold: what the folder says, or verbatim what the source version holds.

    Raises:
        Conflict: the folder asks for other files than the source version has.
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
        return Wanted(asset, digest)
    if folder.source_digest != digest or folder.asset.type != source.type:
        raise Conflict(
            f"The folder of {source.id.name} asks for other files than {source.id} has. Nothing was written.",
            hint="Apply the folder as another version to that registry first, or take the metadata along as it is: "
            "--metadata carry.",
        )
    return folder


def plan_promotion(source: RegisteredAsset, wanted: Wanted, state: RegistryState) -> Action:
    """What it takes: nothing where the target has the same files under this version, a conflict where it has others."""
    action = plan_model(wanted, state)
    if state.asset is None:
        if action.kind is ActionKind.CONFLICT:
            hint = f"Bump it and apply it to the source registry first: `publish bump {source.id.name}`."
            return replace(action, hint=hint)
        return action
    if state.asset.properties.get(MANIFEST_PROPERTY) == find_manifest(source):
        reason = "" if action.kind is ActionKind.UNCHANGED else "the same files; its metadata differs, see publish plan"
        return replace(action, kind=ActionKind.UNCHANGED, reason=reason, fields=(), hint="")
    reason = f"version {source.id.version} is there with other files"
    hint = f"Versions keep their files: `publish bump {source.id.name}`, apply to the source registry, promote that."
    return replace(action, kind=ActionKind.CONFLICT, reason=reason, fields=(), hint=hint)


def promote(
    promotion: Promotion,
    source: Registry,
    target: Registry,
    provenance: Provenance,
    transfer: Transfer,
) -> Copied:
    """Copy the files, check each against the manifest, then register the version and look whether it reads back.

    Safe to run again: files that are there and checked are kept, and a version that is there is not touched.

    Raises:
        PublishError: see `copy_content` and `Registry`; nothing is registered before all files are there and right.
    """
    manifest, asset = find_manifest(promotion.source), promotion.wanted.asset

    def lend_source() -> ContainerAccess:
        return source.open_content(promotion.source)

    def lend_target() -> ContainerAccess:
        return target.lend_container(asset.name, asset.version)

    folder = lend_source().folder_of(promotion.source.path)
    copied = copy_content(asset.name, Place(folder, lend_source), Place(folder, lend_target), manifest, transfer)
    properties = {MANIFEST_PROPERTY: manifest, SOURCE_PROPERTY: promotion.wanted.source_digest}
    properties |= provenance.properties(promotion.source)
    target.create(record_of(asset, {key: value for key, value in properties.items() if value}), copied.uri)
    if asset.archived:
        bring_archived(target, AssetId(target.name, asset.name, asset.version), archived=True)

    def look() -> bool | None:
        state = target.state(asset.name, asset.version)
        there = state.asset is not None and state.asset.properties.get(MANIFEST_PROPERTY) == manifest
        return True if there and plan_model(promotion.wanted, state).kind is ActionKind.UNCHANGED else None

    if look_until(look) is None:
        raise PublishError(
            f"{asset.name} version {asset.version} was registered in {target.name}, but it answers otherwise.",
            hint="Run this again in a while: a version that is there with the same files is not touched.",
        )
    return copied
