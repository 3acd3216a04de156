"""Carries out a plan: content first and checked, then the version's record, then a look whether it reads back."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from azureml_publish.assets import (
    MANIFEST_PROPERTY,
    RUN_PROPERTY,
    SOURCE_PROPERTY,
    AssetId,
    Content,
    Origin,
    RegisteredAsset,
    RegistryState,
    Value,
)
from azureml_publish.content.upload.transfer import ModelContent, Transfer, publish_content
from azureml_publish.errors import Conflict, Interrupted, JournalFailed, NotFound, Overtaken, PublishError, Refused
from azureml_publish.execute.journal import Recorder, Step, Unrecorded
from azureml_publish.execute.outcome import Outcome
from azureml_publish.layouts import record_of
from azureml_publish.plan import Action, ActionKind, ChangeClass, Desired, Plan, changed_metadata, plan_model
from azureml_publish.registry import Registry
from azureml_publish.registry.archiving import record_of_registered
from azureml_publish.registry.write_guard import (
    WriteGuard,
    find_unseen,
    require_latest,
    require_still_latest,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one model version. `unseen` are metadata that were written and are not handed back."""

    model: str
    version: int
    outcome: Outcome
    content: Content | None = None
    error: PublishError | None = None
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tools:
    """What apply works with."""

    registry: Registry
    transfer: Transfer
    sleep: Callable[[float], None] = time.sleep
    journal: Recorder = field(default_factory=Unrecorded)


def apply_plan(
    plan: Plan, contents: Mapping[str, ModelContent], tools: Tools, *, jobs: int, uploads: int | None = None
) -> tuple[Result, ...]:
    """Carry out every action of a plan, several models at a time. One that fails does not keep the others back.

    Where somebody else turns out to write to the registry, or the journal cannot be written, what is under way is
    finished and the rest is skipped.

    Args:
        plan: what to do; it must have no conflicts.
        contents: the models by asset name.
        tools: registry, sources and what else is needed.
        jobs: how many models at a time.
        uploads: how many of them may bring files in; as many as there are jobs where it is left out.

    Raises:
        Conflict: the plan has conflicts; nothing was written.
    """
    if plan.conflicts:
        names = ", ".join(action.model for action in plan.conflicts)
        raise Conflict(f"The plan has conflicts: {names}. Nothing was written.", hint=plan.conflicts[0].hint)
    run = _Run(contents, tools, threading.Semaphore(max(1, uploads or jobs)))
    with ThreadPoolExecutor(max(1, jobs), thread_name_prefix="model") as pool:
        # What is quickly done goes first, so that it does not wait for a place behind long uploads.
        order = sorted(plan.actions, key=lambda action: action.kind is ActionKind.CREATE)
        under_way = {id(action): pool.submit(run.carry_out, action) for action in order}
        return tuple(under_way[id(action)].result() for action in plan.actions)


class _Run:
    """One run: what its threads share."""

    def __init__(self, contents: Mapping[str, ModelContent], tools: Tools, uploads: threading.Semaphore) -> None:
        self._contents = contents
        self._registry = tools.registry
        self._transfer = tools.transfer
        self._journal = tools.journal
        self._sleep = tools.sleep
        self._uploads = uploads
        self._halted = threading.Event()

    def carry_out(self, action: Action) -> Result:
        """What becomes of one action; failures too are results."""
        if action.kind is ActionKind.UNCHANGED:
            return Result(action.model, action.version, Outcome.UNCHANGED)
        content = self._contents[action.model]
        try:
            if action.kind is not ActionKind.CREATE:
                return self._skip(action) if self._stopped() else self._update(action, content)
            with self._uploads:
                return self._skip(action) if self._stopped() else self._create(action, content)
        except Interrupted as error:
            return Result(action.model, action.version, Outcome.SKIPPED, error=error)
        except PublishError as error:
            return self._give_up(action, error)
        except Exception as error:  # noqa: BLE001 - one model's surprise must not lose the others' results
            _log.exception("%s failed unexpectedly", action.model)  # --debug shows it with its traceback
            surprise = PublishError(f"unexpected {type(error).__name__}: {error}", hint="Run again with --debug.")
            surprise.__cause__ = error
            return self._give_up(action, surprise)

    def _stopped(self) -> bool:
        return self._transfer.stop() or self._halted.is_set() or self._journal.failure is not None

    def _skip(self, action: Action) -> Result:
        return Result(action.model, action.version, Outcome.SKIPPED)

    def _give_up(self, action: Action, error: PublishError) -> Result:
        if isinstance(error, Overtaken | JournalFailed):
            self._halted.set()
        if not isinstance(error, JournalFailed):
            # The kind alone: a journal holds no text that came from elsewhere.
            self._done(Step.FAILED, action, error=type(error).__name__)
        return Result(action.model, action.version, Outcome.FAILED, error=error)

    def _create(self, action: Action, content: ModelContent) -> Result:
        asset = content.rendered.asset
        self._journal.note(Step.BEGUN, action.model, action.version, action=str(action.kind))
        published = None
        guard = self._guard(asset.name, asset.version)
        try:
            access = self._registry.start_upload(asset.name, asset.version)
            renew = partial(self._registry.start_upload, asset.name, asset.version)
            published = publish_content(content, access, self._transfer, renew)
            self._journal.note(Step.CONTENT, action.model, action.version, manifest=published.manifest)
            properties = {
                MANIFEST_PROPERTY: published.manifest,
                SOURCE_PROPERTY: published.source,
                RUN_PROPERTY: Origin(guard.run).encode(),
            }
            require_latest(self._registry, asset.name, asset.version)
            self._registry.create(record_of(asset, properties), published.uri)
            if asset.archived:
                registered = self._find_created(content, guard)
                self._registry.update(registered, record_of_registered(registered), {}, archived=True)
        except Overtaken:
            raise
        except (Conflict, Refused) as refused:
            return self._settle(action, content, guard, refused)
        self._done(Step.WRITTEN, action)
        unseen = self._read_back(content, guard)
        self._done(Step.READ_BACK, action)
        require_still_latest(self._registry, asset.name, asset.version)
        return Result(asset.name, asset.version, Outcome.CREATED, published, unseen=unseen)

    def _guard(self, model: str, version: int, before: RegisteredAsset | None = None) -> WriteGuard:
        return WriteGuard(self._registry, (model, version), self._journal.apply, before, self._sleep)

    def _update(self, action: Action, content: ModelContent) -> Result:
        asset = content.rendered.asset
        # Before the look, too: what is given up there must be known to have been begun.
        self._journal.note(Step.BEGUN, action.model, action.version, action=str(action.kind))
        registered = self._registry.find(asset.name, asset.version)
        if registered is None:
            raise Overtaken(f"{asset.name} version {asset.version} was deleted meanwhile.", hint="Plan again.")
        now = _plan_again(content, registered)
        if now.kind is ActionKind.UNCHANGED:  # another run did the very same
            self._done(Step.READ_BACK, action)
            return Result(asset.name, asset.version, Outcome.UNCHANGED)
        if now.fields != action.fields:
            raise _moved(content, registered)
        guard = self._guard(asset.name, asset.version, registered)
        record, changed = record_of(asset, {}), changed_metadata(action.fields)
        try:
            self._registry.update(registered, record, changed, archived=asset.archived)
        except Overtaken:
            raise
        except (Conflict, Refused) as refused:
            return self._settle(action, content, guard, refused)
        self._done(Step.WRITTEN, action)
        unseen = self._read_back(content, guard)
        self._done(Step.READ_BACK, action)
        return Result(asset.name, asset.version, Outcome.UPDATED, unseen=unseen)

    def _find_created(self, content: ModelContent, guard: WriteGuard) -> RegisteredAsset:
        """What was just registered, as soon as the registry shows it.

        Raises:
            Overtaken: another run wrote to it already.
            PublishError: it does not show it.
        """
        registered = guard.find_created(partial(_held_of, content), partial(_moved, content))
        if registered is None:
            raise _unread(content, ("the version itself",))
        return registered

    def _done(self, step: Step, action: Action, **facts: str) -> None:
        """Record what has happened; where that cannot be, the run stops after the step, not in it."""
        with suppress(JournalFailed):
            self._journal.note(step, action.model, action.version, **facts)

    def _settle(self, action: Action, content: ModelContent, guard: WriteGuard, refused: PublishError) -> Result:
        """What a refusal means: another run was first with the same, or with something else; or a rule is against it.

        Raises:
            Overtaken: another run was first with something else.
            Conflict, Refused: the refusal, where nobody was first.
        """
        registered = guard.find_winner()
        if registered is None:
            raise refused
        now = _plan_again(content, registered)
        if now.kind is not ActionKind.UNCHANGED:
            raise _moved(content, registered) from refused
        self._done(Step.READ_BACK, action)
        return Result(action.model, action.version, Outcome.UNCHANGED)

    def _read_back(self, content: ModelContent, guard: WriteGuard) -> tuple[str, ...]:
        """Look until the registry says what was written, with patience for a stale answer.

        Returns:
            What was written and is not handed back.

        Raises:
            Overtaken: another run wrote over it.
            PublishError: it still says something else after the last look.
        """
        there, left = guard.read_back(
            partial(_held_of, content),
            apart=partial(self._write_apart, content),
            lost=partial(_moved, content),
        )
        if there is None:
            raise _unread(content, ("the version itself",))
        unseen = find_unseen(left)
        if left and not unseen:
            raise _unread(content, tuple(left))
        return unseen

    def _write_apart(self, content: ModelContent, registered: RegisteredAsset) -> None:
        """Write what can be written by other calls than an update: system metadata, and whether it is archived.

        No registry need have these calls; what did not come through shows in the next looks.
        """
        asset, now = content.rendered.asset, _plan_again(content, registered)
        if changed_metadata(now.fields):
            with suppress(NotFound, Refused):
                self._registry.replace_metadata(record_of(asset, {}))
        if "archived" in _differing(now):
            identity = AssetId(self._registry.name, asset.name, asset.version)
            with suppress(NotFound, Refused):
                self._registry.set_archived(identity, archived=asset.archived)


def _plan_again(content: ModelContent, registered: RegisteredAsset) -> Action:
    version = registered.id.version
    wanted = Desired(content.rendered.asset, content.digest)
    return plan_model(wanted, RegistryState(registered, version, version + 1))


def _held_of(content: ModelContent, registered: RegisteredAsset) -> dict[str, Value]:
    return _held(_plan_again(content, registered))


def _held(action: Action) -> dict[str, Value]:
    """What a registry holds where it is not what the folder asks for."""
    return {change.field: change.before for change in action.fields if change.consequence is not ChangeClass.KEPT}


def _differing(action: Action) -> tuple[str, ...]:
    return tuple(_held(action))


def _unread(content: ModelContent, differing: tuple[str, ...]) -> PublishError:
    asset = content.rendered.asset
    return PublishError(
        f"{asset.name} version {asset.version} was written, but the registry still answers otherwise: "
        f"{', '.join(differing)}.",
        hint="Run `publish plan` in a while; it shows what is left to do.",
    )


def _moved(content: ModelContent, registered: RegisteredAsset) -> Overtaken:
    asset, now = content.rendered.asset, _plan_again(content, registered)
    return Overtaken(
        f"{asset.name} version {asset.version} changed in the registry since the plan was made. "
        f"It differs in {', '.join(_differing(now)) or 'nothing'} now.",
        hint="This run stops. Let the other one end, then plan again.",
    )
