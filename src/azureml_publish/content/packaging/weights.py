"""The weights of a source, as their own headers and indexes describe them: whole, complete, and the ones that load."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

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
from azureml_publish.content.packaging.source_files import LFS_POINTER, MOST_HEADER, SourceFiles
from azureml_publish.content.packaging.tree import ArtifactFile
from azureml_publish.content.sources.selection import WEIGHTS, find_pickles, matches

WHOLE = "model.safetensors"
INDEX = f"{WHOLE}.index.json"
PICKLED = "pytorch_model.bin"
PICKLED_INDEX = f"{PICKLED}.index.json"

_VARIANT = re.compile(r"(model|pytorch_model)\.(?P<variant>[\w-]+?)(-\d+-of-\d+)?\.(safetensors|bin)")
_COPY = re.compile(r"consolidated([.-]\w+)*\.safetensors|model\.[\w-]+\.safetensors")
"""A precision variant of the same weights (`model.fp16.safetensors`), or the same in the format of another loader."""

_GGUF_PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")
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
        return frozenset(), (_nothing_to_load(source, safe),)
    left = [name for name in safe if name not in chosen and not _COPY.fullmatch(name)]
    if not left:
        return chosen, ()
    why = f"{INDEX} does not name them" if INDEX in chosen else f"transformers loads {WHOLE} alone"
    message = f"These weights stay behind, as {why}: {some(left)}."
    return chosen, (Finding(SURPLUS, message, "Delete them, or exclude them in `source`."),)


def _nothing_to_load(source: SourceFiles, safe: Iterable[str]) -> Finding:
    """Why transformers would find no weights."""
    shards = [name for name in safe if re.search(r"-\d+-of-\d+\.safetensors$", name) and not _VARIANT.fullmatch(name)]
    if shards:
        message = f"The weights are in {some(shards)}, but {INDEX} is missing, which says what is in which."
        return Finding(INCOMPLETE, message, "Choose a revision that holds it, or correct include and exclude.")
    variants = {found["variant"] for name in source.top if (found := _VARIANT.fullmatch(name))}
    if variants:
        message = f"The source has weights of the variant {some(variants)} alone, which load only where it is named."
        hint = f"Choose a revision with {WHOLE}, rename the files without the variant, {CUSTOM}."
        return Finding(NO_WEIGHTS, message, hint)
    weights = [file.path for file in source.files if matches(file.path, WEIGHTS)]
    held = f"only {some(weights)}" if weights else "no weights"
    hint = f"transformers loads {WHOLE} or {INDEX} from the source's top: choose a revision with them, {CUSTOM}."
    if find_pickles(weights):
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


def check_weights(source: SourceFiles) -> Iterator[Finding]:
    """What is wrong with the weights among these files, whatever loads them."""
    pointers = [path for path, data in source.read.items() if data.startswith(LFS_POINTER)]
    if pointers:
        hint = "Run `git lfs pull` there (`git lfs install` first), which fetches the files themselves."
        message = f"{some(pointers)} {'is' if len(pointers) == 1 else 'are'} only a pointer of git LFS, not the file."
        yield Finding(POINTER, message, hint)
    for file in source.files:
        head = source.read.get(file.path)
        if head is None or file.path in pointers:
            continue
        if file.path.endswith(".safetensors"):
            if wrong := _misfit(file, head):
                yield Finding(DAMAGED, f"{file.path} is damaged: {wrong}.", _AGAIN)
        elif file.path.endswith(".gguf") and not head.startswith(b"GGUF"):
            yield Finding(DAMAGED, f"{file.path} is damaged: it does not begin as GGUF does.", _AGAIN)
    for file in source.files:
        if re.search(r"\.(safetensors|bin)\.index\.json$", file.path) and file.path not in pointers:
            yield from _check_index(source, file.path)
    yield from _check_gguf_parts(source)


def tensors(head: bytes) -> Mapping[str, tuple[int, int]] | None:
    """Where each tensor lies behind the header of a safetensors file; None where the header cannot be read."""
    length = int.from_bytes(head[:8], "little")
    if len(head) < 8 or length > min(MOST_HEADER, len(head) - 8):
        return None
    try:
        header = json.loads(head[8 : 8 + length])
        found = {name: tuple(each["data_offsets"]) for name, each in header.items() if name != "__metadata__"}
        sound = all(len(span) == 2 and 0 <= span[0] <= span[1] for span in found.values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return found if sound else None


def count_parameters(heads: Iterable[bytes]) -> int | None:
    """The numbers in the tensors of safetensors files, by their headers; None where there are none to count."""
    count = None
    for head in heads:
        if tensors(head) is None:
            continue
        header = json.loads(head[8 : 8 + int.from_bytes(head[:8], "little")])
        shapes = (each.get("shape") for name, each in header.items() if name != "__metadata__")
        count = (count or 0) + sum(
            math.prod(shape) for shape in shapes if isinstance(shape, list) and all(type(n) is int for n in shape)
        )
    return count


_FLOATING = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}
"""PyTorch's names of the floating types of safetensors."""


def floating_type(head: bytes) -> str:
    """The type of the first tensor of floating point in a safetensors file, as PyTorch calls it; empty if none is."""
    if not tensors(head):
        return ""
    header = json.loads(head[8 : 8 + int.from_bytes(head[:8], "little")])
    kinds = (str(each.get("dtype")) for name, each in header.items() if name != "__metadata__")
    return next((_FLOATING[kind] for kind in kinds if kind in _FLOATING), "")


def _misfit(file: ArtifactFile, head: bytes) -> str:
    """Why the bytes of a safetensors file are not those of its header; nothing where they are."""
    found = tensors(head)
    if found is None:
        return "its header cannot be read"
    promised = 8 + int.from_bytes(head[:8], "little") + max((end for _, end in found.values()), default=0)
    return "" if promised == file.size else f"its header promises {promised:,} bytes, it has {file.size:,}"


def _check_index(source: SourceFiles, index: str) -> Iterator[Finding]:
    hint = "Choose a revision whose index and files belong together, or correct include and exclude in `source`."
    weights = indexed(source, index)
    if weights is None:
        problem = "is no JSON" if source.parsed(index) is None else "has no weight_map"
        yield Finding(INCOMPLETE, f"{index} {problem}, so it does not say which weights belong.", hint)
        return
    missing = {shard for shard in weights.values() if shard not in source.by_path}
    if missing:
        yield Finding(INCOMPLETE, f"{index} names files that the source does not hold: {some(missing)}.", hint)
        return
    held = {shard: tensors(source.read.get(shard, b"")) for shard in set(weights.values())}
    strange = [name for name, shard in weights.items() if (there := held[shard]) is not None and name not in there]
    if strange:
        where = weights[min(strange)]
        yield Finding(INCOMPLETE, f"{index} says that {min(strange)} is in {where}, which does not hold it.", hint)


def _check_gguf_parts(source: SourceFiles) -> Iterator[Finding]:
    """Parts of one model in GGUF's own naming (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md)."""
    models: dict[tuple[str, int], set[int]] = {}
    for file in source.files:
        if part := _GGUF_PART.fullmatch(file.path):
            models.setdefault((part["stem"], int(part["count"])), set()).add(int(part["number"]))
    for (stem, count), there in sorted(models.items()):
        missing = [number for number in range(1, count + 1) if number not in there]
        if missing:
            name = PurePosixPath(stem).name
            numbers = ", ".join(map(str, missing[:5]))
            hint = "Include all of them: llama.cpp loads a model from all its parts or not at all."
            yield Finding(INCOMPLETE, f"Of {count} parts of {name} these are missing: {numbers}.", hint)
