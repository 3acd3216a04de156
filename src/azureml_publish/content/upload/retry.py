"""Retries of a service that does not answer or sends Retry-After, and limits of bandwidth and memory."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar

from azureml_publish.errors import Interrupted, Unreachable

Stop = Callable[[], bool]
OnWait = Callable[[float, Unreachable], None]
T = TypeVar("T")

SLICE = 0.25
"""Seconds of a wait between two looks whether to stop."""


def never() -> bool:
    """Never stop."""
    return False


def ignore_wait(_seconds: float, _error: Unreachable) -> None:
    """Do nothing before a wait."""


def is_transient(status: int) -> bool:
    """Whether the same request may succeed later."""
    return status in (408, 425, 429) or (status >= 500 and status not in (501, 505))


def read_retry_after(headers: Mapping[str, str] | None, now: float) -> float | None:
    """The seconds of an answer's Retry-After (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after), if it has one.

    Args:
        now: the clock, in seconds since 1970.
    """
    written = (headers or {}).get("Retry-After")
    if written is None:
        return None
    try:
        return max(0.0, float(written))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(written).timestamp() - now)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Attempts at a request: how many without any progress, and the seconds between them.

    A wait doubles from `first` to `longest`; half of it is random, so that many clients do not come back at once.
    Retry-After overrides that; a wait of more than `most` seconds is a failure.
    """

    attempts: int = 6
    first: float = 0.5
    longest: float = 30.0
    most: float = 300.0
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def attempt(
        self,
        call: Callable[[], T],
        *,
        stop: Stop = never,
        on_wait: OnWait = ignore_wait,
        position: Callable[[], int] = int,
        retryable: Callable[[Unreachable], object] = bool,
    ) -> T:
        """Call until it answers; a call that raises `Unreachable` is made again.

        Args:
            retryable: whether a failure is worth another attempt; by default every one is.
            position: how far the call has come; where it moved since the last attempt, all attempts are left again.

        Raises:
            Unreachable: of the last attempt.
            Interrupted: `stop` returned true while waiting.
        """
        failures, reached = 0, position()
        while True:
            try:
                return call()
            except Unreachable as error:
                failures, reached = 1 if position() > reached else failures + 1, position()
                seconds = self.delay(failures, error)
                if failures >= self.attempts or seconds > self.most or not retryable(error):
                    raise
                on_wait(seconds, error)
            self.pause(seconds, stop)

    def delay(self, failures: int, error: Unreachable) -> float:
        """Seconds to wait after a number of failures."""
        backoff = min(self.longest, self.first * float(2 ** (failures - 1))) * (0.5 + 0.5 * self.chance())
        return max(backoff, error.retry_after) if error.retry_after else backoff

    def pause(self, seconds: float, stop: Stop) -> None:
        """Wait.

        Raises:
            Interrupted: `stop` returned true meanwhile.
        """
        while seconds > 0:
            if stop():
                raise Interrupted("Stopped while waiting.", hint="Run again to carry on from here.")
            self.sleep(min(SLICE, seconds))
            seconds -= SLICE


class Bandwidth:
    """A limit of bytes a second, shared by all threads; None: no limit."""

    def __init__(
        self,
        rate: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        retry: RetryPolicy | None = None,
    ) -> None:
        self.rate = rate
        self._clock = clock
        self._retry = retry or RetryPolicy()
        self._lock = threading.Lock()
        self._paid_until = clock()

    def take(self, count: int, stop: Stop = never) -> None:
        """Wait until `count` more bytes are allowed.

        Raises:
            Interrupted: `stop` returned true meanwhile.
        """
        if self.rate is None:
            return
        with self._lock:
            now = self._clock()
            self._paid_until = max(self._paid_until, now) + count / self.rate
            seconds = self._paid_until - now
        self._retry.pause(seconds, stop)


class Window:
    """A limit of bytes in memory, shared by all threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0
        self._given = threading.Condition()

    def take(self, count: int) -> None:
        """Wait until `count` bytes are free. A request larger than the limit waits until all are."""
        with self._given:
            self._given.wait_for(lambda: self._taken == 0 or self._taken + count <= self._size)
            self._taken += count

    def give(self, count: int) -> None:
        """Free `count` bytes."""
        with self._given:
            self._taken -= count
            self._given.notify_all()
