"""The connections of a run, and the memory that they share: blocks of all files of all models go through them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from azureml_publish.content.upload.retry import Bandwidth, Window

T = TypeVar("T")

CONNECTIONS = 8
"""Blocks under way at a time, over all models and files."""

WINDOW = 256 * 1024 * 1024
"""Bytes of blocks in memory at most, over all models and files."""


class UploadPool:
    """Runs work in the order of submission, several pieces at a time, within a budget of memory."""

    def __init__(
        self, connections: int = CONNECTIONS, window: int = WINDOW, bandwidth: Bandwidth | None = None
    ) -> None:
        self.connections = connections
        self.bandwidth = bandwidth or Bandwidth(None)
        self._window = Window(window)
        self._starting = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def submit(self, size: int, work: Callable[[], T]) -> Future[T]:
        """Submit work that holds `size` bytes; waits until the budget has room for them.

        Work may wait for work that was submitted before it: that has begun.
        """
        self._window.take(size)

        def done_with() -> T:
            try:
                return work()
            finally:
                self._window.give(size)

        with self._starting:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.connections, thread_name_prefix="block")
            return self._pool.submit(done_with)

    def close(self) -> None:
        """Wait for running work, and end the threads."""
        with self._starting:
            if self._pool is not None:
                self._pool.shutdown()
                self._pool = None
