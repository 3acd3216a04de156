"""Failures of tool or world. Each class has its exit code; a user's mistake in a file is a `Diagnostic` instead."""

from __future__ import annotations


class PublishError(Exception):
    """Something outside the model folders failed.

    Attributes:
        exit_code: what the process ends with.
        hint: what the user can do about it, as one sentence; empty where there is nothing to add.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageProblem(PublishError):
    """The command line asks for something that cannot be."""

    exit_code = 2


class NotFound(PublishError):
    """A model, version, registry, repository or revision that is not there."""

    exit_code = 3


class NotAuthorised(PublishError):
    """No credential, or one that the service refuses."""

    exit_code = 5


class Conflict(PublishError):
    """The registry holds something else under this name and version, or moved since it was read."""

    exit_code = 6


class Overtaken(Conflict):
    """Somebody else wrote to the registry since the plan was made; a run that notices it stops."""


class JournalFailed(PublishError):
    """The journal of a run cannot be written. What it cannot tell is not begun."""


class UnusableJournal(PublishError):
    """The journal of an earlier run is damaged, or of another version."""


class Unreachable(PublishError):
    """A service does not answer: no route, no name, a time-out, or errors after every retry.

    Attributes:
        status: the HTTP status, where there was an answer.
        retry_after: seconds that the service asks to wait, where it asks.
    """

    def __init__(
        self, message: str, *, hint: str = "", status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.retry_after = retry_after


class ContentMismatch(PublishError):
    """Bytes that are not those that were promised: a size, a SHA-256 or a git blob id differs."""


class EmulatorUnavailable(PublishError):
    """The embedded registry cannot be started."""


class UnusableSource(PublishError):
    """A source that cannot become a model version as it is: no weights, a path that escapes, two files for one path."""


class Interrupted(PublishError):
    """The user stopped the run; what is done stays, and the next run carries on."""

    exit_code = 130


class Declined(PublishError):
    """The user was asked whether to go on, and said no."""
