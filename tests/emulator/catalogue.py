"""A small catalogue of model folders beside an emulator: it runs the stages as the verbs do."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import yaml

from azureml_publish.assets import Origin
from azureml_publish.content.manifest import check_content
from azureml_publish.content.sources.hub import Hub
from azureml_publish.content.upload.container import Container
from azureml_publish.content.upload.copy import Copied
from azureml_publish.content.upload.transfer import ModelContent, Transfer, describe_content
from azureml_publish.emulator import Emulator, Quirks
from azureml_publish.execute.apply import Result, apply_plan
from azureml_publish.execute.journal import Journal, read_journal
from azureml_publish.execute.promote import Promotion, plan_promotion, promote
from azureml_publish.execute.registration import Tools
from azureml_publish.pipeline.bump import free_bumps, required_bumps, write_bumps
from azureml_publish.pipeline.check import CheckedProject, render
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.observe import Planning, observe_models
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.saved_plans import plan_request, read_request, write_plan
from azureml_publish.plan.actions import ActionKind, Desired, Plan
from azureml_publish.plan.saved import Request, save_plan
from azureml_publish.registry.azure import AzureRegistry
from azureml_publish.registry.cloud import find_cloud
from azureml_publish.registry.credentials import AnyToken
from azureml_publish.version import TOOL
from tests.conftest import ControlPlane
from tests.emulator.crash_points import DiedError, Fuse, FusedJournal, FusedProgress, FusedRegistry
from tests.emulator.oracles import differences

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


@dataclass(frozen=True)
class Promoted:
    """What a promotion was to do and did; `died` where the fuse ended it, `copied` None where nothing was."""

    promotion: Promotion
    copied: Copied | None = None
    died: bool = False


@dataclass(frozen=True)
class Saved:
    """A saved plan, what it was made from, and what differed then."""

    plan: Plan
    seen: str
    differing: dict[str, list[str]]


class Catalogue:
    """Two model folders, and the registries that they are published to."""

    def __init__(self, emulator: Emulator, root: Path) -> None:
        self.emulator = emulator
        self.root = root
        self.control = ControlPlane(emulator)
        self.registries = {name: AzureRegistry(name, AnyToken(), find_cloud(os.environ), "test") for name in REGISTRIES}
        self._runs = 0
        self._run = RunContext(root, os.environ, TODAY)
        self._staged: dict[str, CheckedProject] = {}
        self.begin()

    def begin(self) -> None:
        """Empty registries, and every folder as it was first."""
        self.emulator.reset()
        self._runs += 1
        for saved in self.root.glob("*.json"):
            saved.unlink()
        self.specs: dict[str, dict[str, Any]] = {}
        self.set_project()
        for name in MODELS:
            self.edit(name, SPEC | {"name": name})
            self.write_card(name, f"The model {name} reads.")
            shutil.rmtree(self.root / "models" / name / "files", ignore_errors=True)
            self.write_file(name, "weights.bin", name)
            self.write_file(name, "served/1/model.onnx", name)  # so that it may become a triton_model

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
        path = self.root / "models" / name / "files" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    # What the tool does

    def bump(self, registry: str, *names: str, to: int | None = None, required: bool = False) -> None:
        """What the verb does once the stages are through. What it writes is read back into the specs.

        Raises:
            Conflict: the number is not free.
        """
        staged, target = self.stage(*names), self.registries[registry]
        bumps = required_bumps(staged, target) if required else free_bumps(staged, target, to)
        write_bumps(staged, list(bumps))
        for name in MODELS:
            self.specs[name] = yaml.load((self.root / "models" / name / "model.yaml").read_text(), yaml.CSafeLoader)

    def stage(self, *names: str) -> CheckedProject:
        """Read and render, once for each text of a folder: what `describe_content` reads is not part of it."""
        staged = [self._stage(name) for name in names or MODELS]
        return replace(staged[0], models=tuple(model for one in staged for model in one.models))

    def _stage(self, name: str) -> CheckedProject:
        folder = self.root / "models" / name
        files = (self.root / "publish.yaml", folder / "model.yaml", folder / "card.md.j2")
        key = hashlib.sha256(json.dumps([name, *(file.read_text() for file in files)]).encode()).hexdigest()
        if key not in self._staged:
            staged = render(self._run, load(self._run, (name,), Settings()))
            assert not staged.found, staged.found
            self._staged[key] = staged
        return self._staged[key]

    def desired(self) -> list[Any]:
        """All that the folders say."""
        names = ("spec.yaml", "description.md")
        texts = [[rendered.file(name).text for name in names] for _, rendered in self.stage().rendered]
        files = sorted(
            (str(file), file.read_text()) for file in self.root.glob("models/*/files/**/*") if file.is_file()
        )
        return [self.specs, texts, files]

    def observe(self, registry: str, *, whole: bool = False) -> Planning:
        return observe_models(self.stage(), self.registries[registry], 2, whole=whole)

    def plan(self, registry: str) -> Plan:
        return self.observe(registry).observed.plan()

    def save_plan(self, registry: str) -> Plan:
        """What `publish plan --out` does."""
        planning = self.observe(registry, whole=True)
        plan = planning.observed.plan()
        request = Request(f"azureml://registries/{registry}", (), None, TODAY.isoformat())
        write_plan(self._run, f"{registry}.json", save_plan(planning.observed, plan, request, TOOL))
        return plan

    def read_plan(self, registry: str) -> tuple[Plan, Mapping[str, ModelContent]]:
        """What `publish apply PLAN.json` takes from a saved plan.

        Raises:
            Conflict: folders or registry are not as it saw them.
        """
        request = read_request(self._run, (f"{registry}.json",), None, Settings())
        planning = plan_request(request, self.stage(), self.registries[registry], 2)
        return planning.observed.plan(), planning.contents

    def apply(
        self, registry: str, fuse: Fuse | None = None, *, jobs: int = 1, faults: Sequence[Mapping[str, Any]] = ()
    ) -> tuple[Result, ...] | None:
        """Plan and carry out, under a real journal; None where there are conflicts or the fuse ended it.

        `faults` are what the emulator does wrong once the plan is made.
        """
        planning = self.observe(registry)
        plan = planning.observed.plan()
        if plan.conflicts:
            return None
        return self.carry_out(plan, planning.contents, fuse or Fuse(), jobs=jobs, faults=faults)

    def carry_out(
        self,
        plan: Plan,
        contents: Mapping[str, ModelContent],
        fuse: Fuse,
        *,
        jobs: int = 1,
        faults: Sequence[Mapping[str, Any]] = (),
    ) -> tuple[Result, ...] | None:
        """Apply a plan without conflicts; see `apply`."""
        transfer = Transfer(Hub(), FusedProgress(fuse), "test", lambda: False)
        try:
            with self._journal("apply", plan, fuse) as journal, self._faults(faults):
                tools = Tools(FusedRegistry(self.registries[plan.registry], fuse), transfer, lambda _: None, journal)
                return apply_plan(plan, contents, tools, jobs=jobs)
        except DiedError:
            return None

    def plan_promotion(self, source: str, target: str, name: str, version: int, *, carry: bool) -> Promotion:
        """What promoting a version would take; its metadata from the folder that names it, or carried.

        Raises:
            Conflict, UnusableSource: it cannot be promoted.
        """
        registered = self.registries[source].find(name, version)
        assert registered is not None
        folder = None
        if not carry and self.specs[name]["version"] == version:
            ((read, rendered),) = self.stage(name).rendered
            folder = Desired(rendered.asset, describe_content(read, rendered).digest)
        return plan_promotion(registered, folder, self.registries[target].state(name, version))

    def promote(
        self, promotion: Promotion, target: str, fuse: Fuse | None = None, faults: Sequence[Mapping[str, Any]] = ()
    ) -> Promoted:
        """Carry out what was planned, under a real journal.

        Raises:
            PublishError: see `promote`.
        """
        fuse = fuse or Fuse()
        plan = Plan(target, (promotion.action,))
        if promotion.action.kind is ActionKind.UNCHANGED:
            return Promoted(promotion)
        real = self.registries[promotion.source.id.registry]
        try:
            with self._journal("promote", plan, fuse) as journal, self._faults(faults):
                transfer = Transfer(Hub(), FusedProgress(fuse), "test", lambda: False)
                tools = Tools(FusedRegistry(self.registries[target], fuse), transfer, lambda _: None, journal)
                written = promote(promotion, FusedRegistry(real, fuse), tools, Origin(plan=plan.digest, tool="test"))
                return Promoted(promotion, written.content)
        except DiedError:
            return Promoted(promotion, died=True)

    @contextmanager
    def _journal(self, verb: str, plan: Plan, fuse: Fuse) -> Iterator[FusedJournal]:
        """A real journal, which has no end where a fuse ended the run."""
        folder = self.root / ".publish" / "journal" / str(self._runs) / plan.registry
        real = Journal.begin(
            folder, verb=verb, registry=plan.registry, plan=plan.digest, changes=len(plan.changes), tool="test"
        )
        end = "finished"
        try:
            yield FusedJournal(real, fuse)
        except DiedError:
            end = ""
            raise
        finally:
            if end:
                real.end(end)
            else:
                os.close(real._descriptor)  # as the end of a process does
            told = read_journal(real.path)
            assert told is not None
            assert (told.verb, told.end) == (verb, end)

    @contextmanager
    def _faults(self, faults: Sequence[Mapping[str, Any]]) -> Iterator[None]:
        for fault in faults:
            self.emulator.faults.add(**fault)
        try:
            yield
        finally:
            self.emulator.faults.clear()

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
        before, self.emulator.quirks = self.emulator.quirks, Quirks()
        answer = self.control.call("GET", f"{self.control.models(registry)}?listViewType=All")
        self.emulator.quirks = before
        answer.raise_for_status()
        return {(one["name"], int(one["version"])): one for one in answer.json()["value"]}

    def settle(self, *deleted: tuple[str, str, int]) -> None:
        """Let time pass: ask until no version is late any more, one that was deleted included."""
        there = [(registry, *key) for registry in REGISTRIES for key in self.held(registry)]
        for registry, name, version in (*there, *deleted):
            for _ in range(self.emulator.quirks.stale_reads):
                self.control.call("GET", f"{self.control.models(registry)}/{name}:{version}")

    def files(self, registry: str, name: str, version: int, url: str) -> dict[str, str]:
        """SHA-256 of every registered file but the manifest, as they are read back."""
        asset = f"azureml://registries/{registry}/models/{name}/versions/{version}"
        where = f"{self.control.base(registry)}/datarefs/{name}/versions/{version}"
        lent = self.control.call("POST", where, json={"assetId": asset, "blobUri": url}).json()
        container, _, signature = lent["blobReferenceForConsumption"]["credential"]["sasUri"].partition("?")
        folder = url.partition(f"/{container.rpartition('/')[2]}/")[2].rstrip("/") + "/"
        query = {"restype": "container", "comp": "list", "prefix": folder}
        listed = self.control.call("GET", f"{container}?{signature}", params=query)
        paths = [str(named.text) for named in ET.fromstring(listed.content).iter("Name")]
        read = {path: self.control.call("GET", f"{container}/{quote(path)}?{signature}") for path in paths}
        found = {path.removeprefix(folder): hashlib.sha256(blob.content).hexdigest() for path, blob in read.items()}
        found.pop(MANIFEST)
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

    def differences(self, name: str, held: Mapping[tuple[str, int], Any], contents: Mapping[str, str]) -> list[str]:
        """The fields in which a folder and the version of its number differ: see `judging`."""
        ((_, rendered),) = self.stage(name).rendered
        spec = self.specs[name]
        folder = self.root / "models" / name / "files"
        return differences(rendered, spec, folder, held.get((name, spec["version"])), contents)
