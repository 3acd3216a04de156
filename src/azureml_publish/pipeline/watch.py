"""Notices edits of files, for every verb that follows them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_STEP_MILLISECONDS = 10
"""How long it must be quiet, so that what an editor does in several steps is one edit."""

_LONGEST_MILLISECONDS = 100
"""How long edits that go on and on are gathered."""

_LOOK_MILLISECONDS = 200
"""How often a watch looks whether it is to end."""


class Edits:
    """Edits as they come. Each `wait` returns after one or several."""

    def __init__(self, watches: int) -> None:
        """Edits that this number of watches notices."""
        self._lock, self._to_begin = threading.Lock(), watches
        self._queue: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._moved = threading.Event()

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

    def look_for_folders(self) -> None:
        """Look again which folders there are to watch, as others are wanted now."""
        self._moved.set()

    def watch_top(self, top: Path, names: Collection[str]) -> None:
        """Notice edits of what has these names right in a folder, among it folders that come and go."""
        for changed in self._changes([top], lambda path: path.name in names, self._ended, recursive=False):
            if not all(path.is_file() for path in changed):
                self.look_for_folders()

    def watch_below(self, wanted: Callable[[], Iterable[Path]], skipped: frozenset[str]) -> None:
        """Notice edits of files, and of folders with all below them; begin again where one of them comes or goes."""
        while not self._ended.is_set():
            self._moved.clear()
            there = [path for path in wanted() if path.exists()]
            if not there:
                self._begin()
                self._moved.wait()
                continue

            def is_wanted(path: Path, there: Iterable[Path] = there) -> bool:
                below = (path.relative_to(top).parts for top in there if path.is_relative_to(top))
                return any(skipped.isdisjoint(parts) for parts in below)

            for changed in self._changes(there, is_wanted, self._moved, recursive=True):
                if changed & set(there):  # a file that is put in the place of another is not the one that is watched
                    self.look_for_folders()

    def end(self) -> None:
        """Watch no more."""
        self._ended.set()
        self._moved.set()

    def _changes(
        self, paths: Iterable[Path], is_wanted: Callable[[Path], bool], ended: threading.Event, *, recursive: bool
    ) -> Iterator[set[Path]]:
        """What changed."""
        import watchfiles

        passing = watchfiles.DefaultFilter(ignore_dirs=())  # it would skip a project in a folder of such a name
        begun = False
        for changes in watchfiles.watch(
            *paths,
            watch_filter=lambda change, path: passing(change, path) and is_wanted(Path(path)),
            debounce=_LONGEST_MILLISECONDS,
            step=_STEP_MILLISECONDS,
            rust_timeout=_LOOK_MILLISECONDS,
            yield_on_timeout=True,
            stop_event=ended,
            recursive=recursive,
            raise_interrupt=False,
        ):
            if not begun:
                begun = True
                self._begin()
            if changes:
                self._queue.put(None)
                yield {Path(path) for _, path in changes}

    def _begin(self) -> None:
        """Count it as an edit that everything is watched now: earlier edits may have been missed."""
        with self._lock:
            self._to_begin -= 1
            if self._to_begin <= 0:
                self._queue.put(None)


SKIPPED = frozenset({".git", ".hg", ".svn", "__pycache__", "node_modules", "build", ".publish", ".venv"})
"""Folders that programs write: a change in them is not an edit of a project."""


@contextmanager
def watch(
    top: Path, names: Collection[str], wanted: Callable[[], Iterable[Path]], skipped: frozenset[str] = SKIPPED
) -> Iterator[Edits]:
    """Watch files while the context lasts. The first `wait` returns once they are watched.

    Args:
        names: what is watched right in it; a folder of such a name that comes or goes has `wanted` called again.
        wanted: says which files are watched, and which folders with all below them; they need not be there.
        skipped: folders of these names below them are not watched.
    """
    edits = Edits(watches=2)
    threads = [
        threading.Thread(target=edits.watch_top, args=(top, names), name="watch a folder", daemon=True),
        threading.Thread(target=edits.watch_below, args=(wanted, skipped), name="watch below", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield edits
    finally:
        edits.end()
        for thread in threads:
            thread.join()
