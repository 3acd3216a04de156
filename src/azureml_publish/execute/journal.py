"""What a run of apply or promote leaves on disk while it works: a journal of its steps, and a lock.

A journal decides nothing: the registry says what is there. It shows what an interrupted run had begun, so that
nobody has to guess, and it holds names, numbers and digests only.

Each line is one JSON object: first a head with the journal's version, then a step each, last an end. Lines are
appended and reach the disk before the next step begins. A last line without a line end was cut off, and does not count.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from azureml_publish.errors import JournalFailed, Overtaken, UnusableJournal
from azureml_publish.files import UnusableFile, read_file

SCHEMA_VERSION = 1

MAX_JOURNAL_BYTES = 256 * 1024 * 1024

MOST_JOURNALS = 50
"""Journals that are kept of a registry, this run's included. Only the newest is ever read by a run."""

_HINT = "Move it away; nothing is lost: the registry, and no journal, says what is done."


class Step(StrEnum):
    """How far a model version got."""

    BEGUN = "begun"
    CONTENT = "content"
    """All its files are in the container, and checked."""
    WRITTEN = "written"
    READ_BACK = "read-back"
    """The registry answers what was written: done."""
    FAILED = "failed"


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    at: str


LineT = TypeVar("LineT", bound=_Line)


class _Head(_Line):
    journal: int
    apply: str
    verb: str
    registry: str
    plan: str
    changes: int
    tool: str
    process: int


class _StepLine(_Line):
    step: Annotated[Step, Field(strict=False)]
    model: str
    version: int
    action: str = ""
    manifest: str = ""
    error: str = ""


class _End(_Line):
    end: str


class Recorder:
    """Records the steps of a run; this one nowhere.

    Attributes:
        apply: the run's id.
        failure: why nothing more can be recorded; None as long as it can.
    """

    def __init__(self, apply: str = "unrecorded") -> None:
        self.apply = apply
        self.failure: JournalFailed | None = None

    def note(self, step: Step, model: str, version: int, **facts: str) -> None:
        """Record a step; returns when it is on disk.

        Raises:
            JournalFailed: it cannot be.
        """


class Journal(Recorder):
    """A run's journal, open for appending; from any thread."""

    def __init__(self, path: Path, descriptor: int, apply: str, clock: Callable[[], datetime]) -> None:
        super().__init__(apply)
        self.path = path
        self._descriptor = descriptor
        self._clock = clock
        self._writing = threading.Lock()
        self._syncing = threading.Lock()
        self._written = 0
        self._synced = 0

    @classmethod
    def begin(
        cls,
        folder: Path,
        *,
        verb: str,
        registry: str,
        plan: str,
        changes: int,
        tool: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Journal:
        """A new journal in a folder, which is made where it is missing.

        Args:
            verb: `apply` or `promote`.
            plan: the plan's digest.
            changes: how many of its actions write.

        Raises:
            JournalFailed: it cannot be written.
        """
        now = clock()
        apply = f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03}Z-{secrets.token_hex(4)}"
        path = folder / f"{apply}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
            _sync_folder(folder)
        except OSError as error:
            raise _failed(path, error) from error
        for old in _journals(folder)[:-MOST_JOURNALS]:
            if old != path:
                with suppress(OSError):
                    old.unlink()
        journal = cls(path, descriptor, apply, clock)
        head = {"apply": apply, "verb": verb, "registry": registry, "plan": plan, "changes": changes, "tool": tool}
        journal._append({"journal": SCHEMA_VERSION, **head, "process": os.getpid()})
        return journal

    def note(self, step: Step, model: str, version: int, **facts: str) -> None:
        """See `Recorder.note`."""
        self._append({"step": str(step), "model": model, "version": version, **facts})

    def end(self, how: str) -> None:
        """Write how the run ended, if anything can still be written, and close."""
        with suppress(JournalFailed):
            self._append({"end": how})
        os.close(self._descriptor)

    def _append(self, entry: Mapping[str, Any]) -> None:
        line = json.dumps({**entry, "at": self._clock().isoformat(timespec="milliseconds")}, ensure_ascii=False)
        with self._writing:
            if self.failure is not None:
                raise self.failure
            try:
                _write_whole(self._descriptor, f"{line}\n".encode())
            except OSError as error:
                self.failure = _failed(self.path, error)
                raise self.failure from error
            self._written += 1
            mine = self._written
        with self._syncing:
            if self._synced >= mine:  # another thread's turn took this line along
                return
            written = self._written
            try:
                os.fsync(self._descriptor)
            except OSError as error:
                self.failure = _failed(self.path, error)
                raise self.failure from error
            self._synced = written


@dataclass(frozen=True, slots=True)
class ModelProgress:
    """How far one model version got in a run."""

    model: str
    version: int
    step: Step
    action: str


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run of apply or promote, read from its journal. `end` is empty where it was interrupted."""

    apply: str
    verb: str
    registry: str
    changes: int
    process: int
    at: str
    models: tuple[ModelProgress, ...]
    end: str

    @property
    def done(self) -> tuple[ModelProgress, ...]:
        """The models that were written and read back."""
        return tuple(model for model in self.models if model.step is Step.READ_BACK)

    @property
    def under_way(self) -> tuple[ModelProgress, ...]:
        """The models that were begun, and neither done nor given up."""
        return tuple(model for model in self.models if model.step not in (Step.READ_BACK, Step.FAILED))


def last_run(folder: Path) -> PastRun | None:
    """The last run in a folder of journals; None where there was none, or it ended before its first line was whole.

    Raises:
        UnusableJournal: its journal is damaged, or of another version; the message has file, line and column.
    """
    found = _journals(folder)
    return read_journal(found[-1]) if found else None


def _journals(folder: Path) -> list[Path]:
    """The journals in a folder, the newest last: each is named after its time."""
    return sorted(folder.glob("*.jsonl"), key=lambda path: path.name)


def read_journal(path: Path) -> PastRun | None:
    """Read one journal; None where not even its first line is whole.

    Raises:
        UnusableJournal: see `last_run`.
    """
    try:
        whole, _, _ = read_file(path, None, limit=MAX_JOURNAL_BYTES).rpartition(
            b"\n"
        )  # what follows the last line end was cut off
        lines = whole.decode().split("\n") if whole else []
    except (UnusableFile, ValueError) as error:
        raise UnusableJournal(f"{path} cannot be read: {error}.", hint=_HINT) from error
    if not lines:
        return None
    first = _parse(path, 1, lines[0])
    if first.get("journal") != SCHEMA_VERSION:
        version = first.get("journal", "none")
        raise _unusable(path, 1, f"its version is {version}, this publish reads {SCHEMA_VERSION}")
    head = _typed(path, 1, first, _Head)
    models: dict[tuple[str, int], ModelProgress] = {}
    end = ""
    for number, line in enumerate(lines[1:], 2):
        entry = _parse(path, number, line)
        if end:
            raise _unusable(path, number, "there is a line after the end")
        if "end" in entry:
            end = _typed(path, number, entry, _End).end
            continue
        step = _typed(path, number, entry, _StepLine)
        key = (step.model, step.version)
        if step.step is Step.BEGUN and not step.action:
            raise _unusable(path, number, "the key 'action' is missing")
        if step.step is not Step.BEGUN and key not in models:
            raise _unusable(path, number, f"{key[0]} version {key[1]} was never begun")
        models[key] = ModelProgress(*key, step.step, step.action or models[key].action)
    return PastRun(
        head.apply, head.verb, head.registry, head.changes, head.process, head.at, tuple(models.values()), end
    )


def _parse(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        column = f":{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UnusableJournal(f"{path}:{number}{column}: this line is not JSON.", hint=_HINT) from error
    if not isinstance(entry, dict):
        raise _unusable(path, number, "this line is not a JSON object")
    return entry


def _typed(path: Path, number: int, entry: dict[str, Any], kind: type[LineT]) -> LineT:
    try:
        return kind.model_validate(entry)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = first["loc"][0]
        match first["type"]:
            case "extra_forbidden":
                reason = f"the key {name!r} is unknown: another version wrote it, or somebody edited the file"
            case "missing":
                reason = f"the key {name!r} is missing"
            case _:
                reason = f"{name} is {first['input']!r}: {first['msg']}"
        raise _unusable(path, number, reason) from error


def _unusable(path: Path, number: int, reason: str) -> UnusableJournal:
    return UnusableJournal(f"{path}:{number}: {reason}.", hint=_HINT)


@contextmanager
def exclusive(lock: Path, folder: Path) -> Iterator[None]:
    """Keep other runs on this machine out for as long as this one lasts; the lock ends with the process.

    Args:
        folder: the journals, which show who holds it.

    Raises:
        Overtaken: another run holds it.
        JournalFailed: the lock file cannot be written.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock, timeout=0)
        held.acquire()
    except Timeout:
        raise Overtaken(
            f"Another run works on this registry{_holder(folder)}. Nothing was written.",
            hint="Wait for it to end, then run again.",
        ) from None
    except OSError as error:
        raise _failed(lock, error) from error
    try:
        yield
    finally:
        held.release()


def _holder(folder: Path) -> str:
    with suppress(UnusableJournal):
        last = last_run(folder)
        if last is not None and not last.end:
            return f" (process {last.process}, since {last.at[:19].replace('T', ' ')} UTC)"
    return ""


def _write_whole(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # a folder cannot be opened elsewhere
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failed(path: Path, error: OSError) -> JournalFailed:
    return JournalFailed(
        f"{path} cannot be written: {error.strerror or error}. No step is begun without it.",
        hint="Make room or fix the rights, then run again: it carries on.",
    )
