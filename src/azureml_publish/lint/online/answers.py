"""Answers from the network, as the rules look at them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azureml_publish.content.sources.hub import HubRepository


class LinkState(StrEnum):
    """How a link was answered."""

    FINE = "fine"
    BROKEN = "broken"
    """The page or its host does not exist."""
    UNREACHABLE = "unreachable"
    """Not known: no answer in time, an error of the server, or a page that is not for programs."""
    PRIVATE = "private"
    """The host lies in a private network, and was not contacted."""


@dataclass(frozen=True, slots=True)
class LinkAnswer:
    """What came of following one address.

    Attributes:
        outcome: the answer, as the end of a sentence: `answers 404`.
        moved: where the address has moved for good; empty where it has not.
        heard: whether any server answered, which distinguishes a broken link from a machine without a network.
    """

    state: LinkState
    outcome: str = ""
    moved: str = ""
    heard: bool = True


@dataclass(frozen=True, slots=True)
class HubAnswer:
    """What the Hub says of a model's repository.

    Attributes:
        repository: the repository's id as the spec has it.
        commit: the commit that the spec pins.
        latest: the repository at the head of its default branch; None where there is none that may be seen.
        pinned: the repository at that commit; None where the commit is not in it.
        changed: files that differ between the two, of those that the spec takes and that are not just text for readers.
        token: whether a token went with the request.
    """

    repository: str
    commit: str
    latest: HubRepository | None
    pinned: HubRepository | None = None
    changed: tuple[str, ...] = ()
    token: bool = False


@dataclass(frozen=True, slots=True)
class RegistryAnswer:
    """What a registry says of a model's name and version.

    Attributes:
        registry: its name, as `-r` takes it.
        registered: whether the version is there.
        latest: the latest version of the name; None where there is none.
        next_version: the next number that is free.
        blocked: fields that differ and cannot change in a registered version.
    """

    registry: str
    name: str
    version: int
    registered: bool
    latest: int | None
    next_version: int
    blocked: tuple[str, ...] = ()
