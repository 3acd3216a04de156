"""`genai_config.json` of ONNX Runtime's generate(), against `config.json`, itself and the files beside it.

Source: https://onnxruntime.ai/docs/genai/reference/config.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from azureml_publish.content.packaging.transformers_facts import stated
from azureml_publish.documents import mapping_of
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.weights.configuration import is_count
from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.lint.weights.values import marks_outside, numbers_in

GENAI = "genai_config.json"
_SAME = {
    "vocab_size": ("vocab_size",),
    "hidden_size": ("hidden_size", "d_model", "n_embd"),
    "num_attention_heads": ("num_attention_heads", "n_head"),
    "num_hidden_layers": ("num_hidden_layers", "n_layer"),
    "num_key_value_heads": ("num_key_value_heads",),
    "head_size": ("head_dim",),
}
"""Keys of `genai_config.json` and the keys of `config.json` that must have the same value."""


def decoder_of(genai: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings under `model`, with those of its decoder in their place."""
    model = mapping_of(genai.get("model"))
    return {**model, **mapping_of(model.get("decoder"))}


def providers_of(genai: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The execution providers that the decoder runs on: an empty tuple means the CPU, None that they are not stated."""
    listed = mapping_of(decoder_of(genai).get("session_options")).get("provider_options")
    if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
        return None
    return tuple(str(name).lower() for one in listed for name in one)


def genai_differences(
    files: WeightFiles, folder: str, data: Mapping[str, Any], config: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Keys of `genai_config.json` that contradict `config.json`, other keys or the files beside it; with messages."""
    hidden, heads = config.get("hidden_size"), config.get("num_attention_heads")
    if "head_dim" not in config and is_count(hidden) and is_count(heads) and hidden % heads == 0:
        config = {**config, "head_dim": hidden // heads}
    model, search, held = mapping_of(data.get("model")), mapping_of(data.get("search")), decoder_of(data)
    for key, keys in _SAME.items():
        given, true = held.get(key), next((config[one] for one in keys if is_count(config.get(one))), 0)
        if is_count(given) and true and given != true:
            yield key, f"{key} is {given}, and config.json gives {true}."
    longest, most = model.get("context_length"), config.get("max_position_embeddings")
    if is_count(longest) and is_count(most) and longest > most:
        yield "context_length", f"context_length is {longest}, and config.json has max_position_embeddings {most}."
    kind, own = str(model.get("type")), str(config.get("model_type"))
    known = stated()["model_types"]
    if kind != own and {kind, own} <= {*known} and not kind.startswith(own) and not own.startswith(kind):
        yield "type", f"type is {short(kind)}, and config.json has the model_type {short(own)}."
    yield from marks_outside(model, {"vocab_size": config.get("vocab_size", model.get("vocab_size"))})
    here, there = ({*numbers_in(one.get("bos_token_id"))} for one in (model, config))
    if here and there and here.isdisjoint(there):
        yield "bos_token_id", f"bos_token_id is {min(here)}, and config.json has {min(there)}."
    for key, above, limit in (
        ("max_length", "context_length", longest),
        ("min_length", "max_length", search.get("max_length")),
    ):
        if is_count(search.get(key)) and is_count(limit) and search[key] > limit:
            yield key, f"{key} is {search[key]}, above the {limit} of {above}."
    graph = held.get("filename")
    beside = sorted(path for path in files.places if path.startswith(folder) and path.endswith(".onnx"))
    if isinstance(graph, str) and not graph.endswith(".onnx"):
        yield "filename", f"filename is {short(graph)}, which is not an ONNX graph."
    elif isinstance(graph, str) and beside and f"{folder}{graph}" not in files.places:
        yield "filename", f"filename is {short(graph)}, which is missing beside {beside[0]}."
