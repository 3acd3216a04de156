"""Carrying out a plan where no file moves: updates and their read-back, conflicts, failures, an early end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.apply import Outcome, Result, Tools, apply_plan
from azureml_publish.artifacts.hub import Hub
from azureml_publish.artifacts.progress import Silent
from azureml_publish.artifacts.transfer import ModelContent, Transfer, describe_content
from azureml_publish.assets import (
    MANIFEST_PROPERTY,
    SOURCE_PROPERTY,
    AssetId,
    AssetRecord,
    ContainerAccess,
    RegisteredAsset,
    RegistryState,
    RenderedAsset,
    RenderedModel,
    Value,
)
from azureml_publish.errors import (
    Conflict,
    Interrupted,
    JournalFailed,
    NotAuthorised,
    Overtaken,
    Unreachable,
    UnusableSource,
)
from azureml_publish.journal import Journal, Step, last_run
from azureml_publish.layouts import record_of
from azureml_publish.plan import ActionKind, Plan, Wanted, make_plan
from azureml_publish.project import load_project
from azureml_publish.registry import Registry
from azureml_publish.registry.patience import LOOKS_BEFORE_APART, READ_BACK_DELAYS


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

    def numbers(self, model: str) -> tuple[int | None, int]:
        version = self.held[model].id.version if model in self.held else None
        return version, (version or 0) + 1

    def models(self) -> tuple[str, ...]:
        return tuple(sorted(self.held))

    def versions(self, model: str) -> tuple[int, ...]:
        return (self.held[model].id.version,) if model in self.held else ()

    def lend_container(self, model: str, version: int) -> ContainerAccess:
        self._begin("lend_container", model)
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


@pytest.fixture
def make_contents(tmp_path: Path) -> MakeContents:
    """Models with a local source, read from disk and given a rendered asset."""

    def make(*names: str, files: Sequence[str] = ("config.json", "model.safetensors")) -> dict[str, ModelContent]:
        (tmp_path / "publish.yaml").touch()
        for name in names:
            folder = tmp_path / "models" / name
            (folder / "files").mkdir(parents=True)
            spec = f"name: {name}\nversion: 3\nsource: {{local: files}}\ntasks: {{inference: fill-mask}}\n"
            (folder / "model.yaml").write_text(spec)
            (folder / "card.md.j2").touch()
            for file in files:
                (folder / "files" / file).write_text(name)
        project, found = load_project(tmp_path)
        assert project is not None
        assert found == ()
        contents = {}
        for folder_read in project.models:
            asset = RenderedAsset(
                name=folder_read.spec.name,
                version=3,
                type="mlflow_model",
                description="# a model\n",
                tags={"license": "mit", "skus": ["a", "b"]},
                properties={"languages": "en"},
                system_metadata={"scanned": True, "languages": ["en"]},
            )
            contents[asset.name] = describe_content(folder_read, RenderedModel(folder_read.folder, asset, ()))
        return contents

    return make


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


def written(held: RegisteredAsset, number: int = 1, apply: str = "unrecorded") -> RegisteredAsset:
    """The same after a run wrote it."""
    return replace(held, properties={**held.properties, f"publish.apply.{number}": apply})


def holding(contents: Mapping[str, ModelContent], **changed: Any) -> MemoryRegistry:
    """A registry that holds all the models, each with these differences."""
    return MemoryRegistry({name: as_registered(content, **changed) for name, content in contents.items()})


def plan_of(contents: Mapping[str, ModelContent], registry: MemoryRegistry) -> Plan:
    plan = make_plan(
        registry.name,
        [
            (Wanted(content.rendered.asset, content.digest), registry.state(name, 3))
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


class TestUpdate:
    OLD = {  # noqa: RUF012
        "description": "# an older card\n",
        "tags": {"license": "gpl", "by": "hand"},
        "system_metadata": {"languages": ["fr"], "scanned": True, "gone": 1},
    }

    def test_a_version_is_brought_to_its_folder_and_read_back(self, make_contents: MakeContents) -> None:
        contents = make_contents("a")
        registry, around = holding(contents, **self.OLD), Surroundings()
        assert carry_out(contents, registry, around) == (Result("a", 3, Outcome.UPDATED),)
        assert registry.held["a"] == written(as_registered(contents["a"]))
        assert registry.calls == [("find", "a"), ("update", "a"), ("find", "a")]
        assert around.slept == [0.0]

    def test_only_the_system_metadata_that_changes_is_handed_on(self, make_contents: MakeContents) -> None:
        contents = make_contents("a")
        registry = holding(contents, **self.OLD)
        before = registry.held["a"]
        carry_out(contents, registry)
        registered, record, changed = registry.updates["a"]
        assert registered == before
        assert record == record_of(contents["a"].rendered.asset, {"publish.apply.1": "unrecorded"})
        assert changed == {"languages": ["en"], "gone": None}

    def test_a_property_is_appended_and_provenance_stays(self, make_contents: MakeContents) -> None:
        contents = make_contents("a")
        provenance = {SOURCE_PROPERTY: contents["a"].digest, MANIFEST_PROPERTY: "f" * 64}
        registry = holding(contents, properties=provenance)
        assert outcomes(carry_out(contents, registry)) == {"a": Outcome.UPDATED}
        assert registry.held["a"].properties == {**provenance, "languages": "en", "publish.apply.1": "unrecorded"}

    def test_what_is_unchanged_is_neither_asked_for_nor_written(self, make_contents: MakeContents) -> None:
        contents = make_contents("a")
        registry = holding(contents)
        assert carry_out(contents, registry) == (Result("a", 3, Outcome.UNCHANGED),)
        assert registry.calls == []

    def test_a_vanished_property_does_not_keep_an_update_from_reading_back(self, make_contents: MakeContents) -> None:
        contents = make_contents("a")
        kept = {**as_registered(contents["a"]).properties, "old": "kept"}
        registry = holding(contents, properties=kept, description="old")
        assert outcomes(carry_out(contents, registry)) == {"a": Outcome.UPDATED}
        assert registry.held["a"].properties == kept | {"publish.apply.1": "unrecorded"}

    def test_a_second_run_finds_nothing_to_do(self, make_contents: MakeContents) -> None:
        contents = make_contents("a", "b")
        registry = holding(contents, **self.OLD)
        carry_out(contents, registry)
        again = plan_of(contents, registry)
        assert [action.kind for action in again.actions] == [ActionKind.UNCHANGED] * 2

    @pytest.mark.parametrize("archived", [True, False])
    def test_a_version_is_archived_and_restored_with_the_runs_mark_and_nothing_else(
        self, make_contents: MakeContents, *, archived: bool
    ) -> None:
        contents = archiving(make_contents("a"), archived=archived)
        registry = holding(contents, archived=not archived)
        before = registry.held["a"]
        assert outcomes(carry_out(contents, registry)) == {"a": Outcome.UPDATED}
        assert registry.held["a"] == replace(written(before), archived=archived)
        assert registry.writes == [("update", "a")]

    def test_an_update_archives_as_well_where_that_differs_too(self, make_contents: MakeContents) -> None:
        contents = archiving(make_contents("a"), archived=True)
        registry = holding(contents, archived=False, description="old")
        assert outcomes(carry_out(contents, registry)) == {"a": Outcome.UPDATED}
        assert registry.writes == [("update", "a")]
        assert [action.kind for action in plan_of(contents, registry).actions] == [ActionKind.UNCHANGED]

    def test_a_registry_that_ignores_archiving_is_found_out(self, make_contents: MakeContents) -> None:
        contents = archiving(make_contents("a"), archived=True)
        registry = holding(contents, archived=False)
        registry.ignores_archive = True
        (result,) = carry_out(contents, registry)
        assert result.outcome is Outcome.FAILED
        assert result.error is not None
        assert result.error.message.endswith("the registry still answers otherwise: archived.")
        assert registry.writes == [("update", "a"), ("set_archived", "a")]

    def test_what_a_registry_does_not_heed_in_an_update_is_sent_alone_once_the_runs_mark_is_seen(
        self, make_contents: MakeContents
    ) -> None:
        contents = archiving(make_contents("a"), archived=True)
        registry, around = holding(contents, archived=False, **self.OLD), Surroundings()
        registry.heeds_metadata = registry.heeds_archived = False
        registry.stale_answers = 2
        assert outcomes(carry_out(contents, registry, around)) == {"a": Outcome.UPDATED}
        assert registry.held["a"] == replace(written(as_registered(contents["a"])), archived=True)
        assert registry.writes == [("update", "a"), ("replace_metadata", "a"), ("set_archived", "a")]
        looks = registry.calls[registry.calls.index(("update", "a")) + 1 :].index(("replace_metadata", "a"))
        assert looks == registry.stale_answers + LOOKS_BEFORE_APART

    def test_a_version_that_was_deleted_meanwhile_is_a_conflict(self, make_contents: MakeContents) -> None:
        contents = make_contents("a")
        registry = holding(contents, description="old")
        plan = plan_of(contents, registry)
        registry.held.clear()
        (result,) = apply_plan(plan, contents, Surroundings().tools(registry), jobs=1)
        assert result.outcome is Outcome.FAILED
        assert isinstance(result.error, Conflict)
        assert result.error.message == "a version 3 was deleted meanwhile."
        assert registry.writes == []


class TestReadBack:
    @pytest.mark.parametrize("stale", range(len(READ_BACK_DELAYS)))
    def test_an_old_answer_is_waited_out(self, make_contents: MakeContents, stale: int) -> None:
        contents = make_contents("a")
        registry, around = holding(contents, description="old"), Surroundings()
        registry.stale_answers = stale
        assert outcomes(carry_out(contents, registry, around)) == {"a": Outcome.UPDATED}
        assert tuple(around.slept) == READ_BACK_DELAYS[: stale + 1]
        assert registry.writes == [("update", "a")]

    def test_waiting_grows_and_has_an_end(self) -> None:
        assert list(READ_BACK_DELAYS) == sorted(READ_BACK_DELAYS)
        assert 5 < sum(READ_BACK_DELAYS) < 30

    def test_a_registry_that_never_says_what_was_written_is_a_failure(self, make_contents: MakeContents) -> None:
        contents = make_contents("a")
        kept = {**as_registered(contents["a"]).properties, "old": "kept"}
        registry, around = (
            holding(contents, description="old", tags={"license": "mit"}, properties=kept),
            Surroundings(),
        )
        registry.stale_answers = len(READ_BACK_DELAYS)
        (result,) = carry_out(contents, registry, around)
        assert result.outcome is Outcome.FAILED
        assert result.error is not None
        assert result.error.message == (
            "a version 3 was written, but the registry still answers otherwise: tags.skus, description."
        )
        assert result.error.hint == "Run `publish plan` in a while; it shows what is left to do."
        assert tuple(around.slept) == READ_BACK_DELAYS

    def test_a_registry_that_has_lost_the_version_is_a_failure(
        self, make_contents: MakeContents, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        contents = make_contents("a")
        registry = holding(contents, description="old")
        monkeypatch.setattr(registry, "update", lambda *_arguments, **_named: registry.held.clear())
        (result,) = carry_out(contents, registry)
        assert result.outcome is Outcome.FAILED
        assert result.error is not None
        assert "still answers otherwise: the version itself." in result.error.message


class TestFailures:
    @pytest.mark.parametrize("jobs", [1, 2, 8, 0])
    def test_one_model_that_fails_does_not_keep_the_others_back(self, make_contents: MakeContents, jobs: int) -> None:
        contents = make_contents("a", "b", "c")
        registry = holding(contents, description="old")
        refused = registry.refusals["b"] = Unreachable("No route.", hint="Wait.")
        results = carry_out(contents, registry, jobs=jobs)
        assert results == (
            Result("a", 3, Outcome.UPDATED),
            Result("b", 3, Outcome.FAILED, error=refused),
            Result("c", 3, Outcome.UPDATED),
        )
        assert {name: asset.description for name, asset in registry.held.items()} == {
            "a": "# a model\n",
            "b": "old",
            "c": "# a model\n",
        }

    def test_a_surprise_in_one_model_does_not_lose_the_results_of_the_others(self, make_contents: MakeContents) -> None:
        contents = make_contents("a", "b")
        registry = holding(contents, description="old")
        registry.refusals["a"] = KeyError("sasUri")
        first, second = carry_out(contents, registry)
        assert (first.outcome, second.outcome) == (Outcome.FAILED, Outcome.UPDATED)
        assert first.error is not None
        assert first.error.message == "unexpected KeyError: 'sasUri'"

    def test_results_come_in_the_order_of_the_plan(self, make_contents: MakeContents) -> None:
        contents = make_contents("d", "b", "c", "a")
        assert [result.model for result in carry_out(contents, holding(contents), jobs=4)] == ["a", "b", "c", "d"]

    def test_a_container_that_is_refused_registers_nothing(self, make_contents: MakeContents) -> None:
        contents = make_contents("a")
        refused = NotAuthorised("Refused.")
        registry = MemoryRegistry(refusals={"a": refused})
        assert carry_out(contents, registry) == (Result("a", 3, Outcome.FAILED, error=refused),)
        assert registry.writes == [("lend_container", "a")]

    @pytest.mark.parametrize("files", [["config.json"], ["model.safetensors"], ["config.json", "pytorch_model.bin"]])
    def test_an_unusable_source_registers_nothing(self, make_contents: MakeContents, files: list[str]) -> None:
        contents = make_contents("a", files=files)
        registry = MemoryRegistry()
        (result,) = carry_out(contents, registry)
        assert result.outcome is Outcome.FAILED
        assert isinstance(result.error, UnusableSource)
        assert registry.held == {}

    def test_a_source_that_went_away_since_the_plan_registers_nothing(
        self, make_contents: MakeContents, tmp_path: Path
    ) -> None:
        contents = make_contents("a")
        (tmp_path / "models" / "a" / "files").rename(tmp_path / "elsewhere")
        (result,) = carry_out(contents, MemoryRegistry())
        assert isinstance(result.error, UnusableSource)


class TestConflicts:
    def test_a_plan_with_a_conflict_is_refused_before_anything_is_written(self, make_contents: MakeContents) -> None:
        contents = make_contents("a", "b", "c")
        registry = holding(contents, description="old")
        for name in ("b", "c"):
            registry.held[name] = replace(registry.held[name], type="custom_model")
        plan = plan_of(contents, registry)
        with pytest.raises(Conflict) as refused:
            apply_plan(plan, contents, Surroundings().tools(registry), jobs=2)
        assert refused.value.message == "The plan has conflicts: b, c. Nothing was written."
        assert refused.value.hint == "Run `publish bump b`: the next free version is 4."
        assert registry.calls == []

    def test_no_models_have_no_results(self) -> None:
        assert apply_plan(Plan("local", ()), {}, Surroundings().tools(MemoryRegistry()), jobs=1) == ()


class TestStop:
    def test_after_a_stop_nothing_is_asked_or_written(self, make_contents: MakeContents) -> None:
        contents = make_contents("a", "b", "c")
        registry = holding(contents, description="old")
        registry.held["b"] = as_registered(contents["b"])
        del registry.held["c"]
        results = carry_out(contents, registry, Surroundings(stop=lambda: True), jobs=2)
        assert results == (
            Result("a", 3, Outcome.SKIPPED),
            Result("b", 3, Outcome.UNCHANGED),
            Result("c", 3, Outcome.SKIPPED),
        )
        assert registry.calls == []

    def test_what_is_under_way_is_finished_and_the_rest_is_skipped(self, make_contents: MakeContents) -> None:
        contents = make_contents("a", "b")
        registry = holding(contents, description="old")
        around = Surroundings(stop=lambda: ("update", "a") in registry.calls)
        assert outcomes(carry_out(contents, registry, around)) == {"a": Outcome.UPDATED, "b": Outcome.SKIPPED}
        assert registry.writes == [("update", "a")]

    def test_a_step_that_is_interrupted_is_skipped_and_says_where(self, make_contents: MakeContents) -> None:
        contents = make_contents("a")
        stopped = Interrupted("Stopped at model/model.safetensors.")
        registry = MemoryRegistry(refusals={"a": stopped})
        assert carry_out(contents, registry) == (Result("a", 3, Outcome.SKIPPED, error=stopped),)


def test_apply_sleeps_on_the_real_clock_unless_told_otherwise() -> None:
    transfer = Transfer(Hub(), Silent(), "test", lambda: False)
    assert Tools(MemoryRegistry(), transfer).sleep is time.sleep


@dataclass
class Listed:
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


class TestJournal:
    def test_each_step_is_recorded_before_the_next(self, make_contents: MakeContents) -> None:
        contents, journal = make_contents("a", "b"), Listed()
        carry_out_with(journal, contents, holding(contents, description="old"))
        assert journal.lines == [(step, model) for model in "ab" for step in (Step.BEGUN, Step.WRITTEN, Step.READ_BACK)]

    def test_a_failure_is_recorded(self, make_contents: MakeContents) -> None:
        contents, journal = make_contents("a"), Listed()
        registry = holding(contents, description="old")
        registry.refusals["a"] = Unreachable("No route.")
        carry_out_with(journal, contents, registry)
        assert journal.lines == [(Step.BEGUN, "a"), (Step.FAILED, "a")]

    @pytest.mark.parametrize("step", [Step.WRITTEN, Step.READ_BACK])
    def test_what_was_written_when_it_broke_is_finished_and_the_rest_is_left(
        self, make_contents: MakeContents, step: Step
    ) -> None:
        contents, journal = make_contents("a", "b"), Listed(breaks_at=(step, "a"))
        registry = holding(contents, description="old")
        results = carry_out_with(journal, contents, registry)
        assert outcomes(results) == {"a": Outcome.UPDATED, "b": Outcome.SKIPPED}
        assert registry.writes == [("update", "a")]

    def test_what_it_cannot_say_is_begun_is_not_begun(self, make_contents: MakeContents) -> None:
        contents, journal = make_contents("a", "b"), Listed(breaks_at=(Step.BEGUN, "a"))
        registry = holding(contents, description="old")
        first, second = carry_out_with(journal, contents, registry)
        assert isinstance(first.error, JournalFailed)
        assert (first.outcome, second.outcome) == (Outcome.FAILED, Outcome.SKIPPED)
        assert registry.writes == []

    @pytest.mark.parametrize("description", [None, "theirs", "# a model\n"])
    def test_what_turns_out_before_the_write_can_be_read_by_the_next_run(
        self, make_contents: MakeContents, tmp_path: Path, description: str | None
    ) -> None:
        contents = make_contents("a")
        registry = holding(contents, description="old")
        plan = plan_of(contents, registry)
        if description is None:
            del registry.held["a"]
        else:
            registry.held["a"] = replace(registry.held["a"], description=description)
        journal = Journal.begin(
            tmp_path / "journal", verb="apply", registry="local", plan=plan.digest, changes=1, tool="test"
        )
        tools = Tools(registry, Transfer(Hub(), Silent(), "test", lambda: False), lambda _seconds: None, journal)
        apply_plan(plan, contents, tools, jobs=1)
        journal.end("failed")
        last = last_run(tmp_path / "journal")
        assert last is not None
        assert [one.step for one in last.models] == [Step.READ_BACK if description == "# a model\n" else Step.FAILED]
        assert last.under_way == ()


class TestTwoRuns:
    """What a run does about another that writes to the same registry."""

    def test_each_write_is_numbered_and_signed(self, make_contents: MakeContents) -> None:
        contents = make_contents("a")
        registry = holding(contents, description="old")
        registry.held["a"] = written(registry.held["a"], 7, "earlier")
        carry_out_with(Listed(), contents, registry)
        assert registry.held["a"] == written(written(as_registered(contents["a"]), 7, "earlier"), 8, "mine")

    def test_what_changed_since_the_plan_is_not_written_over_and_stops_the_run(
        self, make_contents: MakeContents
    ) -> None:
        contents = make_contents("a", "b")
        registry = holding(contents, description="old")
        plan = plan_of(contents, registry)
        registry.held["a"] = replace(written(registry.held["a"], 1, "theirs"), description="theirs")
        first, second = carry_out_with(Listed(), contents, registry, plan)
        assert isinstance(first.error, Overtaken)
        assert first.error.message == (
            "a version 3 changed in the registry since the plan was made; the last run that wrote it is theirs. "
            "It differs in description now."
        )
        assert (first.outcome, second.outcome) == (Outcome.FAILED, Outcome.SKIPPED)
        assert registry.writes == []

    def test_what_another_run_did_already_is_left_alone(self, make_contents: MakeContents) -> None:
        contents = make_contents("a", "b")
        registry = holding(contents, description="old")
        plan = plan_of(contents, registry)
        registry.held["a"] = written(as_registered(contents["a"]), 1, "theirs")
        results = carry_out_with(Listed(), contents, registry, plan)
        assert outcomes(results) == {"a": Outcome.UNCHANGED, "b": Outcome.UPDATED}
        assert registry.writes == [("update", "b")]

    @pytest.mark.parametrize(
        ("description", "outcome"), [("# a model\n", Outcome.UNCHANGED), ("theirs", Outcome.FAILED)]
    )
    def test_a_refused_write_is_fine_where_the_other_run_wrote_the_same(
        self, make_contents: MakeContents, monkeypatch: pytest.MonkeyPatch, description: str, outcome: Outcome
    ) -> None:
        contents = make_contents("a")
        registry = holding(contents, description="old")

        def lose(*_arguments: Any, **_named: Any) -> None:
            registry.held["a"] = replace(written(as_registered(contents["a"]), 1, "theirs"), description=description)
            raise Conflict("The registry refuses a changed property.")

        monkeypatch.setattr(registry, "update", lose)
        (result,) = carry_out_with(Listed(), contents, registry)
        assert result.outcome is outcome
        assert isinstance(result.error, Overtaken) is (outcome is Outcome.FAILED)

    def test_a_refusal_that_nobody_else_explains_stays_what_it_is(self, make_contents: MakeContents) -> None:
        contents = make_contents("a", "b")
        registry = holding(contents, description="old")
        refused = registry.refusals["a"] = Conflict("Refused.")
        results = carry_out_with(Listed(), contents, registry)
        assert results[0].error is refused
        assert outcomes(results) == {"a": Outcome.FAILED, "b": Outcome.UPDATED}

    def test_a_registry_that_takes_both_writes_gives_the_loser_away_on_reading_back(
        self, make_contents: MakeContents, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        contents = make_contents("a")
        registry = holding(contents, description="old")

        def overwrite(*_arguments: Any, **_named: Any) -> None:
            registry.held["a"] = replace(written(registry.held["a"], 1, "theirs"), description="theirs")

        monkeypatch.setattr(registry, "update", overwrite)
        (result,) = carry_out_with(Listed(), contents, registry)
        assert isinstance(result.error, Overtaken)


def test_updates_do_not_wait_behind_uploads(make_contents: MakeContents) -> None:
    contents = make_contents("a", "b")
    registry = holding({"b": contents["b"]}, description="old")
    registry.refusals["a"] = NotAuthorised("Refused.")
    assert outcomes(carry_out(contents, registry)) == {"a": Outcome.FAILED, "b": Outcome.UPDATED}
    assert registry.writes == [("update", "b"), ("lend_container", "a")]
