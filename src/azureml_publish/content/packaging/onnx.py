"""Models in ONNX: the files beside it whose weights a model names, and what its graph takes and gives.

An ONNX file is a protobuf message (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). Of its fields only those
are followed that lead to `TensorProto.external_data`, whose `location` is a path beside the model
(https://github.com/onnx/onnx/blob/main/docs/ExternalData.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import NamedTuple

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
        entry = {number: bytes(value) for number, value in _messages(data)}
        if entry.get(1) == b"location":
            yield entry.get(2, b"").decode(errors="replace")
        return
    leads = _LEADS[message]
    for number, value in _messages(data):
        if number in leads:
            yield from _locations(value, leads[number], depth + 1)


class Port(NamedTuple):
    """An input or output: its name, its type in Triton's words, and its sizes, of which -1 is any."""

    name: str
    datatype: str
    dims: tuple[int, ...]


class Graph(NamedTuple):
    """What a model's graph takes and gives, and the version of ONNX's own operators that it uses; 0 is not known."""

    opset: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


_TYPES = (
    *("", "FP32", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "STRING", "BOOL", "FP16", "FP64"),
    *("UINT32", "UINT64", "", "", "BF16"),
)
"""`TensorProto.DataType`, by its numbers."""


def read_graph(data: bytes) -> Graph | None:
    """The graph of a model; None where the bytes are not the whole of one."""
    try:
        parts = [*_messages(memoryview(data))]
        graph = next((part for number, part in parts if number == 7), None)
        sets = [{1: b"", 2: 0, **dict(_fields(part))} for number, part in parts if number == 8]
        own = [one[2] for one in sets if bytes(one[1]) in (b"", b"ai.onnx") and isinstance(one[2], int)]
        if graph is None:
            return None
        inner = [*_messages(graph)]
        held = {bytes(name) for number, part in inner if number == 5 for key, name in _messages(part) if key == 8}
        inputs, outputs = ([_port(part) for number, part in inner if number == side] for side in (11, 12))
    except _NoModel:
        return None
    return Graph(max(own, default=0), tuple(one for one in inputs if one.name.encode() not in held), tuple(outputs))


def _port(data: memoryview) -> Port:
    """A `ValueInfoProto`: its name, and of its type that of a tensor."""
    value = dict(_messages(data))
    tensor = dict(_fields(dict(_messages(value.get(2, _NOTHING))).get(1, _NOTHING)))
    kind, shape = tensor.get(1), tensor.get(2)
    sizes = [dict(_fields(part)).get(1) for _, part in _messages(shape)] if isinstance(shape, memoryview) else []
    dims = tuple(one if isinstance(one, int) and 0 < one < _ANY_SIZE else -1 for one in sizes)
    named = _TYPES[kind] if isinstance(kind, int) and kind < len(_TYPES) else ""
    return Port(bytes(value.get(1, b"")).decode(errors="replace"), named, dims)


_NOTHING = memoryview(b"")
_ANY_SIZE = 2**40


def _messages(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The fields of a message that hold bytes."""
    for number, value in _fields(data):
        if isinstance(value, memoryview):
            yield number, value


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """The fields of a message; numbers of a fixed width are 0.

    Source: https://protobuf.dev/programming-guides/encoding/
    """
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        value: memoryview | int = 0
        if wire == 0:
            value, at = _varint(data, at)
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
