"""Takes a registered version to another registry: same files, same manifest, and where it comes from in properties."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import cast

from azureml_publish.assets import (
    MANIFEST_PROPERTY,
    RUN_PROPERTY,
    SOURCE_PROPERTY,
    ContainerAccess,
    ModelType,
    Origin,
    RegisteredAsset,
    RegistryState,
    RenderedAsset,
    is_bookkeeping,
)
from azureml_publish.content.upload.copy import Copied, Place, copy_content
from azureml_publish.content.upload.transfer import Transfer
from azureml_publish.errors import (
    Conflict,
    Interrupted,
    JournalFailed,
    NotFound,
    Overtaken,
    PublishError,
    Refused,
    UnusableSource,
)
from azureml_publish.execute.journal import Recorder, Step
from azureml_publish.layouts import record_of
from azureml_publish.plan import Action, ActionKind, ChangeClass, Desired, plan_model
from azureml_publish.registry import Registry
from azureml_publish.registry.archiving import archive_ignored, record_of_registered
from azureml_publish.registry.write_guard import (
    Differences,
    WriteGuard,
    find_unseen,
    require_latest,
    require_still_latest,
)


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
    wanted: Desired
    mode: Mode
    action: Action


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is noted with every promoted version. `commit` is empty where there is no repository."""

    commit: str
    plan: str
    tool: str

    def origin(self, run: str, source: RegisteredAsset, *, archived: bool) -> Origin:
        """How a version came to be that a run promotes from this one."""
        return Origin(run, str(source.id), self.commit, self.plan, self.tool, archived=archived)


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


def wanted_of(source: RegisteredAsset, folder: Desired | None) -> Desired:
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
        return Desired(asset, digest)
    if folder.source_digest != digest or folder.asset.type != source.type:
        raise Conflict(
            f"The folder of {source.id.name} asks for other files than {source.id} has. Nothing was written.",
            hint="Apply the folder as another version to that registry first, or take the metadata along as it is: "
            "--metadata carry.",
        )
    return folder


def plan_promotion(source: RegisteredAsset, wanted: Desired, state: RegistryState) -> Action:
    """What it takes: nothing where the target has the same files under this version, a conflict where it has others.

    A version that a run registered and was cut off before it archived it is archived.
    """
    action = plan_model(wanted, state)
    if state.asset is None:
        if action.kind is ActionKind.CONFLICT:
            hint = f"Bump it and apply it to the source registry first: `publish bump {source.id.name}`."
            return replace(action, hint=hint)
        return action
    if state.asset.properties.get(MANIFEST_PROPERTY) == find_manifest(source):
        if _is_half_done(source, wanted, state.asset):
            hidden = tuple(change for change in action.fields if change.field == "archived")
            return replace(action, kind=ActionKind.ARCHIVE, reason="registered already", fields=hidden, hint="")
        reason = "" if action.kind is ActionKind.UNCHANGED else "the same files; its metadata differs, see publish plan"
        return replace(action, kind=ActionKind.UNCHANGED, reason=reason, fields=(), hint="")
    reason = f"version {source.id.version} is there with other files"
    hint = f"Versions keep their files: `publish bump {source.id.name}`, apply to the source registry, promote that."
    return replace(action, kind=ActionKind.CONFLICT, reason=reason, fields=(), hint=hint)


def _is_half_done(source: RegisteredAsset, wanted: Desired, there: RegisteredAsset) -> bool:
    """Whether a promotion of this very version was cut off between its record and its archival."""
    origin = Origin.of(there.properties)
    begun = origin.archived and origin.promoted_from == str(source.id)
    return begun and wanted.asset.archived and not there.archived


def promote(
    promotion: Promotion,
    source: Registry,
    target: Registry,
    *,
    provenance: Provenance,
    transfer: Transfer,
    journal: Recorder,
) -> Copied | None:
    """Copy the files, check each against the manifest, then register the version and look whether it reads back.

    Safe to run again: files that are there and checked are kept, and a version that is there is not touched, but for
    an archival that is left to do.

    Returns:
        What was copied; None where the version was there already, or another run was first with the same files.

    Raises:
        Overtaken: another run was first with other files, or wrote over what was registered.
        PublishError: see `copy_content` and `Registry`; nothing is registered before all files are there and right.
    """
    run = _Run(promotion, source, target, journal)
    try:
        run.note(Step.BEGUN, action="promote")
        copied = run.create(provenance, transfer) if promotion.action.kind is ActionKind.CREATE else None
        run.finish(created=copied is not None)
    except (Interrupted, JournalFailed):
        raise
    except PublishError as error:
        # The kind alone: a journal holds no text that came from elsewhere.
        with suppress(JournalFailed):
            run.note(Step.FAILED, error=type(error).__name__)
        raise
    return copied


class _Run:
    """One promotion being carried out."""

    def __init__(self, promotion: Promotion, source: Registry, target: Registry, journal: Recorder) -> None:
        self._promotion = promotion
        self._source = source
        self._target = target
        self._journal = journal
        self._asset = promotion.wanted.asset
        self._manifest = find_manifest(promotion.source)
        self._version = (self._asset.name, self._asset.version)
        self._guard = WriteGuard(target, self._version, journal.apply)

    def note(self, step: Step, **facts: str) -> None:
        """Record a step."""
        self._journal.note(step, self._asset.name, self._asset.version, **facts)

    def create(self, provenance: Provenance, transfer: Transfer) -> Copied | None:
        """Bring the files, then the record; None where another run was first with the same."""
        asset, manifest = self._asset, self._manifest

        def lend_source() -> ContainerAccess:
            return self._source.open_content(self._promotion.source)

        def lend_target() -> ContainerAccess:
            return self._target.start_upload(asset.name, asset.version)

        access = lend_source()
        folder = access.folder_of(self._promotion.source.path)
        try:
            target = Place(lend_target(), folder, lend_target)
            copied = copy_content(asset.name, Place(access, folder, lend_source), target, manifest, transfer)
            self.note(Step.CONTENT, manifest=manifest)
            require_latest(self._target, asset.name, asset.version)
            self._target.create(record_of(asset, self._properties(provenance)), copied.uri)
        except (Conflict, Refused) as refused:
            there = self._target.find(asset.name, asset.version)
            if there is None or not self._guard.is_lost(there):
                raise
            if there.properties.get(MANIFEST_PROPERTY) != manifest:
                raise self._overtaken(there) from refused
            return None
        return copied

    def _properties(self, provenance: Provenance) -> dict[str, str]:
        """What is noted with the version; none is empty."""
        origin = provenance.origin(self._guard.run, self._promotion.source, archived=self._asset.archived)
        told = {
            MANIFEST_PROPERTY: self._manifest,
            SOURCE_PROPERTY: self._promotion.wanted.source_digest,
            RUN_PROPERTY: origin.encode(),
        }
        return {key: value for key, value in told.items() if value}

    def finish(self, *, created: bool) -> None:
        """Archive the version if it is to be, and look until the registry answers as it should.

        Raises:
            Overtaken: another run wrote to it.
            PublishError: the target does not answer what was written, or ignores that it is to be archived.
        """
        archiving = self._asset.archived and (created or self._promotion.action.kind is ActionKind.ARCHIVE)
        if archiving:
            self._archive(created=created)
        self.note(Step.WRITTEN)
        if created or archiving:
            self._read_back(created=created)
        self.note(Step.READ_BACK)
        if created:
            require_still_latest(self._target, *self._version)

    def _archive(self, *, created: bool) -> None:
        """Archive the version, as it is otherwise."""
        if created:
            there = self._guard.find_created(self._differences, self._overtaken)
        else:
            there = self._target.find(*self._version)
            self._guard = replace(self._guard, before=there)
        if there is None:
            raise self._unread()
        self._target.update(there, record_of_registered(there), {}, archived=True)

    def _read_back(self, *, created: bool) -> None:
        """Look until the target says what was written: all of it, or that it is archived."""

        def unarchived(found: RegisteredAsset) -> Differences:
            return {} if found.archived else {"archived": False}

        def apart(found: RegisteredAsset) -> None:
            if self._asset.archived and not found.archived:
                with suppress(NotFound, Refused):
                    self._target.set_archived(found.id, archived=True)

        differences = self._differences if created else unarchived
        there, left = self._guard.read_back(differences, apart=apart, lost=self._overtaken)
        if there is not None and "archived" in left:
            raise archive_ignored(self._target.name, there.id, archived=True)
        if there is None or (left and not find_unseen(left)):
            raise self._unread()

    def _differences(self, found: RegisteredAsset) -> Differences:
        held = found.properties.get(MANIFEST_PROPERTY)
        state = RegistryState(found, found.id.version, found.id.version + 1)
        fields = plan_model(self._promotion.wanted, state).fields
        other = {one.field: one.before for one in fields if one.consequence is not ChangeClass.KEPT}
        return other if held == self._manifest else {**other, "manifest": held}

    def _unread(self) -> PublishError:
        return PublishError(
            f"{self._asset.name} version {self._asset.version} was registered in {self._target.name}, "
            "but it answers otherwise.",
            hint="Run this again in a while: a version that is there with the same files is not touched.",
        )

    def _overtaken(self, there: RegisteredAsset) -> Overtaken:
        return Overtaken(
            f"{there.id} was written by another run meanwhile.",
            hint="Let the other one end, then run this again: it shows what is left to do.",
        )
