"""Which files of a source are taken: by pattern, weights of one framework and once, pickles only if allowed."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from azureml_publish.errors import UnusableSource

WEIGHTS = (
    "*.safetensors", "*.bin", "*.h5", "*.msgpack", "*.ot", "*.onnx", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle",
    "*.joblib", "*.gguf",
)  # fmt: skip
"""What holds weights, by file name."""

INDEXES = ("*.bin.index.json", "*.h5.index.json", "*.msgpack.index.json", "*.safetensors.index.json")

PICKLES = (
    "*.pkl", "*.pickle", "*.joblib", "*.pt", "*.pth", "*.ckpt", "pytorch_model*.bin", "adapter_model*.bin",
    "training_args.bin", "optimizer*.bin", "scheduler*.bin",
)  # fmt: skip
"""What is a pickle inside, by file name in lower case: it runs code on whoever loads it
(https://docs.python.org/3/library/pickle.html). `.bin` alone says nothing, so only the names that PyTorch's own
savers give are here."""

_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<suffix>\.\w+)")
_SECOND_COPY = re.compile(r"(model\.[\w-]+|consolidated([.-]\w+)*)\.safetensors")
"""A precision variant of the same weights (`model.fp16.safetensors`), or the same in the format of another loader."""


def choose(paths: Iterable[str], include: Sequence[str], exclude: Sequence[str]) -> Iterator[str]:
    """The paths that match an `include` pattern, or any where there is none, and no `exclude` pattern."""
    for path in paths:
        wanted = not include or matches(path, include)
        if wanted and not matches(path, exclude):
            yield path


def find_pickles(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths that are pickles by their name."""
    return tuple(path for path in paths if matches(PurePosixPath(path).name.lower(), PICKLES))


def refuse_pickles(paths: Iterable[str]) -> None:
    """Let no pickle through.

    Raises:
        UnusableSource: there is one.
    """
    found = find_pickles(paths)
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise UnusableSource(
            f"The source holds pickles, which run code on whoever loads them: {', '.join(found[:3])}{more}.",
            hint="Exclude them in `source`, or write `allow_pickle: true` there if you trust where they come from.",
        )


def choose_weights(names: Sequence[str], *, allow_pickle: bool) -> frozenset[str]:
    """The weights of a transformers model among the files of a repository, with their index; only its top counts.

    Safetensors go before everything else, then PyTorch's pickles where they are allowed. Where there is one whole
    file, its shards, precision variants and copies for another loader stay behind; where there are shards, all of
    them must be there.

    Raises:
        UnusableSource: there are none that may be used, or shards are missing.
    """
    weights = [name for name in names if matches(name, WEIGHTS)]
    usable = [name for name in weights if "/" not in name]
    safe = [name for name in usable if name.endswith(".safetensors")]
    if safe:
        return _one_copy(safe, names, "model", ".safetensors")
    pickles = find_pickles(usable)
    if pickles and allow_pickle:
        model = [name for name in pickles if name.startswith("pytorch_model")]
        return _one_copy(model, names, "pytorch_model", ".bin") if model else frozenset(pickles)
    found = f"only {', '.join(weights[:3])}" if weights else "no weights"
    hint = "Choose a revision with *.safetensors: pickled weights run code on whoever loads them."
    if pickles:
        hint += " Where you trust where they come from, write `allow_pickle: true` in `source`."
    raise UnusableSource(
        f"The source holds {found}; an MLflow model is published from safetensors at the source's top.", hint=hint
    )


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path matches one of the patterns of a shell; `*` matches `/` too."""
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def _one_copy(weights: Sequence[str], names: Sequence[str], stem: str, suffix: str) -> frozenset[str]:
    whole = f"{stem}{suffix}"
    index = f"{whole}.index.json"
    shards = [name for name in weights if (found := _SHARD.fullmatch(name)) and found["stem"] == stem]
    if whole in weights:
        dropped = {name for name in weights if name in shards or _SECOND_COPY.fullmatch(name)}
        return frozenset(weights) - dropped
    if not shards:
        return frozenset(weights)
    _check_shards(shards, names, index)
    return frozenset(name for name in weights if not _SECOND_COPY.fullmatch(name)) | {index}


def _check_shards(shards: Sequence[str], names: Sequence[str], index: str) -> None:
    parts = [found for name in shards if (found := _SHARD.fullmatch(name))]
    counts = {part["count"] for part in parts}
    there = {int(part["number"]) for part in parts}
    missing = [number for number in range(1, int(max(counts)) + 1) if number not in there]
    mend = "Choose a revision that holds all of them, or mend include and exclude in `source`."
    if len(counts) > 1:
        told = " and ".join(sorted(str(int(count)) for count in counts))
        raise UnusableSource(f"The source holds weights in {told} shards at once.", hint=mend)
    if missing:
        told = ", ".join(map(str, missing[:5]))
        raise UnusableSource(f"Of {int(max(counts))} shards of the weights these are missing: {told}.", hint=mend)
    if index not in names:
        raise UnusableSource(
            f"The weights are in shards, but {index} is missing, which says what is in which.", hint=mend
        )
