"""Divides models over machines: the same division wherever it is made, balanced by how long each model takes."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from azureml_publish.content.lock import read_lock
from azureml_publish.project import ModelFolder

BYTES_A_SECOND = 50_000_000
"""How fast files are taken to move: what counts is how they weigh beside the requests of a model."""

SECONDS_A_MODEL = 0.5
"""What a model takes without its files: some ten requests of 50 ms."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of a whole, counted from 1."""

    number: int
    parts: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2/4`.

        Raises:
            ValueError: it is not a part of a whole.
        """
        found = re.fullmatch(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})", text)
        if found is None or int(found[1]) > int(found[2]):
            raise ValueError(f"'{text}' is not a part such as 2/4")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.parts}"

    def of(self, folders: Sequence[ModelFolder]) -> tuple[ModelFolder, ...]:
        """Its models, in the order of the others."""
        mine = {folder.folder for folder in divide(folders, self.parts)[self.number - 1].folders}
        return tuple(folder for folder in folders if folder.folder in mine)


@dataclass(frozen=True, slots=True)
class Share:
    """The models of one part, and the bytes of their files as far as locks say them."""

    folders: tuple[ModelFolder, ...]
    size: int


def divide(folders: Iterable[ModelFolder], parts: int) -> tuple[Share, ...]:
    """Divide models: the longest first, each to the part that has least to do. A model without a lock has no bytes."""
    by_name = {folder.folder: folder for folder in folders}
    sizes = {name: _size(folder) for name, folder in by_name.items()}
    heaviest = sorted(sizes, key=lambda name: (-sizes[name], name))
    loads = [(0.0, number) for number in range(parts)]
    shares: list[list[str]] = [[] for _ in range(parts)]
    for name in heaviest:
        seconds, number = heapq.heappop(loads)
        shares[number].append(name)
        heapq.heappush(loads, (seconds + sizes[name] / BYTES_A_SECOND + SECONDS_A_MODEL, number))
    return tuple(
        Share(tuple(by_name[name] for name in sorted(share)), sum(sizes[name] for name in share)) for share in shares
    )


def _size(folder: ModelFolder) -> int:
    lock, _ = read_lock(folder)
    return lock.size if lock is not None else 0
