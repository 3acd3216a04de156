"""Waits, Retry-After, bandwidth and the memory window, by a clock of the test's own."""

from __future__ import annotations

import threading

import pytest

from azureml_publish.content.upload.pool import UploadPool
from azureml_publish.content.upload.retry import Bandwidth, RetryPolicy, Window, is_transient, read_retry_after
from azureml_publish.errors import Interrupted, Unreachable


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0", 0.0),
        ("-3", 0.0),
        ("Thu, 01 Jan 1970 00:00:30 GMT", 20.0),
        ("Thu, 01 Jan 1970 00:00:05 GMT", 0.0),
        ("soon", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(asked: str | None, seconds: float | None) -> None:
    assert read_retry_after({} if asked is None else {"Retry-After": asked}, 10.0) == seconds


def test_what_is_worth_another_attempt() -> None:
    assert [status for status in (400, 403, 404, 408, 409, 412, 429, 500, 501, 503) if is_transient(status)] == [
        408,
        429,
        500,
        503,
    ]


class TestPatience:
    def attempts(self, clock: Clock, error: Unreachable, **changes: float) -> list[float]:
        at: list[float] = []

        def call() -> None:
            at.append(clock.now - 1000.0)
            raise error

        retry = RetryPolicy(sleep=clock.sleep, chance=lambda: 1.0, **changes)  # type: ignore[arg-type]
        with pytest.raises(Unreachable):
            retry.attempt(call)
        return at

    def test_waits_double(self) -> None:
        assert self.attempts(Clock(), Unreachable("no")) == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5]

    def test_a_service_that_asks_for_more_gets_more(self) -> None:
        assert self.attempts(Clock(), Unreachable("no", retry_after=20.0), attempts=3) == [0.0, 20.0, 40.0]

    def test_a_service_that_asks_for_too_much_is_given_up(self) -> None:
        assert self.attempts(Clock(), Unreachable("no", retry_after=3600.0)) == [0.0]

    def test_chance_shortens_a_wait_to_half_at_most(self) -> None:
        assert RetryPolicy(chance=lambda: 0.0).delay(3, Unreachable("no")) == 1.0

    def test_progress_gives_all_attempts_again(self) -> None:
        clock, came = Clock(), [0]

        def call() -> int:
            came[0] += 1
            if came[0] < 30:
                raise Unreachable("broke off")
            return came[0]

        assert RetryPolicy(sleep=clock.sleep).attempt(call, position=lambda: came[0]) == 30

    def test_somebody_who_wants_to_stop_is_heard_while_waiting(self) -> None:
        clock = Clock()
        with pytest.raises(Interrupted):
            RetryPolicy(sleep=clock.sleep).pause(3600.0, lambda: clock.now > 1001)
        assert clock.now < 1002


def test_bandwidth_is_shared_and_not_saved_up() -> None:
    clock = Clock()
    bandwidth = Bandwidth(100.0, clock=clock, retry=RetryPolicy(sleep=clock.sleep))
    for _ in range(10):
        bandwidth.take(50)
    assert clock.now == pytest.approx(1005.0)
    clock.now += 60
    before = clock.now
    bandwidth.take(100)
    assert clock.now - before == pytest.approx(1.0)
    Bandwidth(None, clock=clock).take(10**12)


def test_the_window_holds_no_more_than_its_size() -> None:
    window = Window(10)
    window.take(6)
    done = threading.Event()

    def second() -> None:
        window.take(6)
        done.set()

    thread = threading.Thread(target=second)
    thread.start()
    assert not done.wait(0.05)
    window.give(6)
    assert done.wait(120)
    window.give(6)
    window.take(50)  # larger than the whole: alone
    thread.join(120)


def test_lanes_hold_no_more_than_their_window_whatever_is_asked() -> None:
    pool, lock = UploadPool(connections=8, window=30), threading.Lock()
    held, most = [0], [0]

    def work() -> None:
        with lock:
            held[0] += 10
            most[0] = max(most[0], held[0])
        threading.Event().wait(0.002)
        with lock:
            held[0] -= 10

    for future in [pool.submit(10, work) for _ in range(40)]:
        future.result(5)
    assert 10 <= most[0] <= 30
