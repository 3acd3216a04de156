"""Ctrl-C: the first one ends a run in good order, a second one ends the process at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from azureml_publish.errors import Interrupted


def end_at_once(_signal: int = 0, _frame: object = None) -> NoReturn:
    """End the process and wait for no thread: a server may hold a request for minutes.

    What is on disk and in a registry is as after `kill -9`, which every verb that writes is safe against.
    """
    show_cursor = "\x1b[?25h" if sys.stderr is not None and sys.stderr.isatty() else ""
    with_line_end = f"{show_cursor}\nStopped at once. Run again to carry on.\n"
    try:
        os.write(2, with_line_end.encode())
    finally:
        os._exit(Interrupted.exit_code)


@contextmanager
def guarded() -> Iterator[None]:
    """Within it the first Ctrl-C raises KeyboardInterrupt; from then on another one ends the process.

    That goes for the end of the interpreter too, which waits for all threads.
    """
    before = signal.getsignal(signal.SIGINT)
    ours = before in (signal.default_int_handler, end_at_once)
    if not ours or threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_signal: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, end_at_once)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is interrupt:
            signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def stoppable(say: Callable[[str], None]) -> Iterator[threading.Event]:
    """Within it Ctrl-C sets the event, which ends the run after the current step; a second one ends the process."""
    stopped = threading.Event()

    def stop(_signal: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, end_at_once)
        stopped.set()
        say("Stopping after the current step. Press Ctrl-C again to stop at once.")

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield stopped
    finally:
        if not stopped.is_set():
            signal.signal(signal.SIGINT, before)
