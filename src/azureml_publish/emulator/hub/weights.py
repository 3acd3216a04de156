"""Random weights in the safetensors format: reproducible to the byte, and of any size.

The format is eight bytes with the length of a JSON header, the header, and the tensors one after another.
https://github.com/huggingface/safetensors#format

Numbers come from SHAKE-128 over a label, so they are the same wherever SHA-3 is; each is a multiple of 2**-19 below
1/16, which float32 holds exactly.
"""

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Fill = Literal["random", "zeros", "ones"]
Shapes = Iterable[tuple[str, tuple[int, ...], Fill]]

_PADDING = "stand_in.padding"
"""A tensor of bytes that no model class knows; loaders leave it out and say so."""

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of the file: float32, but for the padding, which is bytes."""

    name: str
    shape: tuple[int, ...]
    fill: Fill
    dtype: Literal["F32", "U8"] = "F32"

    @property
    def count(self) -> int:
        """Number of elements."""
        total = 1
        for length in self.shape:
            total *= length
        return total

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self.count * (4 if self.dtype == "F32" else 1)


def random_bytes(label: str, size: int) -> Iterator[bytes]:
    """Reproducible bytes, at most one MiB at a time. Each MiB differs, so that a mix-up of blocks shows."""
    for index, start in enumerate(range(0, size, _CHUNK)):
        length = min(_CHUNK, size - start)
        yield hashlib.shake_128(f"{label}#{index}".encode()).digest(length)


def _content(seed: str, tensor: Tensor) -> Iterator[bytes]:
    if tensor.dtype == "U8":
        yield from random_bytes(f"{seed}/{tensor.name}", tensor.size)
    elif tensor.fill == "zeros":
        yield bytes(tensor.size)
    elif tensor.fill == "ones":
        yield struct.pack("<f", 1.0) * tensor.count
    else:
        for chunk in random_bytes(f"{seed}/{tensor.name}", tensor.count * 2):
            count = len(chunk) // 2
            numbers = struct.unpack(f"<{count}H", chunk)
            yield struct.pack(f"<{count}f", *((number - 32768) / 524288 for number in numbers))


def _header(tensors: Iterable[Tensor]) -> bytes:
    entries: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for tensor in tensors:
        entries[tensor.name] = {
            "dtype": tensor.dtype,
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + tensor.size],
        }
        offset += tensor.size
    text = json.dumps(entries, separators=(",", ":")).encode()
    # Tensors are to start at a multiple of eight; the format allows spaces at the end of the header for it.
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def write_safetensors(path: Path, seed: str, shapes: Shapes, size: int | None) -> None:
    """Write a weights file.

    Args:
        seed: Any text; the same text gives the same bytes.
        shapes: Name, shape and fill of each tensor, in the order of the file.
        size: Bytes of the whole file, reached to within a few bytes with a padding tensor; None, or less than the
            tensors need, for no padding.
    """
    tensors = [Tensor(name, shape, fill) for name, shape, fill in shapes]
    natural = len(_header(tensors)) + sum(tensor.size for tensor in tensors)
    if size is not None and size > natural:
        entry = len(_header([*tensors, Tensor(_PADDING, (size,), "random", "U8")])) - len(_header(tensors))
        if size - natural > entry:
            tensors.append(Tensor(_PADDING, (size - natural - entry,), "random", "U8"))
    with path.open("wb") as file:
        file.write(_header(tensors))
        for tensor in tensors:
            for chunk in _content(seed, tensor):
                file.write(chunk)
