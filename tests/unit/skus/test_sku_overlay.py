from __future__ import annotations

from datetime import date

import pytest

from azureml_publish.skus.catalogue import load_catalogue
from azureml_publish.skus.derive import derive_min_spec
from azureml_publish.skus.overlay import COLUMNS, merge, read_overlay, write_overlay
from azureml_publish.skus.query import resolve_literal

CATALOGUE = load_catalogue()
HEAD = "name,vcpus,gpus,memory_gib,temp_disk_gib,family,retirement,source,retirement_source\n"


def test_an_unknown_figure_is_filled_without_a_word() -> None:
    rows, found = read_overlay(HEAD + "Standard_NC80adis_H100_v5,,,,7152,,,vmSizes eastus,\n", "skus.overlay.csv")
    merged, contradictions = merge(CATALOGUE, rows)
    assert (found, contradictions) == ((), ())
    sku = merged.get("Standard_NC80adis_H100_v5")
    assert sku is not None
    assert (sku.temp_disk_gib, sku.memory_gib, sku.source) == (7152, 640, "vmSizes eastus")
    assert str(derive_min_spec(resolve_literal(merged, [sku.name]).skus).spec) == "80|2|640|7152"
    assert CATALOGUE.get(sku.name) != sku


def test_a_contradiction_is_warned_with_both_sources_and_the_overlay_wins() -> None:
    text = HEAD + "Standard_ND40rs_v2,40,8,,2948,,,my measurement,\n"
    rows, _ = read_overlay(text, "skus.overlay.csv")
    merged, (found,) = merge(CATALOGUE, rows)
    assert (found.code, str(found.severity), found.location.line) == ("SKU013", "warning", 2)
    assert found.message.startswith(
        "temp_disk_gib of Standard_ND40rs_v2: the overlay states 2948 (my measurement), the catalogue 2900 (Microsoft"
    )
    assert found.message.endswith("The overlay wins.")
    sku = merged.get("Standard_ND40rs_v2")
    assert sku is not None
    assert sku.temp_disk_gib == 2948


def test_a_retirement_date_of_ones_own_contradicts_with_its_own_source() -> None:
    text = HEAD + "Standard_DS3_v2,,,,,,2027-01-31,,an e-mail of Azure\nStandard_ND96asr_v4,,,,,,2027-06-01,,news\n"
    rows, _ = read_overlay(text, "skus.overlay.csv")
    merged, (found,) = merge(CATALOGUE, rows)
    assert "2027-01-31 (an e-mail of Azure), the catalogue 2028-05-01 (Microsoft" in found.message
    later = merged.get("Standard_ND96asr_v4")
    assert later is not None
    assert later.retirement == date(2027, 6, 1)


def test_a_new_size_stands_behind_its_family() -> None:
    text = HEAD + (
        "Standard_NC192ads_A100_v4,192,8,1760,512,NC_A100_v4,,,\nStandard_X1,1,0,2,4,X,,,\nStandard_Y1,1,1,2,4,Y,,,\n"
    )
    rows, _ = read_overlay(text, "skus.overlay.csv")
    merged, found = merge(CATALOGUE, rows)
    assert found == ()
    assert [sku.name for sku in merged.family("NC_A100_v4")][-1] == "Standard_NC192ads_A100_v4"
    assert merged.skus[-1].name == "Standard_Y1"
    cpu_only = [sku.name for sku in merged if sku.gpus == 0]
    assert cpu_only[-1] == "Standard_X1"
    with_gpu = [sku.gpus != 0 for sku in merged]
    assert with_gpu == sorted(with_gpu)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "no column 'name'"),
        ("size,vcpus\nStandard_X,1\n", 1, "no column 'name'"),
        ("name,cpus\nStandard_DS3_v2,1\n", 1, "unknown column 'cpus'"),
        ("name,vcpus\nStandard_DS3_v2,many\n", 2, "vcpus of Standard_DS3_v2 is 'many'; a whole number is wanted"),
        ("name,memory_gib\nStandard_DS3_v2,inf\n", 2, "a number of GiB is wanted"),
        ("name,memory_gib\nStandard_DS3_v2,-1\n", 2, "a number of GiB is wanted"),
        ("name,retirement\nStandard_DS3_v2,soon\n", 2, "a date such as 2028-05-01 is wanted"),
        ("name,retirement_status\nStandard_DS3_v2,maybe\n", 2, "announced or retired is wanted"),
        ("name,vcpus\nStandard_DS3_v2,1,2\n", 2, "more cells than the header"),
        ("name,vcpus\n,4\n", 2, "has no name of a size"),
        ("name,vcpus\nStandard_DS3_v2,4\nStandard_DS3_v2,4\n", 3, "is already in line 2"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_row(text: str, line: int, said: str) -> None:
    _, found = read_overlay(text, "skus.overlay.csv")
    assert [(one.code, one.location.path, one.location.line) for one in found] == [("SKU014", "skus.overlay.csv", line)]
    assert said in found[0].message
    assert found[0].hint


def test_a_new_size_needs_vcpus_and_family_and_near_names_are_told() -> None:
    rows, _ = read_overlay("name,memory_gib\nStandard_NC24ads_A100_v5,220\n", "skus.overlay.csv")
    merged, (found,) = merge(CATALOGUE, rows)
    assert len(merged) == len(CATALOGUE)
    assert "lacks vcpus and family" in found.message
    assert "Standard_NC24ads_A100_v4" in found.hint


def test_what_is_written_reads_back() -> None:
    stated = {"vcpus": 4, "memory_gib": 3.5, "gpu_model": "A, B", "retirement": date(2028, 5, 1), "source": "here"}
    text = write_overlay([("Standard_X", stated)])
    assert text.splitlines()[0] == ",".join(COLUMNS)
    (row,), found = read_overlay(text, "skus.overlay.csv")
    assert found == ()
    assert (row.name, dict(row.stated)) == ("Standard_X", stated)
