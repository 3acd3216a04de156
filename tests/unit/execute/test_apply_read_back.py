"""Looking whether a registry holds what was written to it, with patience."""

from __future__ import annotations

import pytest

from azureml_publish.execute.outcome import Outcome
from azureml_publish.registry.read_back import READ_BACK_DELAYS
from tests.unit.execute.applying import MakeContents, Surroundings, as_registered, carry_out, holding, outcomes


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
        assert result.error.hint == "Run this again in a while; it shows what is left to do."
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
