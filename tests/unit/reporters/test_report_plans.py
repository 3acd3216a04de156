"""A plan as text that somebody reads, and as JSON that leaves nothing out."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_publish.assets import Value
from azureml_publish.plan.actions import Action, ActionKind, FieldChange, Plan
from azureml_publish.plan.rules import ChangeClass
from azureml_publish.reporters.paint import Paint
from azureml_publish.reporters.plan import plan_json, plan_text

LONG = [f"Standard_NC{number}s_v3" for number in range(40)]
UPDATE = Action(
    "distilbert-base-uncased",
    14,
    ActionKind.UPDATE,
    "b" * 64,
    latest=15,
    fields=(
        FieldChange("properties.new", ChangeClass.APPEND, None, "x"),
        FieldChange("properties.old", ChangeClass.KEPT, "kept", None),
        FieldChange("tags.license", ChangeClass.IN_PLACE, "gpl", "mit"),
    ),
)
CONFLICT = Action(
    "little",
    3,
    ActionKind.CONFLICT,
    "c" * 64,
    "type cannot change in a registered version",
    (FieldChange("type", ChangeClass.NEW_VERSION, "mlflow_model", "custom_model"),),
    "Run `publish bump little`: the next free version is 4.",
)
PLAN = Plan(
    "prod",
    (
        Action("bert", 2, ActionKind.CREATE, "a" * 64, latest=1),
        UPDATE,
        CONFLICT,
        Action("zephyr", 12345, ActionKind.UNCHANGED, "d" * 64),
    ),
)


def changed(before: Value, after: Value, field: str = "tags.x") -> list[str]:
    """The lines below a field that changed, from where the field's name stands."""
    change = FieldChange(field, ChangeClass.IN_PLACE, before, after)
    text = plan_text(Plan("r", (replace(UPDATE, fields=(change,), latest=None),)))
    lines = text.splitlines()
    start = lines.index(f"      changes in place  {field}")
    return [line.removeprefix("      ") for line in lines[start + 1 : -2]]


def test_a_plan_is_told_model_by_model_with_a_count_at_the_end() -> None:
    assert plan_text(PLAN) == (
        "Plan for registry prod\n"
        "\n"
        "  + bert                        2  create\n"
        "      latest: 1 → 2\n"
        "  ~ distilbert-base-uncased    14  update\n"
        "      changes in place         tags.license\n"
        "          - gpl\n"
        "          + mit\n"
        "      is added                 properties.new\n"
        "          + x\n"
        "      stays, as properties do  properties.old\n"
        "          - kept\n"
        "      latest: stays 15\n"
        "  ! little                      3  conflict\n"
        "      type cannot change in a registered version\n"
        "      needs a new version  type\n"
        "          - mlflow_model\n"
        "          + custom_model\n"
        "      help: Run `publish bump little`: the next free version is 4.\n"
        "  = zephyr                   12345  unchanged\n"
        "\n"
        f"Plan: 1 to create, 1 to update, 1 unchanged, 1 conflict.  digest {PLAN.digest[:12]}\n"
    )


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ([], "Plan: no models."),
        ([ActionKind.CREATE] * 2, "Plan: 2 to create."),
        ([ActionKind.UPDATE] * 3, "Plan: 3 to update."),
        ([ActionKind.UNCHANGED] * 2, "Plan: 2 unchanged."),
        ([ActionKind.ARCHIVE, ActionKind.RESTORE], "Plan: 1 to archive, 1 to restore."),
        ([ActionKind.CONFLICT], "Plan: 1 conflict."),
        ([ActionKind.CONFLICT] * 2 + [ActionKind.CREATE], "Plan: 1 to create, 2 conflicts."),
    ],
)
def test_the_count_names_what_there_is(kinds: list[ActionKind], said: str) -> None:
    plan = Plan("r", tuple(Action(f"m{number}", 1, kind, "") for number, kind in enumerate(kinds)))
    assert plan_text(plan).splitlines()[-1] == f"{said}  digest {plan.digest[:12]}"


class TestChanges:
    @pytest.mark.parametrize(
        ("before", "after", "lines"),
        [
            ("gpl", "mit", ["    - gpl", "    + mit"]),
            (None, "mit", ["    + mit"]),
            ("mit", None, ["    - mit"]),
            ("", "mit", ['    - ""', "    + mit"]),
            (True, False, ["    - true", "    + false"]),
            (1, 1.5, ["    - 1", "    + 1.5"]),
            ("mit", "mit ", ["    - mit", "    + 'mit '"]),
            ("a", "\x1b[31mred", ["    - a", "    + '\\x1b[31mred'"]),
            (None, "a\nb", ["    + 'a\\nb'"]),
            ([], ["a"], ["    + a"]),
            (None, [], ["    + []"]),
            ({}, "a", ["    - {}", "    + a"]),
        ],
    )
    def test_a_value_stands_as_it_was_and_as_it_will_be(self, before: Value, after: Value, lines: list[str]) -> None:
        assert changed(before, after) == lines

    @pytest.mark.parametrize("spell", [lambda items: items, json.dumps, str], ids=["native", "json", "python"])
    def test_a_list_is_told_by_what_comes_and_goes(self, spell: Any) -> None:
        assert changed(spell(["a", "b", "c"]), json.dumps(["b", "d"])) == ["    - a", "    - c", "    + d"]

    @pytest.mark.parametrize(
        ("before", "after", "lines"),
        [
            (["a", "b"], ["b", "a"], ["    the same items in another order"]),
            (["a", "a"], ["a"], ["    - a"]),
            (["a"], ["a", "b", "a"], ["    + b", "    + a"]),
            ([{"n": 1}], [{"n": 2}], ["    - n: 1", "    + n: 2"]),
            (["en"], "ende", ["    - en", "    + ende"]),
            ("ende", ["en"], ["    - ende", "    + en"]),
            (["en"], {"en": True}, ["    - en", "    + en: true"]),
        ],
    )
    def test_a_list_is_only_compared_item_by_item_with_a_list(
        self, before: Value, after: Value, lines: list[str]
    ) -> None:
        assert changed(before, after) == lines

    def test_a_map_is_taken_apart_and_only_what_differs_is_told(self) -> None:
        before: Value = {"same": 1, "nested": {"deep": ["a"], "kept": True}, "gone": "x"}
        after: Value = {"same": 1, "nested": {"deep": ["b"], "kept": True}, "new": "y"}
        assert changed(before, after, "system_metadata.x") == [
            "    gone",
            "      - x",
            "    nested",
            "      deep",
            "        - a",
            "        + b",
            "    new",
            "      + y",
        ]

    def test_text_of_several_lines_is_told_as_a_diff(self) -> None:
        assert changed("# Title\n\none\ntwo\n", "# Title\n\none\nthree\n\n", "description") == [
            "    @@ -3,2 +3,3 @@",
            "      one",
            "    - two",
            "    + three",
            "    +",
        ]

    def test_blanks_at_the_end_of_a_line_can_be_seen(self) -> None:
        assert changed("one\ntwo\n", "one\ntwo  \n", "description") == [
            "    @@ -1,2 +1,2 @@",
            "      one",
            "    - two",
            "    + 'two  '",
        ]

    def test_a_name_that_somebody_chose_moves_no_cursor(self) -> None:
        change = FieldChange("tags.\x1b[2Jx", ChangeClass.IN_PLACE, "a", None)
        text = plan_text(Plan("r", (replace(UPDATE, fields=(change,)),)))
        assert "      changes in place  'tags.\\x1b[2Jx'\n" in text
        assert "\x1b" not in text

    def test_a_long_line_is_cut_round_what_changed_in_it(self) -> None:
        before, after = f"{'a' * 200}one{'b' * 200}\nend\n", f"{'a' * 200}two{'b' * 200}\nend\n"
        _, gone, come, _ = changed(before, after, "description")
        assert gone == f"    - …{'a' * 30}one{'b' * 61}…"
        assert come == f"    + …{'a' * 30}two{'b' * 61}…"

    def test_lines_of_a_diff_that_look_like_signs_stay_text(self) -> None:
        shown = changed("- item\n+ item\n@@ item\none\n", "- item\n+ item\n@@ item\ntwo\n", "description")
        assert shown == ["    @@ -3,2 +3,2 @@", "      @@ item", "    - one", "    + two"]

    def test_texts_too_long_to_compare_are_told_by_their_length(self) -> None:
        before, after = "a\n" * 150_000, "b\n" * 150_000
        assert changed(before, after, "description") == [
            "    300000 characters become 300000: too long to compare line by line"
        ]

    @pytest.mark.parametrize(("before", "after"), [("a", "a\n"), ("a\r\nb", "a\nb")])
    def test_line_ends_alone_are_told_in_words(self, before: str, after: str) -> None:
        assert changed(before, after, "description") == ["    the same text with other line ends"]


class TestLongValues:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [("x" * 60, "x" * 60), ("x" * 61, "x" * 59 + "…"), ("x" * 10_000, "x" * 59 + "…")],
        ids=["60", "61", "10000"],
    )
    def test_a_long_value_is_cut_where_a_line_ends(self, value: str, shown: str) -> None:
        assert changed(None, value) == [f"    + {shown}"]

    @pytest.mark.parametrize(
        ("count", "lines"),
        [
            (4, [f"    + {sku}" for sku in LONG[:4]]),
            (5, [*(f"    + {sku}" for sku in LONG[:3]), "    … and 2 more"]),
            (40, [*(f"    + {sku}" for sku in LONG[:3]), "    … and 37 more"]),
        ],
    )
    def test_a_long_list_is_cut_after_some_items(self, count: int, lines: list[str]) -> None:
        assert changed([], LONG[:count]) == lines

    def test_a_new_list_is_one_line(self) -> None:
        (line,) = changed(None, LONG)
        assert line.startswith("    + Standard_NC0s_v3, Standard_NC1s_v3")
        assert line.endswith("…")

    def test_a_card_with_many_changes_is_cut_after_some_lines(self) -> None:
        old, new = "".join(f"{n}\n" for n in range(50)), "".join(f"{n} changed\n" for n in range(50))
        assert changed(old, new, "description") == [
            "    @@ -1,50 +1,50 @@",
            *(f"    - {number}" for number in range(22)),
            "    … and 78 more",
        ]

    def test_json_has_it_all(self) -> None:
        card = "".join(f"line {number}\n" for number in range(500))
        fields = (
            FieldChange("description", ChangeClass.IN_PLACE, "", card),
            FieldChange("system_metadata.x", ChangeClass.IN_PLACE, None, LONG),
        )
        document = json.loads(plan_json(Plan("r", (replace(UPDATE, fields=fields),))))
        assert [field["after"] for field in document["actions"][0]["fields"]] == [card, LONG]


class TestJson:
    def test_it_holds_the_plan_in_the_words_of_the_contract(self) -> None:
        document = json.loads(plan_json(PLAN))
        assert list(document) == ["schema_version", "registry", "digest", "actions"]
        assert (document["schema_version"], document["registry"], document["digest"]) == (1, "prod", PLAN.digest)
        assert [one["action"] for one in document["actions"]] == ["create", "update", "conflict", "unchanged"]
        assert document["actions"][0] == {
            "model": "bert",
            "version": 2,
            "action": "create",
            "reason": "",
            "hint": "",
            "latest": {"before": 1, "after": 2},
            "fields": [],
            "unverifiable": [],
        }
        assert document["actions"][2] == {
            "model": "little",
            "version": 3,
            "action": "conflict",
            "reason": "type cannot change in a registered version",
            "hint": "Run `publish bump little`: the next free version is 4.",
            "latest": {"before": None, "after": None},
            "fields": [{"field": "type", "class": "new-version", "before": "mlflow_model", "after": "custom_model"}],
            "unverifiable": [],
        }

    def test_fields_have_their_class_and_null_for_what_is_not_there(self) -> None:
        assert json.loads(plan_json(PLAN))["actions"][1]["fields"] == [
            {"field": "properties.new", "class": "append", "before": None, "after": "x"},
            {"field": "properties.old", "class": "kept", "before": "kept", "after": None},
            {"field": "tags.license", "class": "in-place", "before": "gpl", "after": "mit"},
        ]

    @pytest.mark.parametrize("value", [True, 1, 1.5, "1", ["a"], {"a": [None]}])
    def test_native_values_stay_native(self, value: Value) -> None:
        change = FieldChange("system_metadata.x", ChangeClass.IN_PLACE, None, value)
        document = json.loads(plan_json(Plan("r", (replace(UPDATE, fields=(change,)),))))
        after = document["actions"][0]["fields"][0]["after"]
        assert (after, type(after)) == (value, type(value))

    def test_lists_have_what_comes_and_goes_and_texts_their_diff(self) -> None:
        fields = (
            FieldChange("tags.skus", ChangeClass.IN_PLACE, "['a', 'b']", '["b", "c"]'),
            FieldChange("description", ChangeClass.IN_PLACE, "one\ntwo\n", "one\n"),
        )
        skus, card = json.loads(plan_json(Plan("r", (replace(UPDATE, fields=fields),))))["actions"][0]["fields"]
        assert (skus["added"], skus["removed"]) == (["c"], ["a"])
        assert card["diff"] == "@@ -1,2 +1 @@\n one\n-two"

    def test_no_models_are_an_empty_list(self) -> None:
        assert json.loads(plan_json(Plan("r", ())))["actions"] == []

    @pytest.mark.parametrize("plan", [PLAN, Plan("r", ())])
    def test_it_ends_in_one_newline(self, plan: Plan) -> None:
        assert plan_json(plan).endswith("}\n")


def test_colour_changes_nothing_but_colour() -> None:
    painted = plan_text(PLAN, Paint(enabled=True))
    for code in ("32;1m+ bert", "33;1m~ distilbert", "31;1m! little", "2m= zephyr", "36mhelp:"):
        assert f"\x1b[{code}" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plan_text(PLAN)
    assert "\x1b" not in plan_text(PLAN)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab c"), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_whatever_a_value_holds_every_line_is_one_clean_line(before: Value, after: Value) -> None:
    change = FieldChange("system_metadata.x", ChangeClass.IN_PLACE, before, after)
    plan = Plan("r", (replace(UPDATE, fields=(change,)),))
    lines = plan_text(plan).split("\n")
    assert lines[-1] == ""
    assert lines[-2].startswith("Plan: ")
    for line in lines[:-1]:
        assert line == line.rstrip()
        assert line.isprintable()
        assert len(line) < 200
