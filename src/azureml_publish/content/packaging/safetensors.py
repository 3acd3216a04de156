"""The headers of safetensors files: what they hold, and whether a file is what its header says.

Source: https://huggingface.co/docs/safetensors/index#format. The checks are those that its own reader makes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from azureml_publish.content.packaging.source_files import MOST_HEADER

_BITS = MappingProxyType(
    {
        "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "U16": 16, "I16": 16, "F16": 16,
        "BF16": 16, "U32": 32, "I32": 32, "F32": 32, "U64": 64, "I64": 64, "F64": 64, "C64": 64, "F4": 4,
        "F6_E2M3": 6, "F6_E3M2": 6,
    }
)  # fmt: skip
"""Bits of one number, by its type."""

_FLOATING = MappingProxyType({"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"})
"""PyTorch's names of the floating types."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a file: its type, its shape, and where its bytes begin and end behind the header."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def read_header(head: bytes) -> Mapping[str, Tensor] | None:
    """The tensors that a header names; None where it cannot be read."""
    length = int.from_bytes(head[:8], "little")
    if len(head) < 8 or length > min(MOST_HEADER, len(head) - 8):
        return None
    try:
        header = json.loads(head[8 : 8 + length])
        tensors = {name: _tensor(each) for name, each in header.items() if name != "__metadata__"}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return tensors


def _tensor(entry: Mapping[str, object]) -> Tensor:
    start, end = entry["data_offsets"]  # type: ignore[misc]
    shape, dtype = entry["shape"], entry["dtype"]
    if not (isinstance(dtype, str) and isinstance(shape, list) and 0 <= start <= end):  # type: ignore[has-type]
        raise ValueError(entry)
    if not all(type(one) is int and one >= 0 for one in shape):
        raise ValueError(entry)
    return Tensor(dtype, tuple(shape), start, end)  # type: ignore[has-type]


def misfit(head: bytes, size: int) -> str:
    """Why a file of `size` bytes is not what its header says; empty where it is."""
    tensors = read_header(head)
    if tensors is None:
        return "its header cannot be read"
    promised = 8 + int.from_bytes(head[:8], "little") + max((one.end for one in tensors.values()), default=0)
    if promised != size:
        return f"its header promises {promised:,} bytes, it has {size:,}"
    at = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].end)):
        if tensor.start != at:
            return f"in its header {name} does not begin where the tensor before it ends"
        bits = _BITS.get(tensor.dtype)
        if bits is not None and math.prod(tensor.shape) * bits != 8 * (tensor.end - tensor.start):
            return f"in its header {name} has another size than its shape and type"
        at = tensor.end
    return ""


def count_parameters(heads: Iterable[bytes]) -> int | None:
    """The numbers in the tensors of files, by their headers; None where there are none to count."""
    readable = [tensors for head in heads if (tensors := read_header(head)) is not None]
    return sum(math.prod(one.shape) for tensors in readable for one in tensors.values()) if readable else None


def floating_type(head: bytes) -> str:
    """The type of the first tensor of floating point, as PyTorch calls it; empty if none is."""
    kinds = (one.dtype for one in (read_header(head) or {}).values())
    return next((_FLOATING[kind] for kind in kinds if kind in _FLOATING), "")
