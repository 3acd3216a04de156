"""Notices edits of a project: of its models and templates, and of the files that all models share."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from azureml_publish.pipeline.live import SHARED

FOLDERS = ("models", "templates")
"""What is watched with all that is below it."""

_STEP_MILLISECONDS = 10
"""How long it must be quiet, so that what an editor does in several steps is one edit."""

_LONGEST_MILLISECONDS = 100
"""How long edits that go on and on are gathered."""

_LOOK_MILLISECONDS = 200
"""How often a watch looks whether it is to end."""


class Edits:
    """Edits as they come. Each `wait` returns after one or several."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[None] = queue.SimpleQueue()

    def noticed(self) -> None:
        """An edit was made."""
        self._queue.put(None)

    def wait(self) -> bool:
        """Wait for edits, those that came together are one; False after a while without any.

        It ends now and then, because a signal wakes a thread other than the one that gets it.
        """
        try:
            self._queue.get(timeout=_LOOK_MILLISECONDS / 1000)
        except queue.Empty:
            return False
        while not self._queue.empty():
            self._queue.get()
        return True


@contextmanager
def watch_project(root: Path) -> Iterator[Edits]:
    """Watch a project while the context lasts."""
    edits, ended, moved = Edits(), threading.Event(), threading.Event()
    threads = [
        threading.Thread(target=_watch_top, args=(root, edits, ended, moved), name="watch the project", daemon=True),
        threading.Thread(target=_watch_folders, args=(root, edits, ended, moved), name="watch models", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield edits
    finally:
        ended.set()
        moved.set()
        for thread in threads:
            thread.join()


def _watch_top(root: Path, edits: Edits, ended: threading.Event, moved: threading.Event) -> None:
    """Notice edits of files at the top, and folders that come and go there."""
    import watchfiles

    for changes in watchfiles.watch(
        root,
        watch_filter=lambda _change, path: Path(path).name in (*SHARED, *FOLDERS),
        debounce=_LONGEST_MILLISECONDS,
        step=_STEP_MILLISECONDS,
        rust_timeout=_LOOK_MILLISECONDS,
        yield_on_timeout=False,
        stop_event=ended,
        recursive=False,
        raise_interrupt=False,
    ):
        if any(Path(path).name in FOLDERS for _, path in changes):
            moved.set()
        edits.noticed()


def _watch_folders(root: Path, edits: Edits, ended: threading.Event, moved: threading.Event) -> None:
    """Notice edits below the folders; begin again where one of them comes or goes."""
    import watchfiles

    while not ended.is_set():
        moved.clear()
        there = [root / name for name in FOLDERS if (root / name).is_dir()]
        if not there:
            moved.wait()
            continue
        for _ in watchfiles.watch(
            *there,
            debounce=_LONGEST_MILLISECONDS,
            step=_STEP_MILLISECONDS,
            rust_timeout=_LOOK_MILLISECONDS,
            stop_event=moved,
            raise_interrupt=False,
        ):
            edits.noticed()
