"""What a run does about another one that writes to the same registry."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from azureml_publish.errors import Conflict, Overtaken
from azureml_publish.execute.outcome import Outcome
from tests.unit.execute.applying import (
    Listed,
    MakeContents,
    as_registered,
    carry_out_with,
    holding,
    outcomes,
    plan_of,
)


class TestTwoRuns:
    """What a run does about another that writes to the same registry."""

    def test_what_changed_since_the_plan_is_not_written_over_and_stops_the_run(
        self, make_contents: MakeContents
    ) -> None:
        contents = make_contents("a", "b")
        registry = holding(contents, description="old")
        plan = plan_of(contents, registry)
        registry.held["a"] = replace(registry.held["a"], description="theirs")
        first, second = carry_out_with(Listed(), contents, registry, plan)
        assert isinstance(first.error, Overtaken)
        assert first.error.message == (
            "a version 3 changed in the registry since the plan was made. It differs in description now."
        )
        assert (first.outcome, second.outcome) == (Outcome.FAILED, Outcome.SKIPPED)
        assert registry.writes == []

    def test_what_another_run_did_already_is_left_alone(self, make_contents: MakeContents) -> None:
        contents = make_contents("a", "b")
        registry = holding(contents, description="old")
        plan = plan_of(contents, registry)
        registry.held["a"] = as_registered(contents["a"])
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
            registry.held["a"] = replace(as_registered(contents["a"]), description=description)
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
            registry.held["a"] = replace(registry.held["a"], description="theirs")

        monkeypatch.setattr(registry, "update", overwrite)
        (result,) = carry_out_with(Listed(), contents, registry)
        assert isinstance(result.error, Overtaken)

    def test_what_is_left_of_an_update_that_was_cut_off_is_done(self, make_contents: MakeContents) -> None:
        contents = make_contents("a")
        registry = holding(contents, description="old", tags={"task": "other"})
        plan = plan_of(contents, registry)
        assert {change.field for change in plan.actions[0].fields} >= {"description", "tags.task"}
        registry.held["a"] = replace(registry.held["a"], description=as_registered(contents["a"]).description)
        (result,) = carry_out_with(Listed(), contents, registry, plan)
        assert result.outcome is Outcome.UPDATED
        assert registry.held["a"] == as_registered(contents["a"])
