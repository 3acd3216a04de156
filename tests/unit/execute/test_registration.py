"""One version is registered: what a refusal means, what is read back, and what the journal says. No file moves here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pytest

from azureml_publish.assets import (
    MANIFEST_PROPERTY,
    RUN_PROPERTY,
    AssetId,
    AssetRecord,
    Content,
    Origin,
    RegisteredAsset,
    RenderedAsset,
    Value,
)
from azureml_publish.content.sources.hub import Hub
from azureml_publish.content.upload.progress import Silent
from azureml_publish.content.upload.transfer import ModelContent, Transfer
from azureml_publish.errors import Conflict, Overtaken, PublishError, Refused
from azureml_publish.execute.apply import apply_plan
from azureml_publish.execute.journal import Step
from azureml_publish.execute.outcome import Outcome
from azureml_publish.execute.registration import Registration, Tools
from azureml_publish.plan.actions import Desired
from azureml_publish.registry.read_back import LOOKS_AT_A_REFUSAL, READ_BACK_DELAYS
from tests.unit.execute.applying import Listed, MakeContents, MemoryRegistry, outcomes, plan_of

MANIFEST = "f" * 64
METADATA: Mapping[str, Value] = {"license": "mit", "nested": {"a": "1"}}


@dataclass(frozen=True)
class Arrived:
    uri: str = "https://one/a-3/abc/model"
    manifest: str = MANIFEST


def desired(**changed: object) -> Desired:
    asset = RenderedAsset(
        name="a",
        version=3,
        type="custom_model",
        description="mine",
        tags={},
        properties={},
        system_metadata=METADATA,
        archived=False,
    )
    return Desired(replace(asset, **changed), "5" * 64)  # type: ignore[arg-type]


@dataclass
class Creating(MemoryRegistry):
    """Registers versions, as the run of a journal does; `late` looks do not show one, and `first` was quicker."""

    late: int = 0
    first: RegisteredAsset | None = None
    refusal: PublishError | None = None
    hides: tuple[str, ...] = ()
    looks: int = 0
    slept: list[float] = field(default_factory=list)

    def find(self, model: str, version: int) -> RegisteredAsset | None:
        self.looks += 1
        found = super().find(model, version) if self.looks > self.late else None
        if found is None:
            return None
        shown = {key: value for key, value in found.system_metadata.items() if key not in self.hides}
        return replace(found, system_metadata=shown)

    def create(self, record: AssetRecord, path: str) -> None:
        if self.refusal is not None:
            if self.first is not None:
                self.held["a"] = self.first
            raise self.refusal
        self.held["a"] = self.first or registered(record, path)

    def register(
        self, wanted: Desired, journal: Listed | None = None, sleep: Callable[[float], None] | None = None
    ) -> tuple[Outcome, tuple[str, ...]]:
        transfer = Transfer(Hub(), Silent(), "test", lambda: False)
        tools = Tools(self, transfer, sleep or self.slept.append, journal or Unchecked())
        written = Registration(wanted, tools).create(Arrived, Origin(promoted_from="azureml://elsewhere"))
        assert (written.content is None) is (written.outcome is Outcome.UNCHANGED)
        return written.outcome, written.unseen


class Unchecked(Listed):
    def note(self, step: Step, model: str, version: int, **facts: str) -> None:
        if step is Step.CONTENT:
            assert facts == {"manifest": MANIFEST}
            self.lines.append((step, model))
            return
        super().note(step, model, version, **facts)


def registered(record: AssetRecord, path: str = "https://one/a-3/abc/model") -> RegisteredAsset:
    return RegisteredAsset(
        id=AssetId("local", record.name, record.version),
        type=record.type,
        description=record.description,
        tags=record.tags,
        properties=record.properties,
        system_metadata=record.system_metadata,
        path=path,
    )


def by_another_run(wanted: Desired, manifest: str = MANIFEST, **changed: object) -> RegisteredAsset:
    registry = Creating()
    registry.register(wanted)
    held = registry.held["a"]
    noted = {**held.properties, RUN_PROPERTY: Origin("theirs").encode(), MANIFEST_PROPERTY: manifest}
    return replace(held, properties=noted, **changed)  # type: ignore[arg-type]


def test_the_version_says_which_run_registered_it_and_where_it_comes_from() -> None:
    registry, journal = Creating(), Unchecked()
    assert registry.register(desired(), journal) == (Outcome.CREATED, ())
    properties = registry.held["a"].properties
    assert properties[MANIFEST_PROPERTY] == MANIFEST
    assert Origin.of(properties) == Origin("mine", "azureml://elsewhere")
    assert [step for step, _ in journal.lines] == [Step.BEGUN, Step.CONTENT, Step.WRITTEN, Step.READ_BACK]


def test_a_version_that_another_run_registered_the_same_at_the_same_time_was_not_created_by_this_one() -> None:
    """The registry takes both, and keeps the properties of the first."""
    wanted = desired()
    assert Creating(first=by_another_run(wanted)).register(wanted) == (Outcome.UNCHANGED, ())


@pytest.mark.parametrize("refusal", [Conflict("It exists."), Refused("It is refused.")])
def test_what_a_lost_attempt_of_this_run_registered_is_created_though_no_file_could_be_brought(
    refusal: PublishError,
) -> None:
    registry, wanted = Creating(), desired()
    registry.register(wanted)

    def bring() -> Arrived:
        raise refusal

    tools = Tools(registry, Transfer(Hub(), Silent(), "test", lambda: False), registry.slept.append, Unchecked())
    written = Registration(wanted, tools).create(bring, Origin(promoted_from="azureml://elsewhere"))
    assert (written.outcome, written.content) == (Outcome.CREATED, None)


@pytest.mark.parametrize("refusal", [Conflict("It exists."), Refused("It is refused.")])
@pytest.mark.parametrize("late", range(LOOKS_AT_A_REFUSAL))
def test_a_refusal_is_looked_into_until_the_other_run_shows(refusal: PublishError, late: int) -> None:
    registry = Creating(late=late, first=by_another_run(desired()), refusal=refusal)
    assert registry.register(desired()) == (Outcome.UNCHANGED, ())
    assert sum(registry.slept) == sum(READ_BACK_DELAYS[: late + 1])


@pytest.mark.parametrize("archives", [True, False])
def test_a_version_that_the_other_run_has_not_archived_yet_is_looked_at_again(*, archives: bool) -> None:
    wanted = desired(archived=True)
    first = by_another_run(wanted)
    assert first.archived
    registry = Creating(first=replace(first, archived=False), refusal=Conflict("It exists."))

    def sleep(_seconds: float) -> None:
        if archives and registry.looks == 4:
            registry.held["a"] = first

    if archives:
        assert registry.register(wanted, sleep=sleep) == (Outcome.UNCHANGED, ())
    else:
        with pytest.raises(Overtaken, match="It differs in archived now"):
            registry.register(wanted, sleep=sleep)


@pytest.mark.parametrize(
    ("first", "differing"),
    [
        (by_another_run(desired(), "e" * 64), "manifest"),
        (by_another_run(desired(), description="theirs"), "description"),
        (by_another_run(desired(), archived=True), "archived"),
    ],
)
def test_a_refusal_because_another_run_registered_something_else_stops(first: RegisteredAsset, differing: str) -> None:
    registry, journal = Creating(first=first, refusal=Conflict("It exists.")), Unchecked()
    with pytest.raises(Overtaken, match=f"It differs in {differing} now") as told:
        registry.register(desired(), journal)
    assert "Let the other one end, then run this again" in told.value.hint
    assert journal.lines[-1] == (Step.FAILED, "a")


def test_a_refusal_that_nobody_explains_is_raised_as_it_is() -> None:
    registry = Creating(refusal=Refused("The name is reserved."))
    with pytest.raises(Refused, match="The name is reserved"):
        registry.register(desired())
    assert tuple(registry.slept) == READ_BACK_DELAYS[:LOOKS_AT_A_REFUSAL]


@pytest.mark.parametrize("heeds", [True, False])
def test_a_version_that_is_to_be_archived_is_archived_once_it_shows(*, heeds: bool) -> None:
    registry = Creating(late=3, heeds_archived=heeds)
    assert registry.register(desired(archived=True)) == (Outcome.CREATED, ())
    assert registry.held["a"].archived
    assert registry.writes == [("update", "a"), *([] if heeds else [("set_archived", "a")])]


def test_a_registry_that_ignores_the_archival_is_told_with_other_ways() -> None:
    registry = Creating(ignores_archive=True)
    with pytest.raises(PublishError, match="is still not archived") as told:
        registry.register(desired(archived=True))
    assert "az ml model archive" in told.value.hint


def test_metadata_that_a_registry_does_not_hand_back_are_named_after_they_were_sent_alone() -> None:
    registry = Creating(hides=("nested",))
    assert registry.register(desired()) == (Outcome.CREATED, ("nested",))
    assert registry.writes == [("replace_metadata", "a")]


@pytest.mark.parametrize("step", [Step.WRITTEN, Step.READ_BACK])
def test_a_journal_that_breaks_after_the_write_does_not_end_the_step(step: Step) -> None:
    registry, journal = Creating(), Unchecked(breaks_at=(step, "a"))
    assert registry.register(desired(), journal) == (Outcome.CREATED, ())
    assert journal.failure is not None


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize("late", [0, 2])
def test_a_version_that_this_run_registered_in_a_process_that_died_is_finished(*, archived: bool, late: int) -> None:
    wanted = desired(archived=archived)
    origin = Origin(run="mine", promoted_from="azureml://elsewhere")
    there = by_another_run(wanted, archived=False)
    there = replace(there, properties={**there.properties, RUN_PROPERTY: origin.encode()})
    registry = Creating(first=there, refusal=Conflict("There already."), late=late)
    journal = Unchecked()
    assert registry.register(wanted, journal) == (Outcome.CREATED, ())
    assert registry.held["a"].archived is archived
    assert journal.lines[-1] == (Step.READ_BACK, "a")


def test_a_model_whose_files_are_there_gives_its_place_to_the_next_one(
    make_contents: MakeContents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One model at a time brings files in, and both of them are being registered."""
    together = threading.Barrier(2)

    class Meeting(Creating):
        def create(self, record: AssetRecord, path: str) -> None:
            together.wait(60)
            self.held[record.name] = registered(record, path)

    def publish(content: ModelContent, *_rest: object) -> Content:
        return Content("https://one/c/abc/model", MANIFEST, content.digest, 1, 1)

    monkeypatch.setattr("azureml_publish.execute.apply.publish_content", publish)
    contents, registry = make_contents("a", "b"), Meeting()
    tools = Tools(registry, Transfer(Hub(), Silent(), "test", lambda: False), registry.slept.append)
    results = apply_plan(plan_of(contents, registry), contents, tools, jobs=2, uploads=1)
    assert outcomes(results) == {"a": Outcome.CREATED, "b": Outcome.CREATED}
