from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_publish.assets import MinSkuSpec
from azureml_publish.skus.catalogue import Sku, load_catalogue
from azureml_publish.skus.derive import UnknownFigure, derive_min_spec
from azureml_publish.skus.query import resolve_literal

CATALOGUE = load_catalogue()

# Every distinct allow-list of twelve model folders of Azure/azureml-assets, as of 4b41f8ccbc (2026-07-23) and in the
# layout before it, with the min-SKU spec that was published beside it.
PUBLISHED = json.loads((Path(__file__).parent / "published_lists.json").read_text(encoding="utf-8"))["lists"]
SIZES = st.lists(st.sampled_from(CATALOGUE.skus), min_size=1, max_size=20)


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda row: f"{row['used_by'][0]} {row['min']}")
def test_every_published_spec_is_derived(published: dict[str, Any]) -> None:
    selection = resolve_literal(CATALOGUE, [f"Standard_{name}" for name in published["skus"].split()])
    assert selection.problems == ()
    derived = derive_min_spec(selection.skus)
    assert str(derived.spec) == published["min"]
    assert derived.unknown == ()


def test_the_published_lists_hold_bert_base_cased() -> None:
    specs = {user: row["min"] for row in PUBLISHED for user in row["used_by"]}
    assert specs["bert-base-cased inference"] == "2|0|8|28"
    assert specs["bert-base-cased evaluation"] == "4|0|28|56"
    assert specs["bert-base-cased finetune"] == "4|1|28|64"


def test_fractions_are_truncated() -> None:
    sku = CATALOGUE.get("Standard_DS1_v2")
    assert sku is not None
    assert sku.memory_gib == 3.5
    assert derive_min_spec([sku]).spec == MinSkuSpec(1, 0, 3, 7)


def test_unknown_figures_are_skipped_and_named() -> None:
    selection = resolve_literal(CATALOGUE, ["Standard_NC80adis_H100_v5", "Standard_NC40ads_H100_v5"])
    derived = derive_min_spec(selection.skus)
    assert derived.spec == MinSkuSpec(40, 1, 320, 128)
    assert derived.unknown == (UnknownFigure("Standard_NC80adis_H100_v5", "temp_disk_gib"),)


def test_a_figure_that_no_size_has_makes_no_spec() -> None:
    selection = resolve_literal(CATALOGUE, ["Standard_NC80adis_H100_v5"])
    derived = derive_min_spec(selection.skus)
    assert derived.spec is None
    assert derived.unknown == (UnknownFigure("Standard_NC80adis_H100_v5", "temp_disk_gib"),)


def test_no_sizes_make_no_spec() -> None:
    derived = derive_min_spec([])
    assert derived.spec is None
    assert derived.unknown == ()


@given(SIZES)
def test_the_spec_is_reached_and_never_exceeded(skus: list[Sku]) -> None:
    derived = derive_min_spec(skus)
    if derived.spec is None:
        assert derived.unknown
        return
    for sku in skus:
        assert derived.spec.vcpus <= sku.vcpus
        assert sku.gpus is None or derived.spec.gpus <= sku.gpus
        assert sku.memory_gib is None or derived.spec.memory_gib <= sku.memory_gib
        assert sku.temp_disk_gib is None or derived.spec.disk_gib <= sku.temp_disk_gib
    assert derived.spec.vcpus in {sku.vcpus for sku in skus}
    assert derived.spec.gpus in {sku.gpus for sku in skus}
    assert derived.spec.memory_gib in {int(sku.memory_gib) for sku in skus if sku.memory_gib is not None}
    assert derived.spec.disk_gib in {int(sku.temp_disk_gib) for sku in skus if sku.temp_disk_gib is not None}


@given(SIZES.flatmap(lambda skus: st.tuples(st.just(skus), st.permutations(skus))))
def test_order_and_repetition_do_not_matter(lists: tuple[list[Sku], list[Sku]]) -> None:
    skus, shuffled = lists
    assert derive_min_spec(skus).spec == derive_min_spec([*shuffled, shuffled[0]]).spec


@given(SIZES, SIZES)
def test_more_sizes_never_raise_a_figure(some: list[Sku], more: list[Sku]) -> None:
    known = [replace(sku, gpus=sku.gpus or 0, memory_gib=sku.memory_gib or 0.0) for sku in (*some, *more)]
    known = [replace(sku, temp_disk_gib=sku.temp_disk_gib or 0.0) for sku in known]
    few = derive_min_spec(known[: len(some)]).spec
    many = derive_min_spec(known).spec
    assert few is not None
    assert many is not None
    assert all(less <= more for less, more in zip(many, few, strict=True))
