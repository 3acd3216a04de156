from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import pytest

from azureml_publish.skus.catalogue import Catalogue, load_catalogue
from azureml_publish.skus.derive import derive_min_spec
from azureml_publish.skus.query import Selection, resolve_literal, select
from azureml_publish.spec import SkuQuery

CATALOGUE = load_catalogue()
BEFORE_ANY_RETIREMENT = date(2023, 1, 1)
TODAY = date(2026, 11, 21)

# What Azure/azureml-assets published at 4b41f8ccbc (2026-07-23): all 54 sets of sizes that the allow-lists of its 156
# model folders form, as families + min - exclude, and how many sizes each holds.
HERE = Path(__file__).parent
PUBLISHED_SETS = list(csv.DictReader((HERE / "published_sets.csv").read_text(encoding="utf-8").splitlines()))
PUBLISHED_LISTS = json.loads((HERE / "published_lists.json").read_text(encoding="utf-8"))["lists"]

# The three sizes of the 60 in use that none of the lists at hand names.
SEEN_ELSEWHERE = ("Standard_NC40ads_H100_v5", "Standard_NC80adis_H100_v5", "Standard_ND96isr_H100_v5")
IN_USE = {f"Standard_{name}" for row in PUBLISHED_LISTS for name in row["skus"].split()}.union(SEEN_ELSEWHERE)


def short(selection: Selection) -> str:
    return " ".join(name.removeprefix("Standard_") for name in selection.names)


def kinds(selection: Selection) -> list[tuple[str, str]]:
    return [(problem.kind, problem.word) for problem in selection.problems]


def test_the_query_of_the_design() -> None:
    query = SkuQuery(
        families=("NCasT4_v3", "NC_A100_v4", "ND_A100_v4"),
        min="4|1|28|64",
        exclude=("Standard_ND96asr_v4",),
    )
    selection = select(CATALOGUE, query, TODAY)
    assert selection.problems == ()
    assert short(selection) == (
        "NC4as_T4_v3 NC8as_T4_v3 NC16as_T4_v3 NC64as_T4_v3 "
        "NC24ads_A100_v4 NC48ads_A100_v4 NC96ads_A100_v4 ND96amsr_A100_v4"
    )
    assert str(derive_min_spec(selection.skus).spec) == "4|1|28|64"


def test_catalogue_order_is_the_order_of_the_published_finetuning_list() -> None:
    families = ("ND_A100_v4", "NV_v3", "NC_v3", "NC_A100_v4", "NC_T4_v3", "ND40_v2")
    selection = select(CATALOGUE, SkuQuery(families=families), BEFORE_ANY_RETIREMENT)
    published = (
        "NV12s_v3 NV24s_v3 NV48s_v3 NC6s_v3 NC12s_v3 NC24s_v3 NC24rs_v3 NC4as_T4_v3 NC8as_T4_v3 NC16as_T4_v3 "
        "NC64as_T4_v3 NC24ads_A100_v4 NC48ads_A100_v4 NC96ads_A100_v4 ND40rs_v2 ND96asr_v4 ND96amsr_A100_v4"
    )
    assert short(selection) == published  # bert-base-cased, finetune


@pytest.mark.parametrize("published", PUBLISHED_SETS, ids=lambda row: row["id"])
def test_published_sets_are_families_min_and_exclude(published: dict[str, str]) -> None:
    """Among the 60 sizes in use, each of the 54 published sets is a query, and its min is what it derives.

    Two things are not in the published grouping's words: it counts NC24rs_v3 as a family of its own (so here it is
    excluded where that family is not named), and it takes in NC80adis_H100_v5, whose temporary disk nobody states (so
    here it is included by name).
    """
    assert len(IN_USE) == 60
    catalogue = Catalogue(tuple(sku for sku in CATALOGUE if sku.name in IN_USE), CATALOGUE.aliases)
    families = tuple(published["families"].split())
    exclude = tuple(published["exclude"].split())
    if "NC_v3" in families and "NCrs_v3" not in families:
        exclude += ("Standard_NC24rs_v3",)
    query = SkuQuery(
        families=families,
        min=published["min"],
        include=("Standard_NC80adis_H100_v5",) if "NC_H100_v5" in families else (),
        exclude=exclude,
    )
    selection = select(catalogue, query, BEFORE_ANY_RETIREMENT)
    assert len(selection.skus) == int(published["n_skus"])
    assert str(derive_min_spec(selection.skus).spec) == published["min"]
    assert not [problem for problem in selection.problems if problem.kind != "idle_exclude"]


def test_retired_sizes_are_left_out_from_the_day_of_their_retirement() -> None:
    query = SkuQuery(families=("NCv3", "NC_A100_v4"), max_gpus=1)
    assert short(select(CATALOGUE, query, date(2025, 9, 29))) == "NC6s_v3 NC24ads_A100_v4"
    assert short(select(CATALOGUE, query, date(2025, 9, 30))) == "NC24ads_A100_v4"


def test_include_and_exclude() -> None:
    query = SkuQuery(
        families=("NC_A100_v4",),
        include=("Standard_ND96asr_v4", "Standard_NC6s_v3", "Standard_NC24ads_A100_v4", "Standard_D4as_v4"),
        exclude=("Standard_NC48ads_A100_v4", "Standard_D4as_v4", "Standard_D8as_v4"),
    )
    selection = select(CATALOGUE, query, TODAY)
    assert short(selection) == "NC24ads_A100_v4 NC96ads_A100_v4 ND96asr_v4"
    assert sorted(kinds(selection)) == [
        ("contradiction", "Standard_D4as_v4"),
        ("idle_exclude", "Standard_D8as_v4"),
        ("retired_include", "Standard_NC6s_v3"),
    ]
    assert not any(problem.fatal for problem in selection.problems)


def test_include_alone_selects_just_that() -> None:
    assert short(select(CATALOGUE, SkuQuery(include=("Standard_ND96asr_v4",)), TODAY)) == "ND96asr_v4"


@pytest.mark.parametrize(
    ("models", "sizes"),
    [
        (("A100",), "NC24ads_A100_v4 NC48ads_A100_v4 NC96ads_A100_v4 ND96asr_v4 ND96amsr_A100_v4"),
        (("a100 40gb",), "ND96asr_v4"),
        (("H200", "MI300X"), "ND96isr_H200_v5 ND96isr_MI300X_v5"),
    ],
)
def test_gpu_models_match_by_words(models: tuple[str, ...], sizes: str) -> None:
    assert short(select(CATALOGUE, SkuQuery(gpu_models=models), TODAY)) == sizes


def test_a10_is_not_a100() -> None:
    selection = select(CATALOGUE, SkuQuery(gpu_models=("A10",)), TODAY)
    assert {sku.family for sku in selection.skus} == {"NVadsA10_v5"}


def test_unknown_words_are_all_reported_with_near_ones() -> None:
    query = SkuQuery(
        families=("NC_A100_v4", "NCasT5_v3"),
        gpu_models=("A100", "H1000"),
        include=("Standard_NC6s_v33",),
        exclude=("Standard_ND96asr_v44",),
    )
    selection = select(CATALOGUE, query, TODAY)
    assert short(selection) == "NC24ads_A100_v4 NC48ads_A100_v4 NC96ads_A100_v4"
    by_word = {problem.word: problem for problem in selection.problems}
    assert by_word["NCasT5_v3"].kind == "unknown_family"
    assert "NCasT4_v3" in by_word["NCasT5_v3"].suggestions
    assert by_word["H1000"].kind == "unknown_gpu_model"
    assert "H100" in by_word["H1000"].suggestions
    assert by_word["Standard_NC6s_v33"].suggestions[0] == "Standard_NC6s_v3"
    assert by_word["Standard_ND96asr_v44"].kind == "unknown_size"
    assert len(by_word) == 4
    assert all(problem.fatal for problem in selection.problems)
    assert "Did you mean Standard_NC6s_v3" in by_word["Standard_NC6s_v33"].hint


def test_repeated_words_are_reported() -> None:
    query = SkuQuery(families=("NC_A100_v4", "NC_A100_v4"), exclude=("Standard_NC24ads_A100_v4",) * 2)
    selection = select(CATALOGUE, query, TODAY)
    assert kinds(selection) == [("duplicate", "Standard_NC24ads_A100_v4"), ("duplicate", "NC_A100_v4")]


def test_a_size_with_an_unknown_figure_that_is_asked_for_is_left_out_and_named() -> None:
    query = SkuQuery(families=("NC_H100_v5",), min="1|1|1|64")
    selection = select(CATALOGUE, query, TODAY)
    assert short(selection) == "NC40ads_H100_v5"
    assert kinds(selection) == [("unknown_figure", "Standard_NC80adis_H100_v5")]
    assert "temporary disk" in selection.problems[0].message


def test_an_unknown_figure_that_is_not_asked_for_does_not_matter() -> None:
    query = SkuQuery(families=("NC_H100_v5",), min="1|1|1|0")
    selection = select(CATALOGUE, query, TODAY)
    assert short(selection) == "NC40ads_H100_v5 NC80adis_H100_v5"
    assert selection.problems == ()


def test_an_unknown_figure_is_not_mentioned_where_it_changes_nothing() -> None:
    asked = "1|1|1|64"
    named = ("Standard_NC80adis_H100_v5",)
    assert select(CATALOGUE, SkuQuery(families=("NC_H100_v5",), min=asked, include=named), TODAY).problems == ()
    assert select(CATALOGUE, SkuQuery(max_gpus=1, gpu_models=("A100",)), TODAY).problems == ()
    too_many = SkuQuery(families=("ND_GB200_v6",), min=asked, max_gpus=2)
    assert kinds(select(CATALOGUE, too_many, TODAY)) == [("empty", "min")]
    too_small = SkuQuery(families=("NC_H100_v5", "ND_H100_v5"), min="96|1|1|64")
    assert select(CATALOGUE, too_small, TODAY).problems == ()


@pytest.mark.parametrize(
    ("query", "word"),
    [
        (SkuQuery(), "families"),
        (SkuQuery(exclude=("Standard_NC6s_v3",)), "families"),
        (SkuQuery(families=("NC_A100_v4",), min="1|8|1|1"), "min"),
        (SkuQuery(families=("ND_A100_v4",), min="1|1|1|1", max_gpus=4), "max_gpus"),
        (SkuQuery(families=("ND_A100_v4",), gpu_models=("T4",)), "gpu_models"),
        (SkuQuery(families=("Dsv5",), gpu_models=("T4",)), "gpu_models"),
        (SkuQuery(families=("ND_H100_v5",), exclude=("Standard_ND96isr_H100_v5",)), "exclude"),
        (SkuQuery(families=("NCv3",)), "retirement"),
        (SkuQuery(families=("NCv3", "ND_A100_v4"), gpu_models=("V100",)), "retirement"),
    ],
)
def test_an_empty_result_names_the_word_that_emptied_it(query: SkuQuery, word: str) -> None:
    selection = select(CATALOGUE, query, TODAY)
    assert selection.skus == ()
    empty = selection.problems[-1]
    assert (empty.kind, empty.word, empty.fatal) == ("empty", word, True)
    assert empty.message
    assert empty.hint


def test_the_hint_of_an_unreachable_min_says_what_there_is() -> None:
    selection = select(CATALOGUE, SkuQuery(families=("NC_A100_v4",), min="1|8|1|1"), TODAY)
    assert selection.problems[0].message == "`min: 1|8|1|1` leaves out all 3 sizes of the families"
    assert selection.problems[0].hint == "The most that they have, figure by figure, is 96|4|880|256."


def test_an_unknown_family_is_not_reported_twice_as_empty() -> None:
    assert kinds(select(CATALOGUE, SkuQuery(families=("nonsense",)), TODAY)) == [("unknown_family", "nonsense")]


def test_a_literal_list_keeps_its_order_and_its_retired_sizes() -> None:
    names = ("Standard_ND96asr_v4", "Standard_NC6s_v3", "Standard_D4a_v4")
    assert resolve_literal(CATALOGUE, names).names == names
    assert resolve_literal(CATALOGUE, names).problems == ()


def test_a_literal_list_reports_unknown_and_repeated_names() -> None:
    selection = resolve_literal(CATALOGUE, ["Standard_NC6s_v3", "Standard_NC66s_v3", "Standard_NC6s_v3"])
    assert selection.names == ("Standard_NC6s_v3",)
    assert kinds(selection) == [("unknown_size", "Standard_NC66s_v3"), ("duplicate", "Standard_NC6s_v3")]
    assert selection.problems[0].suggestions[0] == "Standard_NC6s_v3"


def test_an_empty_literal_list_is_reported() -> None:
    assert kinds(resolve_literal(CATALOGUE, ())) == [("empty", "")]
