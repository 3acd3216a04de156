"""The weights of a source, as their own headers and indexes describe them: whole, complete, and the ones that load."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from azureml_publish.content.packaging.onnx import external_files
from azureml_publish.content.packaging.rules import (
    CUSTOM,
    DAMAGED,
    INCOMPLETE,
    NO_WEIGHTS,
    POINTER,
    SURPLUS,
    Finding,
    some,
)
from azureml_publish.content.packaging.safetensors import misfit, read_header
from azureml_publish.content.packaging.source_files import LFS_POINTER, SourceFiles
from azureml_publish.content.sources.selection import WEIGHTS, find_pickles
from azureml_publish.globs import matches_any
from azureml_publish.patterns import pattern

WHOLE = "model.safetensors"
INDEX = f"{WHOLE}.index.json"
PICKLED = "pytorch_model.bin"
PICKLED_INDEX = f"{PICKLED}.index.json"

_VARIANT = pattern(r"(model|pytorch_model)\.(?P<variant>[\w-]+?)(-\d+-of-\d+)?\.(safetensors|bin)")
_COPY = pattern(r"consolidated([.-]\w+)*\.safetensors|model\.[\w-]+\.safetensors")
"""A precision variant of the same weights (`model.fp16.safetensors`), or the same in the format of another loader."""

_PARTS = (
    pattern(r"(?P<stem>.+)-(?P<number>\d{1,6})-of-(?P<count>\d{1,6})(?P<end>\.(gguf|safetensors|bin))", re.IGNORECASE),
    pattern(r"(?P<stem>.+\.data)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<end>)"),
    pattern(r"(?P<stem>.+)[.-]part(?P<number>\d{1,6})of(?P<count>\d{1,6})(?P<end>)"),
)
"""Numbered parts: of GGUF (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), of shards without an index, of
TensorFlow's checkpoints, of files that were cut."""

_TENSORFLOW_INDEX = pattern(r"(?P<stem>(.*/)?(variables|.*\.ckpt[^/]*))\.index")
_INDEX_NAME = pattern(r".+\.(safetensors|bin)\.index\.([\w-]+\.)?json")
_BELONG = "Choose a revision whose index and files belong together, or correct include and exclude in `source`."
_AGAIN = "Fetch the source again, or choose a revision that is whole."


def choose_weights(source: SourceFiles, *, allow_pickle: bool) -> tuple[frozenset[str], tuple[Finding, ...]]:
    """The weights that `from_pretrained` would load from the top of a source, with their index, and what is wrong.

    It looks for one file, then for an index, safetensors before PyTorch's pickles
    (https://huggingface.co/docs/transformers/v4.57.1/en/models#sharded-checkpoints).
    """
    safe = [name for name in source.top if name.endswith(".safetensors")]
    if WHOLE in source.top:
        chosen = frozenset({WHOLE})
    elif INDEX in source.top:
        chosen = frozenset({INDEX, *(indexed(source, INDEX) or {}).values()})
    elif allow_pickle and PICKLED in source.top:
        return frozenset({PICKLED}), ()
    elif allow_pickle and PICKLED_INDEX in source.top:
        return frozenset({PICKLED_INDEX, *(indexed(source, PICKLED_INDEX) or {}).values()}), ()
    else:
        pickled = [name for name in source.top if allow_pickle and name.endswith(".bin")]
        return frozenset(), (_nothing_to_load(source, (*safe, *pickled), allow_pickle=allow_pickle),)
    left = [name for name in safe if name not in chosen and not _COPY.fullmatch(name)]
    if not left or chosen == {INDEX}:  # an index that cannot be read says nothing of them
        return chosen, ()
    why = f"{INDEX} does not name them" if INDEX in chosen else f"transformers loads {WHOLE} alone"
    message = f"These weights stay behind, as {why}: {some(left)}."
    return chosen, (Finding(SURPLUS, message, "Delete them, or exclude them in `source`."),)


def _nothing_to_load(source: SourceFiles, loadable: Iterable[str], *, allow_pickle: bool) -> Finding:
    """Why transformers would find no weights, though it would load files of these kinds."""
    shards = [name for name in loadable if _PARTS[0].fullmatch(name) and not _VARIANT.fullmatch(name)]
    if shards:
        index = INDEX if any(name.endswith(".safetensors") for name in shards) else PICKLED_INDEX
        message = f"The weights are in {some(shards)}, but {index} is missing, which says what is in which."
        return Finding(INCOMPLETE, message, "Choose a revision that holds it, or correct include and exclude.")
    variants = {found["variant"] for name in source.top if (found := _VARIANT.fullmatch(name))}
    if variants:
        message = f"The source has weights of the variant {some(variants)} alone, which load only where it is named."
        hint = f"Choose a revision with {WHOLE}, rename the files without the variant, {CUSTOM}."
        return Finding(NO_WEIGHTS, message, hint)
    weights = [file.path for file in source.files if matches_any(file.path, WEIGHTS)]
    held = f"only {some(weights)}" if weights else "no weights"
    hint = f"transformers loads {WHOLE} or {INDEX} from the source's top: choose a revision with them, {CUSTOM}."
    if find_pickles(weights) and not allow_pickle:
        hint += (
            " Pickled weights run code on the machine that loads them: where you trust where they come from, "
            "write allow_pickle: true in `source`."
        )
    return Finding(NO_WEIGHTS, f"The source holds {held}.", hint)


def indexed(source: SourceFiles, index: str) -> Mapping[str, str] | None:
    """The file that holds each tensor, by the path of the source, as an index says it; None where it says nothing."""
    weights = (source.parsed(index) or {}).get("weight_map")
    if not isinstance(weights, dict) or not weights or not all(isinstance(file, str) for file in weights.values()):
        return None
    folder = index.rpartition("/")[0]
    return {tensor: f"{folder}/{file}" if folder else file for tensor, file in weights.items()}


def is_pointer(source: SourceFiles, path: str) -> bool:
    """Whether git LFS left a pointer in the place of a file."""
    return source.read.get(path, b"").startswith(LFS_POINTER)


def check_weights(source: SourceFiles) -> Iterator[Finding]:
    """What is wrong with the weights among these files, whatever loads them."""
    pointers = [path for path in source.read if is_pointer(source, path)]
    if pointers:
        hint = "Run `git lfs pull` there (`git lfs install` first), which fetches the files themselves."
        message = f"{some(pointers)} {'is' if len(pointers) == 1 else 'are'} only a pointer of git LFS, not the file."
        yield Finding(POINTER, message, hint)
    if tracked := [path for path in source.by_path if path.endswith(".dvc") and not source.holds(path[:-4])]:
        message = f"{some(tracked)} {'names' if len(tracked) == 1 else 'name'} what DVC keeps elsewhere, not the file."
        yield Finding(POINTER, message, "Run `dvc pull` there, which fetches the files themselves.")
    for file in source.files:
        head = source.read.get(file.path)
        if not file.size and matches_any(file.path, WEIGHTS) and not file.path.endswith(".safetensors"):
            yield Finding(DAMAGED, f"{file.path} is damaged: it is empty.", _AGAIN)
            continue
        if head is None or file.path in pointers:
            continue
        if file.path.endswith(".safetensors"):
            if wrong := misfit(head, file.size):
                yield Finding(DAMAGED, f"{file.path} is damaged: {wrong}.", _AGAIN)
        elif file.path.lower().endswith(".gguf") and not head.startswith(b"GGUF"):
            yield Finding(DAMAGED, f"{file.path} is damaged: it does not begin as GGUF does.", _AGAIN)
        elif file.path.endswith(".onnx"):
            yield from _check_external(source, file.path, head)
    for file in source.files:
        if _INDEX_NAME.fullmatch(file.path) and file.path not in pointers:
            yield from _check_index(source, file.path)
    yield from _check_parts(source)


def _check_external(source: SourceFiles, path: str, data: bytes) -> Iterator[Finding]:
    """The files beside an ONNX model that hold its weights."""
    folder = PurePosixPath(path).parent
    missing = {str(folder / name) for name in external_files(data)} - source.by_path.keys()
    if missing:
        hint = "Put them there under these names, or correct include and exclude in `source`."
        yield Finding(
            INCOMPLETE, f"{path} keeps weights in files that the source does not hold: {some(missing)}.", hint
        )


def _check_index(source: SourceFiles, index: str) -> Iterator[Finding]:
    weights = indexed(source, index)
    if weights is None:
        problem = "is not JSON" if source.parsed(index) is None else "has no weight_map"
        yield Finding(INCOMPLETE, f"{index} {problem}, so it does not say which weights belong.", _BELONG)
        return
    missing = {shard for shard in weights.values() if shard not in source.by_path}
    if missing:
        yield Finding(INCOMPLETE, f"{index} names files that the source does not hold: {some(missing)}.", _BELONG)
        return
    held = {shard: read_header(source.read.get(shard, b"")) for shard in set(weights.values())}
    strange = [name for name, shard in weights.items() if (there := held[shard]) is not None and name not in there]
    if strange:
        where = weights[min(strange)]
        yield Finding(INCOMPLETE, f"{index} says that {min(strange)} is in {where}, which does not hold it.", _BELONG)


def _check_parts(source: SourceFiles) -> Iterator[Finding]:
    """Numbered parts of one file that no index names: all of them must be there."""
    indexed_folders = {file.path.rpartition("/")[0] for file in source.files if _INDEX_NAME.fullmatch(file.path)}
    models: dict[tuple[str, int, str], set[int]] = {}
    for path in source.by_path:
        part = next((found for part in _PARTS if (found := part.fullmatch(path))), None)
        if part and (
            part["end"].lower() not in (".safetensors", ".bin") or path.rpartition("/")[0] not in indexed_folders
        ):
            models.setdefault((part["stem"], int(part["count"]), part["end"]), set()).add(int(part["number"]))
        if (index := _TENSORFLOW_INDEX.fullmatch(path)) and not any(
            other.startswith(f"{index['stem']}.data-") for other in source.by_path
        ):
            message = f"Beside {path} there is no {PurePosixPath(index['stem']).name}.data-00000-of-00001."
            yield Finding(INCOMPLETE, message, "Put it there: it holds the weights; or correct include and exclude.")
    for (stem, count, end), there in sorted(models.items()):
        first = 0 if 0 in there and end.lower() != ".gguf" else 1  # llama.cpp counts from one
        missing = [number for number in range(first, first + count) if number not in there]
        if missing:
            numbers = ", ".join(map(str, missing[:5]))
            hint = "Include all of them: a model is loaded from all its parts or not at all."
            name = PurePosixPath(stem).name
            yield Finding(INCOMPLETE, f"Of {count} parts of {name} these are missing: {numbers}.", hint)
