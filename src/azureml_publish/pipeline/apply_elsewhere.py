"""Carries out a plan in processes of other machines: a unit of work is one model.

A worker is handed an action and its model. Journal, lock and confirmation stay where the run was begun. What a worker
needs to know a secret for it finds in its own environment; none is in what travels.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from azureml_publish.assets import LayoutName
from azureml_publish.content.sources.readers import Readers
from azureml_publish.content.upload.pool import CONNECTIONS
from azureml_publish.content.upload.progress import Emitted
from azureml_publish.content.upload.transfer import ModelContent
from azureml_publish.errors import JournalFailed, Overtaken, Unreachable
from azureml_publish.events import Event, Events, Kind, failure_facts, secrets_of
from azureml_publish.execute.apply import Applying, Result, carry_out_all
from azureml_publish.execute.journal import Journal, Recorder, Step
from azureml_publish.execute.outcome import Outcome
from azureml_publish.execute.registration import Tools
from azureml_publish.pipeline.elsewhere import Place, unlike
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.scheduler import Scheduler, is_leaving, report, this_worker
from azureml_publish.pipeline.signing import find_signer
from azureml_publish.pipeline.sources import find_readers
from azureml_publish.pipeline.transfer import open_transfer
from azureml_publish.plan.actions import Action, ActionKind, Plan
from azureml_publish.project import load_project
from azureml_publish.render import Style, Templates, default_templates, read_sample_links, render_package

EVERY = 0.5
"""Seconds between two reports about the bytes of one file."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is to know of a run.

    Attributes:
        place: the project, which the worker has on its own disk.
        run: the run's id, which is noted with every version.
        registry: a registry of `publish.yaml`, or its address.
        layout: of the metadata.
        uploads: models at a time of which a worker brings files in.
        bandwidth: bytes a second at most, of each worker.
        connections: blocks under way at a time in each worker.
    """

    place: Place
    run: str
    registry: str | None
    layout: LayoutName
    uploads: int
    bandwidth: float | None = None
    connections: int = CONNECTIONS


def apply_elsewhere(
    run: RunContext,
    scheduler: Scheduler,
    order: Order,
    plan: Plan,
    contents: Mapping[str, ModelContent],
    *,
    journal: Journal,
    stop: Callable[[], bool],
) -> tuple[Result, ...]:
    """As `apply_plan`, over the workers of a scheduler. What a worker does is journaled here as it is heard.

    Raises:
        Conflict: the plan has conflicts; nothing was written.
    """
    hearing = _Hearing(run.events, journal, scheduler, order.run, stop)

    def submit(action: Action) -> Future[Result]:
        result: Future[Result] = Future()
        if hearing.stopped:
            result.set_result(Result(action.model, action.version, Outcome.SKIPPED))
            return result
        try:
            journal.note(Step.BEGUN, action.model, action.version, action=str(action.kind))
        except JournalFailed as error:
            result.set_result(Result(action.model, action.version, Outcome.FAILED, error=error))
            return result
        content = replace(contents[action.model], contained=None, readers=None, rerender=None)
        future: Future[Result] = scheduler.submit(_carry_out, order, action, content)
        future.add_done_callback(hearing.look)
        return future

    with hearing.all():
        results = carry_out_all(plan, submit, run.events, under_way=max(64, 2 * scheduler.threads))
    actions = {action.model: action for action in plan.actions}
    return tuple(hearing.completed(result, actions[result.model]) for result in results)


class _Hearing:
    """Hears what workers do, and lets them know when to stop."""

    def __init__(
        self, events: Events, journal: Journal, scheduler: Scheduler, run: str, stop: Callable[[], bool]
    ) -> None:
        self._events = events
        self._journal = journal
        self._scheduler = scheduler
        self._run = run
        self._stop = stop
        self._halted = threading.Event()
        self._heard: SimpleQueue[Mapping[str, Any] | None] = SimpleQueue()
        self._begun: dict[str, str] = {}
        self._retried: set[str] = set()
        self._ended: dict[str, Event] = {}

    @property
    def stopped(self) -> bool:
        return self._halted.is_set() or self._stop() or self._journal.failure is not None

    def look(self, future: Future[Result]) -> None:
        """Let nothing more begin where somebody else turns out to write to the registry."""
        if future.exception() is None and isinstance(future.result().error, Overtaken | JournalFailed):
            self._halted.set()

    @contextmanager
    def all(self) -> Iterator[None]:
        """Hear until everything that was reported in it is passed on."""
        thread = threading.Thread(target=self._pass_on, name="hearing", daemon=True)
        thread.start()
        try:
            with self._scheduler.hearing(self._heard.put):
                yield
        finally:
            self._heard.put(None)
            thread.join()
            self._scheduler.everywhere(_forget, self._run)

    def completed(self, result: Result, action: Action) -> Result:
        """A result with what only this process knows.

        A worker may have reported that a model is done, while its result was lost with the scheduler; an earlier worker
        may have died, having done what was found done.
        """
        ended = self._ended.get(result.model)
        if isinstance(result.error, Unreachable) and ended is not None and ended.kind is Kind.MODEL_DONE:
            result = replace(result, outcome=Outcome(ended.facts["outcome"]), error=None)
        if result.model in self._retried and result.outcome is Outcome.UNCHANGED:
            done = Outcome.CREATED if action.kind is ActionKind.CREATE else Outcome.UPDATED
            return replace(result, outcome=done)
        if result.outcome is Outcome.FAILED and result.error is not None and result.model not in self._ended:
            facts = {"stage": "apply", "action": str(action.kind), "outcome": "failed", **failure_facts(result.error)}
            self._events.emit(Kind.MODEL_FAILED, result.model, result.version, **facts)
            with suppress(JournalFailed):
                self._journal.note(Step.FAILED, result.model, result.version, error=type(result.error).__name__)
        return result

    def _pass_on(self) -> None:
        reported = ""
        while True:
            wanted = "stop" if self._stop() else "halt" if self.stopped else ""
            if wanted != reported:
                reported = wanted
                self._scheduler.everywhere(_end, self._run, wanted)
            try:
                message = self._heard.get(timeout=0.25)
            except Empty:
                continue
            if message is None:
                return
            if message["run"] == self._run:
                self._hear(Event(Kind(message["kind"]), *(message[key] for key in ("at", "model", "version", "facts"))))

    def _hear(self, event: Event) -> None:
        model, facts = event.model, event.facts
        if event.kind is Kind.STEP:
            step = Step(facts["step"])
            if step is not Step.BEGUN:  # that was noted before the worker had it
                further = {key: str(facts[key]) for key in ("manifest", "error") if facts.get(key)}
                with suppress(JournalFailed):  # it remembers that, and then nothing more begins
                    self._journal.note(step, model, event.version, **further)
        elif event.kind is Kind.MODEL:
            if model in self._begun:
                self._retried.add(model)
                about = {"stage": "apply", "worker": facts["worker"]}
                self._events.pass_on(Event(Kind.RETRY, event.at, model, event.version, about))
            self._begun[model] = facts["worker"]
        elif event.kind in (Kind.MODEL_DONE, Kind.MODEL_FAILED):
            self._ended[model] = event
        self._events.pass_on(event)


class _Session:
    """What one worker process has for one run: its registry, its sources and what they are opened with."""

    def __init__(self, order: Order, worker: Any) -> None:
        order.place.require_same()
        root = order.place.root
        self.order = order
        self._worker = worker
        self._stopped = threading.Event()
        self._counting = threading.Lock()
        self.busy = 0
        events = Events(secrets_of(os.environ))
        events.listen(_Gathered(partial(self._report, worker.address)).add)
        run = RunContext(root, dict(os.environ), datetime.now(UTC).date(), events=events)
        project, _ = load_project(root, lambda _root, _path: (None, ()))
        if project is None:
            raise unlike(f"Its {root} cannot be read.")
        templates = Templates(root, project.templates, default_templates())
        self._style = Style(project.config, read_sample_links(templates)[0], templates, order.layout)
        with ExitStack() as stack:
            opened = stack.enter_context(open_registry(run, project, order.registry))
            transfer = stack.enter_context(
                open_transfer(
                    run, opened, Emitted(events), self._stop, bandwidth=order.bandwidth, connections=order.connections
                )
            )
            self._readers: Readers = stack.enter_context(closing(find_readers(opened, run)))
            transfer = replace(transfer, signer=find_signer(run, project, opened))
            tools = Tools(opened.registry, transfer, run.sleep, Recorder(order.run), events)
            self._applying = Applying(tools, order.uploads)
            self._opened = stack.pop_all()

    def carry_out(self, action: Action, content: ModelContent) -> Result:
        """See `Applying.carry_out`."""
        with self._counting:
            self.busy += 1
        try:
            return self._carry_out(action, content)
        finally:
            with self._counting:
                self.busy -= 1

    def _carry_out(self, action: Action, content: ModelContent) -> Result:
        rerender = partial(render_package, content.folder, self._style)
        return self._applying.carry_out(action, replace(content, readers=self._readers, rerender=rerender))

    def end(self, how: str) -> None:
        """Begin nothing more, and with `stop` end what is under way after its step."""
        self._applying.halt()
        if how == "stop":
            self._stopped.set()

    def close(self) -> None:
        """Leave the registry."""
        self._opened.close()

    def _stop(self) -> bool:
        return self._stopped.is_set() or is_leaving(self._worker)

    def _report(self, address: str, event: Event) -> None:
        facts = dict(event.facts)
        if event.kind in (Kind.MODEL, Kind.MODEL_DONE, Kind.MODEL_FAILED, Kind.STEP):
            facts["worker"] = address
        about = {"run": self.order.run, "kind": str(event.kind), "at": event.at}
        report(self._worker, {**about, "model": event.model, "version": event.version, "facts": facts})


class _Gathered:
    """Passes events on, but those about bytes only now and then."""

    def __init__(self, listener: Callable[[Event], None]) -> None:
        self._listener = listener
        self._lock = threading.Lock()
        self._bytes: dict[str, dict[str, int]] = {}
        self._passed: dict[str, float] = {}

    def add(self, event: Event) -> None:
        with self._lock:
            if event.kind is Kind.PROGRESS:
                gathered, path = self._bytes.setdefault(event.model, {}), event.facts["path"]
                gathered[path] = gathered.get(path, 0) + event.facts["count"]
                if time.monotonic() - self._passed.get(event.model, 0.0) < EVERY:
                    return
            self._passed[event.model] = time.monotonic()
            for path, count in self._bytes.pop(event.model, {}).items():
                facts = {"path": path, "count": count}
                self._listener(Event(Kind.PROGRESS, event.at, event.model, event.version, facts))
            if event.kind is not Kind.PROGRESS:
                self._listener(event)


_OPENING = threading.Lock()
_sessions: dict[str, _Session] = {}
"""In a worker: the runs that it works for, by their ids."""
_ends: dict[str, str] = {}
"""In a worker: how runs are to end of which it may not know yet."""


def _carry_out(order: Order, action: Action, content: ModelContent) -> Result:
    """In a worker: carry out an action."""
    with _OPENING:
        session = _sessions.get(order.run)
        if session is None:
            for run in [run for run, other in _sessions.items() if not other.busy]:
                _sessions.pop(run).close()  # its client was killed, or will open it once more
            session = _sessions[order.run] = _Session(order, this_worker())
        if how := _ends.get(order.run):
            session.end(how)
    return session.carry_out(action, content)


def _end(run: str, how: str) -> None:
    """In a worker: end a run. This is the thread of its connection, which must not wait."""
    _ends[run] = how
    if (session := _sessions.get(run)) is not None:
        session.end(how)


def _forget(run: str) -> None:
    """In a worker: a run is over."""
    _ends.pop(run, None)
    if (session := _sessions.pop(run, None)) is not None:
        threading.Thread(target=session.close, daemon=True).start()
