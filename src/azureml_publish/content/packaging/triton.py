"""Models of NVIDIA Triton: a model repository, `MODEL/config.pbtxt` and `MODEL/NUMBER/FILE`.

Source: https://github.com/triton-inference-server/server/blob/main/docs/user_guide/model_repository.md and
https://learn.microsoft.com/azure/machine-learning/how-to-deploy-with-triton.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from types import MappingProxyType

from azureml_publish.content.packaging.layout import Layout, Request
from azureml_publish.content.packaging.rules import TRITON, Finding, some
from azureml_publish.content.packaging.source_files import SourceFiles
from azureml_publish.content.packaging.weights import check_weights

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

_UNCONFIGURED = ("model.onnx", "model.plan", "model.savedmodel", "model.xml")
"""Files whose configuration Triton completes by itself."""

_VERSION = re.compile(r"[1-9][0-9]*")
_WANTED = f"Triton wants MODEL/{CONFIG} and MODEL/1/FILE, for example mymodel/1/model.onnx"


def lay_out(request: Request, source: SourceFiles) -> Layout:  # noqa: ARG001 - every kind has the same signature
    """Every file stays where it is, if Triton finds each model there."""
    return Layout(source.files, (*check_weights(source), *_check(source)))


def _check(source: SourceFiles) -> Iterator[Finding]:
    parts: dict[str, list[tuple[str, ...]]] = {}
    for file in source.files:
        model, *rest = PurePosixPath(file.path).parts
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
    for model, files in sorted(parts.items()):
        yield from _check_model(source, model, files)


def _check_model(source: SourceFiles, model: str, files: list[tuple[str, ...]]) -> Iterator[Finding]:
    path = f"{model}/{CONFIG}"
    configured = path in source.by_path
    config = re.sub(r"#[^\n]*", "", source.text(path))
    named = _value(config, "name")
    if named and named != model:
        message = f"{path} names the model '{named}', and its folder is '{model}'."
        yield Finding(TRITON, message, f'Give both one name: write name: "{model}" or rename the folder.')
    versions = sorted({file[0] for file in files if len(file) > 1 and _VERSION.fullmatch(file[0])}, key=int)
    if not versions:
        message = f"The model '{model}' has no numbered version folder."
        yield Finding(TRITON, message, f"{_WANTED}; an ensemble needs a file in its version folder, too.")
        return
    serves = _value(config, "platform") or _value(config, "backend")
    if serves == "ensemble":
        return
    if serves and _value(config, "platform") and serves not in FILES:
        hint = f"Write one of {', '.join(key for key in FILES if '_' in key)}, or backend instead."
        yield Finding(TRITON, f"Triton knows no platform '{serves}', which {path} names.", hint)
        return
    for version in versions:
        there = {file[1] for file in files if file[0] == version and len(file) > 1}
        wanted = _value(config, "default_model_filename") or FILES.get(serves, "")
        if wanted and wanted not in there:
            message = f"Triton looks for {model}/{version}/{wanted} ({serves}), which is not there."
            hint = f"Rename {some(there)} to {wanted}, or write default_model_filename in {path}."
            yield Finding(TRITON, message, hint)
        elif not serves and not wanted and there.isdisjoint(_UNCONFIGURED):
            what = f"{path} names no platform or backend" if configured else f"The model '{model}' has no {CONFIG}"
            hint = f"Write platform or backend there: Triton guesses it for {', '.join(_UNCONFIGURED)} alone."
            yield Finding(TRITON, f"{what}, and {model}/{version} holds {some(there)}.", hint)


def _value(config: str, key: str) -> str:
    """The text of a key at the top level of a configuration in protobuf's text format."""
    depth, top = 0, []
    for part in re.findall(r'"(?:\\.|[^"\\])*+"?|\'(?:\\.|[^\'\\])*+\'?|[\w.]+|\S', config):
        depth -= part in ("}", "]")
        if depth == 0:
            top.append(part)
        depth += part in ("{", "[")
    for index, part in enumerate(top[:-2]):
        if part == key and top[index + 1] == ":":
            return str(top[index + 2]).strip("\"'")
    return ""
