"""Tensors, by the headers of safetensors files, against the configuration that loads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from azureml_publish.content.packaging.safetensors import Tensor
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.weights.configuration import classes_of, stored_type
from azureml_publish.patterns import pattern

_ENCODERS = frozenset({"bert", "distilbert", "roberta", "xlm-roberta", "camembert", "mpnet"})
_DECODERS = frozenset({"gpt2", "gpt_neox", "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "phi", "phi3"})
"""Decoder types for which transformers loads tensors by exactly these names."""

_WORDS = pattern(r"(?:^|\.)(?:word_embeddings|embed_tokens|wte|embed_in)\.weight$")
_POSITIONS = pattern(r"(?:^|\.)(?:embeddings\.position_embeddings|wpe)\.weight$")
_HEAD = pattern(r"^(?:classifier|classifier\.out_proj|score)\.weight$")
_LAYER = pattern(r"(?:^|\.)(?:layer|layers|h)\.(\d{1,5})\.")
_INNER = pattern(r"\.(?:intermediate\.dense|ffn\.lin1|mlp\.gate_proj)\.weight$")
FLOATS = {"F16": "float16", "BF16": "bfloat16", "F32": "float32"}


def tensor_differences(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, str]]:
    """Keys of `config.json` that contradict the shape or number type of a tensor, each with a message."""
    kind = str(config.get("model_type") or "")
    if not tensors or config.get("auto_map") or config.get("quantization_config"):
        return
    yield from _types(config, tensors)
    if kind not in _ENCODERS | _DECODERS:
        return
    for name, tensor in tensors.items():
        for pattern_, axis, keys in (
            (_WORDS, 0, ("vocab_size",)),
            (_WORDS, 1, ("hidden_size", "dim", "n_embd")),
            (_POSITIONS, 0, ("max_position_embeddings", "n_positions")),
            (_INNER, 0, ("intermediate_size", "hidden_dim")),
        ):
            key = next((one for one in keys if one in config), "")
            if key and pattern_.search(name) and axis < len(tensor.shape) and config[key] != tensor.shape[axis]:
                yield key, f"{key} is {config[key]}, and {short(name)} has {tensor.shape[axis]}."
                return
    layers = {int(match[1]) for name in tensors if (match := _LAYER.search(name))}
    key = next((one for one in ("num_hidden_layers", "n_layers", "n_layer") if one in config), "")
    if key and layers and config[key] != max(layers) + 1:
        yield key, f"{key} is {config[key]}, and the tensors have {max(layers) + 1} layers."
    yield from _head(config, tensors)


def _types(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, str]]:
    kinds = {one.dtype for one in tensors.values() if len(one.shape) > 1}
    written = stored_type(config)
    real = FLOATS.get(next(iter(kinds))) if len(kinds) == 1 else None
    if real and written in FLOATS.values() and written != real:
        key = "torch_dtype" if "torch_dtype" in config else "dtype"
        yield key, f"{key} is {written}, and every tensor is {real}."


def _head(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, str]]:
    """The layer that gives the labels, for classes that have one."""
    labels, named = config.get("id2label"), next(iter(classes_of(config)), "")
    if not isinstance(labels, Mapping) or not named.endswith(("ForSequenceClassification", "ForTokenClassification")):
        return
    for name, tensor in tensors.items():
        if _HEAD.search(name) and len(tensor.shape) > 1 and tensor.shape[0] != len(labels):
            yield "id2label", f"id2label has {len(labels)} labels, and {name} has {tensor.shape[0]} rows."
            return


_BLOCKS = (
    frozenset({"q_proj", "k_proj", "v_proj", "o_proj"}),
    frozenset({"gate_proj", "up_proj", "down_proj"}),
    frozenset({"query", "key", "value"}),
)
"""Modules that occur together in each layer."""

_OF_LORA = pattern(r"\.(?P<module>\w+)\.lora_A\.(?:\w+\.)?weight$")


def adapter_differences(adapter: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, str]]:
    """The rank and target modules of `adapter_config.json`, against the tensors of a LoRA adapter."""
    rank, modules = adapter.get("r"), adapter.get("target_modules")
    held = {match["module"]: tensor for name, tensor in tensors.items() if (match := _OF_LORA.search(name))}
    if adapter.get("peft_type") != "LORA" or not held:
        return
    ranks = {tensor.shape[0] for tensor in held.values() if tensor.shape}
    if isinstance(rank, int) and not adapter.get("rank_pattern") and len(ranks) == 1 and rank not in ranks:
        yield "r", f"The rank r is {rank}, and the adapter's tensors have {min(ranks)}."
    for module in modules if isinstance(modules, list) else ():
        block = next((names for names in _BLOCKS if str(module) in names), frozenset())
        if str(module) not in held and block & held.keys():
            yield "target_modules", f"target_modules names {module}, for which the adapter has no tensors."
            return
