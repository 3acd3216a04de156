"""Failures of this tool or its environment, with exit codes. A mistake in a file is a `Diagnostic` instead."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process ends with: see docs/exit-codes.md. No code has two meanings, and none is ever used for another.

    The names in small letters are the codes of errors in JSON.
    """

    FINE = 0
    FAILURE = 1
    USAGE = 2
    NOT_FOUND = 3
    FINDINGS = 4
    NOT_AUTHORISED = 5
    CONFLICT = 6
    PARTLY_APPLIED = 7
    CHANGES = 8
    DRIFT = 9
    INTERRUPTED = 130


def system_message(error: Exception) -> str:
    """The operating system's message, with its file, and without its number."""
    message = getattr(error, "strerror", None) or str(error) or type(error).__name__
    filename = getattr(error, "filename", None)
    return f"{filename}: {message}" if filename is not None else message


class PublishError(Exception):
    """Something outside the model folders failed.

    Attributes:
        exit_code: what the process ends with.
        hint: what the user can do about it, as one sentence; may be empty.
    """

    exit_code = ExitCode.FAILURE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageProblem(PublishError):
    """The command line or the project requires something impossible."""

    exit_code = ExitCode.USAGE


class NotFound(PublishError):
    """A model, version, registry, repository or revision that is not there."""

    exit_code = ExitCode.NOT_FOUND


class NotAuthorised(PublishError):
    """No credential, or one that the service refuses."""

    exit_code = ExitCode.NOT_AUTHORISED


class Conflict(PublishError):
    """The registry has something else under this name and version, or changed since it was read."""

    exit_code = ExitCode.CONFLICT


class Deleted(Conflict):
    """The version was deleted, and its number is never free again."""


class Overtaken(Conflict):
    """Somebody else wrote to the registry after the plan was made. The run stops."""


class Refused(PublishError):
    """The registry does not take a request as it is, and not because of what it holds already."""


class UnexpectedAnswer(PublishError):
    """A service answers in another shape than it is known to: no JSON, or JSON without what must be in it."""


class JournalFailed(PublishError):
    """The journal of a run cannot be written. A step that cannot be recorded is not begun."""


class UnusableJournal(PublishError):
    """The journal of an earlier run is damaged, or has another format version."""


class Unreachable(PublishError):
    """A service does not answer: no route, no name, a time-out, or errors after every retry.

    Attributes:
        status: the HTTP status, if there was an answer.
        retry_after: seconds to wait before a retry, if the service says so.
    """

    def __init__(
        self, message: str, *, hint: str = "", status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.retry_after = retry_after


class ContentMismatch(PublishError):
    """Content is not what was announced: its size, SHA-256 or git blob id differs."""


class EmulatorUnavailable(PublishError):
    """The embedded registry cannot be started."""


class UnusableSource(PublishError):
    """A source that cannot become a model version as it is: no weights, a path that escapes, two files for one path."""


class Interrupted(PublishError):
    """The user stopped the run. What is done stays done, and the next run continues."""

    exit_code = ExitCode.INTERRUPTED


class Declined(PublishError):
    """The user answered no to a question whether to continue."""
