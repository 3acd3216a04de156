"""What the rules may spend on one model: time, and findings. A card may be written to keep a build server busy."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from azureml_publish.diagnostics import Diagnostic, Location
from azureml_publish.render.templates import RUNAWAY

MAX_SECONDS = 10.0
"""How long the rules may look at one model, in seconds of the processor's time, as for its rendering."""

MAX_FINDINGS = 1_000
"""Findings of one rule in one model; who has that many does not read the others."""


class OutOfTime(BaseException):
    """The rules took too long. It is not an Exception, so that no rule takes it for a failure of its own."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt what runs inside, even an endless match of a pattern, after `seconds` of the processor's time.

    Only the main thread of a process can be interrupted, and not on Windows; elsewhere there is no limit.

    Raises:
        OutOfTime: the time is up.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 1.0)  # again and again, as a finalizer may swallow the first
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def within_limits(
    where: Location, look: Callable[[], Iterator[Diagnostic]], seconds: float = MAX_SECONDS
) -> tuple[Diagnostic, ...]:
    """All findings that the time allows; where it ends early, one more finding says so.

    Args:
        seconds: how long the rules may look, of the processor's time.
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
    """The findings of one rule in one thing, and where they are too many, one that says so."""
    for count, one in enumerate(found):
        if count == MAX_FINDINGS:
            message = f"There are more than {MAX_FINDINGS:,} findings of {one.name}; the others are not reported."
            yield Diagnostic(one.code, one.name, one.severity, message, one.location, one.hint)
            return
        yield one
