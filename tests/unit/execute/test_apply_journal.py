"""What a run notes of its steps, and what it does where it cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from azureml_publish.content.sources.hub import Hub
from azureml_publish.content.upload.progress import Silent
from azureml_publish.content.upload.transfer import Transfer
from azureml_publish.errors import JournalFailed, Unreachable
from azureml_publish.execute.apply import apply_plan
from azureml_publish.execute.journal import Journal, Step, last_run
from azureml_publish.execute.outcome import Outcome
from azureml_publish.execute.registration import Tools
from tests.unit.execute.applying import Listed, MakeContents, carry_out_with, holding, outcomes, plan_of


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
