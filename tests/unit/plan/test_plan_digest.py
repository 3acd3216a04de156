"""A plan of several models: its order, and the digest that says whether it is the same."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from azureml_publish.assets import RegistryState
from azureml_publish.plan.actions import Desired, Plan
from azureml_publish.plan.diff import make_plan
from tests.unit.plan.planning import ASSET, WANTED, holding, registered, wanted_as


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
    def test_the_digest_changes_with_all_that_would_be_registered(self, changed: Desired, state: RegistryState) -> None:
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
