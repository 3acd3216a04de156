"""Two real runs on one registry, one of which is held before any of its requests while the other goes on.

Each run signs in with a credential of its own, whose tokens end at once: so azure-core asks for one before every
request, this tool's own and azure-ai-ml's, and that is where a run can be held, inside an update too.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from azureml_publish.assets import AssetRecord, RegisteredAsset, RenderedAsset, Value
from azureml_publish.content.sources.hub import Hub
from azureml_publish.content.upload.progress import Silent
from azureml_publish.content.upload.transfer import Transfer
from azureml_publish.errors import Conflict
from azureml_publish.execute.apply import Result, apply_plan
from azureml_publish.execute.journal import Recorder
from azureml_publish.execute.outcome import Outcome
from azureml_publish.execute.registration import Tools
from azureml_publish.layouts.wire import record_of
from azureml_publish.pipeline.check import CheckedProject
from azureml_publish.pipeline.observe import observe_models
from azureml_publish.registry.azure import AzureRegistry
from azureml_publish.registry.cloud import find_cloud
from tests.conftest import StaticToken

LONGEST_WAIT = 60.0
"""Seconds that a run waits for the other one at most."""
DONE = (Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED)
SILENT = Transfer(Hub(), Silent(), "test", lambda: False)


class Turnstile:
    """A credential that counts the requests of a run, and calls something before one of them."""

    def __init__(self) -> None:
        self.open()

    def open(self, at: int | None = None, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Count anew from 0, and call `meanwhile` when the request `at` is about to be sent."""
        self._passed = 0
        self._at, self._meanwhile = at, meanwhile

    def get_token(self, *_scopes: str, **_options: Any) -> StaticToken:
        self._passed += 1
        if self._passed - 1 == self._at:
            self._meanwhile()
        return StaticToken("test-token", int(time.time()))


class Unheeding(AzureRegistry):
    """A registry that takes description, tags and properties of an update and nothing else, as some may."""

    def update(
        self, registered: RegisteredAsset, record: AssetRecord, changed: Mapping[str, Value], *, archived: bool
    ) -> None:
        del changed, archived
        held = replace(record, system_metadata=registered.system_metadata)
        super().update(registered, held, {}, archived=registered.archived)


@dataclass(frozen=True)
class Wish:
    """What one of the two wants: its folder as it was read and rendered."""

    staged: CheckedProject

    @property
    def asset(self) -> RenderedAsset:
        ((_, rendered),) = self.staged.rendered
        return rendered.asset

    @property
    def held(self) -> dict[str, Any]:
        """How a registry shows that it holds just this: see `shown`."""
        record = record_of(self.asset, {})
        return {
            "description": record.description,
            "kvTags": dict(record.tags),
            "systemMetadata": dict(record.system_metadata),
            "isArchived": self.asset.archived,
        }


def shown(held: Mapping[str, Any]) -> dict[str, Any]:
    """What two runs can disagree about in a version, as the wire shows it."""
    return {key: held[key] for key in ("description", "kvTags", "systemMetadata", "isArchived")}


class Run:
    """One of two runs: its own registry object, credential and id."""

    def __init__(self, run: str, name: str = "local", kind: type[AzureRegistry] = AzureRegistry) -> None:
        self.name = run
        self.turnstile = Turnstile()
        credential: Any = self.turnstile
        self.registry = kind(name, credential, find_cloud(os.environ), f"run {run}")

    def apply(self, wish: Wish) -> Result:
        """Plan and carry out, from the first request to the last."""
        planning = observe_models(wish.staged, self.registry, 1)
        plan = planning.observed.plan()
        if plan.conflicts:
            (action,) = plan.conflicts
            error = Conflict(f"{action.model}: {action.reason}", hint=action.hint)
            return Result(action.model, action.version, Outcome.FAILED, error=error)
        tools = Tools(self.registry, SILENT, lambda _: None, Recorder(self.name))
        (result,) = apply_plan(plan, planning.contents, tools, jobs=1)
        return result


@dataclass(frozen=True)
class Ended:
    """How both ended.

    `met` is whether the first got as far as where the second starts, `held` the second as far as where it waits.
    """

    first: Result
    second: Result
    met: bool
    held: bool


@dataclass(frozen=True)
class Duel:
    """Two runs and what each of them does. The registry is brought to where both start from by `begin`."""

    one: Run
    two: Run
    first: Callable[[], Result]
    second: Callable[[], Result]
    begin: Callable[[], None]

    def every_meeting(self, *, whole: bool) -> Iterator[tuple[str, Ended]]:
        """Each request of the first before which the second starts, and goes to its end.

        `whole`: or waits there before each of its own requests until the first has ended.
        """
        start = 0 if whole else None
        at, until = 0, start
        while True:
            self.begin()
            ended = self.meet(at, until)
            if not ended.met:
                return
            yield f"the second starts before request {at} of the first, and waits before its own {until}", ended
            at, until = (at, until + 1) if until is not None and ended.held else (at + 1, start)

    def meet(self, at: int, until: int | None) -> Ended:
        """One of them."""
        waits, first_ended, held = threading.Event(), threading.Event(), threading.Event()
        begun: list[Future[Result]] = []

        def hold() -> None:
            held.set()
            waits.set()
            assert first_ended.wait(LONGEST_WAIT), "the first run does not end"

        def run_second() -> Result:
            try:
                return self.second()
            finally:
                waits.set()

        with ThreadPoolExecutor(1) as pool:

            def start() -> None:
                begun.append(pool.submit(run_second))
                assert waits.wait(LONGEST_WAIT), "the second run neither ends nor gets to where it is to wait"

            self.one.turnstile.open(at, start)
            self.two.turnstile.open(until, hold)
            try:
                first = self.first()
            finally:
                first_ended.set()
            second = begun[0].result(LONGEST_WAIT) if begun else self.second()
        self.one.turnstile.open()
        self.two.turnstile.open()
        return Ended(replace(first, content=None), replace(second, content=None), bool(begun), held.is_set())
