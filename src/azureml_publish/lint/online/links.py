"""Many addresses asked about at once, and politely: few at a time of each host, patient with hosts that ask for it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from azureml_publish.lint.online.answers import LinkAnswer, LinkState
from azureml_publish.lint.online.link_cache import LinkMemory
from azureml_publish.lint.online.link_client import AskedToWaitError, Asker

ABREAST = 16
"""Addresses that are asked about at a time."""

PER_HOST = 2
"""Requests that one host gets at a time."""

PATIENCE = 30.0
"""Seconds that a host may ask to wait; one that asks for more is left alone for this run."""

ATTEMPTS = 3

SILENCE = 90.0
"""Seconds without any answer to any link after which the rest is given up."""


@dataclass(frozen=True, slots=True)
class LinksAsked:
    """The answers by address; `offline` counts the links of a machine without a network, which have none."""

    answers: Mapping[str, LinkAnswer]
    offline: int = 0


@dataclass(slots=True)
class _Host:
    """One host's manners: its turns, and until when it wants to be left alone (of the monotonic clock)."""

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
            AskedToWaitError: it asked for more patience than there is.
        """
        host = self._host(name)
        with host.turns:
            if host.closed is not None:
                raise AskedToWaitError(name, host.closed)
            if (seconds := host.until - time.monotonic()) > 0:
                self._sleep(seconds)
            yield

    def postpone(self, asked: AskedToWaitError) -> bool:
        """Leave a host alone for as long as it asks; whether that is worth waiting for."""
        host, seconds = self._host(asked.host), 1.0 if asked.seconds is None else asked.seconds
        if seconds > PATIENCE:
            host.closed = seconds
            return False
        host.until = max(host.until, time.monotonic() + seconds)
        return True

    def _host(self, name: str) -> _Host:
        with self._lock:
            return self._hosts.setdefault(name, _Host())


def ask_links(urls: Iterable[str], asker: Asker, hosts: Hosts, memory: LinkMemory) -> LinksAsked:
    """Ask about addresses, each once, but for those whose answer is remembered.

    Without a network nothing is said of any link: a host that does not exist, and one that nobody can look up, are told
    apart only where some host did answer; where all others are remembered, one of them is asked again.
    """
    answers: dict[str, LinkAnswer] = {}
    lanes: dict[tuple[str, int], list[str]] = {}
    for number, url in enumerate(dict.fromkeys(urls)):
        if (kept := memory.get(url)) is not None:
            answers[url] = kept
        else:
            lanes.setdefault((urlsplit(url).hostname or "", number % PER_HOST), []).append(url)
    fresh = dict(_ask_all(sorted(lanes.values(), key=len, reverse=True), asker, hosts))
    waiting = [url for lane in lanes.values() for url in lane]
    for url in waiting:
        fresh.setdefault(url, LinkAnswer(LinkState.UNREACHABLE, "does not answer in time", heard=False))
    if fresh and not any(answer.heard for answer in fresh.values()) and not _is_connected(answers, asker, hosts):
        lost = [url for url in waiting if fresh[url].state is not LinkState.PRIVATE]
        return LinksAsked({**answers, **{url: fresh[url] for url in waiting if url not in lost}}, len(lost))
    memory.keep(fresh)
    return LinksAsked({**answers, **fresh})


def _is_connected(remembered: Mapping[str, LinkAnswer], asker: Asker, hosts: Hosts) -> bool:
    """Whether a link that worked not long ago is answered still; False where none is remembered."""
    known = next((url for url, answer in remembered.items() if answer.state is LinkState.FINE), None)
    return known is not None and _ask(known, asker, hosts).heard


def _ask_all(lanes: list[list[str]], asker: Asker, hosts: Hosts) -> Iterator[tuple[str, LinkAnswer]]:
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
                done.put((url, _ask(url, asker, hosts)))

    for number in range(min(ABREAST, len(lanes))):
        threading.Thread(target=work, name=f"link-{number}", daemon=True).start()
    for _ in range(sum(map(len, lanes))):
        try:
            yield done.get(timeout=SILENCE)
        except queue.Empty:
            return


def _ask(url: str, asker: Asker, hosts: Hosts) -> LinkAnswer:
    for _ in range(ATTEMPTS):
        try:
            return asker.ask(url)
        except AskedToWaitError as asked:
            if not hosts.postpone(asked):
                return LinkAnswer(LinkState.UNREACHABLE, f"asks to come back in {asked.seconds:.0f} seconds")
    return LinkAnswer(LinkState.UNREACHABLE, f"asks for patience after {ATTEMPTS} attempts")
