"""Triton's configuration, against the ONNX graph that it serves, its label file and its folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from azureml_publish.content.packaging.onnx import Port
from azureml_publish.content.packaging.source_files import LFS_POINTER
from azureml_publish.content.packaging.triton import CONFIG, read_config
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.weights.files import WeightFiles


def ports_of(fields: Mapping[str, list[Any]], side: str) -> tuple[Port, ...]:
    """The inputs or outputs that a configuration declares."""
    return tuple(_port(one) for one in fields.get(side, []) if isinstance(one, Mapping))


def _port(fields: Mapping[str, list[Any]]) -> Port:
    dims = [one for one in fields.get("dims", []) if isinstance(one, str)]
    sizes = tuple(int(one) for one in dims if one.removeprefix("-").isdecimal() and len(one) < 10)
    kind = str(next(iter(fields.get("data_type", [])), "")).removeprefix("TYPE_")
    return Port(str(next(iter(fields.get("name", [])), "")), kind, sizes)


def triton_mistakes(files: WeightFiles) -> Iterator[tuple[str, str, str]]:
    """Path, key and message of each Triton configuration with another name than its folder, or without its labels."""
    for path in sorted(path for path in files.places if path.endswith(f"/{CONFIG}")):
        folder = path.removesuffix(CONFIG)
        fields, _ = read_config(files.text(path))
        name, own = str(next(iter(fields.get("name", [])), "")), folder.rstrip("/").rpartition("/")[2]
        if name and name != own:
            yield path, name, f"The name is {short(name)}, and Triton requires that of the folder, {own}."
        for output in (one for one in fields.get("output", []) if isinstance(one, Mapping)):
            labels = str(next(iter(output.get("label_filename", [])), ""))
            if labels and f"{folder}{labels}" not in files.places:
                yield path, labels, f"label_filename is {short(labels)}, which is not there."


def triton_differences(files: WeightFiles, path: str) -> Iterator[tuple[str, str]]:
    """Keys of a `config.pbtxt` that differ from the ONNX graph that it serves, or from its label file."""
    text = files.text(path)
    fields, problem = read_config(text)
    if problem:
        return
    folder = path.removesuffix(CONFIG)
    for output in fields.get("output", []):
        name = next(iter(output.get("label_filename", [])), "") if isinstance(output, Mapping) else ""
        pointer = files.starts_with(folder + name, LFS_POINTER)
        labels = [line for line in files.text(folder + name).splitlines() if line.strip()] if name else []
        sizes = _port(output).dims if labels and not pointer else ()
        if len(sizes) == 1 and sizes[0] > 0 and len(labels) != sizes[0]:
            yield "dims", f"{name} has {len(labels)} labels, and the output '{_port(output).name}' {sizes[0]} values."
    file = str(next(iter(fields.get("default_model_filename", [])), "model.onnx"))
    versions = [one for one in files.places if one.startswith(folder) and one.endswith(f"/{file}")]
    graphs = [graph for one in versions if (graph := files.graph(one)) is not None]
    if len(graphs) != 1:
        return
    batched = str(next(iter(fields.get("max_batch_size", [])), "0")) != "0"
    for side, own, theirs in (("input", "inputs", graphs[0].inputs), ("output", "outputs", graphs[0].outputs)):
        known = {port.name: port for port in theirs}
        for port in ports_of(fields, side):
            held = known.get(port.name)
            if held is None:
                yield (
                    "",
                    f"The {side} '{short(port.name)}' is not in the ONNX graph, whose {own} are {_named(theirs)}.",
                )
                continue
            if held.datatype and port.datatype and port.datatype != held.datatype:
                yield (
                    "",
                    f"The {side} '{port.name}' is {short(port.datatype)}, and {held.datatype} in the ONNX graph.",
                )
            dims = held.dims[1:] if batched else held.dims
            apart = len(dims) != len(port.dims) or any(
                x != y and -1 not in (x, y) for x, y in zip(dims, port.dims, strict=True)
            )
            if held.dims and port.dims and apart and "reshape" not in text:
                yield "", f"The {side} '{port.name}' has the dims {[*port.dims]}, and {[*dims]} in the ONNX graph."


def _named(ports: tuple[Port, ...]) -> str:
    return ", ".join(f"'{short(one.name)}'" for one in ports[:5]) or "none"
