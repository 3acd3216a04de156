"""What holds for any model and any state of a registry."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from azureml_publish.assets import RenderedAsset
from azureml_publish.plan.actions import ActionKind, Desired, FieldChange
from azureml_publish.plan.diff import plan_model
from azureml_publish.plan.rules import ChangeClass
from tests.unit.plan.planning import PROVENANCE, holding, registered

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
    wanted = Desired(asset, "5" * 64)
    action = plan_model(wanted, holding(registered(wanted)))
    assert (action.kind, action.fields) == (ActionKind.UNCHANGED, ())


@given(ASSETS.filter(lambda asset: bool(asset.properties)), st.data())
def test_any_property_that_differs_is_a_conflict_and_the_only_one(asset: RenderedAsset, data: st.DataObject) -> None:
    wanted = Desired(asset, "5" * 64)
    there = registered(wanted)
    key = data.draw(st.sampled_from(sorted(asset.properties)))
    before = f"~{there.properties[key]}"  # begins like no list and no map
    action = plan_model(wanted, holding(replace(there, properties={**there.properties, key: before})))
    assert action.kind is ActionKind.CONFLICT
    change = FieldChange(f"properties.{key}", ChangeClass.NEW_VERSION, before, there.properties[key])
    assert action.fields == (change,)


@given(ASSETS, ASSETS)
def test_whatever_is_registered_a_plan_says_what_to_do_about_each_difference(
    asset: RenderedAsset, other: RenderedAsset
) -> None:
    """Only a conflict has a hint and a reason, and what is planned follows from its gravest field."""
    wanted = Desired(asset, "5" * 64)
    held = Desired(replace(other, name=asset.name, version=asset.version), "5" * 64)
    action = plan_model(wanted, holding(registered(held)))
    consequences = {change.consequence for change in action.fields}
    if ChangeClass.NEW_VERSION in consequences:
        expected = ActionKind.CONFLICT
    else:
        expected = ActionKind.UPDATE if consequences - {ChangeClass.KEPT} else ActionKind.UNCHANGED
    assert action.kind is expected
    assert bool(action.hint) == bool(action.reason) == (expected is ActionKind.CONFLICT)
    assert len({change.field for change in action.fields}) == len(action.fields)
