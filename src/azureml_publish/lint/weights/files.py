"""The files beside a model's weights, read when a rule needs them: JSON, and headers of safetensors, GGUF and ONNX."""

from __future__ import annotations

import functools
import json
import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azureml_publish.content.packaging.onnx import Graph, read_graph
from azureml_publish.content.packaging.safetensors import Tensor, read_header
from azureml_publish.content.packaging.source_files import MOST_HEADER
from azureml_publish.content.sources.local import read_local_file
from azureml_publish.diagnostics import Location
from azureml_publish.errors import PublishError
from azureml_publish.files import UnusableFile, read_file

_MOST_JSON = 64 * 1024 * 1024
"""The largest text file that is read, in bytes: a `tokenizer.json` may be that long."""

_GGUF_HEADS = (64 * 1024, 2 * 1024**2, 64 * 1024**2)
"""How many bytes of a GGUF file are read, step by step, until its header (with the vocabulary) is complete."""

_MOST_ONNX = 64 * 1024**2
"""The largest ONNX file that is read, in bytes; most larger ones keep their weights in files beside them."""

_FORMS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_BLOCKS = {
    **dict.fromkeys((1, 30), (1, 2)), 0: (1, 4), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
}  # fmt: skip
"""For each GGUF tensor type: numbers in a block, and bytes of a block. For a type not listed, one byte is assumed.

Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md and ggml-common.h
"""


@dataclass(frozen=True, eq=False)
class WeightFiles:
    """The files of one folder or source, by path. Each is parsed once, when a rule first asks for it."""

    places: Mapping[str, Path]
    shown: Callable[[str, int], Location] = Location
    """The location to report for a line of a file."""

    def at(self, path: str, key: str = "") -> Location:
        """The location of a key in a JSON file; without a key, that of the file."""
        text = self.text(path) if key else ""
        return self.shown(path, text.count("\n", 0, max(0, text.find(f'"{key}"'))) + 1)

    @functools.cached_property
    def _parsed(self) -> dict[str, Any]:
        """Parsed JSON and headers, by path."""
        return {}

    @functools.cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that holds a file, directly or further below."""
        return frozenset(path[:end] for path in self.places for end, sign in enumerate(path) if sign == "/")

    def text(self, path: str) -> str:
        """The text of a file; empty where it is missing, too large or not UTF-8."""
        try:
            return read_file(self.places[path], None, limit=_MOST_JSON).decode("utf-8-sig")
        except (KeyError, UnusableFile, UnicodeDecodeError):
            return ""

    def json(self, path: str) -> Any:
        """The content of a JSON file; None where it is missing or not JSON."""
        if path not in self._parsed:
            try:
                self._parsed[path] = json.loads(self.text(path))
            except (ValueError, RecursionError):
                self._parsed[path] = None
        return self._parsed[path]

    def settings(self, path: str) -> Mapping[str, Any]:
        """The object in a JSON file; empty where the file is missing or holds something else."""
        found = self.json(path) if path in self.places else None
        return found if isinstance(found, dict) else {}

    def tensors(self, path: str) -> Mapping[str, Tensor]:
        """The tensors that the header of a safetensors file lists; empty where it cannot be read."""
        if path not in self._parsed:
            length = int.from_bytes(self._head(path, 8), "little")
            found = read_header(self._head(path, 8 + length)) if 0 < length <= MOST_HEADER else None
            self._parsed[path] = found or {}
        held: Mapping[str, Tensor] = self._parsed[path]
        return held

    def graph(self, path: str) -> Graph | None:
        """The graph of an ONNX file; None where it cannot be read or is too large."""
        if path not in self._parsed:
            small = self.size(path) <= _MOST_ONNX
            self._parsed[path] = read_graph(self._head(path, _MOST_ONNX)) if small else None
        graph: Graph | None = self._parsed[path]
        return graph

    def gguf(self, path: str) -> GgufHeader | None:
        """The header of a GGUF file; None where the file is not GGUF."""
        for length in _GGUF_HEADS if path not in self._parsed else ():
            head = self._head(path, length)
            self._parsed[path] = found = read_gguf(head, ended=len(head) < length)
            if found is None or found.least:
                break
        header: GgufHeader | None = self._parsed[path]
        return header

    def starts_with(self, path: str, mark: bytes) -> bool:
        """Whether a file begins with these bytes."""
        return self._head(path, len(mark)) == mark

    def size(self, path: str) -> int:
        """Size of a file in bytes; 0 where it is missing."""
        try:
            return self.places[path].stat().st_size
        except (KeyError, OSError):
            return 0

    def _head(self, path: str, length: int) -> bytes:
        try:
            return b"".join(read_local_file(self.places[path], 0, length))
        except (KeyError, PublishError):
            return b""


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """The header of a GGUF file: its keys, and the least size in bytes that the file must have (0: unknown)."""

    keys: Mapping[str, Any]
    least: int
    tensors: tuple[tuple[int, int], ...] = ()
    """Number of elements and type of each tensor; empty unless the whole header was read."""


def read_gguf(head: bytes, *, ended: bool) -> GgufHeader | None:
    """The header of a GGUF file, from its first bytes; None for other files. `ended`: `head` is the whole file."""
    if len(head) < 24 or not head.startswith(b"GGUF"):
        return None
    version, tensors, pairs = struct.unpack_from("<IQQ", head, 4)
    if version not in (2, 3) or max(tensors, pairs) > len(head):
        return None
    keys: dict[str, Any] = {}
    reader = _Reader(head, 24)
    try:
        for _ in range(pairs):
            name = reader.string()
            keys[name] = reader.value(reader.number("I"))
        found = [reader.tensor() for _ in range(tensors)]
    except struct.error:
        return GgufHeader(keys, len(head) + 1 if ended else 0)
    except ValueError:
        return None
    alignment = keys.get("general.alignment")
    step = alignment if isinstance(alignment, int) and alignment > 0 else 32
    end = max((one[0] for one in found), default=0)
    least = math.ceil(reader.at / step) * step + end if tensors else reader.at
    return GgufHeader(keys, least, tuple((count, kind) for _, count, kind in found))


class _Reader:
    """Reads values one after the other; raises `struct.error` where the bytes end too early."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self.at = at

    def number(self, form: str) -> Any:
        """Read one number of a `struct` format."""
        (found,) = struct.unpack_from(f"<{form}", self._data, self.at)
        self.at += struct.calcsize(f"<{form}")
        return found

    def string(self) -> str:
        """Read one string."""
        length = self.number("Q")
        text = self._data[self.at : self.at + length]
        if len(text) < length:
            raise struct.error
        self.at += length
        return text.decode("utf-8", "replace")

    def value(self, kind: int) -> Any:
        """Read one value of a GGUF type; for a list, only its length as a `range`."""
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            return self.number(_FORMS[kind]) if kind in _FORMS else _unknown(kind)
        inner, count = self.number("I"), self.number("Q")
        if inner in _FORMS:
            self.at += count * struct.calcsize(f"<{_FORMS[inner]}")
        for _ in range(count) if inner == _STRING else ():
            self.string()
        if self.at > len(self._data):
            raise struct.error
        return range(count)

    def tensor(self) -> tuple[int, int, int]:
        """Read a tensor's entry: the least end of its data behind the header, its number of elements, and its type."""
        self.string()
        shape = [self.number("Q") for _ in range(min(self.number("I"), 8))]
        kind, start = self.number("I"), self.number("Q")
        numbers, size = _BLOCKS.get(kind, (0, 0))
        count = math.prod(shape)
        return int(start + (count // numbers * size if numbers else 1)), count, kind


def _unknown(kind: int) -> Any:
    raise ValueError(kind)
