"""A transfer that faults are made for: one model, one container, waits that take no time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from azureml_publish.assets import AssetId, ContainerAccess
from azureml_publish.content.manifest import check_content
from azureml_publish.content.sources.hub import Hub
from azureml_publish.content.upload.container import Container, StoredFile
from azureml_publish.content.upload.progress import Silent
from azureml_publish.content.upload.retry import RetryPolicy
from azureml_publish.content.upload.transfer import ModelContent, Transfer, publish_content
from azureml_publish.emulator import Emulator

BLOCK = 16 * 1024
WEIGHTS = "model/model.safetensors"
READ = {"service": "hub", "method": "GET", "path": "resolve/.*/model.safetensors"}
SEND = {"service": "blobs", "method": "PUT", "path": "comp=block&"}


class Waits:
    """Waits that take no time, and how long they would have been."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, seconds: float) -> None:
        self.seconds += seconds


class Seen(Silent):
    """What a run told, and what it should do meanwhile."""

    def __init__(self, meanwhile: Callable[[int], None] = lambda _count: None) -> None:
        super().__init__()
        self.reused: set[str] = set()
        self.warned: list[str] = []
        self.waited: list[str] = []
        self._steps = 0
        self._meanwhile = meanwhile

    def advance(self, _model: str, _path: str, _count: int) -> None:
        self._steps += 1
        self._meanwhile(self._steps)

    def file_done(self, _model: str, path: str, _size: int, *, reused: bool) -> None:
        if reused:
            self.reused.add(path)

    def waits(self, _model: str, path: str, _seconds: float, reason: str) -> None:
        self.waited.append(f"{path}: {reason}")

    def warn(self, _model: str, text: str) -> None:
        self.warned.append(text)


class Run:
    """One model on its way to one container, as often as a test wants."""

    def __init__(self, emulator: Emulator, content: ModelContent, name: str = "faults") -> None:
        self.emulator = emulator
        self.content = content
        self.waits = Waits()
        self.access = self.lend(name)
        root = "mlflow_model_folder" if content.rendered.asset.type == "mlflow_model" else "model"
        self.container = Container(self.access, f"{content.digest[:12]}/{root}")

    def lend(self, name: str, **lent: Any) -> ContainerAccess:
        sas_uri = self.emulator.container(name, **lent)
        return ContainerAccess(sas_uri.partition("?")[0], sas_uri)

    def transfer(self, **changes: Any) -> Transfer:
        hub = Hub(self.emulator.environment["HF_ENDPOINT"], sleep=self.waits)
        retry = RetryPolicy(sleep=self.waits, chance=lambda: 1.0)
        made = Transfer(hub, Silent(), "azureml-publish/test", lambda: False, retry=retry, block=BLOCK)
        return replace(made, **changes)

    def __call__(self, renew: Any = None, access: ContainerAccess | None = None, **changes: Any) -> Any:
        return publish_content(self.content, access or self.access, self.transfer(**changes), renew)

    def stored(self) -> dict[str, StoredFile]:
        """What is visible, each file held against its noted digest."""
        found = dict(self.container.files())
        for path, file in found.items():
            data = b"".join(self.container.read(path, file.size))
            assert hashlib.sha256(data).hexdigest() == file.sha256, path
        return found

    def finish(self, **changes: Any) -> None:
        """One more run, without the fault; all of it is there afterwards, and right."""
        self.emulator.faults.clear()
        published = self(**changes)
        checked = check_content(AssetId("local", "any", 1), self.container, published.manifest)
        assert (checked.problems, checked.files) == ((), published.files)
