"""What becomes of the versions of a run, and the exit code that follows: the same for apply and promote."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from azureml_publish.errors import ExitCode, Interrupted, PublishError


class Outcome(StrEnum):
    """What became of an action."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not begun or not finished, because the run was interrupted or stopped."""


class Outcomes(Protocol):
    """The part of a result that an exit code follows from."""

    @property
    def outcome(self) -> Outcome:
        """What became of the version."""

    @property
    def error(self) -> PublishError | None:
        """Why it failed, or was not finished."""


def exit_code(results: Sequence[Outcomes], *, interrupted: bool) -> int:
    """The exit code of a run: 0 where all is done."""
    left = [result for result in results if result.outcome in (Outcome.FAILED, Outcome.SKIPPED)]
    if not left:
        return 0
    if interrupted and any(result.outcome is Outcome.SKIPPED for result in left):
        return Interrupted.exit_code
    if any(result.outcome in (Outcome.CREATED, Outcome.UPDATED) for result in results):
        return ExitCode.PARTLY_APPLIED
    return next((result.error.exit_code for result in left if result.error is not None), PublishError.exit_code)


def end_of(code: int) -> str:
    """How a journal names the end of a run with this exit code."""
    return {0: "finished", Interrupted.exit_code: "interrupted"}.get(code, "failed")
