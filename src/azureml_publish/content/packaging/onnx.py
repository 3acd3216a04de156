"""Models in ONNX whose weights lie in files beside them: which files a model names.

An ONNX file is a protobuf message (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). Of its fields only those
are followed that lead to `TensorProto.external_data`, whose `location` is a path beside the model
(https://github.com/onnx/onnx/blob/main/docs/ExternalData.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

_LEADS = MappingProxyType(
    {
        "model": {7: "graph", 25: "function"},
        "function": {7: "node"},
        "graph": {1: "node", 5: "tensor", 15: "sparse"},
        "node": {5: "attribute"},
        "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
        "sparse": {1: "tensor", 2: "tensor"},
        "tensor": {13: "entry"},
    }
)
"""By message, the numbers of the fields that are followed, and the message that each holds."""

_MOST_DEEP = 32


class _NoModel(ValueError):
    """The bytes are not ONNX model, or not the whole of one."""


def external_files(data: bytes) -> frozenset[str]:
    """The files beside it that a model names as the place of its weights; none where the bytes are not model."""
    try:
        return frozenset(_locations(memoryview(data), "model", 0))
    except _NoModel:
        return frozenset()


def _locations(data: memoryview, message: str, depth: int) -> Iterator[str]:
    if depth > _MOST_DEEP:
        raise _NoModel
    if message == "entry":
        entry = {number: bytes(value) for number, value in _fields(data) if value is not None}
        if entry.get(1) == b"location":
            yield entry.get(2, b"").decode(errors="replace")
        return
    leads = _LEADS[message]
    for number, value in _fields(data):
        if value is not None and number in leads:
            yield from _locations(value, leads[number], depth + 1)


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview | None]]:
    """The fields of a message; of a number only that it is there.

    Source: https://protobuf.dev/programming-guides/encoding/
    """
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        value = None
        if wire == 0:
            _, at = _varint(data, at)
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        elif wire == 2:
            length, at = _varint(data, at)
            value = data[at : at + length]
            at += length
        else:
            raise _NoModel
        if at > len(data) or not number:
            raise _NoModel
        yield number, value


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise _NoModel
