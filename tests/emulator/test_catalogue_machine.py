"""Whatever happens to folders and registries, no plan says unchanged where they differ, and apply ends the work.

A few histories, always the same; others with `CATALOGUE_HISTORIES=300 pytest tests/emulator/test_catalogue_machine.py`.
"""

from __future__ import annotations

import hashlib
import os
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from azureml_publish.assets import MANIFEST_PROPERTY
from azureml_publish.emulator import Emulator
from azureml_publish.errors import Overtaken
from azureml_publish.execute.outcome import Outcome
from tests.emulator.catalogue import REGISTRIES, Catalogue
from tests.emulator.crash_points import Fuse
from tests.emulator.machine import CatalogueMachine

pytestmark = pytest.mark.long
EXAMPLES = int(os.environ.get("CATALOGUE_HISTORIES", "0"))
"""How many histories to try, each another one every time. Unset: a few, and always the same."""
FEW = 5
STEPS = 12


@pytest.fixture
def catalogue(
    emulator: Emulator,
    emulator_environment: dict[str, str],
    azure_sdk: None,
    tmp_path: Path,
) -> Catalogue:
    assert emulator_environment
    return Catalogue(emulator, tmp_path)


def test_no_history_leads_to_a_plan_that_is_wrong_or_an_apply_without_end(catalogue: Catalogue) -> None:
    class Here(CatalogueMachine):
        def __init__(self) -> None:
            super().__init__(catalogue)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=EXAMPLES or FEW,
            stateful_step_count=STEPS,
            derandomize=not EXAMPLES,
            deadline=None,
            phases=(Phase.generate,),  # to shorten a history of a few steps takes many minutes, and tells little
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("steps", [5, 7, 9])
def test_a_version_that_is_to_be_hidden_is_hidden_in_the_end(catalogue: Catalogue, steps: int) -> None:
    machine = CatalogueMachine(catalogue)
    machine.begin([{"archived": True}], None)
    machine.crash("local", steps, after=True)
    machine.holds()
    machine.apply("local", jobs=1)
    machine.holds()
    assert {one["isArchived"] for one in catalogue.held("local").values()} == {True}


def test_a_promotion_that_is_cut_off_anywhere_ends_as_an_undisturbed_one(catalogue: Catalogue) -> None:
    machine = CatalogueMachine(catalogue)
    machine.begin([{"archived": True}], None)
    version, died, left_visible = 0, True, False
    while died:
        version += 1
        catalogue.edit("alpha", {"version": version})
        catalogue.apply("local")
        promotion = catalogue.plan_promotion("local", "second", "alpha", version, carry=True)
        died = catalogue.promote(promotion, "second", Fuse(2 * version + 1, after=True)).died
        if died:
            left_visible |= any(not one["isArchived"] for one in catalogue.held("second").values())
            again = catalogue.plan_promotion("local", "second", "alpha", version, carry=True)
            catalogue.promote(again, "second")
        source, target = (catalogue.held(registry)["alpha", version] for registry in REGISTRIES)
        assert target["isArchived"]
        for key in ("description", "kvTags", "systemMetadata", "modelType"):
            assert target[key] == source[key]
        files = catalogue.files("local", "alpha", version, source["url"])
        assert files == {path: hashlib.sha256(b"alpha").hexdigest() for path in ("weights.bin", "served/1/model.onnx")}
        assert catalogue.files("second", "alpha", version, target["url"]) == files
        assert target["properties"][MANIFEST_PROPERTY] == source["properties"][MANIFEST_PROPERTY]
        assert catalogue.plan_promotion("local", "second", "alpha", version, carry=True).action.fields == ()
    assert version > 4
    assert left_visible


def test_no_number_below_one_that_another_run_registered_meanwhile(catalogue: Catalogue) -> None:
    ran = catalogue.apply("local", Fuse(1, after=True, meanwhile=partial(higher, catalogue, "local")))
    assert ran is not None
    alpha, beta = ran
    assert isinstance(alpha.error, Overtaken)
    assert "alpha version 1 is below version 8, which was registered since the plan was made" in alpha.error.message
    assert (beta.outcome, beta.error) == (Outcome.SKIPPED, None)
    assert sorted(catalogue.held("local")) == [("alpha", 8), ("beta", 1)]

    promotion = catalogue.plan_promotion("local", "second", "beta", 1, carry=True)
    with pytest.raises(Overtaken, match="beta version 1 is below version 8"):
        catalogue.promote(promotion, "second", Fuse(1, after=True, meanwhile=partial(higher, catalogue, "second")))
    assert sorted(catalogue.held("second")) == [("alpha", 8), ("beta", 8)]


def higher(catalogue: Catalogue, registry: str) -> None:
    """Another run, with a higher number."""
    catalogue.edit("alpha" if registry == "local" else "beta", {"version": 8})
    assert catalogue.apply(registry) is not None
