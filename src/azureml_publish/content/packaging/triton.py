"""Models of NVIDIA Triton: a model repository, `MODEL/config.pbtxt` and `MODEL/NUMBER/FILE`.

Source: https://github.com/triton-inference-server/server/blob/main/docs/user_guide/model_repository.md and
https://learn.microsoft.com/azure/machine-learning/how-to-deploy-with-triton.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from azureml_publish.content.packaging.layout import Layout, Request
from azureml_publish.content.packaging.rules import TRITON, Finding, some
from azureml_publish.content.packaging.source_files import SourceFiles
from azureml_publish.content.packaging.weights import check_weights
from azureml_publish.patterns import pattern

CONFIG = "config.pbtxt"

FILES = MappingProxyType(
    {
        "onnxruntime_onnx": "model.onnx", "onnxruntime": "model.onnx",
        "tensorrt_plan": "model.plan", "tensorrt": "model.plan",
        "tensorflow_graphdef": "model.graphdef", "tensorflow_savedmodel": "model.savedmodel",
        "pytorch_libtorch": "model.pt", "pytorch": "model.pt",
        "python": "model.py", "openvino": "model.xml", "dali": "model.dali", "vllm": "model.json",
    }
)  # fmt: skip
"""What Triton loads from a version, by the platform or backend that the configuration names."""

_UNCONFIGURED = ("model.onnx", "model.plan", "model.py", "model.savedmodel", "model.xml")
"""Files whose configuration Triton completes by itself."""

_BACKEND_FOLLOWS = (*_UNCONFIGURED, "model.graphdef", "model.pt")
"""Files by whose name Triton knows the backend, where a configuration says all but that."""

FIELDS = frozenset(
    [
        *("backend", "batch_input", "batch_output", "cc_model_filenames", "default_model_filename", "dynamic_batching"),
        *("ensemble_scheduling", "input", "instance_group", "max_batch_size", "metric_tags", "model_metrics"),
        *("model_operations", "model_repository_agents", "model_transaction_policy", "model_warmup", "name"),
        *("optimization", "output", "parameters", "platform", "response_cache", "runtime", "sequence_batching"),
        "version_policy",
    ]
)
"""Fields of `ModelConfig` (https://github.com/triton-inference-server/common/blob/main/protobuf/model_config.proto)."""

_OF_AZURE = "triton"
"""A folder round the models, as Microsoft's examples have it
(https://github.com/Azure/azureml-examples/tree/main/cli/endpoints/online/triton)."""

_FOLDERS = ("model.savedmodel",)

_TYPES = frozenset(
    f"TYPE_{name}"
    for name in (
        *("BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64"),
        *("FP16", "FP32", "FP64", "BF16", "STRING", "INVALID"),
    )
)
"""Types of data of `ModelConfig`; protobuf takes their numbers as well."""

_CLOSES = MappingProxyType({"{": "}", "[": "]", "<": ">"})
_NAMED = MappingProxyType({"n": "\n", "r": "\r", "t": "\t"})
_ESCAPE = pattern(r"\\(?:(?P<octal>[0-7]{1,3})|(?P<other>.))")
_TOKEN = pattern(
    r"\s++|#[^\n]*+"
    r"|(?P<text>\"(?:\\.|[^\"\\\n])*+\"|'(?:\\.|[^'\\\n])*+')"
    r"|(?P<word>[\w.+-]++)|(?P<mark>[{}\[\]<>:;,])|(?P<odd>.)"
)
"""Parts of protobuf's text format (https://protobuf.dev/reference/protobuf/textformat-spec/)."""

_VERSION = pattern(r"[1-9][0-9]*")
_WANTED = f"Triton wants MODEL/{CONFIG} and MODEL/1/FILE, for example mymodel/1/model.onnx"


def lay_out(request: Request, source: SourceFiles) -> Layout:  # noqa: ARG001 - every kind has the same signature
    """Every file stays where it is, if Triton finds each model there."""
    return Layout(source.files, (*check_weights(source), *_check(source)))


def _check(source: SourceFiles) -> Iterator[Finding]:
    parts: dict[str, list[tuple[str, ...]]] = {}
    for file in source.files:
        model, *rest = PurePosixPath(file.path).parts
        is_around = len(rest) > 1 and not _VERSION.fullmatch(rest[0]) and f"{_OF_AZURE}/{CONFIG}" not in source.by_path
        if model == _OF_AZURE and is_around:
            model, rest = f"{model}/{rest[0]}", rest[1:]
        if rest:
            parts.setdefault(model, []).append(tuple(rest))
    flat = [name for name in source.top if name == CONFIG or name in FILES.values()]
    flat += [name for name in parts if _VERSION.fullmatch(name)]
    if flat:
        hint = f"{_WANTED}: put {some(flat)} into a folder named after the model, and its files into a numbered one."
        yield Finding(TRITON, f"{some(flat)} {'lies' if len(flat) == 1 else 'lie'} outside of a model's folder.", hint)
        return
    if not parts:
        yield Finding(TRITON, "The source holds no model folder.", f"{_WANTED}.")
    if parts and not any(f"{model}/{CONFIG}" in source.by_path for model in parts):
        deeper = sorted(folder for folder in source.folders if f"{folder}/{CONFIG}" in source.by_path)
        if deeper:
            above = deeper[0].rpartition("/")[0]
            message = f"The model folders lie in {above}/, and Triton looks for them at the top."
            yield Finding(TRITON, message, f"Write a source that ends with {above}.")
            return
    for model, files in sorted(parts.items()):
        yield from _check_model(source, model, files, frozenset(parts))


def _check_model(
    source: SourceFiles, model: str, files: list[tuple[str, ...]], models: frozenset[str]
) -> Iterator[Finding]:
    path = f"{model}/{CONFIG}"
    configured = path in source.by_path
    config, problem = read_config(source.text(path))
    if problem:
        hint = 'Correct it: Triton reads it as protobuf\'s text format, such as `backend: "onnxruntime"`.'
        yield Finding(TRITON, f"{path} cannot be read: {problem}.", hint)
        return
    yield from _check_names(source, model, models)
    named, folder = _last(config, "name"), PurePosixPath(model).name
    if named and named != folder:
        message = f"{path} names the model '{named}', and its folder is '{folder}'."
        yield Finding(TRITON, message, f'Give both one name: write name: "{folder}" or rename the folder.')
    versions = sorted({file[0] for file in files if len(file) > 1 and _VERSION.fullmatch(file[0])}, key=int)
    if not versions:
        message = f"The model '{model}' has no numbered version folder."
        yield Finding(TRITON, message, f"{_WANTED}; an ensemble needs a file in its version folder, too.")
        return
    platform = _last(config, "platform")
    serves = platform or _last(config, "backend")
    if serves == "ensemble":
        return
    if platform and platform not in FILES:
        hint = f"Write one of {', '.join(key for key in FILES if '_' in key)}, or backend instead."
        yield Finding(TRITON, f"Triton knows no platform '{serves}', which {path} names.", hint)
        return
    for version in versions:
        there = {file[1] for file in files if file[0] == version and len(file) > 1 and not file[1].startswith(".")}
        wanted = _last(config, "default_model_filename") or FILES.get(serves, "")
        if wanted and wanted not in there:
            message = f"Triton looks for {model}/{version}/{wanted} ({serves}), which is not there."
            hint = f"Rename {some(there) or 'the file'} to {wanted}, or write default_model_filename in {path}."
            if wanted in _FOLDERS:
                hint = f"Put the files that were saved into a folder {model}/{version}/{wanted}."
            yield Finding(TRITON, message, hint)
        elif wanted == "model.xml" and "model.bin" not in there:
            message = f"Triton looks for {model}/{version}/model.bin beside model.xml, which is not there."
            yield Finding(TRITON, message, "Put it there: OpenVINO keeps the weights in it.")
        elif not serves and not wanted and there.isdisjoint(_BACKEND_FOLLOWS if configured else _UNCONFIGURED):
            what = f"{path} names no platform or backend" if configured else f"The model '{model}' has no {CONFIG}"
            hint = f"Write platform or backend there: Triton guesses it for {', '.join(_BACKEND_FOLLOWS)} alone."
            yield Finding(TRITON, f"{what}, and {model}/{version} holds {some(there)}.", hint)


def _check_names(source: SourceFiles, model: str, models: frozenset[str]) -> Iterator[Finding]:
    """What a configuration names beside itself: the models of an ensemble, files with labels, types of data."""
    path = f"{model}/{CONFIG}"
    text = source.text(path)
    missing = _values(text, "model_name") - {PurePosixPath(one).name for one in models}
    if missing:
        hint = "Publish all models of an ensemble together, or correct the name."
        yield Finding(TRITON, f"The ensemble '{model}' names models that are not there: {some(missing)}.", hint)
    labels = {f"{model}/{name}" for name in _values(text, "label_filename")} - source.by_path.keys()
    if labels:
        yield Finding(TRITON, f"{path} names labels that are not there: {some(labels)}.", "Put the file there.")
    types = {name for name in _values(text, "data_type") if name not in _TYPES and not name.isdigit()}
    if types:
        hint = f"Write one of {', '.join(sorted(_TYPES))}."
        yield Finding(TRITON, f"{path} names types of data that Triton does not know: {some(types)}.", hint)


def _last(config: Mapping[str, list[Any]], field: str) -> str:
    """The value that counts where a field is there twice."""
    return str(config[field][-1]) if field in config else ""


def _values(text: str, field: str) -> set[str]:
    """The values of a field at any depth of a configuration in protobuf's text format."""
    found: set[str] = set()
    tokens = [token for token in _TOKEN.finditer(text) if token.lastgroup]
    for name, mark, value in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if name["word"] == field and mark["mark"] == ":" and (value["text"] or value["word"]):
            found.add(_unescaped(value["text"]) if value["text"] else value["word"])
    return found


def read_config(text: str) -> tuple[Mapping[str, list[Any]], str]:
    """The fields of a configuration in protobuf's text format, and why it is not one; one of both is empty.

    Each field has its values in their order, and a message is a mapping like the whole.
    """
    fields: dict[str, list[Any]] = {}
    around: list[tuple[str, dict[str, list[Any]], str]] = []
    """What closes each open mark, and the message and the field where it stands."""
    field, before, line = "", None, 1
    for token in _TOKEN.finditer(text):
        mark, written, word = token["mark"], token["text"], token["word"]
        is_named = (before and before["mark"] == ":") or (around and around[-1][0] == "]")
        if token["odd"]:
            return {}, f"line {line} has {token['odd']} where no text format has it"
        if mark in _CLOSES:
            around.append((_CLOSES[mark], fields, field))
            if mark != "[":
                inner: dict[str, list[Any]] = {}
                fields.setdefault(field, []).append(inner)
                fields, field = inner, ""
        elif mark in _CLOSES.values():
            if not around or around[-1][0] != mark:
                return {}, f"line {line} closes {mark} that nothing opens"
            _, fields, field = around.pop()
        elif word and not is_named:
            if not around and word not in FIELDS:
                return {}, f"line {line} has {word}, which is not a field of a model's configuration"
            field = word
        elif (written or word) and not field:
            return {}, f"line {line} has a text without a field"
        elif written and before and before["text"]:
            fields[field][-1] += _unescaped(written)
        elif written or word:
            fields.setdefault(field, []).append(_unescaped(written) if written else word)
        before = token if token.lastgroup else before
        line += token[0].count("\n")
    return ({}, f"{around[-1][0]} is missing at its end") if around else (fields, "")


def _unescaped(written: str) -> str:
    return _ESCAPE.sub(
        lambda one: chr(int(one["octal"], 8)) if one["octal"] else _NAMED.get(one["other"], one["other"]), written[1:-1]
    )
