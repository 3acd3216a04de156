"""Models to apply, a registry and a journal in memory to apply them with, and what tests ask of those."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from azureml_publish.assets import (
    MANIFEST_PROPERTY,
    SOURCE_PROPERTY,
    AssetId,
    AssetRecord,
    ContainerAccess,
    RegisteredAsset,
    RegistryState,
    Value,
)
from azureml_publish.content.sources.hub import Hub
from azureml_publish.content.upload.progress import Silent
from azureml_publish.content.upload.transfer import ModelContent, Transfer
from azureml_publish.errors import JournalFailed
from azureml_publish.execute.apply import Result, apply_plan
from azureml_publish.execute.journal import Recorder, Step
from azureml_publish.execute.outcome import Outcome
from azureml_publish.execute.registration import Tools
from azureml_publish.layouts.wire import record_of
from azureml_publish.plan.actions import Desired, Plan
from azureml_publish.plan.diff import make_plan
from azureml_publish.registry.protocol import Registry


@dataclass
class MemoryRegistry:
    """A registry in memory that may refuse, and may answer its old state for a while after a write."""

    held: dict[str, RegisteredAsset] = field(default_factory=dict)
    stale_answers: int = 0
    heeds_metadata: bool = True
    """Whether an update brings system metadata along; another call does in any case."""
    heeds_archived: bool = True
    ignores_archive: bool = False
    refusals: dict[str, Exception] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    updates: dict[str, tuple[RegisteredAsset, AssetRecord, Mapping[str, Value]]] = field(default_factory=dict)
    _old: dict[str, Iterator[RegisteredAsset]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return "local"

    def state(self, model: str, version: int) -> RegistryState:
        asset = self.find(model, version)
        return RegistryState() if asset is None else RegistryState(asset, version, version + 1)

    def find(self, model: str, version: int) -> RegisteredAsset | None:
        self.calls.append(("find", model))
        asset = next(self._old.get(model, iter(())), self.held.get(model))
        return asset if asset is not None and asset.id.version == version else None

    def numbers(self, model: str, **_options: bool) -> tuple[int | None, int]:
        version = self.held[model].id.version if model in self.held else None
        return version, (version or 0) + 1

    def models(self) -> tuple[str, ...]:
        return tuple(sorted(self.held))

    def versions(self, model: str) -> tuple[int, ...]:
        return (self.held[model].id.version,) if model in self.held else ()

    def start_upload(self, model: str, version: int) -> ContainerAccess:
        self._begin("start_upload", model)
        return ContainerAccess(f"https://one/{model}-{version}", f"https://one/{model}-{version}?sig=secret")

    def open_content(self, asset: RegisteredAsset) -> ContainerAccess:
        raise AssertionError(f"apply does not read the content of {asset.id}")

    def create(self, record: AssetRecord, path: str) -> None:
        raise AssertionError(f"{record.name} was created at {path}, though no file could move")

    def update(
        self, registered: RegisteredAsset, record: AssetRecord, changed: Mapping[str, Value], *, archived: bool
    ) -> None:
        self._begin("update", record.name)
        self.updates[record.name] = (registered, record, changed)
        self._old[record.name] = iter([registered] * self.stale_answers)
        metadata = {**registered.system_metadata, **(changed if self.heeds_metadata else {})}
        heeded = self.heeds_archived and not self.ignores_archive
        self.held[record.name] = replace(
            registered,
            description=record.description,
            tags=dict(record.tags),
            properties={**registered.properties, **record.properties},
            system_metadata={key: value for key, value in metadata.items() if value is not None},
            archived=archived if heeded else registered.archived,
        )

    def replace_metadata(self, record: AssetRecord) -> None:
        self._begin("replace_metadata", record.name)
        self.held[record.name] = replace(self.held[record.name], system_metadata=dict(record.system_metadata))

    def set_archived(self, asset: AssetId, *, archived: bool) -> None:
        self._begin("set_archived", asset.name)
        if not self.ignores_archive:
            self.held[asset.name] = replace(self.held[asset.name], archived=archived)

    def _begin(self, call: str, model: str) -> None:
        self.calls.append((call, model))
        if model in self.refusals:
            raise self.refusals[model]

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [call for call in self.calls if call[0] != "find"]


MakeContents = Callable[..., dict[str, ModelContent]]


def as_registered(content: ModelContent, **changed: Any) -> RegisteredAsset:
    asset = content.rendered.asset
    record = record_of(asset, {SOURCE_PROPERTY: content.digest, MANIFEST_PROPERTY: "f" * 64})
    held = RegisteredAsset(
        id=AssetId("local", asset.name, asset.version),
        type=record.type,
        description=record.description,
        tags=record.tags,
        properties=record.properties,
        system_metadata=record.system_metadata,
        path="https://one/c/abc/mlflow_model_folder",
    )
    return replace(held, **changed)


def archiving(contents: dict[str, ModelContent], *, archived: bool) -> dict[str, ModelContent]:
    """The models, as their folders say it with `archived`."""
    return {
        name: replace(
            content,
            rendered=replace(content.rendered, asset=replace(content.rendered.asset, archived=archived)),
        )
        for name, content in contents.items()
    }


def holding(contents: Mapping[str, ModelContent], **changed: Any) -> MemoryRegistry:
    """A registry that holds all the models, each with these differences."""
    return MemoryRegistry({name: as_registered(content, **changed) for name, content in contents.items()})


def plan_of(contents: Mapping[str, ModelContent], registry: MemoryRegistry) -> Plan:
    plan = make_plan(
        registry.name,
        [
            (Desired(content.rendered.asset, content.digest), registry.state(name, 3))
            for name, content in contents.items()
        ],
    )
    registry.calls.clear()
    return plan


@dataclass
class Surroundings:
    """The clock and the wish to stop, as a test sets them."""

    slept: list[float] = field(default_factory=list)
    stop: Callable[[], bool] = lambda: False

    def tools(self, registry: Registry) -> Tools:
        return Tools(registry, Transfer(Hub(), Silent(), "test", self.stop), self.slept.append)


def carry_out(
    contents: Mapping[str, ModelContent],
    registry: MemoryRegistry,
    surroundings: Surroundings | None = None,
    jobs: int = 1,
) -> tuple[Result, ...]:
    plan = plan_of(contents, registry)
    return apply_plan(plan, contents, (surroundings or Surroundings()).tools(registry), jobs=jobs)


def outcomes(results: Sequence[Result]) -> dict[str, Outcome]:
    return {result.model: result.outcome for result in results}


@dataclass
class Listed(Recorder):
    """A journal in memory, which may break at a step."""

    apply: str = "mine"
    failure: JournalFailed | None = None
    breaks_at: tuple[Step, str] | None = None
    lines: list[tuple[Step, str]] = field(default_factory=list)

    def note(self, step: Step, model: str, version: int, **facts: str) -> None:
        assert (version, set(facts)) == (3, {Step.BEGUN: {"action"}, Step.FAILED: {"error"}}.get(step, set()))
        if (step, model) == self.breaks_at:
            self.failure = JournalFailed("Full.")
        if self.failure is not None:
            raise self.failure
        self.lines.append((step, model))


def carry_out_with(
    journal: Listed, contents: Mapping[str, ModelContent], registry: MemoryRegistry, plan: Plan | None = None
) -> tuple[Result, ...]:
    transfer = Transfer(Hub(), Silent(), "test", lambda: False)
    tools = Tools(registry, transfer, lambda _seconds: None, journal)
    return apply_plan(plan or plan_of(contents, registry), contents, tools, jobs=1)
