"""What packaging knows of a source: the list of its files, and the small parts of them that it reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from azureml_publish.content.packaging.tree import ArtifactFile
from azureml_publish.globs import matches_any

TEXTS = (
    "config.json", "*tokenizer_config.json", "*preprocessor_config.json", "*processor_config.json", "modules.json",
    "model_index.json", "*adapter_config.json", "MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt",
    "config.pbtxt", "*.index.json", "*.index.*.json", "*.py",
)  # fmt: skip
"""Files that are read whole, by name in any folder."""

MOST_TEXT = 64 * 1024 * 1024
"""Bytes of a file that may be read whole: the index of a model of experts has many."""

MOST_ONNX = 4 * 1024 * 1024
"""Bytes of an ONNX file that is read whole: one whose weights lie beside it is smaller than that."""

HEAD = 64 * 1024
"""Bytes that are read of a file of weights at first; most headers fit."""

MOST_HEADER = 100_000_000
"""Bytes that a header of safetensors may have (https://huggingface.co/docs/safetensors/index)."""

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
"""How a file begins that git LFS left as a pointer (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md)."""

POINTER_BYTES = range(100, 1024)
"""Sizes that a pointer of git LFS can have; without extensions it ends below 200."""


class Part(NamedTuple):
    """What is read of a file: a number of bytes from its beginning."""

    file: ArtifactFile
    length: int


@dataclass(frozen=True)
class SourceFiles:
    """The files of a source by path, and the beginnings of those that were read.

    Attributes:
        files: every file that is published or looked at, sorted by path.
        read: the bytes that were read of a file, from its beginning on.
    """

    files: tuple[ArtifactFile, ...]
    read: Mapping[str, bytes] = field(default_factory=dict)

    @cached_property
    def by_path(self) -> Mapping[str, ArtifactFile]:
        """The files by path."""
        return {file.path: file for file in self.files}

    @cached_property
    def top(self) -> frozenset[str]:
        """The names of the files that lie in no folder."""
        return frozenset(path for path in self.by_path if "/" not in path)

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that holds a file, at any depth."""
        return frozenset(str(above) for path in self.by_path for above in PurePosixPath(path).parents) - {"."}

    def holds(self, path: str) -> bool:
        """Whether a file or folder of this path is there."""
        plain = str(PurePosixPath(path))
        return plain in self.by_path or plain in self.folders or plain == "."

    def text(self, path: str) -> str:
        """The text of a small file; nothing where it is not there."""
        return self.read.get(path, b"").decode(errors="replace")

    def parsed(self, path: str) -> Mapping[str, Any] | None:
        """A JSON object of the source; None where there is no such file, or it is not a JSON object.

        transformers reads UTF-8 alone, and takes no byte order mark.
        """
        found = self._json(path)
        return found if isinstance(found, dict) else None

    def parsed_list(self, path: str) -> list[Any] | None:
        """Likewise a JSON list."""
        found = self._json(path)
        return found if isinstance(found, list) else None

    def _json(self, path: str) -> object:
        try:
            found: object = json.loads(self.read[path].decode())
        except (KeyError, ValueError, RecursionError):
            return None
        return found

    def below(self, paths: Iterable[str]) -> SourceFiles:
        """The same with these files alone."""
        kept = frozenset(paths)
        files = tuple(file for file in self.files if file.path in kept)
        return SourceFiles(files, {path: data for path, data in self.read.items() if path in kept})


def parts_to_read(files: Iterable[ArtifactFile]) -> Iterator[Part]:
    """The parts of files that packaging looks at: small texts, the beginnings of weights, and what may be a pointer."""
    for file in files:
        name = PurePosixPath(file.path).name
        if matches_any(name, TEXTS):
            if file.size <= MOST_TEXT:
                yield Part(file, file.size)
        elif name.endswith(".safetensors"):
            yield Part(file, min(file.size, HEAD))
        elif name.endswith(".onnx") and file.size <= MOST_ONNX:
            yield Part(file, file.size)
        elif name.lower().endswith(".gguf") or (
            file.size in POINTER_BYTES and (file.size < 200 or PurePosixPath(name).suffix not in (".json", ".txt"))
        ):
            yield Part(file, min(file.size, len(LFS_POINTER)))


def rest_of_header(file: ArtifactFile, begun: bytes) -> int:
    """Bytes of a header of safetensors that the beginning of the file does not hold yet; 0 for any other file."""
    if not file.path.endswith(".safetensors") or len(begun) < 8:
        return 0
    whole = 8 + int.from_bytes(begun[:8], "little")
    return max(0, whole - len(begun)) if whole <= min(file.size, 8 + MOST_HEADER) else 0
