"""Rendered models against a registry's state: every row of the rules that registries have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from azureml_publish.assets import MANIFEST_PROPERTY, RegistryState, Value
from azureml_publish.plan.actions import Action, ActionKind, FieldChange
from azureml_publish.plan.diff import changed_metadata, plan_model
from azureml_publish.plan.rules import ChangeClass
from tests.unit.plan.planning import ASSET, PROVENANCE, WANTED, against, asking, holding, properties, registered


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
            (RegistryState(None, 3, 4), "version 3 was registered just now and is not visible yet"),
            (RegistryState(None, 2, 4), "version 3 was deleted, and its number is never used again"),
            (RegistryState(None, None, 4), "version 3 was deleted, and its number is never used again"),
            (RegistryState(None, 1, 9), "version 3 was deleted, and its number is never used again"),
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
        again = "Plan again in a minute. If the result is the same, run" if latest == 3 else "Run"
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
        changes = (FieldChange("archived", ChangeClass.IN_PLACE, held, asked),) if held != asked else ()
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
        assert action.fields == (FieldChange(field, ChangeClass.IN_PLACE, before, after),)

    @pytest.mark.parametrize(
        ("key", "before", "after"),
        [
            ("languages", ["en"], ["en", "de"]),
            ("languages", ["en"], "en"),
            ("tasks", {"inferenceTasks": ["fill-mask"]}, {"inferenceTasks": ["fill-mask"], "fineTuningTasks": ["ner"]}),
            ("scanned", True, False),
            ("scanned", True, "true"),
            ("scanned", True, 1),
            ("epochs", 1.5, 2),
            ("new", None, {"a": 1}),
        ],
    )
    def test_system_metadata_changes_key_by_key_in_native_types(self, key: str, before: Value, after: Value) -> None:
        action = asking(system_metadata={**ASSET.system_metadata, key: after})
        change = FieldChange(f"system_metadata.{key}", ChangeClass.IN_PLACE, before, after)
        assert (action.kind, action.fields) == (ActionKind.UPDATE, (change,))
        assert changed_metadata(action.fields) == {key: after}

    def test_system_metadata_that_the_folder_has_no_longer_is_taken_away(self) -> None:
        action = asking(system_metadata={key: value for key, value in ASSET.system_metadata.items() if key != "epochs"})
        assert action.fields == (FieldChange("system_metadata.epochs", ChangeClass.IN_PLACE, 1.5, None),)
        assert changed_metadata(action.fields) == {"epochs": None}

    def test_only_system_metadata_is_handed_on_as_changed_metadata(self) -> None:
        action = asking(description="new", tags={}, system_metadata={}, properties={**ASSET.properties, "new": "x"})
        assert changed_metadata(action.fields) == dict.fromkeys(ASSET.system_metadata)

    def test_a_new_property_is_appended(self) -> None:
        action = asking(properties={**ASSET.properties, "industry": ["health"]})
        assert action.kind is ActionKind.UPDATE
        assert action.fields == (FieldChange("properties.industry", ChangeClass.APPEND, None, '["health"]'),)

    def test_a_changed_property_needs_a_new_version(self) -> None:
        action = asking(properties={**ASSET.properties, "languages": "en,de"})
        assert action.kind is ActionKind.CONFLICT
        assert action.reason == "properties.languages cannot change in a registered version"
        assert action.hint == "Run `publish bump little`: the next free version is 4."
        assert action.fields == (FieldChange("properties.languages", ChangeClass.NEW_VERSION, "en", "en,de"),)

    def test_a_vanished_property_is_told_and_changes_nothing(self) -> None:
        action = against(properties=properties(old="kept"))
        assert (action.kind, action.reason, action.hint) == (ActionKind.UNCHANGED, "", "")
        assert action.fields == (FieldChange("properties.old", ChangeClass.KEPT, "kept", None),)

    def test_a_vanished_property_is_told_beside_what_is_updated(self) -> None:
        action = against(properties=properties(old="kept"), description="old")
        assert action.kind is ActionKind.UPDATE
        assert [change.consequence for change in action.fields] == [ChangeClass.KEPT, ChangeClass.IN_PLACE]

    @pytest.mark.parametrize("missing", [None, ""])
    def test_an_empty_property_is_not_the_same_as_none(self, missing: str | None) -> None:
        action = asking(properties={**ASSET.properties, "empty": missing})
        assert action.fields == (FieldChange("properties.empty", ChangeClass.APPEND, None, ""),)

    def test_another_type_needs_a_new_version(self) -> None:
        action = asking(type="custom_model")
        assert (action.kind, action.reason) == (ActionKind.CONFLICT, "type cannot change in a registered version")
        assert action.fields == (FieldChange("type", ChangeClass.NEW_VERSION, "mlflow_model", "custom_model"),)

    def test_other_content_needs_a_new_version(self) -> None:
        action = plan_model(replace(WANTED, source_digest="6" * 64), holding(registered()))
        assert (action.kind, action.reason) == (ActionKind.CONFLICT, "content cannot change in a registered version")
        assert action.fields == (FieldChange("content", ChangeClass.NEW_VERSION, "5" * 64, "6" * 64),)

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
