from __future__ import annotations

from datetime import date

import pytest

from azureml_publish.skus.catalogue import is_retired, load_catalogue, retiring_within

CATALOGUE = load_catalogue()


@pytest.mark.parametrize(
    ("name", "first_day"),
    [
        ("Standard_NC6s_v2", date(2023, 9, 6)),
        ("Standard_NC6s_v3", date(2025, 9, 30)),
        ("Standard_NC24rs_v3", date(2025, 9, 30)),
        ("Standard_NV12s_v3", date(2026, 9, 30)),
        ("Standard_DS3_v2", date(2028, 5, 1)),
        ("Standard_F4s_v2", date(2028, 11, 15)),
        ("Standard_E2s_v3", date(2029, 11, 15)),
    ],
)
def test_a_size_is_retired_from_its_day_on(name: str, first_day: date) -> None:
    sku = CATALOGUE.get(name)
    assert sku is not None
    assert sku.retirement == first_day
    assert not is_retired(sku, date.fromordinal(first_day.toordinal() - 1))
    assert is_retired(sku, first_day)
    assert is_retired(sku, date.max)


def test_a_size_without_a_date_never_retires() -> None:
    sku = CATALOGUE.get("Standard_NC24ads_A100_v4")
    assert sku is not None
    assert not is_retired(sku, date.max)


def test_status_is_what_the_dates_say_for_the_day_of_reading() -> None:
    read_on = date(2026, 11, 21)
    for sku in CATALOGUE:
        assert (sku.retirement_status == "retired") == is_retired(sku, read_on), sku


def test_retiring_within_is_earliest_first_and_leaves_out_what_is_gone() -> None:
    families = {sku.family for sku in retiring_within(CATALOGUE, date(2026, 11, 21), 730)}
    assert families == {"Dv2", "Dsv2", "Fsv2"}
    going = retiring_within(reversed(CATALOGUE.skus), date(2026, 9, 29), 2000)
    days = [sku.retirement for sku in going]
    assert days == sorted(days, key=str)
    assert going[0].family in {"NVv3", "NVv4"}
    assert retiring_within(CATALOGUE, date(2026, 9, 30), 0) == ()
    assert {sku.family for sku in retiring_within(CATALOGUE, date(2026, 9, 29), 1)} == {"NVv3", "NVv4"}
