"""Carrying out a plan where no file moves: updates, conflicts, failures, an early end."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from azureml_publish.assets import MANIFEST_PROPERTY, SOURCE_PROPERTY
from azureml_publish.content.sources.hub import Hub
from azureml_publish.content.upload.progress import Silent
from azureml_publish.content.upload.transfer import Transfer
from azureml_publish.errors import Conflict, Interrupted, NotAuthorised, Unreachable, UnusableSource
from azureml_publish.execute.apply import Result, apply_plan
from azureml_publish.execute.outcome import Outcome
from azureml_publish.execute.registration import Tools
from azureml_publish.layouts.wire import record_of
from azureml_publish.plan.actions import ActionKind, Plan
from azureml_publish.registry.read_back import LOOKS_BEFORE_APART
from tests.unit.execute.applying import (
    MakeContents,
    MemoryRegistry,
    Surroundings,
    archiving,
    as_registered,
    carry_out,
    holding,
    outcomes,
    plan_of,
)


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
        assert registry.held["a"] == as_registered(contents["a"])
        assert registry.calls == [("find", "a"), ("update", "a"), ("find", "a")]
        assert around.slept == [0.0]

    def test_only_the_system_metadata_that_changes_is_handed_on(self, make_contents: MakeContents) -> None:
        contents = make_contents("a")
        registry = holding(contents, **self.OLD)
        before = registry.held["a"]
        carry_out(contents, registry)
        registered, record, changed = registry.updates["a"]
        assert registered == before
        assert record == record_of(contents["a"].rendered.asset, {})
        assert changed == {"languages": ["en"], "gone": None}

    def test_a_property_is_appended_and_provenance_stays(self, make_contents: MakeContents) -> None:
        contents = make_contents("a")
        provenance = {SOURCE_PROPERTY: contents["a"].digest, MANIFEST_PROPERTY: "f" * 64}
        registry = holding(contents, properties=provenance)
        assert outcomes(carry_out(contents, registry)) == {"a": Outcome.UPDATED}
        assert registry.held["a"].properties == {**provenance, "languages": "en"}

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
        assert registry.held["a"].properties == kept

    def test_a_second_run_finds_nothing_to_do(self, make_contents: MakeContents) -> None:
        contents = make_contents("a", "b")
        registry = holding(contents, **self.OLD)
        carry_out(contents, registry)
        again = plan_of(contents, registry)
        assert [action.kind for action in again.actions] == [ActionKind.UNCHANGED] * 2

    @pytest.mark.parametrize("archived", [True, False])
    def test_a_version_is_archived_and_restored_and_nothing_else(
        self, make_contents: MakeContents, *, archived: bool
    ) -> None:
        contents = archiving(make_contents("a"), archived=archived)
        registry = holding(contents, archived=not archived)
        before = registry.held["a"]
        assert outcomes(carry_out(contents, registry)) == {"a": Outcome.UPDATED}
        assert registry.held["a"] == replace(before, archived=archived)
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
        assert result.error.message.endswith("a version 3 is still not archived.")
        assert registry.writes == [("update", "a"), ("set_archived", "a")]

    def test_what_a_registry_does_not_heed_in_an_update_is_sent_alone_once_nothing_else_differs(
        self, make_contents: MakeContents
    ) -> None:
        contents = archiving(make_contents("a"), archived=True)
        registry, around = holding(contents, archived=False, **self.OLD), Surroundings()
        registry.heeds_metadata = registry.heeds_archived = False
        registry.stale_answers = 2
        assert outcomes(carry_out(contents, registry, around)) == {"a": Outcome.UPDATED}
        assert registry.held["a"] == replace(as_registered(contents["a"]), archived=True)
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
        assert registry.writes == [("start_upload", "a")]

    @pytest.mark.parametrize(
        "files", [["config.json"], ["model.safetensors"], ["config.json", "vocab.txt", "pytorch_model.bin"]]
    )
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


def test_updates_do_not_wait_behind_uploads(make_contents: MakeContents) -> None:
    contents = make_contents("a", "b")
    registry = holding({"b": contents["b"]}, description="old")
    registry.refusals["a"] = NotAuthorised("Refused.")
    assert outcomes(carry_out(contents, registry)) == {"a": Outcome.FAILED, "b": Outcome.UPDATED}
    assert registry.writes == [("update", "b"), ("start_upload", "a")]
