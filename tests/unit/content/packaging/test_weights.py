"""Weights are what their headers and indexes say: which load, what is missing, surplus, damaged or a pointer."""

from __future__ import annotations

import json

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
        {"one": "model-1-of-2.safetensors", "two": "parts/two.safetensors"},
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
        ({**sharded(TWO), INDEX: "<!doctype html>"}, f"{INDEX} is not JSON"),
        ({**sharded(TWO), INDEX: b"\xef\xbb\xbf{}"}, f"{INDEX} is not JSON"),
        ({**sharded(TWO), INDEX: {}}, f"{INDEX} has no weight_map"),
        ({**sharded(TWO), INDEX: {"weight_map": {"one": 1}}}, f"{INDEX} has no weight_map"),
        (
            {**sharded(TWO), INDEX: index(one=TWO["two"])},
            f"one is in {TWO['two']}, which does not hold it.",
        ),
        ({**sharded(TWO), INDEX: "null"}, f"{INDEX} is not JSON"),
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
    unnamed: Files = {**BARE, "pytorch_model-00001-of-00002.bin": b"x", "pytorch_model-00002-of-00002.bin": b"x"}
    assert "pytorch_model.bin.index.json is missing" in refusal(unnamed, allow_pickle=True)


def test_an_index_that_says_nothing_makes_no_shard_a_surplus() -> None:
    assert [one.rule.code for one in package({**sharded(TWO), INDEX: "<html>"}).found] == ["PKG004"]


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


def saved(**tensors: tuple[str, list[int] | None, list[int]]) -> bytes:
    """A safetensors file of 32 bytes of data, with these types, shapes and offsets in its header."""
    header = {name: {"dtype": one[0], "shape": one[1], "data_offsets": one[2]} for name, one in tensors.items()}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(32)


@pytest.mark.parametrize(
    ("damaged", "told"),
    [
        (saved(a=("F32", [4], [0, 16]), b=("F32", [2], [24, 32])), "b does not begin where"),
        (saved(a=("F32", [4], [0, 16]), b=("F32", [6], [8, 32])), "b does not begin where"),
        (saved(a=("F32", [800], [0, 32])), "a has another size"),
        (saved(a=("F16", [4, 2], [0, 32])), "a has another size"),
        (saved(a=("F32", None, [0, 32])), "cannot be read"),
    ],
)
def test_a_header_that_contradicts_itself_is_refused_as_safetensors_does(damaged: bytes, told: str) -> None:
    """safetensors 0.6 and 0.7 read none of them; see `validate` in its tensor.rs."""
    assert told in refusal({**BERT, "model.safetensors": damaged})


@pytest.mark.parametrize("dtype", ["F32", "I32", "U32", "ANOTHER"])
def test_a_header_of_sound_entries_is_taken_whatever_their_type(dtype: str) -> None:
    whole = saved(b=(dtype, [4, 0], [16, 16]), c=(dtype, [4], [16, 32]), a=(dtype, [2, 2], [0, 16]))
    assert codes({**BERT, "model.safetensors": whole}) == []


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


def test_what_dvc_keeps_elsewhere_is_refused() -> None:
    found = refusal({"net.onnx.dvc": "outs:\n- md5: 0\n", "labels.txt": "a"}, kind="custom_model")
    assert found.startswith("PKG007 net.onnx.dvc names what DVC keeps elsewhere")
    whole: Files = {"net.onnx": b"x", "net.onnx.dvc": "outs:\n- md5: 0\n"}
    assert paths(whole, kind="custom_model") == sorted(whole)


def test_a_model_in_gguf_is_published_with_all_its_parts_or_not() -> None:
    parts: Files = {f"llama-0000{number}-of-00003.gguf": b"GGUF" + bytes(20) for number in (1, 2, 3)}
    assert len(paths(parts, kind="custom_model")) == 3
    missing = refusal({**parts, "llama-00002-of-00003.gguf": None}, kind="custom_model")
    assert missing.startswith("PKG004 Of 3 parts of llama these are missing: 2.")
    assert codes({"llama.gguf": b"<html>" * 20}, kind="custom_model") == ["PKG006"]
    assert codes({"A.GGUF": b"<html>"}, kind="custom_model") == ["PKG006"]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (
            ("model-00001-of-00003.safetensors", "model-00003-of-00003.safetensors"),
            "Of 3 parts of model these are missing: 2.",
        ),
        (("model-00000-of-00002.safetensors",), "missing: 1."),
        (("big.gguf.part1of2",), "Of 2 parts of big.gguf these are missing: 2."),
        (("variables/variables.index", "saved_model.pb"), "no variables.data-00000-of-00001"),
        (("model.ckpt-100.index", "model.ckpt-100.meta"), "no model.ckpt-100.data-00000-of-00001"),
        (("v.index", "v.data-00000-of-00002"), "Of 2 parts of v.data these are missing: 1."),
    ],
)
def test_numbered_parts_belong_together_where_no_index_names_them(files: tuple[str, ...], told: str) -> None:
    there: Files = {file: safetensors("a") for file in files}
    assert told in refusal(there, kind="custom_model")


@pytest.mark.parametrize(
    "files",
    [
        ("model-00000-of-00002.safetensors", "model-00001-of-00002.safetensors"),
        ("variables/variables.index", "variables/variables.data-00000-of-00001"),
        ("a.part1of2", "a.part2of2"),
        ("faiss.index",),
    ],
)
def test_all_parts_are_published(files: tuple[str, ...]) -> None:
    assert paths({file: safetensors("a") for file in files}, kind="custom_model") == sorted(files)


def test_an_index_of_a_variant_is_read_as_well() -> None:
    stale: Files = {"unet/m.safetensors.index.fp16.json": index(a="m-00001-of-00002.fp16.safetensors")}
    assert "names files that the source does not hold" in refusal(stale, kind="custom_model")


ONNX = (
    b'\x08\x0e\x12\x01t:y\n\x0e\n\x01x\n\x01w\x12\x01y"\x03Add\x12\x01g*@\x08\xac\x02\x10\x01B\x01wj\x17\n\x08location\x12\x0b'
    b"e.onnx_dataj\x0b\n\x06offset\x12\x010j\x0e\n\x06length\x12\x041200p\x01Z\x10\n\x01x\x12\x0b\n\t\x08\x01\x12\x05\n\x03\x08\xac"
    b"\x02b\x10\n\x01y\x12\x0b\n\t\x08\x01\x12\x05\n\x03\x08\xac\x02B\x02\x10\x1c"
)
"""What onnx 1.23.2 wrote with `save_as_external_data=True, location="e.onnx_data"`."""


def test_weights_beside_an_onnx_model_must_be_there() -> None:
    whole: Files = {"deep/e.onnx": ONNX, "deep/e.onnx_data": b"x"}
    assert paths(whole, kind="custom_model") == sorted(whole)
    found = refusal({**whole, "deep/e.onnx_data": None, "e.onnx_data": b"x"}, kind="custom_model")
    assert found.startswith(
        "PKG004 deep/e.onnx keeps weights in files that the source does not hold: deep/e.onnx_data."
    )


@pytest.mark.parametrize("cut", range(0, len(ONNX), 7))
def test_what_is_no_onnx_model_is_not_judged(cut: int) -> None:
    assert codes({"e.onnx": ONNX[:cut] + b"\xff" * 9}, kind="custom_model") in ([], ["PKG004"])
