"""Registers or updates one version, for apply and promote: files first, then its record, then a look if it reads back.

No registry has a check-and-set, so another run may write to the same version; see `registry.write_guard`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Generic, NoReturn, Protocol, TypeVar

from azureml_publish.assets import (
    MANIFEST_PROPERTY,
    RUN_PROPERTY,
    SOURCE_PROPERTY,
    Origin,
    RegisteredAsset,
    RegistryState,
)
from azureml_publish.content.upload.transfer import Transfer
from azureml_publish.errors import (
    Conflict,
    Deleted,
    Interrupted,
    JournalFailed,
    Overtaken,
    PublishError,
    Refused,
)
from azureml_publish.events import Events, Kind
from azureml_publish.execute.journal import Recorder, Step
from azureml_publish.execute.outcome import Outcome
from azureml_publish.layouts.wire import record_of
from azureml_publish.plan.actions import Action, ActionKind, Desired
from azureml_publish.plan.diff import changed_metadata, lacking_keys, plan_model
from azureml_publish.plan.rules import ChangeClass
from azureml_publish.registry.archiving import archive_ignored
from azureml_publish.registry.protocol import Registry
from azureml_publish.registry.read_back import look_until
from azureml_publish.registry.write_guard import (
    Differences,
    WriteGuard,
    is_apart,
    require_latest,
    require_still_latest,
)


@dataclass(frozen=True, slots=True)
class Tools:
    """What writes to a registry: the registry itself, the way for files, how to wait, the run's journal and events."""

    registry: Registry
    transfer: Transfer
    sleep: Callable[[float], None] = time.sleep
    journal: Recorder = field(default_factory=Recorder)
    events: Events = field(default_factory=Events)


class Arrived(Protocol):
    """Files that are in their container, and checked: their folder's URI and the digest of their manifest."""

    @property
    def uri(self) -> str:
        """Of the folder."""

    @property
    def manifest(self) -> str:
        """SHA-256 (hex)."""


ArrivedT = TypeVar("ArrivedT", bound=Arrived)


@dataclass(frozen=True, slots=True)
class Written(Generic[ArrivedT]):
    """What became of a version. `unseen` are metadata that were written and that the registry does not hand back.

    `content` is None where no files were brought, or another run was first with the same.
    """

    outcome: Outcome
    content: ArrivedT | None = None
    unseen: tuple[str, ...] = ()


class Registration:
    """One version, to be registered or updated until a registry holds what is desired."""

    def __init__(self, desired: Desired, tools: Tools) -> None:
        self._desired = desired
        self._asset = desired.asset
        self._registry = tools.registry
        self._journal = tools.journal
        self._events = tools.events
        self._sleep = tools.sleep
        self._version = (desired.asset.name, desired.asset.version)
        self._named = f"{desired.asset.name} version {desired.asset.version}"
        self._manifest = ""

    def create(self, bring: Callable[[], ArrivedT], origin: Origin | None = None) -> Written[ArrivedT]:
        """Bring the files, register the version, archive it if it is to be, and look whether it reads back.

        Args:
            bring: brings the files into a container of the registry, and checks them.
            origin: where the version comes from; the run is added to it.

        Raises:
            Overtaken: another run registered something else, or a higher number.
            PublishError: whatever `bring` and `Registry` raise; nothing is registered before all files are there.
        """
        guard = self._guard()
        noted = replace(origin or Origin(), run=guard.run)
        brought: list[ArrivedT] = []

        def write() -> ArrivedT:
            content = bring()
            brought.append(content)
            self._manifest = content.manifest
            self._note(Step.CONTENT, manifest=content.manifest)
            properties = {
                MANIFEST_PROPERTY: content.manifest,
                SOURCE_PROPERTY: self._desired.source_digest,
                RUN_PROPERTY: noted.encode(),
            }
            require_latest(self._registry, *self._version)
            record = record_of(self._asset, {key: value for key, value in properties.items() if value})
            self._registry.create(record, content.uri)
            if self._asset.archived:  # a registry archives only what is registered
                registered = guard.find_created(self._differences, self._overtaken)
                self._registry.update(registered or self._unread(), record_of(self._asset, {}), {}, archived=True)
            return content

        with self._recorded(ActionKind.CREATE):
            written = self._write(guard, write, Outcome.CREATED)
            if written.outcome is Outcome.CREATED:
                require_still_latest(self._registry, *self._version)
                # Nothing was brought where an attempt of this run, whose process is lost, had registered the version.
                written = replace(written, content=next(iter(brought), None))
            return written

    def update(self, action: Action) -> Written[Arrived]:
        """Carry out what a plan says of a registered version, if that is as it was then, and look if it reads back.

        Raises:
            Overtaken: another run wrote to the version, or deleted it.
            PublishError: see `Registry.update`.
        """
        with self._recorded(action.kind):
            registered = self._registry.find(*self._version)
            if registered is None:
                raise Overtaken(f"{self._named} was deleted meanwhile.", hint="Plan again.")
            now = self._plan(registered)
            if now.kind is ActionKind.UNCHANGED:  # another run did the very same
                self._done(Step.READ_BACK)
                return Written(Outcome.UNCHANGED)
            # This very run may have done a part of it, in a process that died.
            if not all(field in action.fields for field in now.fields):
                raise self._overtaken(registered)
            record, changed = record_of(self._asset, {}), changed_metadata(now.fields)
            write = partial(self._registry.update, registered, record, changed, archived=self._asset.archived)
            return self._write(self._guard(registered), write, Outcome.UPDATED)

    def _guard(self, before: RegisteredAsset | None = None) -> WriteGuard:
        return WriteGuard(self._registry, self._version, self._journal.apply, before, self._sleep)

    def _write(self, guard: WriteGuard, write: Callable[[], ArrivedT | None], outcome: Outcome) -> Written[ArrivedT]:
        """Write, find out what a refusal means, and look whether it reads back.

        Raises:
            Overtaken: another run was first with something else, or wrote over it.
            Conflict, Refused: the registry refuses, and nobody was first.
        """
        try:
            content = write()
        except (Overtaken, Deleted):
            raise
        except (Conflict, Refused) as refused:
            winner = self._find_winner(guard)
            if winner is not None:
                if self._differences(winner):
                    raise self._overtaken(winner) from refused
                self._done(Step.READ_BACK)
                return Written(Outcome.UNCHANGED)
            if not guard.is_own(self._registry.find(*self._version)):
                raise
            content = None  # this very run registered it, in a process that died before it could say so
        self._done(Step.WRITTEN)
        there, unseen = self._read_back(guard)
        self._done(Step.READ_BACK)
        if guard.is_lost(there) and Origin.of(there.properties).run:  # another run registered the very same first
            return Written(Outcome.UNCHANGED, unseen=unseen)
        return Written(outcome, content, unseen)

    def _find_winner(self, guard: WriteGuard) -> RegisteredAsset | None:
        """The version as another run wrote it, if one did. One that it may still archive is looked at again."""
        winner = guard.find_winner()

        def look() -> RegisteredAsset | None:
            nonlocal winner
            if winner is None or not (left := self._differences(winner)) or not all(map(is_apart, left)):
                return winner
            winner = self._registry.find(*self._version) or winner
            return None

        if winner is not None:
            look_until(look, sleep=self._sleep)
        return winner

    def _read_back(self, guard: WriteGuard) -> tuple[RegisteredAsset, tuple[str, ...]]:
        """Read until the registry answers with what was written; at first it may answer with an older state.

        Returns:
            The version, and what was written and is not handed back.

        Raises:
            Overtaken: another run wrote over it.
            PublishError: the last answer is still another one.
        """
        there, left = guard.read_back(self._differences, apart=self._write_apart, lost=self._overtaken)
        if there is None:
            self._unread()
        if "archived" in left:
            raise archive_ignored(self._registry.name, there.id, archived=self._asset.archived)
        lacking = {change.field: lacking_keys(change) for change in self._plan(there).fields}
        if not all(lacking.get(field) for field in left):
            self._unread(*left)
        return there, tuple(key for field in left for key in lacking[field])

    def _write_apart(self, registered: RegisteredAsset) -> None:
        """Write what can be written by other calls than an update: system metadata, and whether it is archived.

        No registry need have these calls; what did not come through shows in the next looks.
        """
        now = self._plan(registered)
        if changed_metadata(now.fields):
            with suppress(PublishError):
                self._registry.replace_metadata(record_of(self._asset, {}))
        if registered.archived != self._asset.archived:
            with suppress(PublishError):
                self._registry.set_archived(registered.id, archived=self._asset.archived)

    def _plan(self, registered: RegisteredAsset) -> Action:
        version = registered.id.version
        return plan_model(self._desired, RegistryState(registered, version, version + 1))

    def _differences(self, registered: RegisteredAsset) -> Differences:
        """What a registry holds where it is not what is desired; other files than those that this run brought, too."""
        fields = self._plan(registered).fields
        other = {change.field: change.before for change in fields if change.consequence is not ChangeClass.KEPT}
        manifest = registered.properties.get(MANIFEST_PROPERTY)
        return other if manifest == (self._manifest or manifest) else {**other, "manifest": manifest}

    @contextmanager
    def _recorded(self, kind: ActionKind) -> Iterator[None]:
        """Record that the version is begun, before anything is looked at, and that it failed, if it does."""
        self._note(Step.BEGUN, action=str(kind))
        try:
            yield
        except (Interrupted, JournalFailed):
            raise
        except Exception as error:
            # The type alone: a journal holds no text that came from elsewhere.
            self._done(Step.FAILED, error=type(error).__name__)
            raise

    def _done(self, step: Step, **facts: str) -> None:
        """Record what has happened; where that cannot be, the run stops after the step, not in it."""
        with suppress(JournalFailed):
            self._note(step, **facts)

    def _note(self, step: Step, **facts: str) -> None:
        """Record a step in the journal, and report it."""
        model, version = self._version
        self._journal.note(step, model, version, **facts)
        further: dict[str, Any] = {**facts}
        self._events.emit(Kind.STEP, model, version, step=str(step), **further)

    def _unread(self, *fields: str) -> NoReturn:
        differing = ", ".join(fields or ("the version itself",))
        raise PublishError(
            f"{self._named} was written, but the registry still answers otherwise: {differing}.",
            hint="Run this again in a while; it shows what is left to do.",
        )

    def _overtaken(self, there: RegisteredAsset) -> Overtaken:
        differing = ", ".join(self._differences(there)) or "nothing"
        return Overtaken(
            f"{self._named} changed in the registry since the plan was made. It differs in {differing} now.",
            hint="This run stops. Let the other one end, then run this again; it shows what is left to do.",
        )
