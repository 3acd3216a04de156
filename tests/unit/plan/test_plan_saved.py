"""Plans as files: what is written is read back, what was touched is refused, what moved is told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from azureml_publish.assets import RegistryState, RenderedAsset
from azureml_publish.errors import UsageProblem
from azureml_publish.plan.actions import ActionKind, Desired
from azureml_publish.plan.diff import plan_model
from azureml_publish.plan.rules import RULES, ChangeClass, rule_of
from azureml_publish.plan.saved import Observed, Request, SavedPlan, StaleEntry, moved_since, read_plan, save_plan
from tests.conftest import REPOSITORY
from tests.unit.plan.planning import holding, registered

SCHEMA = Draft202012Validator(json.loads((REPOSITORY / "docs/schemas/plan.schema.json").read_text(encoding="utf-8")))
REQUEST = Request("dev", ("little*",), None, "2026-11-21")
ASSET = RenderedAsset(
    name="little",
    version=3,
    type="mlflow_model",
    description="# little\n",
    tags={"license": "mit", "skus": ["a", "b"]},
    properties={"SHA": "5532"},
    system_metadata={"languages": ["en"], "scanned": True},
)
WANTED = Desired(ASSET, "5" * 64)


def saved(*models: tuple[Desired, RegistryState]) -> SavedPlan:
    return read_plan(written(Observed("dev", models)).encode(), "p.json")


def written(observed: Observed) -> str:
    return save_plan(observed, observed.plan(), REQUEST, "publish/1")


def moved(before: tuple[Desired, RegistryState], after: tuple[Desired, RegistryState]) -> tuple[StaleEntry, ...]:
    return moved_since(saved(before), Observed("dev", (after,)))


# Values that registries, YAML and JSON spell in more than one way; drawn from a list, as trees are slow to grow.
TEXT = st.sampled_from(["", "mit", "a\nb\n", "é|`", "['a', 'b']", '["a", "b"]', "{'n': '1'}", "[", "true", "1"])
VALUES = TEXT | st.sampled_from(
    [True, False, 0, 1, 1.0, -1.5, 2**53, [], ["a", "b"], ["b", "a"], [True], [1], {}, {"n": "1"}, {"n": [1, None]}]
)
MAPS = st.dictionaries(st.sampled_from(["a", "b.c", "é|`"]), VALUES, max_size=2)
ASSETS = st.builds(
    RenderedAsset,
    name=st.just("little"),
    version=st.integers(1, 40),
    type=st.sampled_from(["mlflow_model", "custom_model"]),
    description=TEXT,
    tags=MAPS,
    properties=MAPS,
    system_metadata=MAPS,
    archived=st.booleans(),
)
WANTEDS = st.builds(Desired, ASSETS, st.sampled_from(["5" * 64, "6" * 64]))


@st.composite
def states(draw: st.DrawFn, wanted: Desired) -> RegistryState:
    """A state that a registry could have: without the version, or with one that another folder asked for."""
    if draw(st.booleans()):
        latest = draw(st.none() | st.integers(1, 50))
        return RegistryState(None, latest, draw(st.integers((latest or 0) + 1, 60)))
    other = draw(WANTEDS)
    return holding(registered(replace(other, asset=replace(other.asset, version=wanted.asset.version))))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Desired, RegistryState]:
    wanted = draw(WANTEDS)
    return wanted, draw(states(wanted))


EXAMPLES = settings(max_examples=60)


class TestRoundTrip:
    @EXAMPLES
    @given(pairs())
    def test_a_plan_is_the_same_after_it_was_written_and_read(self, pair: tuple[Desired, RegistryState]) -> None:
        observed = Observed("dev", (pair,))
        text = written(observed)
        read = read_plan(text.encode(), "p.json")
        assert read.plan.digest == observed.plan().digest == read.digest
        assert [action.kind for action in read.plan.actions] == [action.kind for action in observed.plan().actions]
        assert (read.address, read.models, read.layout, read.as_of) == ("dev", ("little*",), None, "2026-11-21")
        assert list(SCHEMA.iter_errors(json.loads(text))) == []
        assert moved_since(read, observed) == ()

    @EXAMPLES
    @given(WANTEDS)
    def test_a_plan_of_what_was_applied_is_unchanged(self, wanted: Desired) -> None:
        action = plan_model(wanted, holding(registered(wanted)))
        assert (action.kind, action.fields) == (ActionKind.UNCHANGED, ())

    @EXAMPLES
    @given(pairs())
    def test_a_created_version_leaves_nothing_moved_and_nothing_to_do(
        self, pair: tuple[Desired, RegistryState]
    ) -> None:
        wanted, state = pair
        if plan_model(wanted, state).kind is ActionKind.CREATE:
            done = (wanted, holding(registered(wanted)))
            assert moved(pair, done) == ()
            assert plan_model(*done).kind is ActionKind.UNCHANGED

    @EXAMPLES
    @given(pairs())
    def test_every_difference_has_the_class_of_its_rule(self, pair: tuple[Desired, RegistryState]) -> None:
        action = plan_model(*pair)
        for change in action.fields:
            assert change.consequence is rule_of(change.field).consequence(change.before, change.after)
            assert change.consequence is not ChangeClass.IDENTITY
        writing = {one.consequence for one in action.fields} - {ChangeClass.KEPT}
        assert (ChangeClass.NEW_VERSION in writing) <= (action.kind is ActionKind.CONFLICT)


class TestRefusals:
    TEXT = written(Observed("dev", ((WANTED, RegistryState()),)))

    @pytest.mark.parametrize(
        ("raw", "reason"),
        [
            (b"", "p.json:1:1: this is not JSON"),
            (b'{"schema_version": 1,\n  oops', "p.json:2:3: this is not JSON"),
            (b"\xff\xfe{}", "it is not UTF-8 JSON"),
            (b"[" * 100_000, "nested too deep"),
            (b"[]", "p.json is not a plan."),
            (b'{"a": 1}', "p.json is not a plan."),
            (b'{"schema_version": 1, "registry": "dev", "digest": "", "actions": []}', "is the report of a plan"),
        ],
        ids=["empty", "broken", "binary", "deep", "list", "other", "report"],
    )
    def test_what_is_no_plan_is_refused_with_a_way_to_make_one(self, raw: bytes, reason: str) -> None:
        with pytest.raises(UsageProblem) as refused:
            read_plan(raw, "p.json")
        assert reason in refused.value.message
        assert "publish plan --out p.json" in refused.value.hint

    @pytest.mark.parametrize("version", [2, 0, "1", True, None, 1.0])
    def test_another_form_is_refused_by_number(self, version: object) -> None:
        raw = json.dumps({**json.loads(self.TEXT), "schema_version": version}).encode()
        with pytest.raises(
            UsageProblem, match=r"is a plan of form .*, written by publish/1; this version reads form 1"
        ):
            read_plan(raw, "p.json")

    @pytest.mark.parametrize("key", sorted(set(json.loads(TEXT)) - {"schema_version", "checksum", "actions"}))
    def test_a_key_that_was_edited_is_noticed(self, key: str) -> None:
        content = json.loads(self.TEXT)
        content[key] = ["x"] if content[key] == [] else "x"
        with pytest.raises(UsageProblem, match="was changed after it was written"):
            read_plan(json.dumps(content).encode(), "p.json")

    def test_an_action_that_was_edited_is_noticed(self) -> None:
        with pytest.raises(UsageProblem, match="was changed after it was written"):
            read_plan(self.TEXT.replace('"action": "create"', '"action": "unchanged"').encode(), "p.json")

    def test_another_spelling_of_the_same_json_is_the_same_plan(self) -> None:
        again = json.dumps(json.loads(self.TEXT), sort_keys=True).encode()
        assert read_plan(again, "p.json") == read_plan(self.TEXT.encode(), "p.json")


class TestMoved:
    def test_a_folder_that_changed_is_told_by_field(self) -> None:
        changed = replace(WANTED, asset=replace(ASSET, description="# new\n", tags={"license": "gpl", "new": "x"}))
        state = RegistryState()
        assert moved((WANTED, state), (changed, state)) == tuple(
            StaleEntry("little", "folder", field) for field in ("description", "tags.license", "tags.new", "tags.skus")
        )

    def test_another_version_or_content_in_the_folder_is_told(self) -> None:
        bumped = Desired(replace(ASSET, version=4), "6" * 64)
        assert {one.field for one in moved((WANTED, RegistryState()), (bumped, RegistryState()))} == {
            "version",
            "content",
        }

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"description": "by hand"}, "description"),
            ({"archived": True}, "archived"),
            ({"system_metadata": {"languages": ["en"]}}, "system_metadata.scanned"),
        ],
    )
    def test_a_console_edit_is_told_by_field(self, changed: dict[str, Any], field: str) -> None:
        before, after = holding(registered(WANTED)), holding(registered(WANTED, **changed))
        assert moved((WANTED, before), (WANTED, after)) == (StaleEntry("little", "registry", field),)

    def test_a_version_that_somebody_registered_meanwhile_is_told(self) -> None:
        before = holding(registered(WANTED))
        after = replace(before, latest_version=4, next_version=5)
        assert [one.field for one in moved((WANTED, before), (WANTED, after))] == ["latest", "next"]

    def test_a_number_that_somebody_else_took_is_told(self) -> None:
        foreign = registered(replace(WANTED, source_digest="6" * 64))
        fields = [one.field for one in moved((WANTED, RegistryState()), (WANTED, holding(foreign)))]
        assert fields == ["content"]

    def test_a_version_that_was_deleted_is_told(self) -> None:
        assert moved((WANTED, holding(registered(WANTED))), (WANTED, RegistryState(None, None, 4)))

    def test_a_model_more_and_a_model_less_are_told(self) -> None:
        other = replace(WANTED, asset=replace(ASSET, name="other"))
        one, two = (WANTED, RegistryState()), (other, RegistryState())
        assert moved_since(saved(one), Observed("dev", (one, two))) == (StaleEntry("other", "folder", ""),)
        assert moved_since(saved(one, two), Observed("dev", (one,))) == (StaleEntry("other", "folder", ""),)

    def test_a_spelling_that_says_the_same_has_not_moved(self) -> None:
        respelled = registered(WANTED, tags={"license": "mit", "skus": "['a', 'b']"})
        assert moved((WANTED, holding(registered(WANTED))), (WANTED, holding(respelled))) == ()

    def test_a_plan_that_was_carried_out_in_part_is_carried_on(self) -> None:
        old = registered(WANTED, description="old", tags={"by": "hand"}, system_metadata={"languages": ["fr"]})
        half = registered(WANTED, system_metadata={"languages": ["fr"]})
        assert moved((WANTED, holding(old)), (WANTED, holding(half))) == ()
        assert moved((WANTED, holding(old)), (WANTED, holding(registered(WANTED)))) == ()

    def test_a_version_that_was_created_and_not_yet_archived_is_carried_on(self) -> None:
        archived = replace(WANTED, asset=replace(ASSET, archived=True))
        created = registered(archived, archived=False)
        assert moved((archived, RegistryState()), (archived, holding(created))) == ()


def test_the_page_has_the_table_as_it_is() -> None:
    page = (REPOSITORY / "docs/planning.md").read_text(encoding="utf-8")
    for rule in RULES:
        row = f"| `{rule.field}` | {rule.added} | {rule.changed} | {rule.removed} | {rule.why} |"
        assert row in page
