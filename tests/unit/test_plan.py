"""Rendered models against a registry's state: every row of the rules that registries have."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_publish.assets import (
    MANIFEST_PROPERTY,
    SOURCE_PROPERTY,
    AssetId,
    RegisteredAsset,
    RegistryState,
    RenderedAsset,
    Value,
)
from azureml_publish.layouts import record_of
from azureml_publish.plan import (
    Action,
    ActionKind,
    Consequence,
    FieldChange,
    Plan,
    Wanted,
    changed_metadata,
    make_plan,
    plan_model,
)

ASSET = RenderedAsset(
    name="little",
    version=3,
    type="mlflow_model",
    description="# little\n",
    tags={"license": "mit", "skus": ["Standard_NC6s_v3", "Standard_DS3_v2"], "defaults": {"apply_lora": True, "n": 2}},
    properties={"languages": "en", "datasets": ["a", "b"], "SHA": "5532cc56"},
    system_metadata={"languages": ["en"], "tasks": {"inferenceTasks": ["fill-mask"]}, "scanned": True, "epochs": 1.5},
)
WANTED = Wanted(ASSET, "5" * 64)
PROVENANCE = {SOURCE_PROPERTY: WANTED.source_digest, MANIFEST_PROPERTY: "f" * 64}


def registered(wanted: Wanted = WANTED, **changed: Any) -> RegisteredAsset:
    """What a registry holds once this was registered; the JSON on the way makes no other values of it."""
    record = record_of(wanted.asset, {SOURCE_PROPERTY: wanted.source_digest, MANIFEST_PROPERTY: "f" * 64})
    held = RegisteredAsset(
        id=AssetId("local", record.name, record.version),
        type=record.type,
        description=record.description,
        tags=dict(record.tags),
        properties=dict(record.properties),
        system_metadata=json.loads(json.dumps(dict(record.system_metadata))),
        path="https://one.blob.core.windows.net/c-1/abc/mlflow_model_folder",
    )
    return replace(held, **changed)


def holding(asset: RegisteredAsset) -> RegistryState:
    return RegistryState(asset, asset.id.version, asset.id.version + 1)


def against(**changed: Any) -> Action:
    """The action for ASSET where the registry holds it but for these fields."""
    return plan_model(WANTED, holding(registered(**changed)))


def asking(**changed: Any) -> Action:
    """The action for a changed ASSET where the registry holds ASSET."""
    return plan_model(replace(WANTED, asset=replace(ASSET, **changed)), holding(registered()))


def properties(**changed: str) -> dict[str, str]:
    return {**registered().properties, **changed}


class TestVersionThatIsNotThere:
    @pytest.mark.parametrize(
        "state",
        [
            RegistryState(),
            RegistryState(None, 2, 3),
            RegistryState(None, None, 3),
            RegistryState(None, 1, 3),
            RegistryState(None, 1, 2),
        ],
        ids=["no-such-model", "next", "all-below-deleted", "one-below-deleted", "numbers-left-out"],
    )
    def test_a_number_above_all_that_were_used_is_created(self, state: RegistryState) -> None:
        action = plan_model(WANTED, state)
        assert action == Action("little", 3, ActionKind.CREATE, WANTED.digest, latest=state.latest_version)
        assert action.latest_after == 3

    @pytest.mark.parametrize(
        ("state", "reason"),
        [
            (RegistryState(None, 7, 8), "version 3 is not there, and 7 already is"),
            (RegistryState(None, 4, 9), "version 3 is not there, and 4 already is"),
            (RegistryState(None, 3, 4), "version 3 was registered just now and does not show yet"),
            (RegistryState(None, 2, 4), "version 3 was deleted; its number is never used again"),
            (RegistryState(None, None, 4), "version 3 was deleted; its number is never used again"),
            (RegistryState(None, 1, 9), "version 3 was deleted; its number is never used again"),
        ],
        ids=[
            "below-the-latest",
            "below-the-latest-and-deleted-ones",
            "not-shown-yet",
            "deleted",
            "deleted-with-all",
            "deleted-long-ago",
        ],
    )
    def test_a_number_that_was_used_or_passed_is_a_conflict(self, state: RegistryState, reason: str) -> None:
        action = plan_model(WANTED, state)
        latest = state.latest_version
        again = "Plan again in a while. If that says the same, run" if latest == 3 else "Run"
        hint = f"{again} `publish bump little`: the next free version is {state.next_version}."
        assert action == Action("little", 3, ActionKind.CONFLICT, WANTED.digest, reason, (), hint, latest)
        assert action.latest_after == latest


class TestRegisteredVersion:
    def test_the_same_again_is_unchanged(self) -> None:
        assert against() == Action("little", 3, ActionKind.UNCHANGED, WANTED.digest, latest=3)

    @pytest.mark.parametrize("state", [RegistryState(registered(), 9, 12), RegistryState(registered(), 3, 12)])
    def test_later_versions_do_not_matter_to_one_that_is_there(self, state: RegistryState) -> None:
        assert plan_model(WANTED, state).kind is ActionKind.UNCHANGED

    @pytest.mark.parametrize(
        ("held", "asked", "kind"),
        [
            (False, True, ActionKind.ARCHIVE),
            (True, False, ActionKind.RESTORE),
            (True, True, ActionKind.UNCHANGED),
            (False, False, ActionKind.UNCHANGED),
        ],
    )
    def test_a_version_is_archived_and_restored_as_the_folder_says(
        self, held: bool, asked: bool, kind: ActionKind
    ) -> None:
        wanted = replace(WANTED, asset=replace(ASSET, archived=asked))
        action = plan_model(wanted, holding(registered(archived=held)))
        assert action.kind is kind
        changes = (FieldChange("archived", Consequence.IN_PLACE, held, asked),) if held != asked else ()
        assert action.fields == changes

    def test_archiving_with_other_changes_is_an_update(self) -> None:
        action = against(archived=True, description="old")
        assert action.kind is ActionKind.UPDATE
        assert [change.field for change in action.fields] == ["description", "archived"]

    def test_archiving_does_not_make_a_conflict_go_away(self) -> None:
        assert against(archived=True, type="custom_model").kind is ActionKind.CONFLICT

    def test_archiving_beside_a_vanished_property_is_still_archiving(self) -> None:
        assert against(archived=True, properties=properties(old="kept")).kind is ActionKind.RESTORE

    @pytest.mark.parametrize(
        ("changed", "field", "before", "after"),
        [
            ({"description": "# old\n"}, "description", "# old\n", "# little\n"),
            ({"tags": registered().tags | {"license": "gpl"}}, "tags.license", "gpl", "mit"),  # type: ignore[operator]
            ({"tags": registered().tags | {"by": "hand"}}, "tags.by", "hand", None),  # type: ignore[operator]
            (
                {"tags": {key: tag for key, tag in registered().tags.items() if key != "skus"}},
                "tags.skus",
                None,
                '["Standard_NC6s_v3", "Standard_DS3_v2"]',
            ),
            (
                {"tags": registered().tags | {"defaults": '{"apply_lora": "false", "n": "2"}'}},  # type: ignore[operator]
                "tags.defaults",
                '{"apply_lora": "false", "n": "2"}',
                '{"apply_lora": "true", "n": "2"}',
            ),
        ],
        ids=["description", "changed-tag", "removed-tag", "added-tag", "inside-a-tag"],
    )
    def test_description_and_tags_are_replaced_in_place(
        self, changed: dict[str, Any], field: str, before: str | None, after: str | None
    ) -> None:
        action = against(**changed)
        assert (action.kind, action.reason, action.hint) == (ActionKind.UPDATE, "", "")
        assert action.fields == (FieldChange(field, Consequence.IN_PLACE, before, after),)

    @pytest.mark.parametrize(
        ("key", "before", "after"),
        [
            ("languages", ["en"], ["en", "de"]),
            ("languages", ["en"], "en"),
            ("tasks", {"inferenceTasks": ["fill-mask"]}, {"inferenceTasks": ["fill-mask"], "fineTuningTasks": []}),
            ("scanned", True, False),
            ("scanned", True, "true"),
            ("scanned", True, 1),
            ("epochs", 1.5, 2),
            ("new", None, {"a": 1}),
        ],
    )
    def test_system_metadata_changes_key_by_key_in_native_types(self, key: str, before: Value, after: Value) -> None:
        action = asking(system_metadata={**ASSET.system_metadata, key: after})
        change = FieldChange(f"system_metadata.{key}", Consequence.IN_PLACE, before, after)
        assert (action.kind, action.fields) == (ActionKind.UPDATE, (change,))
        assert changed_metadata(action.fields) == {key: after}

    def test_system_metadata_that_the_folder_has_no_longer_is_taken_away(self) -> None:
        action = asking(system_metadata={key: value for key, value in ASSET.system_metadata.items() if key != "epochs"})
        assert action.fields == (FieldChange("system_metadata.epochs", Consequence.IN_PLACE, 1.5, None),)
        assert changed_metadata(action.fields) == {"epochs": None}

    def test_only_system_metadata_is_handed_on_as_changed_metadata(self) -> None:
        action = asking(description="new", tags={}, system_metadata={}, properties={**ASSET.properties, "new": "x"})
        assert changed_metadata(action.fields) == dict.fromkeys(ASSET.system_metadata)

    def test_a_new_property_is_appended(self) -> None:
        action = asking(properties={**ASSET.properties, "industry": ["health"]})
        assert action.kind is ActionKind.UPDATE
        assert action.fields == (FieldChange("properties.industry", Consequence.APPEND, None, '["health"]'),)

    def test_a_changed_property_needs_a_new_version(self) -> None:
        action = asking(properties={**ASSET.properties, "languages": "en,de"})
        assert action.kind is ActionKind.CONFLICT
        assert action.reason == "properties.languages cannot change in a registered version"
        assert action.hint == "Run `publish bump little`: the next free version is 4."
        assert action.fields == (FieldChange("properties.languages", Consequence.NEW_VERSION, "en", "en,de"),)

    def test_a_vanished_property_is_told_and_changes_nothing(self) -> None:
        action = against(properties=properties(old="kept"))
        assert (action.kind, action.reason, action.hint) == (ActionKind.UNCHANGED, "", "")
        assert action.fields == (FieldChange("properties.old", Consequence.KEPT, "kept", None),)

    def test_a_vanished_property_is_told_beside_what_is_updated(self) -> None:
        action = against(properties=properties(old="kept"), description="old")
        assert action.kind is ActionKind.UPDATE
        assert [change.consequence for change in action.fields] == [Consequence.KEPT, Consequence.IN_PLACE]

    @pytest.mark.parametrize("missing", [None, ""])
    def test_an_empty_property_is_not_the_same_as_none(self, missing: str | None) -> None:
        action = asking(properties={**ASSET.properties, "empty": missing})
        assert action.fields == (FieldChange("properties.empty", Consequence.APPEND, None, ""),)

    def test_another_type_needs_a_new_version(self) -> None:
        action = asking(type="custom_model")
        assert (action.kind, action.reason) == (ActionKind.CONFLICT, "type cannot change in a registered version")
        assert action.fields == (FieldChange("type", Consequence.NEW_VERSION, "mlflow_model", "custom_model"),)

    def test_other_content_needs_a_new_version(self) -> None:
        action = plan_model(replace(WANTED, source_digest="6" * 64), holding(registered()))
        assert (action.kind, action.reason) == (ActionKind.CONFLICT, "content cannot change in a registered version")
        assert action.fields == (FieldChange("content", Consequence.NEW_VERSION, "5" * 64, "6" * 64),)

    def test_content_of_a_version_that_another_tool_registered_is_not_compared(self) -> None:
        foreign = {key: value for key, value in registered().properties.items() if key not in PROVENANCE}
        assert against(properties=foreign).kind is ActionKind.UNCHANGED
        assert against(properties=foreign).fields == ()

    def test_the_digest_of_the_manifest_is_no_field(self) -> None:
        assert against(properties=properties(**{MANIFEST_PROPERTY: "0" * 64})).fields == ()

    def test_everything_that_needs_a_new_version_is_named_in_the_reason(self) -> None:
        state = RegistryState(
            registered(type="custom_model", properties=properties(languages="fr", SHA="0"), description="old"), 5, 11
        )
        action = plan_model(replace(WANTED, source_digest="6" * 64), state)
        assert action.reason == (
            "type, content, properties.SHA, properties.languages cannot change in a registered version"
        )
        assert action.hint == "Run `publish bump little`: the next free version is 11."
        assert action.fields[-1].field == "description"


class TestSpelling:
    """Microsoft's own tools write `str()` of a value on create and JSON on update."""

    @pytest.mark.parametrize(
        ("key", "spelled"),
        [
            ("skus", "['Standard_NC6s_v3', 'Standard_DS3_v2']"),
            ("skus", '["Standard_NC6s_v3","Standard_DS3_v2"]'),
            ("defaults", "{'apply_lora': 'true', 'n': '2'}"),
            ("defaults", '{"n": "2", "apply_lora": "true"}'),
        ],
    )
    def test_lists_and_maps_are_the_same_however_they_are_spelled(self, key: str, spelled: str) -> None:
        assert against(tags={**registered().tags, key: spelled}).kind is ActionKind.UNCHANGED

    def test_spelling_does_not_make_a_conflict_of_a_property(self) -> None:
        assert against(properties=properties(datasets="['a', 'b']")).kind is ActionKind.UNCHANGED

    @pytest.mark.parametrize("other", ["['b', 'a']", "['a']", "a, b", "['a', 'b'", "[]", ""])
    def test_another_list_is_another_value(self, other: str) -> None:
        assert against(properties=properties(datasets=other)).kind is ActionKind.CONFLICT


def wanted_as(name: str, version: int = 1) -> Wanted:
    return replace(WANTED, asset=replace(ASSET, name=name, version=version))


class TestPlan:
    MODELS = (
        (wanted_as("c"), RegistryState()),
        (wanted_as("a", 2), RegistryState(None, 5, 6)),
        (wanted_as("b"), holding(registered(wanted_as("b"), description="old"))),
        (wanted_as("d"), holding(registered(wanted_as("d")))),
    )

    def test_actions_are_sorted_by_model_and_told_apart_by_what_they_do(self) -> None:
        plan = make_plan("local", self.MODELS)
        assert [(action.model, action.version, str(action.kind)) for action in plan.actions] == [
            ("a", 2, "conflict"),
            ("b", 1, "update"),
            ("c", 1, "create"),
            ("d", 1, "unchanged"),
        ]
        assert plan.conflicts == plan.actions[:1]
        assert plan.changes == plan.actions[1:3]

    def test_the_digest_does_not_depend_on_the_order_of_the_models(self) -> None:
        plans = {make_plan("local", order).digest for order in itertools.permutations(self.MODELS)}
        assert len(plans) == 1

    def test_the_digest_is_the_same_for_the_same_plan_and_another_for_another_registry(self) -> None:
        assert make_plan("local", self.MODELS).digest == make_plan("local", iter(self.MODELS)).digest
        assert make_plan("local", self.MODELS).digest != make_plan("prod", self.MODELS).digest
        assert make_plan("local", self.MODELS).digest != make_plan("local", self.MODELS[1:]).digest

    @pytest.mark.parametrize(
        "changed",
        [
            replace(WANTED, asset=replace(ASSET, description="# little, revised\n")),
            replace(WANTED, source_digest="6" * 64),
            replace(WANTED, asset=replace(ASSET, version=4)),
            replace(WANTED, asset=replace(ASSET, type="custom_model")),
            replace(WANTED, asset=replace(ASSET, tags={})),
            replace(WANTED, asset=replace(ASSET, properties={})),
            replace(WANTED, asset=replace(ASSET, system_metadata={})),
        ],
        ids=["card", "content", "version", "type", "tags", "properties", "system_metadata"],
    )
    @pytest.mark.parametrize("state", [RegistryState(), holding(registered())], ids=["create", "registered"])
    def test_the_digest_changes_with_all_that_would_be_registered(self, changed: Wanted, state: RegistryState) -> None:
        plan, other = make_plan("local", [(WANTED, state)]), make_plan("local", [(changed, state)])
        assert plan.digest != other.digest
        assert plan.actions[0].wanted != other.actions[0].wanted

    def test_the_digest_changes_with_what_the_registry_holds(self) -> None:
        digests = {
            make_plan("local", [(WANTED, state)]).digest
            for state in (
                RegistryState(),
                holding(registered()),
                holding(registered(description="old")),
                holding(registered(description="older")),
                RegistryState(None, 7, 8),
                RegistryState(None, 7, 9),
            )
        }
        assert len(digests) == 6

    def test_no_models_are_a_plan(self) -> None:
        assert make_plan("local", ()) == Plan("local", ())
        assert len(Plan("local", ()).digest) == 64


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["[", "{}", "['a']", '["a"]', "[draft]", "True", "1|2|3|4", "{1: 'a'}", "null"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6
)
METADATA = st.dictionaries(TEXT.filter(lambda key: key not in PROVENANCE), VALUES, max_size=4)
ASSETS = st.builds(
    RenderedAsset,
    name=st.from_regex(r"[A-Za-z0-9][\w.-]{0,20}", fullmatch=True),
    version=st.integers(1, 10**6),
    type=st.sampled_from(["mlflow_model", "custom_model", "triton_model"]),
    description=TEXT,
    tags=METADATA,
    properties=METADATA,
    system_metadata=METADATA,
)


@given(ASSETS)
def test_what_was_registered_as_it_was_wanted_is_unchanged(asset: RenderedAsset) -> None:
    wanted = Wanted(asset, "5" * 64)
    action = plan_model(wanted, holding(registered(wanted)))
    assert (action.kind, action.fields) == (ActionKind.UNCHANGED, ())


@given(ASSETS.filter(lambda asset: bool(asset.properties)), st.data())
def test_any_property_that_differs_is_a_conflict_and_the_only_one(asset: RenderedAsset, data: st.DataObject) -> None:
    wanted = Wanted(asset, "5" * 64)
    there = registered(wanted)
    key = data.draw(st.sampled_from(sorted(asset.properties)))
    before = f"~{there.properties[key]}"  # begins like no list and no map
    action = plan_model(wanted, holding(replace(there, properties={**there.properties, key: before})))
    assert action.kind is ActionKind.CONFLICT
    change = FieldChange(f"properties.{key}", Consequence.NEW_VERSION, before, there.properties[key])
    assert action.fields == (change,)


@given(ASSETS, ASSETS)
def test_whatever_is_registered_a_plan_says_what_to_do_about_each_difference(
    asset: RenderedAsset, other: RenderedAsset
) -> None:
    """Only a conflict has a hint and a reason, and what is planned follows from its gravest field."""
    wanted = Wanted(asset, "5" * 64)
    held = Wanted(replace(other, name=asset.name, version=asset.version), "5" * 64)
    action = plan_model(wanted, holding(registered(held)))
    consequences = {change.consequence for change in action.fields}
    if Consequence.NEW_VERSION in consequences:
        expected = ActionKind.CONFLICT
    else:
        expected = ActionKind.UPDATE if consequences - {Consequence.KEPT} else ActionKind.UNCHANGED
    assert action.kind is expected
    assert bool(action.hint) == bool(action.reason) == (expected is ActionKind.CONFLICT)
    assert len({change.field for change in action.fields}) == len(action.fields)
