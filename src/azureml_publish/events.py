"""What happens in a run, as one stream: what a terminal shows, a file of JSON lines and spans are made from it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from azureml_publish.errors import PublishError
from azureml_publish.patterns import pattern


class Kind(StrEnum):
    """What an event is about; the values are those of `event` in docs/events.md."""

    RUN = "run"
    RUN_DONE = "run-done"
    STAGE = "stage"
    STAGE_DONE = "stage-done"
    STAGE_FAILED = "stage-failed"
    MODEL = "model"
    MODEL_DONE = "model-done"
    MODEL_FAILED = "model-failed"
    STEP = "step"
    RETRY = "retry"
    BEGIN = "begin"
    FILE = "file"
    PROGRESS = "progress"
    FILE_DONE = "file-done"
    WAIT = "wait"
    WARNING = "warning"
    END = "end"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes:
        kind: what happened.
        at: when, in seconds since 1970.
        model: the model that it is about; empty where it is about none.
        version: of the model; 0 where that does not matter.
        facts: what else there is to say: texts, numbers and truth values.
    """

    kind: Kind
    at: float
    model: str = ""
    version: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)


Listener = Callable[[Event], None]
"""Is called with each event, from several threads."""


class Ended(Protocol):
    """Says how the work on a model ended."""

    def __call__(self, outcome: str, error: BaseException | None = None, **further: Any) -> None:
        """As one word, with the failure if it is one, and facts such as files and bytes."""


class Events:
    """The stream of a run. No secret gets into it: texts are filtered here, wherever they came from."""

    def __init__(self, secrets: tuple[str, ...] = (), clock: Callable[[], float] = time.time) -> None:
        """Begin a stream.

        Args:
            secrets: texts that must not be shown, beside those that look like one.
            clock: the time in seconds since 1970.
        """
        self.clock = clock
        self._secrets = secrets
        self._listeners: tuple[Listener, ...] = ()
        self._run: Event | None = None
        self._changing = threading.Lock()

    @property
    def heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; it hears of the beginning of the run, and of all that follows until the result is called."""
        with self._changing:
            self._listeners = (*self._listeners, listener)
        if self._run is not None:
            listener(self._run)

        def leave() -> None:
            with self._changing:
                self._listeners = tuple(one for one in self._listeners if one is not listener)

        return leave

    def emit(self, kind: Kind, model: str = "", version: int = 0, *, at: float | None = None, **facts: Any) -> None:
        """Let all listeners know; `at` is when, where that is not now."""
        if self._listeners or kind is Kind.RUN:
            self.pass_on(Event(kind, self.clock() if at is None else at, model, version, facts))

    def pass_on(self, event: Event) -> None:
        """Let all listeners know of an event that was made elsewhere."""
        facts = {key: self._filtered(value) for key, value in event.facts.items()}
        event = Event(event.kind, event.at, event.model, event.version, facts)
        if event.kind is Kind.RUN:
            self._run = event
        for listener in self._listeners:
            listener(event)

    @contextmanager
    def stage(self, name: str, **facts: Any) -> Iterator[None]:
        """A part of the run, from its beginning to its end or failure."""
        begun = self.clock()
        self.emit(Kind.STAGE, stage=name, **facts)
        try:
            yield
        except BaseException as error:
            self.emit(Kind.STAGE_FAILED, stage=name, seconds=self.since(begun), **failure_facts(error))
            raise
        self.emit(Kind.STAGE_DONE, stage=name, seconds=self.since(begun))

    @contextmanager
    def one_model(self, stage: str, model: str, version: int, **facts: Any) -> Iterator[Ended]:
        """The work on one model; what is yielded says how it ended, and has to be called unless an error is raised."""
        begun = self.clock()
        facts = {"stage": stage, **facts}
        self.emit(Kind.MODEL, model, version, **facts)

        def ended(outcome: str, error: BaseException | None = None, **further: Any) -> None:
            kind = Kind.MODEL_DONE if error is None else Kind.MODEL_FAILED
            failure = {} if error is None else failure_facts(error)
            rest = {"outcome": outcome, "seconds": self.since(begun), **further, **failure}
            self.emit(kind, model, version, **facts, **rest)

        try:
            yield ended
        except BaseException as error:
            ended("failed", error)
            raise

    def since(self, begun: float) -> float:
        """Seconds since then, in milliseconds' precision."""
        return round(self.clock() - begun, 3)

    def _filtered(self, value: Any) -> Any:
        return without_secrets(value, self._secrets) if isinstance(value, str) else value


def failure_facts(error: BaseException) -> dict[str, Any]:
    """What an event says of a failure."""
    if isinstance(error, PublishError):
        return {"code": error.exit_code.name.lower(), "message": error.message, "hint": error.hint}
    interrupted = isinstance(error, KeyboardInterrupt)
    return {"code": "interrupted" if interrupted else "failure", "message": type(error).__name__, "hint": ""}


_SECRETS = pattern(
    r"(?P<before>[?&;](?:sig|signature|x-amz-signature|x-amz-security-token|token|access_token|code)="
    r"|\b(?:accountkey|sharedaccesssignature|password|client_secret)=|\bbearer\s+|://[^/\s:@]*:(?=[^/\s@]*@))"
    r"(?P<secret>[^\s&;,'\"@]+)"
    r"|\b(?P<token>hf_[A-Za-z0-9]{8,}|gh[pousr]_[A-Za-z0-9]{8,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)",
    re.IGNORECASE,
)
"""What looks like a secret: signatures in addresses, keys, passwords, tokens of the Hub and GitHub, and JWTs."""

_SECRET_NAMES = pattern(r"(TOKEN|SECRET|PASSWORD|PASSPHRASE|_KEY|CREDENTIAL)S?$")


def secrets_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The values of variables whose names say that they are secrets; short ones are words that mean nothing."""
    return tuple(value for name, value in environ.items() if _SECRET_NAMES.search(name.upper()) and len(value) >= 8)


def without_secrets(text: str, secrets: tuple[str, ...] = ()) -> str:
    """A text with three stars in the place of each secret."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return _SECRETS.sub(lambda found: f"{found['before'] or ''}***", text)
