"""Weights are what their headers and indexes say: which load, what is missing, surplus, damaged or a pointer."""

from __future__ import annotations

import pytest

from tests.checkpoints import BERT, POINTER, Files, index, safetensors
from tests.unit.content.packaging.packaged import codes, package, paths, refusal

INDEX = "model.safetensors.index.json"
TWO = {"one": "model-00001-of-00002.safetensors", "two": "model-00002-of-00002.safetensors"}
BARE: Files = {**BERT, "model.safetensors": None}


def sharded(shards: dict[str, str], **files: bytes) -> Files:
    """A checkpoint whose shards each hold one tensor, by the names that its index gives."""
    return {**BARE, INDEX: index(**shards), **{file: safetensors(name) for name, file in shards.items()}, **files}


def weights(files: Files, *, allow_pickle: bool = False) -> list[str]:
    found = paths(files, allow_pickle=allow_pickle)
    return [path for path in found if path.endswith((".safetensors", ".bin", ".index.json", ".h5"))]


@pytest.mark.parametrize(
    "shards",
    [
        TWO,
        {"one": "model-00000-of-00002.safetensors", "two": "model-00001-of-00002.safetensors"},
        {"one": "layers-a.safetensors", "two": "layers-b.safetensors"},
    ],
)
def test_an_index_says_which_files_belong_however_they_are_called(shards: dict[str, str]) -> None:
    assert weights(sharded(shards)) == sorted(f"model/{path}" for path in (INDEX, *shards.values()))


@pytest.mark.parametrize(
    "copy", ["model.fp16.safetensors", "consolidated.00.safetensors", "pytorch_model.bin", "tf_model.h5"]
)
def test_a_second_copy_stays_behind_without_a_word(copy: str) -> None:
    made = package({**BERT, copy: safetensors("a")})
    assert (made.found, copy in str(made.files)) == ((), False)


@pytest.mark.parametrize(
    "more",
    [{"model-00003-of-00003.safetensors": safetensors("three")}, {"adapter_model.safetensors": safetensors("lora")}],
)
def test_weights_that_belong_to_nothing_are_told_and_stay_behind(more: dict[str, bytes]) -> None:
    for files in (sharded(TWO, **more), {**BERT, **more}):
        made = package(files)
        assert [one.rule.code for one in made.found] == ["PKG005"]
        assert next(iter(more)) in made.found[0].message
        assert not any(file.path.endswith(next(iter(more))) for file in made.files)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({**sharded(TWO), TWO["two"]: None}, f"{INDEX} names files that the source does not hold: {TWO['two']}."),
        ({**sharded(TWO), INDEX: index(one="model-00001-of-00003.safetensors")}, "00001-of-00003.safetensors."),
        ({**sharded(TWO), INDEX: "<!doctype html>"}, f"{INDEX} is no JSON"),
        ({**sharded(TWO), INDEX: b"\xef\xbb\xbf{}"}, f"{INDEX} is no JSON"),
        ({**sharded(TWO), INDEX: {}}, f"{INDEX} has no weight_map"),
        ({**sharded(TWO), INDEX: {"weight_map": {"one": 1}}}, f"{INDEX} has no weight_map"),
        (
            {**sharded(TWO), INDEX: index(one=TWO["two"])},
            f"one is in {TWO['two']}, which does not hold it.",
        ),
        ({**sharded(TWO), INDEX: None}, f"but {INDEX} is missing"),
    ],
)
def test_weights_that_are_not_whole_are_refused(files: Files, told: str) -> None:
    found = refusal(files)
    assert found.startswith("PKG004 ")
    assert told in found
    assert "include and exclude" in found


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "no weights."),
        ({"model.fp16.safetensors": safetensors("a")}, "weights of the variant fp16 alone"),
        (
            {"model.fp16-00001-of-00002.safetensors": safetensors("a"), "model.safetensors.index.fp16.json": {}},
            "fp16 alone",
        ),
        ({"pytorch_model.bf16.bin": b"x"}, "bf16 alone"),
        ({"weights.safetensors": safetensors("a")}, "only weights.safetensors."),
        ({"tf_model.h5": b"x"}, "only tf_model.h5."),
        ({"pytorch_model.bin": b"x"}, "allow_pickle: true"),
    ],
)
def test_what_from_pretrained_would_not_find_is_no_weights(files: Files, told: str) -> None:
    found = refusal({**BARE, **files})
    assert found.startswith("PKG003 ")
    assert told in found
    assert "type: custom_model" in found


def test_pickles_come_where_they_are_allowed_and_nothing_else_is_there() -> None:
    pickles: Files = {"pytorch_model.bin": b"x", "training_args.bin": b"x", "tf_model.h5": b"x"}
    assert weights({**BARE, **pickles}, allow_pickle=True) == ["model/pytorch_model.bin"]
    assert weights({**BERT, **pickles}, allow_pickle=True) == ["model/model.safetensors"]
    shards = {"one": "pytorch_model-1.bin", "two": "pytorch_model-2.bin"}
    split: Files = {**BARE, "pytorch_model.bin.index.json": index(**shards), **dict.fromkeys(shards.values(), b"x")}
    assert len(weights(split, allow_pickle=True)) == 3
    assert codes({**split, "pytorch_model-2.bin": None}, allow_pickle=True) == ["PKG004"]


WHOLE = safetensors("a", "b")


@pytest.mark.parametrize(
    "damaged",
    [
        b"", b"1234567", WHOLE[:-1], WHOLE + b"\0", WHOLE[:40], b"<!doctype html>" * 20, b"\xff" * 64,
        (8).to_bytes(8, "little") + b"[1, 2,3]", (19).to_bytes(8, "little") + b'{"a": {"dtype": 1}}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["mlflow_model", "custom_model"])
def test_a_file_that_is_not_what_its_header_says_is_refused_whatever_it_is_for(damaged: bytes, kind: str) -> None:
    files: Files = {**BERT, "model.safetensors": damaged}
    assert refusal(files, kind=kind).startswith("PKG006 model.safetensors is damaged: its header ")  # type: ignore[arg-type]


def test_a_header_may_be_longer_than_what_is_read_at_first() -> None:
    many = safetensors(*(f"layer.{number}.weight" for number in range(2000)))
    assert weights({**BERT, "model.safetensors": many}) == ["model/model.safetensors"]
    assert codes({**BERT, "model.safetensors": many[:-1]}) == ["PKG006"]


@pytest.mark.parametrize("path", ["model.safetensors", "tokenizer.json", "LICENSE"])
def test_a_pointer_of_git_lfs_is_refused_wherever_it_stands_for_a_file(path: str) -> None:
    assert "PKG007" in codes({**BERT, path: POINTER})


@pytest.mark.parametrize("path", ["model.onnx", "deep/weights.gguf", "vae/model.safetensors", "data.csv"])
def test_other_kinds_refuse_pointers_too(path: str) -> None:
    found = refusal({path: POINTER, "fine.bin": b"x"}, kind="custom_model")
    assert found.startswith(f"PKG007 {path} is only a pointer")
    assert "git lfs pull" in found


def test_a_model_in_gguf_is_published_with_all_its_parts_or_not() -> None:
    parts: Files = {f"llama-0000{number}-of-00003.gguf": b"GGUF" + bytes(20) for number in (1, 2, 3)}
    assert len(paths(parts, kind="custom_model")) == 3
    missing = refusal({**parts, "llama-00002-of-00003.gguf": None}, kind="custom_model")
    assert missing.startswith("PKG004 Of 3 parts of llama these are missing: 2.")
    assert codes({"llama.gguf": b"<html>" * 20}, kind="custom_model") == ["PKG006"]
