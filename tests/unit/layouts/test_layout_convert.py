from __future__ import annotations

import copy
import csv
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_publish.assets import Value
from azureml_publish.layouts.coercions import Coercion
from azureml_publish.layouts.convert import gather, lay_out
from azureml_publish.layouts.mapping import load_mapping
from azureml_publish.layouts.wire import encode

TABLE = resources.files("azureml_publish.layouts").joinpath("mapping.csv").read_text(encoding="utf-8")
TAGS_THAT_STAY = {row["key"] for row in csv.DictReader(TABLE.splitlines()) if not row["path"]}
"""Known to upstream, and without a place in the system metadata."""

PAIRS: dict[str, Any] = json.loads((Path(__file__).parent / "pairs.json").read_text(encoding="utf-8"))["pairs"]


def in_order(value: Value) -> str:
    return json.dumps(value)


# --- published folders, in both layouts ---


@pytest.mark.parametrize("folder", PAIRS)
def test_gathering_the_old_layout_makes_the_new_one(folder: str) -> None:
    old, new = PAIRS[folder]["tags_layout"], PAIRS[folder]["system_metadata_layout"]
    gathered = gather(old["properties"], old["tags"], old["system_metadata"])
    assert in_order(gathered.metadata) == in_order(new["system_metadata"])  # the order of keys, too
    assert gathered.properties == new["properties"]
    assert gathered.tags == new["tags"]
    assert gathered.conflicts == ()


@pytest.mark.parametrize("folder", PAIRS)
def test_gathering_the_new_layout_changes_nothing(folder: str) -> None:
    new = PAIRS[folder]["system_metadata_layout"]
    gathered = gather(new["properties"], new["tags"], new["system_metadata"])
    assert in_order(gathered.metadata) == in_order(new["system_metadata"])
    assert (gathered.properties, gathered.tags, gathered.conflicts) == (new["properties"], new["tags"], ())


@pytest.mark.parametrize("folder", PAIRS)
def test_the_old_layout_and_back(folder: str) -> None:
    new = PAIRS[folder]["system_metadata_layout"]
    laid = lay_out(new["system_metadata"], "tags")
    gathered = gather({**new["properties"], **laid.properties}, {**new["tags"], **laid.tags}, laid.system_metadata)
    assert in_order(gathered.metadata) == in_order(new["system_metadata"])
    assert (gathered.properties, gathered.tags, gathered.conflicts) == (new["properties"], new["tags"], ())


@pytest.mark.parametrize("folder", [name for name, pair in PAIRS.items() if pair["writes_the_same"]])
def test_laying_out_writes_what_was_published(folder: str) -> None:
    old, new = PAIRS[folder]["tags_layout"], PAIRS[folder]["system_metadata_layout"]
    laid = lay_out(new["system_metadata"], "tags")
    assert {**new["properties"], **laid.properties} == old["properties"]
    assert {**new["tags"], **laid.tags} == old["tags"]
    assert laid.system_metadata == {}


# --- single keys ---


@pytest.mark.parametrize(
    ("metadata", "properties", "tags"),
    [
        (
            {"sharedComputeCapacityEnabled": True},
            {"SharedComputeCapacityEnabled": "True"},
            {"SharedComputeCapacityEnabled": ""},
        ),
        ({"sharedComputeCapacityEnabled": False}, {}, {}),
        ({"hiddenLayerScanned": True}, {}, {"hiddenlayerscanned": ""}),
        ({"hiddenLayerScanned": False}, {}, {}),
        ({"featured": True, "preview": True}, {}, {"Featured": "", "Preview": ""}),
        ({"languages": ["en", "fr"]}, {"languages": "en, fr"}, {}),
        ({"datasets": ["bookcorpus", "wikipedia"]}, {}, {"datasets": "bookcorpus, wikipedia"}),
        ({"datasets": []}, {}, {"datasets": ""}),
        ({"keywords": ["a, b", "c"]}, {}, {"keywords": ["a, b", "c"]}),
        ({"keywords": ['{"a": 1}']}, {}, {"keywords": ['{"a": 1}']}),
        ({"tasks": {"inferenceTasks": ["fill-mask"]}}, {}, {"task": "fill-mask"}),
        ({"SKU": {"finetuneMinSkuSpec": "4|1|28|64"}}, {"finetune-min-sku-spec": "4|1|28|64"}, {}),
        ({"SKU": {"inferenceRecommendedSkus": ["A", "B"]}}, {"inference-recommended-sku": "A, B"}, {}),
        ({"supportedComputes": {"inferenceComputes": ["A", "B"]}}, {}, {"inference_compute_allow_list": ["A", "B"]}),
        ({"platformCapabilities": {"enableBatch": False}}, {}, {"disable-batch": "true"}),
        ({"platformCapabilities": {"enableBatch": True}}, {}, {"disable-batch": "false"}),
        ({"platformCapabilities": {"maasInference": True}}, {}, {"maas-inference": "true"}),
        ({"freePlayground": False}, {}, {"freePlayground": "false"}),
        ({"publisher": "Meta"}, {}, {"author": "Meta"}),
        ({"azureOpenAIModelName": "gpt"}, {"AzureOpenAI-ModelName": "gpt"}, {}),
        (
            {"deprecation": {"inferenceLegacyDate": "2025-02-28T00:00:00.000000Z"}},
            {},
            {"InferenceLegacyDate": "2025-02-28"},
        ),
        (
            {"deprecation": {"inferenceLegacyDate": "2025-02-28T12:30:00.0Z"}},
            {},
            {"InferenceLegacyDate": "2025-02-28T12:30:00.0Z"},
        ),
        ({"links": {"pricing": "https://example.org"}}, {}, {"pricingLink": "https://example.org"}),
        ({"textContextWindow": 4096}, {}, {"textContextWindow": 4096}),
        ({"publisher": None}, {}, {}),
    ],
)
def test_how_a_key_is_laid_out_in_tags(
    metadata: dict[str, Value], properties: dict[str, Value], tags: dict[str, Value]
) -> None:
    laid = lay_out(metadata, "tags")
    assert (laid.properties, laid.tags, laid.system_metadata) == (properties, tags, {})


def test_what_never_was_a_tag_stays_in_system_metadata() -> None:
    metadata: dict[str, Value] = {
        "domain": ["Biology"],
        "tasks": {"inferenceTasks": ["fill-mask"], "new": 1},
        "links": {},
    }
    laid = lay_out(metadata, "tags")
    assert laid.tags == {"task": "fill-mask"}
    assert laid.system_metadata == {"domain": ["Biology"], "tasks": {"new": 1}, "links": {}}


def test_system_metadata_is_put_into_upstreams_order_and_otherwise_left() -> None:
    metadata: dict[str, Value] = {
        "zzz": 1,
        "license": "MIT",
        "platformCapabilities": {"x": 1, "maasInference": True, "enableBatch": False},
        "languages": ["en"],
        "tasks": {"inferenceTasks": ["fill-mask"]},
        "publisher": None,
    }
    laid = lay_out(metadata, "system_metadata")
    assert (laid.properties, laid.tags) == ({}, {})
    assert laid.system_metadata == metadata
    assert list(laid.system_metadata) == ["languages", "publisher", "license", "tasks", "platformCapabilities", "zzz"]
    group = laid.system_metadata["platformCapabilities"]
    assert isinstance(group, dict)
    assert list(group) == ["enableBatch", "maasInference", "x"]


@pytest.mark.parametrize(
    ("tags", "metadata"),
    [
        ({"hiddenlayerscanned": "true"}, {"hiddenLayerScanned": True}),
        ({"hiddenlayerscanned": None}, {"hiddenLayerScanned": True}),
        ({"hiddenlayerscanned": True}, {"hiddenLayerScanned": True}),
        ({"hiddenlayerscanned": "False"}, {}),
        ({"Preview": "false"}, {}),
        ({"freePlayground": "false"}, {"freePlayground": False}),
        ({"disable-batch": ""}, {"platformCapabilities": {"enableBatch": False}}),
        ({"disable-maap": "false"}, {"platformCapabilities": {"enableMaap": True}}),
        ({"datasets": " a ,, b,"}, {"datasets": ["a", "b"]}),
        ({"datasets": ""}, {"datasets": []}),
        ({"languages": "EN, De"}, {"languages": ["en", "de"]}),
        ({"maxOutputTokens": "4096"}, {"maxOutputTokens": 4096}),
        ({"inference_supported_envs": "['vllm', 'hf']"}, {"inferenceSupportedEnvs": ["vllm", "hf"]}),
        ({"inference_supported_envs": "vllm"}, {"inferenceSupportedEnvs": ["vllm"]}),
        ({"sku_to_num_replicas_map": '{"Default": "1"}'}, {"skuToNumReplicasMap": {"Default": 1}}),
        (
            {"InferenceLegacyDate": "2025-02-28"},
            {"deprecation": {"inferenceLegacyDate": "2025-02-28T00:00:00.000000Z"}},
        ),
    ],
)
def test_how_old_values_are_read(tags: dict[str, Value], metadata: dict[str, Value]) -> None:
    gathered = gather({}, tags, {})
    assert (gathered.metadata, gathered.properties, gathered.tags, gathered.conflicts) == (metadata, {}, {}, ())


@pytest.mark.parametrize(
    "tags",
    [
        {"hiddenlayerscanned": "maybe"},
        {"disable-batch": "no"},
        {"maxOutputTokens": "4k"},
        {"textContextWindow": True},
        {"InferenceLegacyDate": "March 2025"},
        {"sku_to_num_replicas_map": "one each"},
        {"inference_compute_allow_list": 7},
    ],
)
def test_what_cannot_be_read_stays_where_it_is_and_is_reported(tags: dict[str, Value]) -> None:
    gathered = gather({}, tags, {})
    assert gathered.metadata == {}
    assert gathered.tags == tags
    (conflict,) = gathered.conflicts
    assert conflict.kind == "unreadable"
    assert conflict.keys == (f"tags.{next(iter(tags))}",)
    assert conflict.hint


def test_system_metadata_wins_unless_it_is_empty() -> None:
    tags = {"license": "MIT", "summary": "old", "datasets": "a", "displayName": "Old"}
    gathered = gather({}, tags, {"license": "apache-2.0", "summary": "", "datasets": [], "displayName": None})
    assert gathered.metadata == {"license": "apache-2.0", "summary": "old", "datasets": ["a"], "displayName": "Old"}
    assert gathered.tags == {}
    assert [(conflict.kind, conflict.path) for conflict in gathered.conflicts] == [("overruled", "license")]


def test_a_false_of_system_metadata_is_not_empty() -> None:
    gathered = gather({}, {"freePlayground": "true"}, {"freePlayground": False})
    assert gathered.metadata == {"freePlayground": False}


def test_an_author_that_is_not_the_publisher_is_a_contradiction() -> None:
    gathered = gather({}, {"author": "Meta"}, {"publisher": "Microsoft"})
    assert gathered.metadata == {"publisher": "Microsoft"}
    (conflict,) = gathered.conflicts
    assert (conflict.kind, conflict.keys) == ("contradiction", ("tags.author", "system_metadata.publisher"))
    assert gather({}, {"author": "Meta"}, {"publisher": "Meta"}).conflicts == ()


def test_of_two_language_lists_the_longer_one_is_taken() -> None:
    for properties, tags in (("EN", "en, fr"), ("en, fr", "en")):
        gathered = gather({"languages": properties}, {"languages": tags}, {})
        assert gathered.metadata == {"languages": ["en", "fr"]}
        assert (gathered.properties, gathered.tags, gathered.conflicts) == ({}, {}, ())


def test_a_tag_and_a_property_that_differ_are_reported() -> None:
    gathered = gather(
        {"datasets": "a", "SharedComputeCapacityEnabled": ""}, {"datasets": "b", "SharedComputeCapacityEnabled": ""}, {}
    )
    assert gathered.metadata == {"sharedComputeCapacityEnabled": True, "datasets": ["b"]}
    assert [(conflict.kind, conflict.path) for conflict in gathered.conflicts] == [
        ("contradiction", "sharedComputeCapacityEnabled"),
        ("overruled", "datasets"),
    ]


def test_a_group_that_is_no_map_keeps_its_tags_out() -> None:
    gathered = gather({"finetuning-tasks": "a"}, {"task": "b"}, {"tasks": "fill-mask"})
    assert gathered.metadata == {"tasks": "fill-mask"}
    assert (gathered.properties, gathered.tags) == ({"finetuning-tasks": "a"}, {"task": "b"})
    assert [conflict.kind for conflict in gathered.conflicts] == ["unreadable", "unreadable"]


def test_keys_without_a_place_in_system_metadata_stay() -> None:
    tags: dict[str, Value] = {"my own": "y", **dict.fromkeys(TAGS_THAT_STAY, "x")}
    gathered = gather({"SHA": "abc", "model_id": "m"}, tags, {})
    assert (gathered.metadata, gathered.properties, gathered.tags) == ({}, {"SHA": "abc", "model_id": "m"}, tags)


# --- any metadata over the table's keys ---

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
LANGUAGES = st.lists(st.text("abcdefghijklmnopqrstuvwxyz-", min_size=2, max_size=7), max_size=4)
NATIVE: Mapping[Coercion, st.SearchStrategy[Value]] = {
    "text": TEXT,
    "value": TEXT
    | st.integers()
    | st.floats(allow_nan=False)
    | st.booleans()
    | st.dictionaries(TEXT, TEXT, max_size=2),
    "presence": st.just(value=True),
    "truth": st.just(value=True),
    "bool-string": st.booleans(),
    "inverted-bool": st.booleans(),
    "comma-list": st.lists(TEXT, max_size=4),
    "languages": LANGUAGES,
    "list": st.lists(TEXT, max_size=4),
    "counts": st.dictionaries(TEXT, st.integers(), max_size=3),
    "int": st.integers(),
    "date": st.dates().map(lambda day: f"{day.isoformat()}T00:00:00.000000Z"),
}


@st.composite
def canonical(draw: st.DrawFn, *, without: tuple[Coercion, ...] = ()) -> dict[str, Value]:
    rules = {path: found[0] for path, found in load_mapping().items() if found[0].coercion not in without}
    metadata: dict[str, Any] = draw(st.dictionaries(st.sampled_from(["domain", "future"]), TEXT, max_size=2))
    for path in draw(st.lists(st.sampled_from(list(rules)), unique=True, max_size=12)):
        group = metadata
        for key in path[:-1]:
            group = group.setdefault(key, {})
        group[path[-1]] = draw(NATIVE[rules[path].coercion])
    return metadata


@given(canonical())
def test_any_metadata_survives_the_tags_layout(metadata: dict[str, Value]) -> None:
    before = copy.deepcopy(metadata)
    laid = lay_out(metadata, "tags")
    assert set(laid.system_metadata) <= {"domain", "future"}
    gathered = gather(laid.properties, laid.tags, laid.system_metadata)
    assert gathered.metadata == metadata
    assert (gathered.properties, gathered.tags, gathered.conflicts) == ({}, {}, ())
    assert metadata == before


@given(canonical(without=("value",)))
def test_any_metadata_survives_the_tags_layout_as_strings(metadata: dict[str, Value]) -> None:
    laid = lay_out(metadata, "tags")
    properties = {key: encode(value) for key, value in laid.properties.items()}
    tags = {key: encode(value) for key, value in laid.tags.items()}
    gathered = gather(properties, tags, laid.system_metadata)
    assert gathered.metadata == metadata
    assert gathered.conflicts == ()


@given(canonical())
def test_system_metadata_layout_is_a_fixed_point(metadata: dict[str, Value]) -> None:
    once = lay_out(metadata, "system_metadata").system_metadata
    assert once == metadata
    assert in_order(lay_out(once, "system_metadata").system_metadata) == in_order(once)
    gathered = gather({}, {}, once)
    assert in_order(gathered.metadata) == in_order(once)


# --- the table ---


def test_the_table_has_no_key_twice_and_writes_every_path() -> None:
    rules = [rule for found in load_mapping().values() for rule in found]
    assert len({(rule.section, rule.key) for rule in rules}) == len(rules) == 96
    assert all(any(rule.writes for rule in found) for found in load_mapping().values())
    assert {rule.coercion for rule in rules} == set(NATIVE)
    assert not {rule.key for rule in rules if rule.section == "tags"} & TAGS_THAT_STAY
    paths = set(load_mapping())
    assert not any(path[:length] in paths for path in paths for length in range(1, len(path)))
