"""Reads the state of models from a registry while they are still being rendered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from queue import Empty, SimpleQueue
from typing import Self, TypeAlias

from azureml_publish.assets import RegisteredAsset
from azureml_publish.pipeline.load import LoadedProject
from azureml_publish.pipeline.registries import Opened
from azureml_publish.project import Project
from azureml_publish.registry.protocol import Registry

Answer: TypeAlias = Future[RegisteredAsset | None]


class Prefetch:
    """A registry, and what it says of the versions that specs name.

    Its threads hold nobody up: where the folders have errors, those are reported, whatever becomes of the registry.
    """

    def __init__(
        self,
        opening: Callable[[Project], AbstractContextManager[Opened]],
        jobs: int,
    ) -> None:
        """Prepare to open a registry, and to read `jobs` models at a time."""
        self._opening = opening
        self._jobs = jobs
        self._opened: Future[Opened] = Future()
        self._left = threading.Event()
        self._keeper: threading.Thread | None = None
        self._answers: dict[tuple[str, int], Answer] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        for answer in self._answers.values():
            answer.cancel()
        self._left.set()
        if self._keeper is not None and self._opened.done():
            self._keeper.join()

    def begin(self, loaded: LoadedProject) -> None:
        """Open the registry, and read the state of each of these models."""
        self._answers = {(one.spec.name, one.spec.version): Future() for one in loaded.folders}
        if loaded.subject is not None:
            self._keeper = _start(self._keep_open, loaded.subject.project)

    def opened(self) -> Opened:
        """The registry, once it is open.

        Raises:
            PublishError: it cannot be opened.
        """
        return self._opened.result()

    def find(self, model: str, version: int) -> RegisteredAsset | None:
        """See `Registry.find`; answered from what was prefetched, where it was.

        Raises:
            PublishError: the registry cannot be opened, or does not answer.
        """
        registry = self.opened().registry
        answer = self._answers.get((model, version))
        return registry.find(model, version) if answer is None else answer.result()

    def _keep_open(self, project: Project) -> None:
        try:
            with self._opening(project) as opened:
                waiting: SimpleQueue[tuple[str, int]] = SimpleQueue()
                for key in self._answers:
                    waiting.put(key)
                for _ in range(min(self._jobs, len(self._answers))):
                    _start(self._find_all, opened.registry, waiting)
                self._opened.set_result(opened)
                self._left.wait()
        except BaseException as error:
            if self._opened.done():
                raise
            self._opened.set_exception(error)

    def _find_all(self, registry: Registry, waiting: SimpleQueue[tuple[str, int]]) -> None:
        while True:
            try:
                key = waiting.get_nowait()
            except Empty:
                return
            answer = self._answers[key]
            if not answer.set_running_or_notify_cancel():
                continue
            try:
                answer.set_result(registry.find(*key))
            except BaseException as error:  # noqa: BLE001 - it is raised where the answer is wanted
                answer.set_exception(error)


def _start(work: Callable[..., None], *given: object) -> threading.Thread:
    # No executor: a process does not end before the threads of one do, however long a registry keeps them.
    thread = threading.Thread(target=work, args=given, name="prefetch", daemon=True)
    thread.start()
    return thread
