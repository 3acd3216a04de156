"""What a run reports of models whose workers or scheduler were lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from azureml_publish.errors import NotFound, PublishError, Unreachable
from azureml_publish.events import Event, Events, Kind
from azureml_publish.execute.apply import Result
from azureml_publish.execute.journal import Journal
from azureml_publish.execute.outcome import Outcome
from azureml_publish.pipeline.apply_elsewhere import _Hearing
from azureml_publish.plan.actions import Action, ActionKind

NOBODY: Any = None
LOST = Unreachable("The scheduler was lost.")
REFUSED = NotFound("There is no such repository.")


def event(kind: Kind, **facts: str) -> Event:
    return Event(kind, 0.0, "bert", 3, {"stage": "apply", "worker": "tcp://127.0.0.1:1", **facts})


BEGUN = event(Kind.MODEL)
DONE = event(Kind.MODEL_DONE, outcome="created")
FAILED = event(Kind.MODEL_FAILED, outcome="failed")


@pytest.mark.parametrize(
    ("heard", "outcome", "error", "reported", "events"),
    [
        ([BEGUN, DONE], Outcome.FAILED, LOST, Outcome.CREATED, [Kind.MODEL, Kind.MODEL_DONE]),
        ([BEGUN], Outcome.FAILED, LOST, Outcome.FAILED, [Kind.MODEL, Kind.MODEL_FAILED]),
        ([BEGUN, FAILED], Outcome.FAILED, REFUSED, Outcome.FAILED, [Kind.MODEL, Kind.MODEL_FAILED]),
        ([BEGUN, BEGUN, DONE], Outcome.UNCHANGED, None, Outcome.CREATED,
         [Kind.MODEL, Kind.RETRY, Kind.MODEL, Kind.MODEL_DONE]),
        ([BEGUN, DONE], Outcome.UNCHANGED, None, Outcome.UNCHANGED, [Kind.MODEL, Kind.MODEL_DONE]),
    ],
)  # fmt: skip
def test_what_a_worker_said_is_done_is_done_although_its_result_was_lost(
    *,
    tmp_path: Path,
    heard: list[Event],
    outcome: Outcome,
    error: PublishError | None,
    reported: Outcome,
    events: list[Kind],
) -> None:
    journal = Journal.begin(tmp_path, verb="apply", registry="local", plan="digest", changes=1, tool="test")
    passed_on: list[Kind] = []
    stream = Events()
    stream.listen(lambda one: passed_on.append(one.kind))
    hearing = _Hearing(stream, journal, NOBODY, journal.apply, bool)
    for one in heard:
        hearing._hear(one)
    journal.end("finished")
    action = Action("bert", 3, ActionKind.CREATE, "")
    result = hearing.completed(Result("bert", 3, outcome, error=error), action)
    assert (result.outcome, result.error is None) == (reported, reported is not Outcome.FAILED)
    assert passed_on == events
