"""The stream of events: who hears what, and what no event says."""

from __future__ import annotations

import pytest

from azureml_publish.errors import NotFound
from azureml_publish.events import Event, Events, Kind, secrets_of, without_secrets


@pytest.mark.parametrize(
    ("text", "filtered"),
    [
        (
            "https://a.blob.core.windows.net/c/f?sv=1&sig=ab%2Fc%3D&se=2",
            "https://a.blob.core.windows.net/c/f?sv=1&sig=***&se=2",
        ),
        ("https://s3/x?X-Amz-Signature=0af1&x=1", "https://s3/x?X-Amz-Signature=***&x=1"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ("DefaultEndpointsProtocol=https;AccountKey=abc==;x", "DefaultEndpointsProtocol=https;AccountKey=***;x"),
        ("token hf_abcdefghijkl was refused", "token *** was refused"),
        ("https://me:hunter2@example.org/x", "https://me:***@example.org/x"),
        ("tcp://127.0.0.1:8786 and https://hub:8080/x", "tcp://127.0.0.1:8786 and https://hub:8080/x"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "***"),
        ("The signature is wrong: sign it again.", "The signature is wrong: sign it again."),
        ("azureml://registries/r/models/m/versions/1", "azureml://registries/r/models/m/versions/1"),
    ],
)
def test_what_looks_like_a_secret_is_not_shown(text: str, filtered: str) -> None:
    assert without_secrets(text) == filtered


def test_values_of_secret_variables_are_in_no_event() -> None:
    environ = {
        "HF_TOKEN": "any-words-at-all",
        "AZURE_CLIENT_SECRET": "s3cret~value",
        "PATH": "/usr/bin:/bin",
        "KEY": "no",
    }
    heard: list[Event] = []
    events = Events(secrets_of(environ))
    events.listen(heard.append)
    events.emit(Kind.WARNING, "m", text="it sent any-words-at-all and s3cret~value to /usr/bin:/bin, no more")
    assert heard[0].facts["text"] == "it sent *** and *** to /usr/bin:/bin, no more"


def test_who_comes_late_hears_of_the_run_first_and_who_leaves_hears_no_more() -> None:
    heard: list[Kind] = []
    events = Events()
    events.emit(Kind.RUN, verb="apply")
    assert not events.heard
    leave = events.listen(lambda event: heard.append(event.kind))
    with events.stage("load"):
        pass
    leave()
    events.emit(Kind.RUN_DONE)
    assert heard == [Kind.RUN, Kind.STAGE, Kind.STAGE_DONE]


def test_a_failure_ends_its_stage_and_its_model() -> None:
    heard: list[Event] = []
    events = Events(clock=iter(range(100)).__next__)
    events.listen(heard.append)
    with pytest.raises(NotFound), events.stage("apply"), events.one_model("apply", "m", 1):
        raise NotFound("It is gone.", hint="Look.")
    assert [event.kind for event in heard] == [Kind.STAGE, Kind.MODEL, Kind.MODEL_FAILED, Kind.STAGE_FAILED]
    assert {event.facts["code"] for event in heard[2:]} == {"not_found"}
