"""Samples against the files of the weights: tensors of Triton and ONNX, vector lengths, chat roles."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from azureml_publish.content.packaging.onnx import Port
from azureml_publish.diagnostics import Location
from azureml_publish.lint.cards.answers import records, texts_in
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.samples import NotJsonError, inputs, outputs, parse_sample, signature
from azureml_publish.lint.names.models import tasks_of
from azureml_publish.lint.subject import Described, SampleText
from azureml_publish.lint.weights.facts import known_facts
from azureml_publish.patterns import pattern


def wrong_inputs(model: Described) -> Iterator[tuple[SampleText, str]]:
    """Each sample input with a tensor that the model does not take, and the message."""
    for sample, data in inputs(model):
        yield from ((sample, message) for message in _tensors(model, data, "inputs"))
    yield from _refused_roles(model)


_NO_SYSTEM = pattern(r"raise_exception\([^)]{0,80}\bsystem\b", re.IGNORECASE)


def _refused_roles(model: Described) -> Iterator[tuple[SampleText, str]]:
    """A system message in a sample whose chat template raises an error for it."""
    paths = [path for path in sorted(model.content.places) if path.endswith("tokenizer_config.json")]
    templates = [one.get("chat_template") for one in (model.tokenizer or {}, *map(model.content.settings, paths))]
    refuses = any(isinstance(one, str) and _NO_SYSTEM.search(one) and "system_message" not in one for one in templates)
    for sample, data in inputs(model) if refuses else ():
        if any(one.get("role") == "system" for one in records(data)):
            yield sample, "The sample sends a system message, which the tokenizer's chat_template refuses."


_ZERO_SHOT = frozenset({"zero-shot-classification", "zero-shot-image-classification", "zero-shot-object-detection"})
_OF_TEXT = frozenset(("summarization", "translation", "text-translation", "text-generation", "text2text-generation"))
_REPEATED = ("prompt", "query", "question", "input_text")


def _repeated(model: Described) -> Iterator[tuple[SampleText, str]]:
    """A label or a repeated prompt in a sample output that the sample input does not have."""
    sent = [" ".join(texts_in(data)).lower() for _, data in inputs(model)]
    offered = not _ZERO_SHOT.isdisjoint(tasks_of(model))
    for sample, data in outputs(model) if len(sent) == 1 else ():
        for record in records(data):
            labels = [record.get(key) for key in ("labels", "label")] if offered else []
            names = [one for held in labels for one in (held if isinstance(held, list) else [held])]
            repeated = [record.get(key) for key in _REPEATED]
            for one in (*names, *repeated):
                if isinstance(one, str) and one and one.lower() not in sent[0]:
                    yield sample, f"The sample output has '{short(one)}', which the sample input does not."
                    return


def wrong_outputs(model: Described) -> Iterator[tuple[SampleText, str]]:
    """Each sample output with a tensor or vector that the model does not give, and the message."""
    yield from _repeated(model)
    dimension = known_facts(model).get("dimension")
    columns = signature(model.mlmodel, "outputs") or ()
    for sample, data in outputs(model):
        yield from ((sample, message) for message in _tensors(model, data, "outputs"))
        texts = (
            not _OF_TEXT.isdisjoint(tasks_of(model))
            and [one.type for one in columns] == ["string"]
            and isinstance(data, list)
            and not columns[0].name
        )
        if texts and any(isinstance(one, Mapping) and "score" in one for one in data):
            yield sample, "The sample output has records with scores, and MLmodel's signature gives texts."
        if dimension is None or "embeddings" not in tasks_of(model):
            continue
        wrong = next((len(one) for one in _vectors(data) if len(one) != dimension.value), None)
        if wrong is not None:
            given = f"{dimension.source} gives {dimension.value:g}"
            yield sample, f"The sample output has a vector of {wrong} numbers; {given}."


def _tensors(model: Described, data: Any, side: str) -> Iterator[str]:
    """Tensors in a request or response of the KServe protocol, which Triton uses."""
    fact = known_facts(model).get(side)
    listed = data.get(side) if isinstance(data, Mapping) else None
    if fact is None or fact.source == "MLmodel" or not isinstance(fact.value, tuple) or not isinstance(listed, list):
        return
    known: dict[str, Port] = {one.name: one for one in fact.value}
    for one in listed:
        name = one.get("name") if isinstance(one, Mapping) else None
        if not isinstance(name, str) or not isinstance(one, Mapping):
            continue
        port, kind, shape = known.get(name), one.get("datatype"), one.get("shape")
        if port is None:
            yield f"The sample has the tensor '{short(name)}'; {fact.source} has {', '.join(sorted(known))}."
            continue
        if isinstance(kind, str) and port.datatype and _kserve(port.datatype) != kind:
            yield f"The sample's '{short(name)}' is {short(kind)}; {fact.source} has {_kserve(port.datatype)}."
        sizes = [size for size in shape if isinstance(size, int)] if isinstance(shape, list) else []
        for dims in (port.dims,) if sizes and port.dims else ():
            ways = [sizes, sizes[1:]]
            if not any(_fit(way, dims) for way in ways):
                yield f"The sample's '{short(name)}' has the shape {sizes}; {fact.source} has the dims {[*dims]}."


def _kserve(kind: str) -> str:
    """The protocol's name for a type: strings are sent as BYTES."""
    return "BYTES" if kind == "STRING" else kind


def _fit(sizes: list[int], dims: tuple[int, ...]) -> bool:
    return len(sizes) == len(dims) and all(
        -1 in (size, dim) or size == dim for size, dim in zip(sizes, dims, strict=True)
    )


_LEAST = 32
"""Shorter lists of numbers may be shortened vectors."""


def _vectors(data: Any, depth: int = 6) -> Iterator[list[Any]]:
    """Long lists of numbers in JSON data, at any depth."""
    if isinstance(data, list) and len(data) >= _LEAST and all(isinstance(one, int | float) for one in data):
        yield data
        return
    inner = data.values() if isinstance(data, Mapping) else data if isinstance(data, list) else ()
    for one in inner if depth else ():
        yield from _vectors(one, depth - 1)


def columns_in_code(model: Described, names: Sequence[str]) -> Iterator[tuple[Location, str]]:
    """A column in the card's code that the signature lacks, while it has most of the others."""
    for fence in model.card.fences if len(names) > 1 else ():
        try:
            tree = ast.parse(fence.text) if fence.language in ("python", "py") else ast.Module([], [])
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree):
            listed: Sequence[ast.expr | None] = node.keys if isinstance(node, ast.Dict) else ()
            if isinstance(node, ast.keyword) and node.arg == "columns" and isinstance(node.value, ast.List):
                listed = node.value.elts
            keys = [one.value for one in listed if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            strange = [key for key in keys if key not in names]
            fits = len(keys) == len(listed) and len(strange) * 2 < len(keys) and not {*names} <= {*keys}
            if strange and fits:
                where = model.card.at(model.card.offset_in(fence, strange[0]), strange[0])
                missing = ", ".join(sorted({*names} - {*keys})[:4])
                yield where, f"The code has a column '{short(strange[0])}'; the signature has {missing}."


def examples(model: Described) -> Iterator[tuple[SampleText, Any]]:
    """The examples that MLflow kept with a local source's model. Those of an asset folder are samples already."""
    for path in ("input_example.json", "serving_input_example.json") if not model.stated else ():
        text = model.content.text(path)
        sample = SampleText("input", text, lambda line, _column, path=path: model.content.shown(path, line))  # type: ignore[misc]
        try:
            yield from [(sample, parse_sample(text))] if text else []
        except NotJsonError:
            continue
