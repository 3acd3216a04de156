from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_publish.documents import parse_yaml
from azureml_publish.documents.edits import remove_items
from azureml_publish.skus.catalogue import load_catalogue
from azureml_publish.skus.lists import lists_of
from azureml_publish.skus.prune import Pruning, prune
from tests.unit.skus.projects import MODEL, TASKS, document, project

CATALOGUE = load_catalogue()
TODAY = date(2026, 11, 21)


def pruned(config: str, models: dict[str, str], as_of: date = TODAY) -> Pruning:
    found = project(config, models)
    return prune(found, lists_of(found, found.models), CATALOGUE, as_of)


def test_block_and_flow_lists_keep_comments_and_order() -> None:
    config = """\
# our presets
presets:
  gpu:                      # in the order that finance likes
    - Standard_ND96asr_v4   # the large one
    # V100 went in 2025
    - Standard_NC6s_v3      # gone
    - Standard_NC4as_T4_v3
  flow: [Standard_NC12s_v3, Standard_NC24ads_A100_v4, Standard_NC24s_v3]  # two went
layout: tags
"""
    own = "compute:\n  inference: [\n    Standard_NC6s_v3,  # a\n    Standard_D4as_v4,  # b\n  ]\n"
    found = pruned(config, {"one": own})
    assert found.refused == ()
    assert (
        found.texts["publish.yaml"]
        == """\
# our presets
presets:
  gpu:                      # in the order that finance likes
    - Standard_ND96asr_v4   # the large one
    # V100 went in 2025
    - Standard_NC4as_T4_v3
  flow: [Standard_NC24ads_A100_v4]  # two went
layout: tags
"""
    )
    head = MODEL.format(name="one") + TASKS
    assert found.texts["models/one/model.yaml"] == f"{head}compute:\n  inference: [\n    Standard_D4as_v4,  # b\n  ]\n"
    assert [(one.use.name, one.skus) for one in found.pruned] == [
        ("gpu", ("Standard_NC6s_v3",)),
        ("flow", ("Standard_NC12s_v3", "Standard_NC24s_v3")),
        ("one inference", ("Standard_NC6s_v3",)),
    ]


def test_nothing_changes_where_nothing_is_retired() -> None:
    found = pruned("presets: {a: [Standard_D4as_v4], b: {families: [NCv3, NC_A100_v4]}}\n", {})
    assert (found.texts, found.pruned, found.refused) == ({}, (), ())
    before = pruned("presets: {a: [Standard_NC6s_v3, Standard_D4as_v4]}\n", {}, date(2025, 9, 29))
    assert before.texts == {}


def test_a_list_that_would_become_empty_is_refused_with_the_reason() -> None:
    found = pruned("presets:\n  old: [Standard_NC6s_v3, Standard_NC6s_v2]\n  one: [Standard_NV12s_v3]\n", {})
    assert found.texts == {}
    assert [(one.use.name, one.reason) for one in found.refused] == [
        ("old", "all of its 2 sizes are retired, and nothing can run on an empty list"),
        ("one", "its only size is retired, and nothing can run on an empty list"),
    ]
    assert all("publish skus list" in one.hint for one in found.refused)


def test_include_and_exclude_of_a_query_lose_their_retired_names() -> None:
    config = """\
presets:
  gpu:
    families: [NC_A100_v4]
    include:
      - Standard_NC6s_v3
    exclude: [Standard_NC12s_v3]   # never
"""
    (text,) = pruned(config, {}).texts.values()
    assert text == "presets:\n  gpu:\n    families: [NC_A100_v4]\n    exclude: []   # never\n"


def test_a_query_that_selects_nothing_is_refused() -> None:
    found = pruned("presets: {gone: {include: [Standard_NC6s_v3]}}\n", {})
    assert [one.reason for one in found.refused] == ["the query selects nothing"]


def test_an_asserted_min_spec_goes_along() -> None:
    config = "presets: {cpu: [Standard_NC6s_v2, Standard_D8as_v4]}\n"
    own = "compute: {inference: cpu}\nmin_sku: {inference: 6|0|32|64}   # asserted\n"
    found = pruned(config, {"one": own})
    assert found.texts["models/one/model.yaml"].endswith("min_sku: {inference: 8|0|32|64}   # asserted\n")
    wrong = own.replace("6|0|32|64", "1|0|1|1")
    assert "models/one/model.yaml" not in pruned(config, {"one": wrong}).texts


def test_a_list_behind_an_anchor_is_refused_rather_than_damaged() -> None:
    config = "presets:\n  a: &sizes [Standard_NC6s_v3, Standard_D4as_v4]\n  b: *sizes\n"
    found = pruned(config, {})
    assert found.texts == {}
    assert [one.use.name for one in found.refused] == ["a", "b"]
    assert "anchor" in found.refused[0].hint


@pytest.mark.parametrize(
    ("text", "gone", "left"),
    [
        ("a: [x, y, z] # c\n", {0}, "a: [y, z] # c\n"),
        ("a: [x, y, z] # c\n", {1}, "a: [x, z] # c\n"),
        ("a: [x, y, z] # c\n", {1, 2}, "a: [x] # c\n"),
        ("a: [x, y, z] # c\n", {0, 1, 2}, "a: [] # c\n"),
        ("a: [x, y,\n    z]\n", {1}, "a: [x,\n    z]\n"),
        ("a: ['x' , \"y\" ]\n", {0}, 'a: ["y" ]\n'),
        ("a:\n- x\n- y\nb: 1\n", {1}, "a:\n- x\nb: 1\n"),
        ("a:\r\n  - x\r\n  - y # c\r\n", {0}, "a:\r\n  - y # c\r\n"),
        ("a:\n  - x\n  - y", {1}, "a:\n  - x\n"),
        ("b: 1\na:\n  - x\n  - y\n# end\n", {0, 1}, "b: 1\n# end\n"),
        ("a: [\n  x,\n  y  # c\n]\n", {1}, "a: [\n  x,\n]\n"),
        ("a: [x]\n", set(), "a: [x]\n"),
    ],
)
def test_items_go_and_all_else_stays(text: str, gone: set[int], left: str) -> None:
    assert remove_items(document(text, "a.yaml"), ("a",), gone) == left


def test_an_item_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        remove_items(document("a: [x]\n", "a.yaml"), ("a",), {3})


@given(
    st.data(), st.lists(st.sampled_from(["x", "'y z'", '"q"', "Standard_D4"]), min_size=1, max_size=6), st.booleans()
)
def test_whatever_goes_the_rest_reads_back(data: st.DataObject, items: list[str], flow: bool) -> None:
    gaps = [data.draw(st.sampled_from(["", " ", "\n   ", " # c\n   "])) for _ in items]
    inner = ",".join(f"{gap}{item}" for gap, item in zip(gaps, items, strict=True))
    block = "".join(f"  # above\n  - {item}{' # behind' * (len(item) % 2)}\n" for item in items)
    text = f"a: [{inner}]\nb: 1\n" if flow else f"a:\n{block}b: 1\n"
    before = document(text, "a.yaml")
    gone = data.draw(st.sets(st.integers(0, len(items) - 1)))
    after, _ = parse_yaml(remove_items(before, ("a",), gone), "a.yaml")
    assert after is not None
    assert isinstance(before.data, dict)
    assert isinstance(after.data, dict)
    kept = [item for index, item in enumerate(before.data["a"]) if index not in gone]
    assert after.data.get("a", []) == kept
    assert after.data["b"] == 1
