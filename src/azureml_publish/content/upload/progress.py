"""What a transfer tells while it runs; the command line draws it."""

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
        """A service does not answer, or asks for patience; it is asked again in so many seconds."""

    def warn(self, model: str, text: str) -> None:
        """Something that somebody should know, and that stops nothing."""

    def end(self, model: str) -> None:
        """No more will be told of a model: all its files are there, or one failed."""


class Silent:
    """Progress that nobody watches."""

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
