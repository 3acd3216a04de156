"""Many addresses followed at once, and politely: few at a time of each host, later where a host wants that."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from azureml_publish.lint.online.answers import LinkAnswer, LinkState
from azureml_publish.lint.online.link_cache import LinkCache
from azureml_publish.lint.online.link_client import LinkClient, RetryLaterError

ABREAST = 16
"""Addresses that are followed at a time."""

PER_HOST = 2
"""Requests that one host gets at a time."""

LONGEST_WAIT = 30.0
"""Seconds that a host may make us wait; one that wants more is left alone for this run."""

ATTEMPTS = 3

NO_ANSWER = 90.0
"""Seconds without any answer to any link after which the rest is given up."""


@dataclass(frozen=True, slots=True)
class FollowedLinks:
    """The answers by address; `offline` counts the links of a machine without a network, which have none."""

    answers: Mapping[str, LinkAnswer]
    offline: int = 0


@dataclass(slots=True)
class _Host:
    """The limits of one host: its turns, and until when (monotonic clock) it gets no request."""

    turns: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(PER_HOST))
    until: float = 0.0
    closed: float | None = None


class Hosts:
    """Whose turn it is. Safe from any thread."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()
        self._sleep = sleep

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Wait for a turn at a host.

        Raises:
            RetryLaterError: it requires a longer wait than LONGEST_WAIT.
        """
        host = self._host(name)
        with host.turns:
            if host.closed is not None:
                raise RetryLaterError(name, host.closed)
            if (seconds := host.until - time.monotonic()) > 0:
                self._sleep(seconds)
            yield

    def postpone(self, refused: RetryLaterError) -> bool:
        """Leave a host alone for as long as it wants; whether that is worth waiting for."""
        host, seconds = self._host(refused.host), 1.0 if refused.seconds is None else refused.seconds
        if seconds > LONGEST_WAIT:
            host.closed = seconds
            return False
        host.until = max(host.until, time.monotonic() + seconds)
        return True

    def _host(self, name: str) -> _Host:
        with self._lock:
            return self._hosts.setdefault(name, _Host())


def follow_links(urls: Iterable[str], client: LinkClient, hosts: Hosts, cache: LinkCache) -> FollowedLinks:
    """Follow addresses, each once, but for those whose answer is in the cache.

    Without a network no link is reported: a host that does not exist, and one whose name cannot be resolved, differ
    only where some host did answer; where all others are in the cache, one of them is followed again.
    """
    answers: dict[str, LinkAnswer] = {}
    lanes: dict[tuple[str, int], list[str]] = {}
    for number, url in enumerate(dict.fromkeys(urls)):
        if (kept := cache.get(url)) is not None:
            answers[url] = kept
        else:
            lanes.setdefault((urlsplit(url).hostname or "", number % PER_HOST), []).append(url)
    fresh = dict(_follow_all(sorted(lanes.values(), key=len, reverse=True), client, hosts))
    waiting = [url for lane in lanes.values() for url in lane]
    for url in waiting:
        fresh.setdefault(url, LinkAnswer(LinkState.UNREACHABLE, "does not answer in time", heard=False))
    if fresh and not any(answer.heard for answer in fresh.values()) and not _is_connected(answers, client, hosts):
        lost = [url for url in waiting if fresh[url].state is not LinkState.PRIVATE]
        return FollowedLinks({**answers, **{url: fresh[url] for url in waiting if url not in lost}}, len(lost))
    cache.keep(fresh)
    return FollowedLinks({**answers, **fresh})


def _is_connected(cached: Mapping[str, LinkAnswer], client: LinkClient, hosts: Hosts) -> bool:
    """Whether a link that worked not long ago is answered still; False where none is cached."""
    known = next((url for url, answer in cached.items() if answer.state is LinkState.FINE), None)
    return known is not None and _follow(known, client, hosts).heard


def _follow_all(lanes: list[list[str]], client: LinkClient, hosts: Hosts) -> Iterator[tuple[str, LinkAnswer]]:
    """The answers as they come. The threads are left behind where servers keep them waiting for ever."""
    waiting: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[str, LinkAnswer]] = queue.SimpleQueue()
    for lane in lanes:
        waiting.put(lane)

    def work() -> None:
        while True:
            try:
                lane = waiting.get_nowait()
            except queue.Empty:
                return
            for url in lane:
                done.put((url, _follow(url, client, hosts)))

    for number in range(min(ABREAST, len(lanes))):
        threading.Thread(target=work, name=f"link-{number}", daemon=True).start()
    for _ in range(sum(map(len, lanes))):
        try:
            yield done.get(timeout=NO_ANSWER)
        except queue.Empty:
            return


def _follow(url: str, client: LinkClient, hosts: Hosts) -> LinkAnswer:
    for _ in range(ATTEMPTS):
        try:
            return client.follow(url)
        except RetryLaterError as refused:
            if not hosts.postpone(refused):
                return LinkAnswer(LinkState.UNREACHABLE, f"wants no request for {refused.seconds:.0f} seconds")
    return LinkAnswer(LinkState.UNREACHABLE, f"is still too busy after {ATTEMPTS} attempts")
