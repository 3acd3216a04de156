"""Limits the time and the number of findings for one model: a hostile card must not keep a build server busy."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from azureml_publish.diagnostics import Diagnostic, Location
from azureml_publish.render.templates import RUNAWAY

MAX_SECONDS = 10.0
"""Seconds of processor time for the rules on one model, the same as for its rendering."""

MAX_FINDINGS = 1_000
"""The most findings of one rule in one model that are reported."""


class OutOfTime(BaseException):
    """The time is up. Not an Exception, so that no rule can catch it by mistake."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt the block after `seconds` of processor time, even within a single match of a pattern.

    Only the main thread can be interrupted, and not on Windows; elsewhere there is no limit.

    Raises:
        OutOfTime: the time is up.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 1.0)  # repeated, because a finalizer may swallow the first signal
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def within_limits(
    where: Location, look: Callable[[], Iterator[Diagnostic]], seconds: float = MAX_SECONDS
) -> tuple[Diagnostic, ...]:
    """All findings within the time; if it runs out, one more finding says so.

    Args:
        where: the location of that finding.
        look: yields the findings.
        seconds: the limit, in processor time.
    """
    found: list[Diagnostic] = []
    try:
        with time_limit(seconds):
            found.extend(look())
    except OutOfTime:
        message = f"The rules looked at this model for {seconds:g} seconds of the processor's time, and were not done."
        hint = "Shorten what is unusual: very long lines, tables and lists, or text that opens brackets without end."
        found.append(RUNAWAY.at(where, message, hint))
    return tuple(found)


def first_findings(found: Iterator[Diagnostic]) -> Iterator[Diagnostic]:
    """The first findings of one rule, and one more that says so where there are too many."""
    for count, one in enumerate(found):
        if count == MAX_FINDINGS:
            message = f"There are more than {MAX_FINDINGS:,} findings of {one.name}; the others are not reported."
            yield Diagnostic(one.code, one.name, one.severity, message, one.location, one.hint)
            return
        yield one
