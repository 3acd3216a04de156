"""The events of a transfer while it runs; the command line draws them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from azureml_publish.events import Event, Events, Kind


class Progress(Protocol):
    """Receives the steps of a transfer, from several threads."""

    def begin(self, model: str, files: int, size: int) -> None:
        """A model's files start to move: how many, and how many bytes in all."""

    def file_begun(self, model: str, path: str, size: int) -> None:
        """A file starts to move."""

    def advance(self, model: str, path: str, count: int) -> None:
        """Count bytes of a file that have reached the container, or were there already."""

    def file_done(self, model: str, path: str, size: int, *, reused: bool) -> None:
        """A file is in the container and checked; `reused`: an earlier run had brought it."""

    def waits(self, model: str, path: str, seconds: float, reason: str) -> None:
        """A service does not answer, or sent Retry-After; the next attempt is in `seconds`."""

    def warn(self, model: str, text: str) -> None:
        """A warning, which stops nothing."""

    def end(self, model: str) -> None:
        """The last event of a model: all its files are there, or one failed."""


class Emitted:
    """Progress that goes into the stream of a run's events."""

    def __init__(self, events: Events) -> None:
        self._events = events

    def begin(self, model: str, files: int, size: int) -> None:
        """See `Progress`."""
        self._events.emit(Kind.BEGIN, model, files=files, bytes=size)

    def file_begun(self, model: str, path: str, size: int) -> None:
        """See `Progress`."""
        self._events.emit(Kind.FILE, model, path=path, bytes=size)

    def advance(self, model: str, path: str, count: int) -> None:
        """See `Progress`."""
        self._events.emit(Kind.PROGRESS, model, path=path, count=count)

    def file_done(self, model: str, path: str, size: int, *, reused: bool) -> None:
        """See `Progress`."""
        self._events.emit(Kind.FILE_DONE, model, path=path, bytes=size, reused=reused)

    def waits(self, model: str, path: str, seconds: float, reason: str) -> None:
        """See `Progress`."""
        self._events.emit(Kind.WAIT, model, path=path, seconds=round(seconds, 2), reason=reason)

    def warn(self, model: str, text: str) -> None:
        """See `Progress`."""
        self._events.emit(Kind.WARNING, model, text=text)

    def end(self, model: str) -> None:
        """See `Progress`."""
        self._events.emit(Kind.END, model)


@contextmanager
def shown(events: Events, progress: Progress) -> Iterator[Progress]:
    """What a transfer is to report to, so that it is shown by `progress` and heard by all who listen to the events."""

    def show(event: Event) -> None:
        facts, model = event.facts, event.model
        match event.kind:
            case Kind.BEGIN:
                progress.begin(model, facts["files"], facts["bytes"])
            case Kind.FILE:
                progress.file_begun(model, facts["path"], facts["bytes"])
            case Kind.PROGRESS:
                progress.advance(model, facts["path"], facts["count"])
            case Kind.FILE_DONE:
                progress.file_done(model, facts["path"], facts["bytes"], reused=facts["reused"])
            case Kind.WAIT:
                progress.waits(model, facts["path"], facts["seconds"], facts["reason"])
            case Kind.WARNING:
                progress.warn(model, facts["text"])
            case Kind.END:
                progress.end(model)

    leave = events.listen(show)
    try:
        yield Emitted(events)
    finally:
        leave()


class Silent(Emitted):
    """Progress that nobody hears of."""

    def __init__(self) -> None:
        super().__init__(Events())
