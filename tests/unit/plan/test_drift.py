"""Drift: the same differences as a plan's, and which side moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from azureml_publish.assets import (
    RUN_PROPERTY,
    SOURCE_PROPERTY,
    AssetId,
    RegisteredAsset,
    RegistryState,
    RenderedAsset,
    Value,
)
from azureml_publish.plan.actions import WRITING, Desired
from azureml_publish.plan.diff import plan_model
from azureml_publish.plan.drift import Drift, DriftStatus, ModelDrift, Side, baselines, find_drift
from azureml_publish.plan.saved import Observed, Request, read_plan, save_plan
from azureml_publish.reporters.drift import drift_markdown, drift_text
from azureml_publish.reporters.plan_markdown import MOST


def wanted(version: int = 3, **metadata: Value) -> Desired:
    asset = RenderedAsset("m", version, "custom_model", "A card.\n", {}, {"SHA": "1"}, {"license": "mit", **metadata})
    return Desired(asset, "source")


def held(asked: Desired, **metadata: Value) -> RegisteredAsset:
    asset = asked.asset
    properties = {**{key: str(value) for key, value in asset.properties.items()}, SOURCE_PROPERTY: asked.source_digest}
    return RegisteredAsset(
        AssetId("r", asset.name, asset.version),
        asset.type,
        asset.description,
        {},
        properties,
        {**asset.system_metadata, **metadata},
        "path",
    )


def state(asset: RegisteredAsset | None, latest: int | None = 3, following: int = 4) -> RegistryState:
    return RegistryState(asset, latest, following)


def look(
    asked: Desired, registered: RegisteredAsset, since: tuple[Desired, RegistryState] | None
) -> Mapping[str, Side]:
    """The sides that moved, where `since` was planned and carried out before."""
    known = None
    if since is not None:
        observed = Observed("r", (since,))
        text = save_plan(observed, observed.plan(), Request("r", (), None, "2026-11-21"), "tool")
        known = baselines(read_plan(text.encode(), "p.json")).get("m")
    return {one.field: one.side for one in find_drift(asked, state(registered), (), known).fields}


def test_the_plan_that_was_applied_tells_which_side_moved() -> None:
    applied = wanted(a=1, b=1, c=1)
    since = (applied, state(None, None, 1))
    folder = wanted(a=2, b=1, c=2)
    sides = look(folder, held(applied, b=3, c=3), since)
    assert {field.removeprefix("system_metadata."): str(side) for field, side in sides.items()} == {
        "a": "folder",
        "b": "registry",
        "c": "both",
    }
    assert set(look(folder, held(applied, b=3, c=3), None).values()) == {Side.UNKNOWN}
    # What that plan says of version 3 tells nothing of version 4.
    later = Desired(replace(folder.asset, version=4), folder.source_digest)
    assert set(look(later, held(later, b=3), since).values()) == {Side.UNKNOWN}


def test_a_plan_that_met_a_conflict_left_nothing() -> None:
    conflict = (wanted(), state(replace(held(wanted()), type="mlflow_model")))
    assert set(look(wanted(), held(wanted(), license="x"), conflict).values()) == {Side.UNKNOWN}


def test_a_property_that_stays_is_drift_only_if_somebody_added_it() -> None:
    registered = held(wanted())
    more = replace(registered, properties={**registered.properties, "more": "1"})
    assert not find_drift(wanted(), state(more), (), None).drifted
    assert look(wanted(), more, (wanted(), state(more))) == {"properties.more": Side.UNKNOWN}
    assert look(wanted(), more, (wanted(), state(registered))) == {"properties.more": Side.REGISTRY}
    own = replace(
        registered,
        properties={
            **registered.properties,
            **dict.fromkeys(("publish.manifest", RUN_PROPERTY, "publish.promoted-from", "modelManifestPathOrUri"), "x"),
        },
    )
    assert find_drift(wanted(), state(own), (), None).fields == ()


@pytest.mark.parametrize("changes", [{}, {"license": "x"}, {"new": [1]}, {"license": None}])
@pytest.mark.parametrize("archived", [False, True])
def test_without_a_plan_drift_and_plan_see_the_same(changes: dict[str, Value], archived: bool) -> None:
    metadata = {key: value for key, value in {"license": "mit", **changes}.items() if value is not None}
    registered = replace(held(wanted()), system_metadata=metadata, archived=archived)
    found = find_drift(wanted(), state(registered), (), None)
    assert found.drifted == (plan_model(wanted(), state(registered)).kind in WRITING)
    assert found.drifted == bool(changes or archived)


@pytest.mark.parametrize(
    ("latest", "following", "status"),
    [
        (None, 1, DriftStatus.NOT_APPLIED),
        (2, 3, DriftStatus.NOT_APPLIED),
        (2, 4, DriftStatus.MISSING),
        (9, 10, DriftStatus.MISSING),
    ],
)
def test_a_version_that_is_not_there(latest: int | None, following: int, status: DriftStatus) -> None:
    assert find_drift(wanted(), state(None, latest, following), (), None).status is status


def test_markdown_fits_into_a_comment_and_text_is_one_line_a_field() -> None:
    odd = replace(held(wanted()), id=AssetId("r", "m|<b>\n" * 20, 3), modified_by="\x1b[2J", modified_at="2026")
    models = tuple(ModelDrift(f"m{n}", 1, DriftStatus.MISSING) for n in range(2000))
    told = drift_markdown(Drift("r", models, (odd,) * 500), {})
    assert len(told.encode()) <= MOST
    assert "more are not shown" in told
    text = drift_text(Drift("r", (ModelDrift("m", 3, DriftStatus.DIFFERS, (), odd),)), {})
    assert "\x1b" not in text
