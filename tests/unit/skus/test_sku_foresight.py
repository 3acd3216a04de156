from __future__ import annotations

from datetime import date

import pytest

from azureml_publish.layouts.mapping import keeps_lists_in_properties
from azureml_publish.skus.catalogue import load_catalogue
from azureml_publish.skus.foresight import Foresight, foresee, last_day
from azureml_publish.skus.lists import lists_of
from tests.unit.skus.projects import project

CATALOGUE = load_catalogue()
PRESETS = """\
layout: tags
presets:
  gpu: {families: [NCv3, NC_A100_v4]}
  cpu: [Standard_DS3_v2, Standard_D4as_v4, Standard_F4s_v2]
  idle: [Standard_DS4_v2]
"""
MODELS = {
    "one": "compute: {inference: cpu, finetune: gpu}\n",
    "two": "compute: {inference: [Standard_NC6s_v3, Standard_NC12s_v3, Standard_NC4as_T4_v3], finetune: gpu}\n",
}


def ahead(as_of: date, days: int, *, only: str | None = None) -> Foresight:
    found = project(PRESETS, MODELS)
    models = [model for model in found.models if only in (None, model.folder)]
    return foresee(lists_of(found, models), CATALOGUE, as_of, days)


def told(foresight: Foresight) -> list[tuple[str, str, bool, int, str, str]]:
    return [
        (one.use.name, str(one.day), one.gone, one.left, str(one.before), str(one.after)) for one in foresight.losses
    ]


def test_presets_and_own_lists_with_the_models_that_they_serve() -> None:
    found = project(PRESETS, MODELS)
    uses = {use.name: use for use in lists_of(found, found.models)}
    assert list(uses) == ["gpu", "cpu", "idle", "two inference"]
    assert uses["gpu"].users == (("one", "finetune"), ("two", "finetune"))
    assert uses["idle"].users == ()
    assert (uses["gpu"].literal, uses["cpu"].literal) == (False, True)
    assert uses["two inference"].key_path == ("compute", "inference")
    assert uses["two inference"].path == "models/two/model.yaml"


def test_only_the_lists_of_the_models_that_are_meant() -> None:
    found = project(PRESETS, MODELS)
    assert [use.name for use in lists_of(found, found.models[1:])] == ["gpu", "two inference"]


def test_each_day_takes_its_sizes_and_shifts_the_spec() -> None:
    foresight = ahead(date(2026, 11, 21), 1200, only="one")
    assert told(foresight) == [
        ("cpu", "2028-05-01", False, 2, "4|0|8|28", "4|0|8|32"),
        ("cpu", "2028-11-15", False, 1, "4|0|8|32", "4|0|16|32"),
    ]
    assert [loss.shifts for loss in foresight.losses] == [True, True]
    assert foresight.losses[0].skus == ("Standard_DS3_v2",)
    assert [use.name for use in foresight.untouched] == ["gpu"]


def test_a_literal_list_still_names_what_is_gone_and_a_query_does_not() -> None:
    assert told(ahead(date(2026, 11, 21), 180)) == [
        ("two inference", "2025-09-30", True, 1, "4|1|28|176", "4|1|28|176"),
    ]


def test_a_query_shifts_on_the_day() -> None:
    foresight = ahead(date(2025, 9, 1), 60)
    assert told(foresight) == [
        ("gpu", "2025-09-30", False, 3, "6|1|112|64", "24|1|220|64"),
        ("two inference", "2025-09-30", False, 1, "4|1|28|176", "4|1|28|176"),
    ]
    assert [loss.shifts for loss in foresight.losses] == [True, False]


def test_what_is_gone_on_several_days_is_one_loss() -> None:
    found = project("presets: {old: [Standard_NC6s_v2, Standard_NC6s_v3, Standard_NC4as_T4_v3]}\n", {})
    (loss,) = foresee(lists_of(found, ()), CATALOGUE, date(2026, 11, 21), 0).losses
    assert (loss.skus, loss.day, loss.left) == (("Standard_NC6s_v2", "Standard_NC6s_v3"), date(2025, 9, 30), 1)


@pytest.mark.parametrize(
    ("days", "day"), [(0, date(2026, 11, 21)), (1, date(2026, 11, 22)), (10**6, date(4764, 10, 18))]
)
def test_the_last_day(days: int, day: date) -> None:
    assert last_day(date(2026, 11, 21), days) == day


def test_a_span_beyond_the_calendar_ends_with_it() -> None:
    assert last_day(date(2026, 11, 21), 10**9) == date.max


def test_lists_lie_in_properties_in_one_layout_alone() -> None:
    assert keeps_lists_in_properties("tags")
    assert not keeps_lists_in_properties("system_metadata")
