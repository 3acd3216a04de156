"""Which files of a source are taken: by pattern, and never what tools leave behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import PurePosixPath

from azureml_publish.globs import matches_any

WEIGHTS = (
    "*.safetensors", "*.bin", "*.h5", "*.msgpack", "*.ot", "*.onnx", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle",
    "*.joblib", "*.gguf", "*.onnx_data", "*.tflite", "*.npz", "*.pdparams",
)  # fmt: skip
"""What holds weights, by file name."""

INDEXES = ("*.index.*.json", "*.bin.index.json", "*.h5.index.json", "*.msgpack.index.json", "*.safetensors.index.json")

PICKLES = (
    "*.pkl", "*.pickle", "*.joblib", "*.pt", "*.pth", "*.ckpt", "pytorch_model*.bin", "adapter_model*.bin",
    "training_args.bin", "optimizer*.bin", "scheduler*.bin",
)  # fmt: skip
"""What is a pickle inside, by file name in lower case: it runs code on the machine that loads it
(https://docs.python.org/3/library/pickle.html). `.bin` alone says nothing, so only the names that PyTorch's own
savers give are here."""

_LEFTOVERS = frozenset(
    {
        ".git", ".hg", ".svn", ".huggingface", ".ipynb_checkpoints", "__pycache__", ".DS_Store", "Thumbs.db",
        "desktop.ini", ".env", ".netrc", ".venv", ".idea", ".vscode", ".mypy_cache", ".pytest_cache", ".ruff_cache",
        "__MACOSX", ".Spotlight-V100", ".Trashes", ".fseventsd", ".aws", ".azure", ".ssh", ".git-credentials", ".npmrc",
        ".pypirc",
    }
)  # fmt: skip
"""Files and folders that tools leave beside what a person put there; .git, .env and .netrc may hold a token."""

_LEFT_ENDS = (".incomplete", ".crdownload", ".aria2", ".pyc", ".swp")
"""Ends of names: transfers that broke off, what Python compiled, what an editor keeps."""


def is_leftover(path: str) -> bool:
    """Whether a path is one that no model has: what git, a download or a desktop left behind (`/` between parts)."""
    parts = path.split("/")
    if not _LEFTOVERS.isdisjoint(parts) or (".cache", "huggingface") in pairwise(parts):
        return True
    return parts[-1].startswith(("._", ".env.")) or parts[-1].endswith(_LEFT_ENDS)  # ._a: what macOS knows of a


def choose(paths: Iterable[str], include: Sequence[str], exclude: Sequence[str]) -> Iterator[str]:
    """The paths that match an `include` pattern, or any where there is none, and no `exclude` pattern; no leftovers."""
    for path in paths:
        if is_leftover(path):
            continue
        wanted = not include or matches_any(path, include)
        if wanted and not matches_any(path, exclude):
            yield path


def find_pickles(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths that are pickles by their name."""
    return tuple(path for path in paths if matches_any(PurePosixPath(path).name.lower(), PICKLES))
