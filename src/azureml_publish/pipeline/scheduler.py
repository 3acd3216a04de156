"""Spreads work over the workers of a dask scheduler (https://distributed.dask.org), as an executor like any other.

Workers that die are dask's matter: it hands their work to others, and gives up work whose workers died too often. A
scheduler that is lost is ours: work without a result is handed over once more when it is back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from azureml_publish.errors import PublishError, Unreachable, UsageProblem
from azureml_publish.pipeline.elsewhere import Elsewhere, Place, unlike

TOPIC = "azureml-publish"
"""Under which workers report events; the scheduler keeps the last of them, however many runs there are."""

LOOK = 0.5
"""Seconds between two looks whether scheduler and workers are there."""

MOST_LOSSES = 3
"""How often work is handed over once more because its scheduler was lost."""


@dataclass(eq=False, slots=True)
class _Task:
    """Work that has no result yet."""

    call: Callable[[], Any]
    future: Future[Any] = field(default_factory=Future)
    losses: int = 0
    lost: bool = False


class Scheduler(Elsewhere):
    """The workers of a dask scheduler. What is handed over is pickled, so both sides have to trust each other."""

    def __init__(self, address: str, *, wait: float | None = None) -> None:
        """Connect.

        Args:
            address: of the scheduler, such as `tcp://10.0.0.4:8786`; `tls://` goes by dask's own configuration.
            wait: seconds to wait for a scheduler or workers that are not there.
                [default: dask's `distributed.comm.timeouts.connect`, 30]

        Raises:
            UsageProblem: the extra is not installed, or the address is not one.
            Unreachable: there is no scheduler.
        """
        try:
            import dask
            import distributed  # noqa: F401 - it brings its configuration
        except ImportError as error:
            hint = "`pip install 'azureml-publish[dask]'` adds it, for this process and for the workers."
            raise UsageProblem("A scheduler needs dask.distributed, which is not installed.", hint=hint) from error
        self._address = address
        self._wait = wait if wait is not None else _seconds(dask.config.get("distributed.comm.timeouts.connect"))
        self._handler: Callable[[Mapping[str, Any]], None] | None = None
        self._lock = threading.Lock()
        self._tasks: dict[int, _Task] = {}
        self._failure: PublishError | None = None
        self._closed = threading.Event()
        self._wake = threading.Event()
        self._client, self._scheduler = self._connect(self._wait)
        self._keeper = threading.Thread(target=self._keep, name="scheduler", daemon=True)
        self._keeper.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `concurrent.futures.Executor.submit`. The future fails with `Unreachable` where the scheduler is lost."""
        task = _Task(partial(fn, *args, **kwargs))
        task.future.set_running_or_notify_cancel()  # what a worker has is not called back
        with self._lock:
            if self._closed.is_set():
                raise RuntimeError("cannot schedule new futures after shutdown")
            if self._failure is not None:
                task.future.set_exception(self._failure)
                return task.future
            self._tasks[id(task)] = task
        self._start(task)
        return task.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Leave the scheduler; what has no result is given up, and what runs comes to its end unseen."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._wake.set()
        self._keeper.join()
        self._fail(PublishError("The run has ended."))
        _close(self._client)

    def place(self, root: Path) -> Place:
        """See `Elsewhere.place`. All workers that are there now are compared with it."""
        place = Place.of(root)
        try:
            self._client.wait_for_workers(1, timeout=self._wait)
        except TimeoutError:
            raise self._no_workers() from None
        answers = self._client.run(place.difference, on_error="return")
        differences = {worker: str(answer) for worker, answer in answers.items() if answer}
        if differences:
            worker, difference = min(differences.items())
            others = f" ({len(differences) - 1} others likewise)" if len(differences) > 1 else ""
            raise unlike(f"{worker}{others}: {difference}")
        return place

    @property
    def threads(self) -> int:
        """How many units of work the workers that are there do at a time."""
        with suppress(Exception):  # it is being lost: there may be as many as before
            return sum(self._client.nthreads().values())
        return 0

    def everywhere(self, call: Callable[..., object], *arguments: Any) -> None:
        """Call something in every worker that is there now, beside its work; who does not answer is passed over."""
        with suppress(Exception):
            self._client.run(call, *arguments, on_error="ignore")

    @contextmanager
    def hearing(self, handler: Callable[[Mapping[str, Any]], None]) -> Iterator[None]:
        """Call a handler, which must not block, with whatever workers report by `report`."""
        self._handler = handler
        self._subscribe()
        try:
            yield
        finally:
            self._handler = None
            with suppress(Exception):
                self._client.unsubscribe_topic(TOPIC)

    def _connect(self, wait: float) -> tuple[Any, str]:
        """A client, and the scheduler's own id: one that is started anew has another."""
        import distributed

        connect: Callable[..., Any] = distributed.Client
        try:
            with ExitStack() as undo:
                client = connect(self._address, timeout=max(wait, 0.1), set_as_default=False, name="azureml-publish")
                undo.callback(_close, client)
                known = client.scheduler_info()["id"]
                undo.pop_all()
                return client, known
        except (OSError, TimeoutError) as error:
            hint = "Is it running, and is its port open to this machine? `dask scheduler` prints its address."
            raise Unreachable(f"The scheduler at {self._address} does not answer.", hint=hint) from error
        except MemoryError as error:  # dask takes the first bytes of any answer, such as HTTP, for a length
            hint = "Is it the scheduler's own port, and not that of its dashboard or of a proxy?"
            raise Unreachable(f"What answers at {self._address} is not a scheduler.", hint=hint) from error
        except ValueError as error:
            hint = "Write it as the scheduler prints it, for example tcp://10.0.0.4:8786."
            raise UsageProblem(f"'{self._address}' is not an address of a scheduler.", hint=hint) from error

    def _subscribe(self) -> None:
        handler = self._handler
        if handler is not None:
            self._client.subscribe_topic(TOPIC, lambda event: handler(event[1]))

    def _start(self, task: _Task) -> None:
        client = self._client
        try:
            # Not by weak keys of the call: each unit of work is one of its own.
            inner = client.get_executor(pure=False).submit(task.call)
        except Exception:  # noqa: BLE001 - the connection is being lost
            self._lose(task)
            return
        inner.add_done_callback(partial(self._settle, task, task.losses))

    def _settle(self, task: _Task, attempt: int, inner: Future[Any]) -> None:
        """Hand a result on. This runs in the thread of dask's connection, and must not wait for it."""
        from distributed import KilledWorker

        if inner.cancelled():
            if attempt == task.losses:  # else the old connection says late what led to this attempt
                self._lose(task)
            return
        with self._lock:
            if self._tasks.pop(id(task), None) is None:
                return
        error = inner.exception()
        if isinstance(error, KilledWorker):
            hint = "Most often memory ran out there. Look into the workers' logs; run again with fewer threads in each."
            error = PublishError(f"Its workers died, {error.allowed_failures + 1} one after the other.", hint=hint)
        if error is not None:
            task.future.set_exception(error)
        else:
            task.future.set_result(inner.result())

    def _lose(self, task: _Task) -> None:
        task.lost = True
        self._wake.set()

    def _keep(self) -> None:
        """Look after the connection for as long as the executor is open."""
        seen = time.monotonic()
        while not self._closed.is_set():
            self._wake.wait(LOOK)
            self._wake.clear()
            with self._lock:
                waiting = bool(self._tasks)
            gone = waiting and self._is_gone()
            with self._lock:
                lost = [task for task in self._tasks.values() if gone or task.lost]
            if lost and not self._closed.is_set():
                self._begin_again(lost)
                seen = time.monotonic()
            elif not waiting or self.threads:
                seen = time.monotonic()
            elif time.monotonic() - seen > self._wait:
                self._fail(self._no_workers())

    def _is_gone(self) -> bool:
        """Whether the connection broke. Dask gives up what it waited for then, but a result on its way never ends."""
        with suppress(Exception):  # it does not answer just now: the next look says whether it is lost
            return bool(self._client.status != "running" or self._client.scheduler_info()["id"] != self._scheduler)
        return False

    def _begin_again(self, lost: list[_Task]) -> None:
        """Connect anew, and hand over what was lost."""
        ends = time.monotonic() + self._wait
        _close(self._client)
        while True:
            try:
                self._client, self._scheduler = self._connect(min(5.0, self._wait))
                self._subscribe()
                break
            except PublishError as error:
                if time.monotonic() > ends or self._closed.wait(LOOK):
                    lost_it = f"The scheduler at {self._address} was lost, and did not come back."
                    self._failure = Unreachable(lost_it, hint="Run again when it is there; what is done stays done.")
                    self._failure.__cause__ = error
                    self._fail(self._failure)
                    return
        for task in lost:
            task.lost = False
            task.losses += 1
            if task.losses > MOST_LOSSES:
                self._fail(Unreachable(f"The scheduler at {self._address} was lost too often."), task)
            else:
                self._start(task)

    def _fail(self, error: PublishError, *tasks: _Task) -> None:
        """Give up some work, or all that has no result."""
        with self._lock:
            failed = [self._tasks.pop(id(task)) for task in tasks or [*self._tasks.values()] if id(task) in self._tasks]
        for task in failed:
            task.future.set_exception(error)

    def _no_workers(self) -> Unreachable:
        return Unreachable(
            f"The scheduler at {self._address} has no workers.",
            hint=f"Start some: `dask worker {self._address} --nthreads 16`; what is done stays done.",
        )


def report(worker: Any, message: Mapping[str, Any]) -> None:
    """Send a message from a worker, from any of its threads, to the processes that hear its scheduler."""
    worker.log_event(TOPIC, message)


def this_worker() -> Any:
    """The worker that runs this thread's work.

    Raises:
        ValueError: it is not a thread of a worker.
    """
    from distributed import get_worker

    return get_worker()


def is_leaving(worker: Any) -> bool:
    """Whether a worker has left its scheduler, so that nobody hears of its results."""
    from distributed.core import Status

    return worker.status not in (Status.running, Status.paused)


def _close(client: Any) -> None:
    with suppress(Exception):  # what it waits for may be gone
        client.close(timeout=2)


def _seconds(text: Any) -> float:
    from dask.utils import parse_timedelta

    return float(parse_timedelta(text))
