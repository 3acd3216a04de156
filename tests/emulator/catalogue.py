"""A small catalogue of model folders beside an emulator: it runs the stages as the verbs do, and judges by itself.

`differences` is the judge: it reads what was rendered from `spec.yaml` and `description.md`, the files from their
folder, and what is registered from the wire, and knows nothing of how plans compare.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from azureml_publish.apply import Result, Tools, apply_plan
from azureml_publish.artifacts.container import Container
from azureml_publish.artifacts.hub import Hub
from azureml_publish.artifacts.manifest import check_content
from azureml_publish.artifacts.progress import Silent
from azureml_publish.artifacts.transfer import Transfer
from azureml_publish.assets import AssetId, AssetRecord, ContainerAccess, RegisteredAsset, RegistryState, Value
from azureml_publish.cli import main
from azureml_publish.cli.planning import Planning, observe_models
from azureml_publish.cli.session import Session
from azureml_publish.cli.stages import Settings, Staged, stage
from azureml_publish.emulator import Emulator, Manners
from azureml_publish.errors import JournalFailed
from azureml_publish.journal import Journal, Step, last_run
from azureml_publish.plan import Plan
from azureml_publish.registry import AzureRegistry, Registry
from azureml_publish.registry.credentials import AnyToken
from tests.conftest import ControlPlane

MODELS = ("alpha", "beta")
REGISTRIES = ("local", "second")
TODAY = date(2026, 7, 1)
MANIFEST = "publish-manifest.json"
CARD = '{{% extends "card.md.j2" %}}\n{{% block summary %}}\n{}\n{{% endblock %}}\n'
SPEC: dict[str, Any] = {
    "version": 1,
    "type": "custom_model",
    "source": {"local": "files"},
    "license": "mit",
    "languages": ["en"],
    "tasks": {"inference": "fill-mask"},
    "compute": {"inference": "small"},
}


class DiedError(BaseException):
    """The process ends here; not an Exception, so that nothing answers in its place."""


@dataclass
class Fuse:
    """Lets so many steps pass, then ends the process: in the next step or right after it, and in all that follow."""

    steps: int | None = None
    after: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def blown(self) -> bool:
        return self.steps is not None and self.steps < 0

    def around(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
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


@dataclass(frozen=True)
class FusedRegistry:
    """A registry whose calls burn a fuse."""

    real: Registry
    fuse: Fuse

    @property
    def name(self) -> str:
        return self.real.name

    def state(self, model: str, version: int) -> RegistryState:
        return self.real.state(model, version)

    def find(self, model: str, version: int) -> RegisteredAsset | None:
        found: RegisteredAsset | None = self.fuse.around(self.real.find, model, version)
        return found

    def numbers(self, model: str) -> tuple[int | None, int]:
        return self.real.numbers(model)

    def models(self) -> tuple[str, ...]:
        return self.real.models()

    def versions(self, model: str) -> tuple[int, ...]:
        return self.real.versions(model)

    def lend_container(self, model: str, version: int) -> ContainerAccess:
        lent: ContainerAccess = self.fuse.around(self.real.lend_container, model, version)
        return lent

    def open_content(self, asset: RegisteredAsset) -> ContainerAccess:
        return self.real.open_content(asset)

    def create(self, record: AssetRecord, path: str) -> None:
        self.fuse.around(self.real.create, record, path)

    def update(self, registered: RegisteredAsset, record: AssetRecord, changed: Mapping[str, Value]) -> None:
        self.fuse.around(self.real.update, registered, record, changed)

    def set_archived(self, asset: AssetId, *, archived: bool) -> None:
        self.fuse.around(self.real.set_archived, asset, archived=archived)


class FusedJournal:
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
        self._fuse = fuse

    def begin(self, model: str, files: int, size: int) -> None:
        self._fuse.around(super().begin, model, files, size)

    def file_begun(self, model: str, path: str, size: int) -> None:
        self._fuse.around(super().file_begun, model, path, size)


class Catalogue:
    """Two model folders, and the registries that they are published to."""

    def __init__(self, emulator: Emulator, root: Path) -> None:
        self.emulator = emulator
        self.root = root
        self.control = ControlPlane(emulator)
        self.registries = {name: AzureRegistry(name, AnyToken(), os.environ, "test") for name in REGISTRIES}
        self._runs = 0
        self._staged: dict[str, Staged] = {}
        self.begin()

    def begin(self) -> None:
        """Empty registries, and every folder as it was first."""
        self.emulator.reset()
        self._runs += 1
        self.specs: dict[str, dict[str, Any]] = {}
        self.set_project()
        for name in MODELS:
            self.edit(name, SPEC | {"name": name})
            self.write_card(name, f"The model {name} reads.")
            folder = self.root / "models" / name / "files"
            folder.mkdir(exist_ok=True)
            for file in folder.iterdir():
                file.unlink()
            self.write_file(name, "weights.bin", name)

    # What a person edits

    def set_project(self, *, layout: str = "system_metadata", least: str = "2|0|8|28") -> None:
        project = {
            "layout": layout,
            "presets": {"small": {"families": ["Dsv2", "NCasT4_v3"], "min": least}},
        }
        (self.root / "publish.yaml").write_text(yaml.safe_dump(project))

    def edit(self, name: str, changed: Mapping[str, Any]) -> None:
        """Set keys of a model's spec; None takes one away."""
        spec = {key: value for key, value in {**self.specs.get(name, {}), **changed}.items() if value is not None}
        self.specs[name] = spec
        folder = self.root / "models" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.yaml").write_text(yaml.safe_dump(spec, sort_keys=False))

    def write_card(self, name: str, summary: str) -> None:
        (self.root / "models" / name / "card.md.j2").write_text(CARD.format(summary), encoding="utf-8")

    def write_file(self, name: str, file: str, text: str) -> None:
        (self.root / "models" / name / "files" / file).write_text(text)

    def bump(self, registry: str, *options: str) -> int:
        """Run the verb; its exit code. What it writes is read back into the specs."""
        code = 0
        try:
            main(["-C", str(self.root), "bump", *options, "-q", "-r", f"azureml://registries/{registry}"])
        except SystemExit as ended:
            code = int(ended.code or 0)
        for name in MODELS:
            self.specs[name] = yaml.safe_load((self.root / "models" / name / "model.yaml").read_text())
        return code

    # What the tool does

    def stage(self) -> Staged:
        """Read and render, once for each state of the folders: what `describe_content` reads is not part of it."""
        files = sorted(file for file in self.root.rglob("*") if file.is_file() and ".publish" not in file.parts)
        texts = [(str(file), "" if "files" in file.parts else file.read_text()) for file in files]
        key = hashlib.sha256(json.dumps(texts).encode()).hexdigest()
        if key not in self._staged:
            staged = stage(Session(self.root, os.environ, TODAY, debug=False), (), Settings(), check=False)
            assert not staged.found, staged.found
            self._staged[key] = staged
        return self._staged[key]

    def observe(self, registry: str, *, whole: bool = False) -> Planning:
        return observe_models(self.stage(), self.registries[registry], 2, whole=whole)

    def plan(self, registry: str) -> Plan:
        return self.observe(registry).observed.plan()

    def apply(
        self, registry: str, fuse: Fuse | None = None, *, jobs: int = 1, faults: Sequence[Mapping[str, Any]] = ()
    ) -> tuple[Result, ...] | None:
        """Plan and carry out, under a real journal; None where there are conflicts or the fuse ended it.

        `faults` are what the emulator does wrong once the plan is made.
        """
        fuse = fuse or Fuse()
        planning = self.observe(registry)
        plan = planning.observed.plan()
        if plan.conflicts:
            return None
        folder = self.root / ".publish" / "journal" / str(self._runs) / registry
        real = Journal.begin(folder, registry=registry, plan=plan.digest, changes=len(plan.changes), tool="test")
        transfer = Transfer(Hub(), FusedProgress(fuse), "test", lambda: False)
        tools = Tools(
            FusedRegistry(self.registries[registry], fuse), transfer, lambda _: None, FusedJournal(real, fuse)
        )
        end = "finished"
        for fault in faults:
            self.emulator.faults.add(**fault)
        try:
            return apply_plan(plan, planning.contents, tools, jobs=jobs)
        except DiedError:
            end = ""
            return None
        finally:
            self.emulator.faults.clear()
            if end:
                real.end(end)
            else:
                os.close(real._descriptor)  # as the end of a process does
            last = last_run(folder)
            assert last is not None
            assert last.end == end

    def verify(self, registry: str, name: str, version: int) -> tuple[str, ...]:
        """What `publish verify` finds wrong with a version."""
        real = self.registries[registry]
        asset = real.find(name, version)
        assert asset is not None
        access = real.open_content(asset)
        container = Container(access, access.folder_of(asset.path), partial(real.open_content, asset))
        return check_content(asset.id, container, asset.properties["publish.manifest"]).problems

    # What is there, by the wire

    def held(self, registry: str) -> dict[tuple[str, int], dict[str, Any]]:
        """Every version of a registry as a list shows it: lists are never late."""
        before, self.emulator.manners = self.emulator.manners, Manners()
        answer = self.control.call("GET", f"{self.control.models(registry)}?listViewType=All")
        self.emulator.manners = before
        answer.raise_for_status()
        return {(one["name"], int(one["version"])): one for one in answer.json()["value"]}

    def settle(self, *deleted: tuple[str, str, int]) -> None:
        """Let time pass: ask until no version is late any more, one that was deleted included."""
        there = [(registry, *key) for registry in REGISTRIES for key in self.held(registry)]
        for registry, name, version in (*there, *deleted):
            for _ in range(self.emulator.manners.stale_reads):
                self.control.call("GET", f"{self.control.models(registry)}/{name}:{version}")

    def files(self, registry: str, name: str, version: int, url: str) -> dict[str, str]:
        """SHA-256 of every registered file but the manifest, as they are read back."""
        from azure.storage.blob import ContainerClient

        asset = f"azureml://registries/{registry}/models/{name}/versions/{version}"
        where = f"{self.control.base(registry)}/datarefs/{name}/versions/{version}"
        lent = self.control.call("POST", where, json={"assetId": asset, "blobUri": url}).json()
        sas = lent["blobReferenceForConsumption"]["credential"]["sasUri"]
        container = sas.partition("?")[0].rpartition("/")[2]
        folder = url.partition(f"/{container}/")[2].rstrip("/") + "/"
        with ContainerClient.from_container_url(sas) as client:
            found = {
                blob.name.removeprefix(folder): hashlib.sha256(client.download_blob(blob.name).readall()).hexdigest()
                for blob in client.list_blobs(name_starts_with=folder)
            }
        found.pop(MANIFEST, None)
        return found

    def patch(self, registry: str, name: str, version: int, *operations: dict[str, Any]) -> None:
        where = f"{self.control.models(registry)}/{name}:{version}"
        self.control.call("PATCH", where, json=list(operations)).raise_for_status()

    def delete(self, registry: str, name: str, version: int) -> None:
        self.control.call("DELETE", f"{self.control.models(registry)}/{name}:{version}").raise_for_status()

    def copy(self, source: str, target: str, name: str, version: int) -> None:
        asset = f"azureml://registries/{source}/models/{name}/versions/{version}"
        where = f"{self.control.base(target)}/import"
        self.control.call("POST", where, json={"properties": {"sourceAssetId": asset}}).raise_for_status()

    def differences(self, registry: str, staged: Staged, name: str, contents: Mapping[Any, Any]) -> list[str]:
        """The fields in which a folder and the version of its number differ; `contents` are the registered files."""
        rendered = next(one for _, one in staged.rendered if one.asset.name == name)
        spec = yaml.safe_load(rendered.file("spec.yaml").text)
        held = self.held(registry).get((name, spec["version"]))
        if held is None:
            return ["the version itself"]
        local = self.root / "models" / name / "files"
        files = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in local.iterdir()}
        asked: dict[str, Any] = {
            "type": self.specs[name]["type"],
            "description": rendered.file("description.md").text,
            "tags": {key: _comparable(_spelled(value)) for key, value in spec.get("tags", {}).items()},
            "properties": {key: _comparable(_spelled(value)) for key, value in spec.get("properties", {}).items()},
            "metadata": _native(spec.get("system_metadata", {})),
            "archived": bool(self.specs[name].get("archived")),
            "files": files,
        }
        properties = {key: value for key, value in held["properties"].items() if not key.startswith("publish.")}
        there: dict[str, Any] = {
            "type": held["modelType"],
            "description": held["description"] or "",
            "tags": {key: _comparable(value) for key, value in held["kvTags"].items()},
            # A property that the folder no longer has stays: a registry never takes one away.
            "properties": {key: _comparable(value) for key, value in properties.items() if key in asked["properties"]},
            "metadata": _native(held["systemMetadata"]),
            "archived": held["isArchived"],
            "files": {
                path.removeprefix("model/"): sha for path, sha in contents[registry, name, spec["version"]].items()
            },
        }
        return [one for one in asked if asked[one] != there[one]]


def _spelled(value: Any) -> str:
    """A tag as a string, where the documents say how."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    return json.dumps(_leaves(value) if isinstance(value, list | dict) else value)


def _leaves(value: Any) -> Any:
    if isinstance(value, list):
        return [_leaves(one) for one in value]
    if isinstance(value, dict):
        return {key: _leaves(one) for key, one in value.items()}
    return str(value).lower() if isinstance(value, bool) else _spelled(value)


def _comparable(text: str) -> tuple[str, str]:
    """A list or map in any of its spellings is the same list or map; other text is itself."""
    if text.lstrip()[:1] in ("[", "{") and text.lstrip():
        for read in (json.loads, lambda said: ast.literal_eval(said.strip())):
            try:
                found = read(text)
            except (ValueError, SyntaxError):
                continue
            if isinstance(found, list | dict):
                return "structure", json.dumps(found, sort_keys=True)
    return "text", text


def _native(metadata: Mapping[str, Any]) -> dict[str, str]:
    """System metadata key by key in a form in which 1 is not true; a null is no key."""
    return {key: json.dumps(value, sort_keys=True, default=str) for key, value in metadata.items() if value is not None}
