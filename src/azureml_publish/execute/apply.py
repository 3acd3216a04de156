"""Carries out a plan, several models at a time."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from azureml_publish.assets import Content
from azureml_publish.content.upload.transfer import ModelContent, publish_content
from azureml_publish.errors import Conflict, Interrupted, JournalFailed, Overtaken, PublishError
from azureml_publish.events import Events, Kind
from azureml_publish.execute.outcome import Outcome
from azureml_publish.execute.registration import Registration, Tools
from azureml_publish.plan.actions import Action, ActionKind, Desired, Plan

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


def apply_plan(
    plan: Plan, contents: Mapping[str, ModelContent], tools: Tools, *, jobs: int, uploads: int | None = None
) -> tuple[Result, ...]:
    """Carry out every action of a plan, several models at a time. One that fails does not keep the others back.

    Where somebody else turns out to write to the registry, or the journal cannot be written, what is under way is
    finished and the rest is skipped.

    Args:
        plan: what to do; it must have no conflicts.
        contents: the models by asset name.
        uploads: how many of them may bring files in; as many as there are jobs where it is left out.

    Raises:
        Conflict: the plan has conflicts; nothing was written.
    """
    applying = Applying(tools, uploads or jobs)
    with ThreadPoolExecutor(max(1, jobs), thread_name_prefix="model") as pool:

        def submit(action: Action) -> Future[Result]:
            return pool.submit(applying.carry_out, action, contents[action.model])

        return carry_out_all(plan, submit, tools.events, under_way=2 * max(1, jobs))


def carry_out_all(
    plan: Plan, submit: Callable[[Action], Future[Result]], events: Events, *, under_way: int
) -> tuple[Result, ...]:
    """Hand what a plan changes to an executor, at most `under_way` at a time; the results in their order.

    Args:
        plan: what to do; it must have no conflicts.
        submit: hands one action over.
        events: hear of what does not change.
        under_way: how many are handed over at a time.

    Raises:
        Conflict: the plan has conflicts; nothing was written.
    """
    if plan.conflicts:
        names = ", ".join(action.model for action in plan.conflicts)
        raise Conflict(f"The plan has conflicts: {names}. Nothing was written.", hint=plan.conflicts[0].hint)
    results: dict[int, Result] = {}
    for action in plan.actions:
        if action.kind is ActionKind.UNCHANGED:
            results[id(action)] = Result(action.model, action.version, Outcome.UNCHANGED)
            events.emit(Kind.MODEL_DONE, action.model, action.version, stage="apply", outcome=str(Outcome.UNCHANGED))
    # What is quickly done goes first, so that it does not wait for a place behind long uploads.
    waiting = deque(sorted(plan.changes, key=lambda action: action.kind is ActionKind.CREATE))
    begun: dict[Future[Result], Action] = {}
    while waiting or begun:
        while waiting and len(begun) < under_way:
            action = waiting.popleft()
            begun[submit(action)] = action
        for future in wait(begun, return_when=FIRST_COMPLETED).done:
            action = begun.pop(future)
            results[id(action)] = _result_of(action, future)
    return tuple(results[id(action)] for action in plan.actions)


def _result_of(action: Action, future: Future[Result]) -> Result:
    """What became of an action; where the process that carried it out is lost, it has failed."""
    try:
        return future.result()
    except PublishError as error:
        return Result(action.model, action.version, Outcome.FAILED, error=error)


class Applying:
    """What carries out actions in one process: its threads share it."""

    def __init__(self, tools: Tools, uploads: int) -> None:
        """Begin; `uploads` is how many models at a time may bring files in."""
        self._tools = tools
        self._uploads = threading.Semaphore(max(1, uploads))
        self._halted = threading.Event()

    def halt(self) -> None:
        """Finish what is under way, and skip the rest."""
        self._halted.set()

    def carry_out(self, action: Action, content: ModelContent) -> Result:
        """What becomes of one action; failures too are results."""
        with ExitStack() as place:  # given up as soon as the files are there: registering them is mostly waiting
            if action.kind is ActionKind.CREATE:
                place.enter_context(self._uploads)
            if self._tools.transfer.stop() or self._halted.is_set() or self._tools.journal.failure is not None:
                return Result(action.model, action.version, Outcome.SKIPPED)
            events = self._tools.events
            with events.one_model("apply", action.model, action.version, action=str(action.kind)) as ended:
                result = self._result(action, content, place.close)
                brought = result.content
                sizes = {"files": brought.files, "bytes": brought.size} if brought is not None else {}
                ended(str(result.outcome), result.error if result.outcome is Outcome.FAILED else None, **sizes)
                return result

    def _result(self, action: Action, content: ModelContent, brought: Callable[[], None]) -> Result:
        try:
            return self._write(action, content, brought)
        except Interrupted as error:
            return Result(action.model, action.version, Outcome.SKIPPED, error=error)
        except PublishError as error:
            return self._give_up(action, error)
        except Exception as error:  # noqa: BLE001 - one model's surprise must not lose the others' results
            _log.exception("%s failed unexpectedly", action.model)  # --debug shows it with its traceback
            surprise = PublishError(f"unexpected {type(error).__name__}: {error}", hint="Run again with --debug.")
            surprise.__cause__ = error
            return self._give_up(action, surprise)

    def _give_up(self, action: Action, error: PublishError) -> Result:
        if isinstance(error, Overtaken | JournalFailed):
            self._halted.set()
        return Result(action.model, action.version, Outcome.FAILED, error=error)

    def _write(self, action: Action, content: ModelContent, brought: Callable[[], None]) -> Result:
        registration = Registration(Desired(content.rendered.asset, content.digest), self._tools)
        if action.kind is ActionKind.CREATE:
            written = registration.create(partial(self._bring, action, content, brought))
            return Result(action.model, action.version, written.outcome, written.content, unseen=written.unseen)
        updated = registration.update(action)
        return Result(action.model, action.version, updated.outcome, unseen=updated.unseen)

    def _bring(self, action: Action, content: ModelContent, brought: Callable[[], None]) -> Content:
        start = partial(self._tools.registry.start_upload, action.model, action.version)
        found = publish_content(content, start(), self._tools.transfer, start)
        brought()
        return found
