from __future__ import annotations

import re
from datetime import date

import pytest

from azureml_publish.skus.catalogue import load_catalogue

CATALOGUE = load_catalogue()


def test_it_is_read_once_and_holds_every_size_once() -> None:
    assert load_catalogue() is CATALOGUE
    assert len(CATALOGUE) == 315
    assert len({sku.name for sku in CATALOGUE}) == 315


def test_a_size_has_its_figures() -> None:
    sku = CATALOGUE.get("Standard_NC24ads_A100_v4")
    assert sku is not None
    assert (sku.vcpus, sku.gpus, sku.memory_gib, sku.temp_disk_gib) == (24, 1, 220, 64)
    assert sku.gpu_model == "NVIDIA A100 PCIe 80GB"
    assert sku.quota_family == "StandardNCADSA100v4Family"
    assert sku.retirement is None
    assert sku.retirement_status == ""
    assert sku.source.startswith("MicrosoftDocs/azure-compute-docs:")


def test_a_comma_in_a_gpu_model_survives() -> None:
    sku = CATALOGUE.get("Standard_NV12s_v3")
    assert sku is not None
    assert sku.gpu_model == "NVIDIA Tesla M60 (1 GPU = half card, 8GB)"
    assert (sku.memory_gib, sku.temp_disk_gib, sku.retirement) == (112, 320, date(2026, 9, 30))


def test_blank_figures_are_unknown_not_zero() -> None:
    sku = CATALOGUE.get("Standard_NC80adis_H100_v5")
    assert sku is not None
    assert sku.temp_disk_gib is None
    fraction = CATALOGUE.get("Standard_NV4ads_V710_v5")
    assert fraction is not None
    assert fraction.gpus is None


def test_every_row_is_plausible_and_has_a_source() -> None:
    for sku in CATALOGUE:
        assert re.fullmatch(r"Standard_[A-Za-z0-9_]+", sku.name)
        assert sku.vcpus > 0
        assert sku.source
        assert bool(sku.gpu_model) == (sku.gpus != 0), sku
        assert (sku.retirement is None) == (sku.retirement_status == "") == (sku.retirement_source == "")


def test_order_is_cpu_first_then_gpu_families_whole_and_small_before_large() -> None:
    with_gpu = [sku.gpus != 0 for sku in CATALOGUE]
    assert with_gpu == sorted(with_gpu)
    assert [sku.family for sku in CATALOGUE] == [
        family for family in CATALOGUE.families for _ in CATALOGUE.family(family)
    ]
    for family in CATALOGUE.families:
        vcpus = [sku.vcpus for sku in CATALOGUE.family(family)]
        assert vcpus == sorted(vcpus)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("NCasT4_v3", "NC4as_T4_v3 NC8as_T4_v3 NC16as_T4_v3 NC64as_T4_v3"),
        ("NC_T4_v3", "NC4as_T4_v3 NC8as_T4_v3 NC16as_T4_v3 NC64as_T4_v3"),
        ("NCasT4_v3-series", "NC4as_T4_v3 NC8as_T4_v3 NC16as_T4_v3 NC64as_T4_v3"),
        ("Standard NCASv3_T4 Family", "NC4as_T4_v3 NC8as_T4_v3 NC16as_T4_v3 NC64as_T4_v3"),
        ("NC_A100_v4", "NC24ads_A100_v4 NC48ads_A100_v4 NC96ads_A100_v4"),
        ("ND_A100_v4", "ND96asr_v4 ND96amsr_A100_v4"),
        ("ND40_v2", "ND40rs_v2"),
        ("NCv3", "NC6s_v3 NC12s_v3 NC24s_v3 NC24rs_v3"),
        ("NC_v3", "NC6s_v3 NC12s_v3 NC24s_v3 NC24rs_v3"),
        ("ncv3", "NC6s_v3 NC12s_v3 NC24s_v3 NC24rs_v3"),
        ("NCs_v3", "NC6s_v3 NC12s_v3 NC24s_v3"),
        ("NCrs_v3", "NC24rs_v3"),
        ("NV_v3", "NV12s_v3 NV24s_v3 NV48s_v3"),
        ("NC_H100_v5", "NC40ads_H100_v5 NC80adis_H100_v5"),
        ("ND_H100_v5", "ND96isr_H100_v5"),
        ("FXmds", "FX4mds FX12mds FX24mds FX36mds FX48mds"),
        ("Fs_v2", "F2s_v2 F4s_v2 F8s_v2 F16s_v2 F32s_v2 F48s_v2 F64s_v2 F72s_v2"),
        ("Dsv2", "DS1_v2 DS2_v2 DS11_v2 DS3_v2 DS12_v2 DS4_v2 DS13_v2 DS5_v2 DS14_v2 DS15_v2"),
        ("Da_v4", "D2a_v4 D4a_v4 D8a_v4 D16a_v4 D32a_v4 D48a_v4 D64a_v4 D96a_v4"),
        ("Das_v4", "D2as_v4 D4as_v4 D8as_v4 D16as_v4 D32as_v4 D48as_v4 D64as_v4 D96as_v4"),
        ("ncrs V3-series", "NC24rs_v3"),
        ("Es_v3", "E2s_v3 E4s_v3 E8s_v3 E16s_v3 E20s_v3 E32s_v3 E48s_v3 E64is_v3 E64s_v3"),
    ],
)
def test_families_answer_to_the_names_that_people_write(name: str, sizes: str) -> None:
    assert [sku.name.removeprefix("Standard_") for sku in CATALOGUE.family(name)] == sizes.split()


def test_no_two_families_share_a_folded_name_and_no_alias_changes_one() -> None:
    folded = [re.sub("_", "", family).lower() for family in CATALOGUE.families]
    assert len(set(folded)) == len(folded)
    for family in CATALOGUE.families:
        assert {sku.family for sku in CATALOGUE.family(family)} == {family}
    for alias, members in CATALOGUE.aliases:
        assert CATALOGUE.family(alias), alias
        for member in members:
            assert member in CATALOGUE or member in CATALOGUE.families, member


def test_unknown_names_have_near_ones() -> None:
    assert CATALOGUE.get("Standard_NC6s_v33") is None
    assert "Standard_NC6s_v33" not in CATALOGUE
    assert "Standard_NC6s_v3" in CATALOGUE
    assert CATALOGUE.nearest("Standard_NC6s_v33")[0] == "Standard_NC6s_v3"
    assert CATALOGUE.nearest("standard_nc24ads_a100_v4")[0] == "Standard_NC24ads_A100_v4"
    assert CATALOGUE.nearest("NC24ads_A100_v4")[0] == "Standard_NC24ads_A100_v4"
    assert CATALOGUE.nearest("qqqqqqqq") == ()
    assert CATALOGUE.family("NC_A1000_v4") == ()
    assert "NC_A100_v4" in CATALOGUE.nearest_family("NC_A1000_v4")


@pytest.mark.parametrize(
    "name", ["NCsTv3", "NC\u0430s_v3", "NC.v3", "NC/v3", "NC*_v3", "NC_v3,", "NCas\u200bT4_v3", "_"]
)
def test_a_misspelt_family_is_none(name: str) -> None:
    assert CATALOGUE.family(name) == ()
    assert name == "_" or CATALOGUE.nearest_family(name)[0].startswith("NC")
