"""What ends a run, or lets another one in, at any step of it: registry, journal and progress that burn a fuse."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from azureml_publish.assets import AssetId, AssetRecord, ContainerAccess, RegisteredAsset, RegistryState, Value
from azureml_publish.content.upload.progress import Silent
from azureml_publish.errors import JournalFailed
from azureml_publish.execute.journal import Journal, Recorder, Step
from azureml_publish.registry.protocol import Registry


class DiedError(BaseException):
    """The process ends here; not an Exception, so that nothing answers in its place."""


@dataclass
class Fuse:
    """Lets so many steps pass, then ends the process: in the next step or right after it, and in all that follow.

    Where there is something to do meanwhile, that happens instead, once: right before the next step, or right after it.
    """

    steps: int | None = None
    after: bool = False
    meanwhile: Callable[[], object] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def blown(self) -> bool:
        return self.steps is not None and self.steps < 0

    def around(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        if self.meanwhile is not None:
            return self._interrupted(call, *arguments, **named)
        with self._lock:
            dead = self.blown
            if self.steps is not None:
                self.steps -= 1
            dies = self.blown
        if dead or (dies and not self.after):
            raise DiedError
        answer = call(*arguments, **named)
        if dies:
            raise DiedError
        return answer

    def _interrupted(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        assert self.steps is not None
        assert self.meanwhile is not None
        self.steps -= 1
        now = self.steps == -1
        if now and not self.after:
            self.meanwhile()
        answer = call(*arguments, **named)
        if now and self.after:
            self.meanwhile()
        return answer


@dataclass(frozen=True)
class FusedRegistry:
    """A registry whose calls burn a fuse."""

    real: Registry
    fuse: Fuse

    @property
    def name(self) -> str:
        return self.real.name

    def state(self, model: str, version: int) -> RegistryState:
        state: RegistryState = self.fuse.around(self.real.state, model, version)
        return state

    def find(self, model: str, version: int) -> RegisteredAsset | None:
        found: RegisteredAsset | None = self.fuse.around(self.real.find, model, version)
        return found

    def numbers(self, model: str, *, deleted: bool = True) -> tuple[int | None, int]:
        return self.real.numbers(model, deleted=deleted)

    def models(self) -> tuple[str, ...]:
        return self.real.models()

    def versions(self, model: str) -> tuple[int, ...]:
        return self.real.versions(model)

    def start_upload(self, model: str, version: int) -> ContainerAccess:
        lent: ContainerAccess = self.fuse.around(self.real.start_upload, model, version)
        return lent

    def open_content(self, asset: RegisteredAsset) -> ContainerAccess:
        return self.real.open_content(asset)

    def create(self, record: AssetRecord, path: str) -> None:
        self.fuse.around(self.real.create, record, path)

    def update(
        self, registered: RegisteredAsset, record: AssetRecord, changed: Mapping[str, Value], *, archived: bool
    ) -> None:
        self.fuse.around(self.real.update, registered, record, changed, archived=archived)

    def replace_metadata(self, record: AssetRecord) -> None:
        self.fuse.around(self.real.replace_metadata, record)

    def set_archived(self, asset: AssetId, *, archived: bool) -> None:
        self.fuse.around(self.real.set_archived, asset, archived=archived)


class FusedJournal(Recorder):
    """A real journal whose steps burn a fuse."""

    def __init__(self, real: Journal, fuse: Fuse) -> None:
        self.apply = real.apply
        self._real = real
        self._fuse = fuse

    @property
    def failure(self) -> JournalFailed | None:
        return self._real.failure

    @failure.setter
    def failure(self, value: JournalFailed | None) -> None:
        self._real.failure = value

    def note(self, step: Step, model: str, version: int, **facts: str) -> None:
        self._fuse.around(self._real.note, step, model, version, **facts)


class FusedProgress(Silent):
    """Burns a fuse as a model's files, and each of them, begin to move."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self._fuse = fuse

    def begin(self, model: str, files: int, size: int) -> None:
        self._fuse.around(super().begin, model, files, size)

    def file_begun(self, model: str, path: str, size: int) -> None:
        self._fuse.around(super().file_begun, model, path, size)
