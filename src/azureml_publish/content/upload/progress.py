"""The events of a transfer while it runs; the command line draws them."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives the steps of a transfer, from several threads."""

    def begin(self, model: str, files: int, size: int) -> None:
        """A model's files start to move: how many, and how many bytes in all."""

    def file_begun(self, model: str, path: str, size: int) -> None:
        """A file starts to move."""

    def advance(self, model: str, path: str, count: int) -> None:
        """So many more bytes of a file are in the container, or were there already."""

    def file_done(self, model: str, path: str, size: int, *, reused: bool) -> None:
        """A file is in the container and checked; `reused`: an earlier run had brought it."""

    def waits(self, model: str, path: str, seconds: float, reason: str) -> None:
        """A service does not answer, or sent Retry-After; the next attempt is in so many seconds."""

    def warn(self, model: str, text: str) -> None:
        """A warning, which stops nothing."""

    def end(self, model: str) -> None:
        """The last event of a model: all its files are there, or one failed."""


class Silent:
    """Progress that is not shown."""

    def begin(self, model: str, files: int, size: int) -> None:
        """Nothing."""

    def file_begun(self, model: str, path: str, size: int) -> None:
        """Nothing."""

    def advance(self, model: str, path: str, count: int) -> None:
        """Nothing."""

    def file_done(self, model: str, path: str, size: int, *, reused: bool) -> None:
        """Nothing."""

    def waits(self, model: str, path: str, seconds: float, reason: str) -> None:
        """Nothing."""

    def warn(self, model: str, text: str) -> None:
        """Nothing."""

    def end(self, model: str) -> None:
        """Nothing."""
