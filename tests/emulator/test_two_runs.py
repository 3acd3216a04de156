"""Two runs meet inside one create or update: the registry holds one of both, and a run that reads back the other stops.

No registry is known to refuse a second write. A run that ended before the other wrote has nothing left to read back.

Every pair of requests of every case with `CATALOGUE_HISTORIES=1 pytest tests/emulator/test_two_runs.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.assets import MANIFEST_PROPERTY, RUN_PROPERTY, SOURCE_PROPERTY, Origin
from azureml_publish.content.upload.transfer import describe_content
from azureml_publish.emulator import Emulator, Quirks
from azureml_publish.errors import Conflict, Overtaken
from azureml_publish.execute.apply import Result
from azureml_publish.execute.journal import Recorder
from azureml_publish.execute.outcome import Outcome
from azureml_publish.execute.promote import plan_promotion, promote
from azureml_publish.execute.registration import Tools
from azureml_publish.layouts.wire import record_of
from azureml_publish.plan.actions import ActionKind
from tests.emulator.catalogue import SPEC, Catalogue
from tests.emulator.concurrent_runs import DONE, SILENT, Duel, Ended, Run, Unheeding, Wish, shown

pytestmark = pytest.mark.long
WHOLE = bool(os.environ.get("CATALOGUE_HISTORIES"))
"""Every pair of requests in every case. Unset: in the first, and in the others the second run goes to its end."""
NAME = "alpha"
CHANGED = "version 1 changed in the registry since the plan was made"
OTHER_CARD = {"card": "It reads otherwise."}


@dataclass(frozen=True)
class Case:
    """What the folder says at first, and what each of two runs makes of it; `card` beside the keys of the spec."""

    first: Mapping[str, Any]
    second: Mapping[str, Any]
    base: Mapping[str, Any]


ALL = {"languages": None, "license": "apache-2.0", "archived": True, "card": "It reads all."}
GERMAN = {"languages": ["de"], "license": "bsd-3-clause", "card": "It reads German."}
UPDATES = {
    "everything": Case(ALL, GERMAN, {}),
    "metadata alone": Case({"license": "apache-2.0"}, {"languages": ["de"]}, {}),
    "metadata and a card": Case({"license": "apache-2.0"}, OTHER_CARD, {}),
    "a key that goes and one that changes": Case({"languages": None}, {"license": "apache-2.0"}, {}),
    "archived and a card": Case({"archived": True}, OTHER_CARD, {}),
    "a card and restored": Case({"archived": True, **OTHER_CARD}, {"archived": None}, {"archived": True}),
    "the same": Case(GERMAN, GERMAN, {}),
}
LOST: dict[str, Any] = {"service": "registry", "method": "PUT", "times": 1, "headers": {"Content-Length": "9999"}}
"""The first PUT is carried out, and its answer breaks off."""
CREATES = {
    "archived": Case({"archived": True}, OTHER_CARD, {}),
    "other cards": Case({}, OTHER_CARD, {}),
}


class Ring:
    """A registry with one version, and two runs that want something else of it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.one, self.two = Run("one"), Run("two")

    def wish(self, changes: Mapping[str, Any]) -> Wish:
        said = {**SPEC, "name": NAME, **changes}
        self.catalogue.write_card(NAME, said.pop("card", f"The model {NAME} reads."))
        self.catalogue.specs.pop(NAME, None)
        self.catalogue.edit(NAME, said)
        return Wish(self.catalogue.stage(NAME))

    def register(self, wish: Wish, quirks: Quirks) -> None:
        """Nothing but the version as an earlier run left it. Its files lie elsewhere: no update reads them."""
        ((folder, rendered),) = wish.staged.rendered
        content = describe_content(folder, rendered)
        record = record_of(rendered.asset, {MANIFEST_PROPERTY: "f" * 64, SOURCE_PROPERTY: content.digest})
        properties = {
            "description": record.description,
            "tags": dict(record.tags),
            "properties": {**record.properties, RUN_PROPERTY: Origin("before").encode()},
            "modelType": record.type,
            "modelUri": "https://elsewhere.example/container/model",
            "system_metadata": dict(record.system_metadata),
            "isArchived": rendered.asset.archived,
        }
        self.catalogue.emulator.reset()
        self.catalogue.control.put(NAME, "1", properties).raise_for_status()
        self.catalogue.emulator.quirks = quirks

    def updates(self, case: Case, quirks: Quirks | None = None) -> tuple[Duel, Wish, Wish]:
        """Both change a version that is there."""
        base, first, second = (self.wish({**case.base, **changes}) for changes in ({}, case.first, case.second))
        return self.duel(first, second, lambda: self.register(base, quirks or Quirks())), first, second

    def duel(self, first: Wish, second: Wish, begin: Any) -> Duel:
        begin()
        for run in (self.one, self.two):
            run.registry.find(NAME, 1)  # where the registry is, is asked once
        return Duel(self.one, self.two, lambda: self.one.apply(first), lambda: self.two.apply(second), begin)

    def held(self) -> dict[str, Any]:
        """The version as it really is."""
        self.catalogue.settle()
        return self.catalogue.held("local")[NAME, 1]

    def judge(self, ended: Ended, first: Wish, second: Wish) -> bool:
        """One is done, and what it wanted is there. The other did the same, stopped and says why, or had ended before.

        Whether one stopped.
        """
        held = shown(self.held())
        both = ((first, ended.first), (second, ended.second))
        assert any(held == wish.held and result.outcome in DONE for wish, result in both)
        stopped = [result for _, result in both if result.outcome not in DONE]
        for result in stopped:
            self.stopped(result)
        return bool(stopped)

    def stopped(self, result: Result) -> None:
        assert result.outcome is Outcome.FAILED
        assert isinstance(result.error, Conflict), result.error
        assert result.error.exit_code == 6
        if isinstance(result.error, Overtaken):
            assert re.search(CHANGED, result.error.message), result.error.message
            assert "et the other one end, then" in result.error.hint
        else:
            assert result.error.message == "alpha: version 1 was registered just now and is not visible yet"
            assert result.error.hint.startswith("Plan again in a minute.")

    def judge_every_meeting(self, duel: Duel, first: Wish, second: Wish, *, whole: bool = WHOLE) -> int:
        """How many there were."""
        meetings = noticed = 0
        for where, ended in duel.every_meeting(whole=whole):
            meetings += 1
            try:
                noticed += self.judge(ended, first, second)
            except AssertionError as error:
                error.add_note(where)
                raise
        assert meetings > 6
        # Between its plan and its last look before it writes, and from its write to its reading back.
        assert noticed >= 2 or first.held == second.held, (noticed, meetings)
        self.converges(first, second)
        return meetings

    def converges(self, *wishes: Wish) -> None:
        """Whoever plans next gets there in one apply, and has nothing to do after that."""
        for wish in wishes:
            assert self.two.apply(wish).outcome in DONE
            assert shown(self.held()) == wish.held
            assert self.two.apply(wish).outcome is Outcome.UNCHANGED


@pytest.fixture
def ring(emulator: Emulator, emulator_environment: dict[str, str], tmp_path: Path) -> Ring:
    assert emulator_environment
    return Ring(Catalogue(emulator, tmp_path))


@pytest.mark.parametrize("named", UPDATES)
def test_two_updates_that_meet_anywhere_end_as_one_of_them(ring: Ring, named: str) -> None:
    meetings = ring.judge_every_meeting(*ring.updates(UPDATES[named]), whole=WHOLE or named == "everything")
    if not WHOLE and named == "metadata alone":
        assert meetings == 4 + 4, "so many requests plan an update and carry it out"


@pytest.mark.parametrize(
    "quirks",
    [Quirks(stale_reads=2), Quirks(put_polls=1, async_operation_header=True)],
    ids=["stale reads", "async PUTs"],
)
def test_they_do_where_a_registry_does_not_show_at_once_what_was_written(ring: Ring, quirks: Quirks) -> None:
    ring.judge_every_meeting(*ring.updates(UPDATES["metadata and a card"], quirks))


def test_a_write_whose_answer_is_lost_is_not_sent_over_what_another_run_wrote_since(ring: Ring) -> None:
    duel, first, second = ring.updates(UPDATES["metadata and a card"])

    def begin() -> None:
        duel.begin()
        ring.catalogue.emulator.faults.add(**LOST)

    ring.judge_every_meeting(replace(duel, begin=begin), first, second)


@pytest.mark.parametrize("named", CREATES)
def test_two_creates_that_meet_anywhere_end_as_one_of_them(ring: Ring, azure_sdk: None, named: str) -> None:
    first, second = ring.wish(CREATES[named].first), ring.wish(CREATES[named].second)
    ring.judge_every_meeting(ring.duel(first, second, ring.catalogue.emulator.reset), first, second)
    assert ring.catalogue.verify("local", NAME, 1) == ()


def test_a_promotion_and_an_apply_that_meet_anywhere_end_as_one_of_them(ring: Ring, azure_sdk: None) -> None:
    """The promoted version is to be archived, and what the folder says is not."""
    promoted, applied = ring.wish({"archived": True}), ring.wish(OTHER_CARD)
    dev = Run("dev", name="second")

    def begin() -> None:
        ring.catalogue.emulator.reset()
        assert dev.apply(promoted).outcome is Outcome.CREATED

    duel = ring.duel(promoted, applied, begin)
    ring.judge_every_meeting(replace(duel, first=lambda: promote_from(dev, ring.one)), promoted, applied)


def test_a_lower_number_that_is_registered_after_a_higher_one_is_told(ring: Ring, azure_sdk: None) -> None:
    """No look can prevent it, as a registry takes any number that is free; `latest` is the one that came last."""
    first, second = ring.wish({}), ring.wish({"version": 8})
    slipped = 0
    for where, ended in ring.duel(first, second, ring.catalogue.emulator.reset).every_meeting(whole=WHOLE):
        assert (NAME, 8) in ring.catalogue.held("local"), where
        if ring.one.registry.numbers(NAME) == (1, 9):
            slipped += 1
            assert isinstance(ended.first.error, Overtaken), where
            said = "version 1 was registered, but another run registered version 8 at the same time"
            assert said in ended.first.error.message
            assert "`publish bump alpha`" in ended.first.error.hint
    assert slipped


def promote_from(source: Run, target: Run) -> Result:
    """What the verb does once it knows what is meant."""
    registered = source.registry.find(NAME, 1)
    assert registered is not None
    promotion = plan_promotion(registered, None, target.registry.state(NAME, 1))
    action = promotion.action
    if action.kind is ActionKind.CONFLICT:
        return Result(NAME, 1, Outcome.FAILED, error=Conflict(f"{NAME}: {action.reason}", hint=action.hint))
    if action.kind is ActionKind.UNCHANGED:
        return Result(NAME, 1, Outcome.UNCHANGED)
    tools = Tools(target.registry, SILENT, lambda _: None, Recorder(target.name))
    try:
        return Result(NAME, 1, promote(promotion, source.registry, tools, Origin(plan="plan", tool="test")).outcome)
    except Overtaken as error:
        return Result(NAME, 1, Outcome.FAILED, error=error)


def test_a_registry_that_heeds_less_of_an_update_leaves_no_mixture_that_nobody_tells(ring: Ring) -> None:
    """What it does not take in one request goes in another, which may land on the other run's: till the next plan."""
    ring.one, ring.two = Run("one", kind=Unheeding), Run("two", kind=Unheeding)
    duel, first, second = ring.updates(UPDATES["everything"])
    mixtures = 0
    for where, ended in duel.every_meeting(whole=WHOLE):
        errors = [result.error.message for result in (ended.first, ended.second) if result.error is not None]
        if shown(ring.held()) not in (first.held, second.held):
            mixtures += 1
            assert errors, where
        assert all(re.search(f"{CHANGED}|still answers otherwise", error) for error in errors), where
        assert len(errors) < 2 or WHOLE
    assert mixtures
    ring.converges(first, second)
