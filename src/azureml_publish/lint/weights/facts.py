"""One table of facts about a model, each with the file of the weights that states it.

Sources: headers of safetensors and GGUF, graphs of ONNX, Triton's configuration, the files of sentence-transformers,
MLmodel, and `config.json`.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from azureml_publish.content.packaging.onnx import Port
from azureml_publish.content.packaging.safetensors import Tensor
from azureml_publish.content.packaging.triton import read_config
from azureml_publish.documents import mapping_of
from azureml_publish.lint.cards.samples import signature
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.configuration import classes_of, is_size
from azureml_publish.lint.weights.environments import VERSION_KEYS, is_environment
from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.lint.weights.genai import GENAI, decoder_of
from azureml_publish.lint.weights.tensors import FLOATS
from azureml_publish.lint.weights.triton import ports_of
from azureml_publish.patterns import pattern
from azureml_publish.spec.lock import LOCK_FILE, SourceLock

Fact: TypeAlias = float | str | frozenset[str] | tuple[Port, ...]


Value = TypeVar("Value")


class Known(NamedTuple, Generic[Value]):
    """A fact about the model, and the file that states it."""

    value: Value
    source: str


@functools.lru_cache(maxsize=4)
def known_facts(model: Described) -> Mapping[str, Known[Fact]]:
    """All facts by name, without those about which two files disagree."""
    found: dict[str, Known[Fact]] = {}
    unsure: set[str] = set()
    for name, value, source in _facts(model):
        before = found.setdefault(name, Known(value, source))
        if before.value != value:
            unsure.add(name)
    return {name: one for name, one in found.items() if name not in unsure}


def _facts(model: Described) -> Iterator[tuple[str, Fact, str]]:
    files = model.content
    named: dict[str, list[str]] = {}
    for path in sorted(files.places):
        named.setdefault(path.rpartition("/")[2], []).append(path)
    yield from _of_gguf(files)
    yield from _of_safetensors(files)
    for path in named.get(GENAI, []) if model.config is None else []:
        decoder = decoder_of(files.settings(path))
        for key, name in _OF_GENAI.items():
            if is_size(value := decoder.get(key)):
                yield name, float(value), path
    for path in named.get("config.pbtxt", []) if len(named.get("config.pbtxt", [])) == 1 else []:
        yield from _of_triton(files.text(path), path)
    graphs = [path for path in files.places if path.endswith(".onnx")]
    for path in graphs if len(graphs) == 1 else []:
        yield from _of_onnx(files, path, configured="config.pbtxt" in named)
    yield from _of_embedder(files, named)
    yield from _of_configuration(model)
    yield from _of_mlmodel(model)
    for path in filter(is_environment, files.places):
        for match in _PINNED.finditer(files.text(path)):
            yield match["name"].lower(), match["version"], path
    yield from _of_indexes(files, named)
    size = model.logged.get("model_size_bytes")
    of_one_form = model.flavours.keys().isdisjoint(("transformers", "hftransformersv2"))  # these may convert
    if is_size(size) and of_one_form and not any(path.endswith((".safetensors", ".gguf")) for path in files.places):
        yield "size", float(size), "MLmodel"
    held = [*files.places] or [one.path for one in (model.lock.files if model.lock is not None else ())]
    if held:
        yield "files", frozenset(path.rpartition("/")[2] for path in held), "the source"
    if not files.places and model.lock is not None:
        yield from _of_lock(model.lock)


def _of_lock(lock: SourceLock) -> Iterator[tuple[str, Fact, str]]:
    """Facts from the lock of a source that is not on this machine."""
    weights = [one for one in lock.files if one.path.endswith((".safetensors", ".gguf"))]
    if lock.model.parameters and not lock.model.quantization:
        yield "parameters", float(lock.model.parameters), LOCK_FILE
    if weights and (len(weights) == 1 or all(_SHARD.search(one.path) for one in weights)):
        yield "size", float(sum(one.bytes for one in weights)), LOCK_FILE
        yield "shards", float(len(weights)), LOCK_FILE
    if lock.model.model_type:
        yield "architecture", lock.model.model_type, LOCK_FILE
    if len(lock.model.architectures) == 1:
        yield "class", lock.model.architectures[0], LOCK_FILE
    if lock.model.dtype and not lock.model.quantization:
        yield "tensor", lock.model.dtype, LOCK_FILE


# --- GGUF ----------------------------------------------------------------------------------------------------------

_KEYS = {
    "block_count": "layers",
    "embedding_length": "hidden",
    "feed_forward_length": "feedforward",
    "attention.head_count": "heads",
    "attention.head_count_kv": "kv",
    "context_length": "context",
    "expert_count": "experts",
    "expert_used_count": "active experts",
}
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0",
}  # fmt: skip
"""Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (general.file_type) and llama.cpp's llama_ftype."""

_SHARD = pattern(r"-\d{5}-of-(\d{5})\.(?:gguf|safetensors)$")


def _of_gguf(files: WeightFiles) -> Iterator[tuple[str, Fact, str]]:
    paths = sorted(path for path in files.places if path.endswith(".gguf") and "mmproj" not in path.lower())
    for path in paths:
        header = files.gguf(path)
        shard = _SHARD.search(path)
        if header is None or (shard and not path.startswith(paths[0].rpartition("-00001-of-")[0])):
            continue
        keys, kind = header.keys, str(header.keys.get("general.architecture") or "")
        if kind:
            yield "architecture", kind, path
        for key, name in _KEYS.items():
            if is_size(value := keys.get(f"{kind}.{key}")):
                yield name, float(value), path
        words = keys.get("tokenizer.ggml.tokens")
        size = keys.get(f"{kind}.vocab_size", len(words) if isinstance(words, range) else None)
        if is_size(size):
            yield "vocabulary", float(size), path
        named = _FILE_TYPES.get(keys.get("general.file_type", -1))
        if named:
            yield "quantization", named, path
        if header.tensors and len(paths) == 1:
            yield "parameters", float(sum(count for count, _ in header.tensors)), path
            yield "size", float(files.size(path)), path


_OF_GENAI = {
    "num_hidden_layers": "layers", "hidden_size": "hidden", "num_attention_heads": "heads",
    "num_key_value_heads": "kv", "vocab_size": "vocabulary", "context_length": "context",
}  # fmt: skip
"""Keys of `genai_config.json` that stand in for a missing `config.json`."""

# --- safetensors ---------------------------------------------------------------------------------------------------

_NO_PARAMETER = pattern(r"(?:position_ids|inv_freq|masked_bias|num_batches_tracked|running_(?:mean|var))$")
_EMBEDDED = pattern(r"(?:word_embeddings|embed_tokens|wte|embed_in|shared|lm_head|tok_embeddings)\.weight$")


def _of_safetensors(files: WeightFiles) -> Iterator[tuple[str, Fact, str]]:
    """Facts of a single checkpoint: one file, or all its numbered parts; none where several lie side by side."""
    paths = [path for path in files.places if path.endswith(".safetensors")]
    shards = {match[1] for path in paths if (match := _SHARD.search(path))}
    if not paths or (len(paths) > 1 and (len(shards) != 1 or int(min(shards)) != len(paths))):
        return
    held = {name: one for path in paths for name, one in files.tensors(path).items()}
    source = paths[0] if len(paths) == 1 else f"the header of {len(paths)} files of safetensors"
    kinds = Counter(one.dtype for one in held.values())
    yield "shards", float(len(paths)), source
    yield "size", float(sum(files.size(path) for path in paths)), source
    if held and set(kinds) <= {*FLOATS, "I64"}:
        yield "parameters", float(_count(held)), source
        yield "fewer parameters", float(_count(held, _EMBEDDED)), source
        floats = {one.dtype for one in held.values() if len(one.shape) > 1 and one.dtype in FLOATS}
        if len(floats) == 1:
            yield "tensor", FLOATS[min(floats)], source


def _count(held: Mapping[str, Tensor], less: re.Pattern[str] | None = None) -> int:
    return sum(
        math.prod(one.shape)
        for name, one in held.items()
        if not _NO_PARAMETER.search(name) and not (less and less.search(name)) and one.dtype != "I64"
    )


def _of_indexes(files: WeightFiles, named: Mapping[str, list[str]]) -> Iterator[tuple[str, Fact, str]]:
    """The number of parts that the only index names, where the parts are not on this machine."""
    paths = named.get("model.safetensors.index.json", [])
    weights = files.settings(paths[0]).get("weight_map") if len(paths) == 1 else None
    if isinstance(weights, Mapping) and not any(path.endswith(".safetensors") for path in files.places):
        yield "shards", float(len({*map(str, weights.values())})), paths[0]


# --- Triton and ONNX -----------------------------------------------------------------------------------------------


def _of_triton(text: str, path: str) -> Iterator[tuple[str, Fact, str]]:
    fields, _ = read_config(text)
    batch = str(next(iter(fields.get("max_batch_size", [])), ""))
    if batch.isdecimal() and int(batch) > 0:
        yield "batch", float(batch), path
    for side, name in (("input", "inputs"), ("output", "outputs")):
        if ports := ports_of(fields, side):
            yield name, ports, path
    served = [str(one) for key in ("platform", "backend") for one in fields.get(key, [])]
    if served:
        yield "backend", served[0].removesuffix("_onnx").removesuffix("_plan"), path


def _of_onnx(files: WeightFiles, path: str, *, configured: bool) -> Iterator[tuple[str, Fact, str]]:
    graph = files.graph(path)
    if graph is None:
        return
    if graph.opset:
        yield "opset", float(graph.opset), path
    for name, ports in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        if ports and not configured:
            yield name, ports, path


# --- sentence-transformers -----------------------------------------------------------------------------------------

_POOLING = {
    "pooling_mode_cls_token": "cls", "pooling_mode_mean_tokens": "mean", "pooling_mode_max_tokens": "max",
    "pooling_mode_lasttoken": "last", "pooling_mode_weightedmean_tokens": "weighted mean",
}  # fmt: skip


def _of_embedder(files: WeightFiles, named: Mapping[str, list[str]]) -> Iterator[tuple[str, Fact, str]]:
    path = next(iter(named.get("modules.json", [])), "")
    modules = files.json(path) if path else None
    folder = path.removesuffix("modules.json")
    dimension: object = 0
    for module in modules if isinstance(modules, list) else []:
        kind, inner = (str(mapping_of(module).get(key) or "") for key in ("type", "path"))
        settings: Mapping[str, Any] = files.settings(f"{folder}{inner}/config.json") if inner else {}
        if kind.endswith(".Pooling"):
            modes = [mode for key, mode in _POOLING.items() if settings.get(key) is True]
            own = settings.get("pooling_mode")
            modes = [own] if isinstance(own, str) else modes
            dimension = settings.get("word_embedding_dimension", dimension)
            if len(modes) == 1:
                yield "pooling", modes[0], f"{folder}{inner}/config.json"
        elif kind.endswith(".Dense"):
            dimension = settings.get("out_features", 0)
    if is_size(dimension):
        yield "dimension", float(dimension), path
    path = next(iter(named.get("config_sentence_transformers.json", [])), "")
    written = mapping_of(files.settings(path).get("__version__")) if path else {}
    for key, library in (("sentence_transformers", "sentence-transformers"), ("pytorch", "torch")):
        if isinstance(version := written.get(key), str):
            yield library, version, path
    similarity = files.settings(path).get("similarity_fn_name") if path else None
    if isinstance(similarity, str):
        yield "similarity", similarity.replace("dot", "dot product"), path


# --- configuration and MLmodel -------------------------------------------------------------------------------------


def _of_configuration(model: Described) -> Iterator[tuple[str, Fact, str]]:
    config = model.settings
    kind, classes = config.get("model_type"), classes_of(config)
    if isinstance(kind, str) and kind:
        yield "architecture", kind, "config.json"
    if len(classes) == 1:
        yield "class", classes[0], "config.json"
    elif loaded := model.flavour("transformers").get("pipeline_model_type"):
        yield "class", str(loaded), "MLmodel"
    if len(model.labels) > 1 and not any(re.fullmatch(r"LABEL_\d+|\d+", one) for one in model.labels):
        yield "labels", frozenset(model.labels), "config.json"
    window = config.get("max_position_embeddings")
    if is_size(window) and not config.get("rope_scaling"):
        yield "positions", float(window), "config.json"


_PINNED = pattern(
    r"^[ \t'\"-]*(?P<name>peft|bitsandbytes|accelerate|trl|diffusers|timm|optimum|autoawq)==(?P<version>\d[\w.]*)",
    re.IGNORECASE | re.MULTILINE,
)
"""Packages whose versions no flavour of MLflow states."""


def _of_mlmodel(model: Described) -> Iterator[tuple[str, Fact, str]]:
    if model.mlmodel is None:
        return
    for flavour in model.flavours:
        for key, version in model.flavour(flavour).items():
            if key in VERSION_KEYS and version is not None and not isinstance(version, float):
                yield VERSION_KEYS[key], str(version), "MLmodel"
    logged = model.logged.get("mlflow_version")
    if isinstance(logged, str):
        yield "mlflow", logged, "MLmodel"
    for side, name in (("inputs", "inputs"), ("outputs", "outputs")):
        columns = signature(model.mlmodel, side)  # type: ignore[arg-type]
        if columns and all(one.name for one in columns):
            yield name, tuple(Port(one.name, one.type, ()) for one in columns), "MLmodel"
