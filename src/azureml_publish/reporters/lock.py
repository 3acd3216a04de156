"""The results of `publish lock`, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from azureml_publish.diagnostics import Diagnostic
from azureml_publish.errors import PublishError
from azureml_publish.reporters.diagnostics import as_json, counted
from azureml_publish.reporters.hostile_text import one_line
from azureml_publish.spec.lock import LOCK_FILE, SourceLock


class LockState(StrEnum):
    """What became of a lock, or is to become of it."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    STALE = "stale"
    REFUSED = "refused"
    """The source cannot be published, so there is nothing to lock."""
    UNREACHABLE = "unreachable"
    NOT_COMPARED = "not compared"
    """It is of the real Hub, and the emulator's was looked into."""


@dataclass(frozen=True, slots=True)
class Locked:
    """The lock of one model folder.

    Attributes:
        model: the folder's name.
        state: see there.
        lock: what the source holds now; None where it could not be looked into.
        found: what is wrong with the source or its lock, and what is odd.
        failure: why the source could not be read.
    """

    model: str
    state: LockState
    lock: SourceLock | None = None
    found: tuple[Diagnostic, ...] = ()
    failure: PublishError | None = None


def locks_text(locked: Sequence[Locked]) -> str:
    """A line for each lock: what became of it, and what it holds."""
    return "".join(_line(one) for one in locked)


def _line(one: Locked) -> str:
    holds = (
        f", {counted(len(one.lock.files), 'file')}, {counted(one.lock.size, 'byte')}" if one.lock is not None else ""
    )
    return f"{one_line(one.model)}/{LOCK_FILE}: {one.state}{holds}\n"


def locks_json(locked: Sequence[Locked]) -> str:
    """The locks as a JSON object."""
    return as_json({"locks": [_described(one) for one in locked]})


def _described(one: Locked) -> dict[str, object]:
    lock = one.lock
    return {
        "model": one.model,
        "state": str(one.state),
        "files": None if lock is None else len(lock.files),
        "bytes": None if lock is None else lock.size,
        "reason": None if one.failure is None else one.failure.message,
    }
