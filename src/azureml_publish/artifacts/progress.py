"""What a transfer tells while it runs; the command line draws it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives the steps of a transfer, from several threads."""

    def begin(self, model: str, files: int, size: int) -> None:
        """A model's files start to move: how many, and how many bytes in all."""

    def advance(self, model: str, count: int) -> None:
        """So many more bytes of a model are in the container, or were there already."""

    def file_done(self, model: str, path: str, size: int, *, reused: bool) -> None:
        """A file is in the container and checked; `reused`: an earlier run had brought it."""


class Silent:
    """Progress that nobody watches."""

    def begin(self, model: str, files: int, size: int) -> None:
        """Nothing."""

    def advance(self, model: str, count: int) -> None:
        """Nothing."""

    def file_done(self, model: str, path: str, size: int, *, reused: bool) -> None:
        """Nothing."""
