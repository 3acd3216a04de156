"""Spreads work on many folders over the cores, in processes: Python computes on one core in each."""

from __future__ import annotations

import copyreg
import gc
import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import Any, TypeVar

from azureml_publish.errors import PublishError
from azureml_publish.pipeline.run import Spreading

SPREADING = Spreading()

MOST = 16
"""Processes at a time: each takes up to 100 MiB, and gathering the results of more is the limit."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def _protected(mapping: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


copyreg.pickle(MappingProxyType, lambda protected: (_protected, (dict(protected),)))  # read-only mappings travel, too


def spread(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    executor: Executor | None = None,
    *,
    how: Spreading = SPREADING,
    begun: Callable[[], None] = lambda: None,
) -> Iterator[Result]:
    """What the work makes of each item, in their order: in this process where they are few, else over the cores.

    An error that the work raises is raised here, and ends it all.

    Args:
        work: is called in other processes, which are forked, or given a pickled copy of it and of the items.
        executor: who does it instead, however few items there are; it stays open. [default: processes of its own]
        how: when processes of its own are used, and how many.
        begun: is called here once the work has begun, before its first result; it may start threads.

    Raises:
        PublishError: a process was ended from outside.
    """
    starts = range(0, len(items), how.chunk)
    own = _processes(work, items, how) if executor is None else None
    try:
        results: Iterator[Iterable[Result]]
        if executor is not None:
            results = executor.map(partial(_do_all, work), [items[at : at + how.chunk] for at in starts])
        elif own is not None:
            first = [work(items[0])]  # what it compiles and caches, processes that are forked now have from the start
            results = chain([first], own.map(_do, [range(at + 1, at + 1 + how.chunk) for at in starts]))
        else:
            results = iter([map(work, items)])
        begun()  # not before: a process that runs threads cannot be forked safely
        for done in results:
            yield from done
    except BrokenExecutor:
        hint = "Most often memory ran out. Run again with fewer models at a time."
        raise PublishError("A process that worked on some of the folders was ended from outside.", hint=hint) from None
    finally:
        if own is not None:
            own.shutdown(cancel_futures=True)  # `map` itself cancels nothing if it is interrupted as it begins


def _processes(work: Callable[[Any], Any], items: Sequence[Any], how: Spreading) -> Executor | None:
    """Processes that know the work and all items already; None where one is enough, or no more can be had."""
    workers = min(how.jobs or cores(), MOST, math.ceil(len(items) / how.chunk))
    if workers < 2 or (how.jobs is None and len(items) <= how.few):
        return None
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - slow to import, and few folders need none

    try:
        return ProcessPoolExecutor(workers, mp_context=_context(how.method), initializer=_begin, initargs=(work, items))
    except (ImportError, NotImplementedError, OSError):  # a machine without semaphores that processes share
        return None


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _context(method: str | None) -> Any:
    """A fork spares each process imports and copies; it is safe on Linux, while this process runs one thread."""
    import multiprocessing  # noqa: PLC0415 - see above

    forks = sys.platform == "linux" and threading.active_count() == 1
    return multiprocessing.get_context(method or ("fork" if forks else "spawn"))


_given: tuple[Callable[[Any], Any], Sequence[Any]]
"""In another process: the work and all items. So a fork hands them over without a copy, and a task is two numbers."""


def _begin(work: Callable[[Any], Any], items: Sequence[Any]) -> None:
    """Prepare another process."""
    global _given  # noqa: PLW0603 - what an initializer prepares has no other place
    _given = (work, items)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal interrupts all; the first process ends the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.freeze()
    gc.disable()  # rubbish is collected once a task, not while cards are parsed: a tenth less work


def _end_with_parent() -> None:
    """End this process when the first one is killed, because that one cannot end it any more."""
    import multiprocessing  # noqa: PLC0415 - see above

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(numbers: range) -> list[Any]:
    work, items = _given
    done = [work(item) for item in items[numbers.start : numbers.stop]]
    gc.collect()
    return done


def _do_all(work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    return [work(item) for item in items]
