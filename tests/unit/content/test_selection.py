"""Which weights are taken, which copies stay behind, and that no pickle goes in unasked."""

from __future__ import annotations

import pytest

from azureml_publish.content.packaging.tree import ArtifactFile, HubOrigin, build_tree
from azureml_publish.content.sources.selection import choose_weights, find_pickles
from azureml_publish.errors import UnusableSource

SHARDS = tuple(f"model-0000{number}-of-00003.safetensors" for number in (1, 2, 3))
INDEX = "model.safetensors.index.json"


def chosen(*names: str, allow_pickle: bool = False) -> set[str]:
    return set(choose_weights(names, allow_pickle=allow_pickle))


@pytest.mark.parametrize(
    "copy",
    [
        "model.fp16.safetensors",
        "consolidated.safetensors",
        "consolidated.00.safetensors",
        "pytorch_model.bin",
        "tf_model.h5",
        *SHARDS,
    ],
)
def test_a_second_copy_of_the_whole_file_stays_behind(copy: str) -> None:
    assert chosen("model.safetensors", copy, INDEX) == {"model.safetensors"}


def test_shards_go_with_their_index_and_without_other_copies() -> None:
    assert chosen(*SHARDS, INDEX, "consolidated.safetensors", "pytorch_model.bin") == {*SHARDS, INDEX}


def test_other_safetensors_are_all_taken() -> None:
    assert chosen("adapter_model.safetensors", "x.safetensors") == {"adapter_model.safetensors", "x.safetensors"}


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ((SHARDS[0], SHARDS[2], INDEX), "Of 3 shards of the weights these are missing: 2."),
        ((*SHARDS, "model-00001-of-00002.safetensors", INDEX), "weights in 2 and 3 shards at once"),
        (SHARDS, f"but {INDEX} is missing"),
    ],
)
def test_shards_that_cannot_be_loaded_are_refused(names: tuple[str, ...], told: str) -> None:
    with pytest.raises(UnusableSource, match=told.replace(".", r"\.")) as refused:
        chosen(*names)
    assert "`source`" in refused.value.hint


def test_pickles_only_come_where_they_are_allowed_and_nothing_else_is_there() -> None:
    names = ("config.json", "pytorch_model.bin", "training_args.bin", "tf_model.h5")
    with pytest.raises(UnusableSource) as refused:
        chosen(*names)
    assert "allow_pickle: true" in refused.value.hint
    assert "pytorch_model.bin" in chosen(*names, allow_pickle=True)
    assert "tf_model.h5" not in chosen(*names, allow_pickle=True)
    assert chosen(*names, "model.safetensors", allow_pickle=True) == {"model.safetensors"}


def test_pickled_shards_need_their_index_too() -> None:
    shards = ("pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin")
    index = "pytorch_model.bin.index.json"
    assert chosen(*shards, index, allow_pickle=True) == {*shards, index}
    with pytest.raises(UnusableSource, match="which says what is in which"):
        chosen(*shards, allow_pickle=True)


@pytest.mark.parametrize("name", ["a.pkl", "deep/A.PT", "x.ckpt", "pytorch_model.bin", "data/model.joblib"])
def test_no_type_publishes_a_pickle_unasked(name: str) -> None:
    files = [ArtifactFile(path, 1, HubOrigin("o/r", "0" * 40, path)) for path in ("weights.bin", name)]
    with pytest.raises(UnusableSource, match="run code") as refused:
        build_tree("custom_model", files, ())
    assert "Exclude them" in refused.value.hint
    assert [file.path for file in build_tree("custom_model", files, (), allow_pickle=True)] == sorted(
        ["weights.bin", name]
    )
    assert find_pickles([name, "weights.bin", "model.safetensors"]) == (name,)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("model/config.json", "application/json"),
        ("MLmodel", "text/plain"),
        ("conda.yaml", "application/yaml"),
        ("model/model.safetensors", "application/octet-stream"),
        ("README.MD", "text/markdown"),
    ],
)
def test_a_file_has_a_content_type(path: str, kind: str) -> None:
    assert ArtifactFile(path, 1, HubOrigin("o/r", "0" * 40, path)).content_type == kind
