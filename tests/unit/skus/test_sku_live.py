from __future__ import annotations

from typing import Any

from azureml_publish.skus.catalogue import load_catalogue
from azureml_publish.skus.live import LiveDifference, compare, overlay_of, read_sizes
from azureml_publish.skus.overlay import merge, read_overlay, write_overlay

CATALOGUE = load_catalogue()


def entry(name: str, **figures: Any) -> dict[str, Any]:
    """One size in the form of the service's answer."""
    known = CATALOGUE.get(name)
    assert known is not None or "vCPUs" in figures
    told = {} if known is None else {
        "family": known.quota_family,
        "vCPUs": known.vcpus,
        "gpus": known.gpus,
        "memoryGB": known.memory_gib,
        "maxResourceVolumeMB": int(known.temp_disk_gib or 0) * 1024,
    }  # fmt: skip
    return {"name": name, "lowPriorityCapable": True, "supportedComputeTypes": ["AmlCompute"], **told, **figures}


def sizes(*entries: dict[str, Any]) -> Any:
    return read_sizes({"value": list(entries)})


def test_what_agrees_is_no_difference() -> None:
    found = compare(CATALOGUE, {"eastus": sizes(entry("Standard_DS3_v2"), entry("Standard_NC24ads_A100_v4"))})
    assert (found.differences, found.sizes, len(found.absent)) == ((), 2, 313)


def test_memory_and_disk_come_in_their_units() -> None:
    (size,) = sizes(
        {"name": "Standard_DS1_v2", "vCPUs": 1, "gpus": 0, "maxResourceVolumeMB": 7168, "memoryGB": 3.5, "family": "f"}
    )
    assert (size.memory_gib, size.temp_disk_gib, size.quota_family) == (3.5, 7.0, "f")


def test_an_unknown_figure_and_another_one_are_told() -> None:
    live = sizes(
        entry("Standard_NC80adis_H100_v5", maxResourceVolumeMB=256 * 1024),
        entry("Standard_ND96asr_v4", maxResourceVolumeMB=2900 * 1024),
    )
    found = compare(CATALOGUE, {"eastus": live})
    assert found.differences == (
        LiveDifference("Standard_NC80adis_H100_v5", "temp_disk_gib", None, 256.0, ("eastus",)),
        LiveDifference("Standard_ND96asr_v4", "temp_disk_gib", 6000.0, 2900.0, ("eastus",)),
    )


def test_regions_that_disagree_are_told_apart_and_the_least_is_written() -> None:
    found = compare(
        CATALOGUE,
        {
            "eastus": sizes(entry("Standard_ND96asr_v4", maxResourceVolumeMB=2900 * 1024)),
            "westus": sizes(entry("Standard_ND96asr_v4", maxResourceVolumeMB=3000 * 1024)),
        },
    )
    assert [(one.after, one.regions, one.disputed) for one in found.differences] == [
        (2900.0, ("eastus",), True),
        (3000.0, ("westus",), True),
    ]
    ((name, stated),) = overlay_of(found, (), CATALOGUE, "here")
    assert (name, dict(stated)) == ("Standard_ND96asr_v4", {"temp_disk_gib": 2900.0, "source": "here"})


def test_a_new_size_takes_the_family_of_its_quota_family() -> None:
    new = entry("Standard_NC192ads_A100_v4", vCPUs=192, gpus=8, memoryGB=1760, maxResourceVolumeMB=512 * 1024,
                family="StandardNCADSA100v4Family")  # fmt: skip
    found = compare(CATALOGUE, {"eastus": sizes(new)})
    assert all(one.new_size and one.before is None for one in found.differences)
    text = write_overlay(overlay_of(found, (), CATALOGUE, "here"))
    rows, wrong = read_overlay(text, "skus.overlay.csv")
    merged, contradictions = merge(CATALOGUE, rows)
    assert (wrong, contradictions) == ((), ())
    sku = merged.get("Standard_NC192ads_A100_v4")
    assert sku is not None
    assert (sku.family, sku.vcpus, sku.gpus, sku.memory_gib, sku.temp_disk_gib) == ("NC_A100_v4", 192, 8, 1760, 512)
    assert compare(merged, {"eastus": sizes(new)}).differences == ()


def test_what_people_wrote_into_the_overlay_stays() -> None:
    rows, _ = read_overlay("name,retirement,source\nStandard_ND96asr_v4,2030-01-01,news\n", "skus.overlay.csv")
    found = compare(CATALOGUE, {"eastus": sizes(entry("Standard_ND96asr_v4", maxResourceVolumeMB=2900 * 1024))})
    ((_, stated),) = overlay_of(found, rows, CATALOGUE, "here")
    assert set(stated) == {"retirement", "temp_disk_gib", "source"}


def test_odd_answers_are_borne() -> None:
    assert read_sizes(None) == read_sizes([]) == read_sizes({"value": None}) == read_sizes({"value": [1, {}]}) == ()
    (size,) = read_sizes({"value": [{"name": "X", "vCPUs": "4", "gpus": True, "memoryGB": -1, "family": 7}]})
    assert (size.vcpus, size.gpus, size.memory_gib, size.quota_family) == (None, None, None, None)
    found = compare(CATALOGUE, {"eastus": read_sizes({"value": [{"name": "X", "memoryGB": 4}]})})
    assert overlay_of(found, (), CATALOGUE, "here") == ()  # without vCPUs it is no use
