"""The number of parameters of weights and the longest text they take, from their headers or their configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from azureml_publish.diagnostics import Location
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.configuration import classes_of, experts_of, is_count, is_size
from azureml_publish.lint.weights.facts import known_facts
from azureml_publish.patterns import pattern


def parameter_bounds(model: Described) -> tuple[float, float]:
    """Bounds of the number of parameters: exact from headers, else estimated from config.json; 0 where unknown."""
    counted = known_facts(model).get("parameters")
    if counted is not None and isinstance(counted.value, float) and not model.adapter:
        return counted.value, counted.value
    config: Mapping[str, Any] = model.settings
    return configured_bounds(config)


def configured_bounds(config: Mapping[str, Any]) -> tuple[float, float]:
    """Bounds of the number of parameters by the sizes in config.json, with all experts; 0 where unknown."""
    layers, hidden, inner, words, encoder, decoder = (
        next((config[key] for key in names.split() if is_size(config.get(key))), 0)
        for names in (
            *("num_hidden_layers n_layers", "hidden_size dim d_model", "intermediate_size hidden_dim encoder_ffn_dim"),
            *("vocab_size", "encoder_layers", "decoder_layers"),
        )
    )
    kind = str(config.get("model_type") or "")
    narrow = hidden != next(
        (config[key] for key in ("embedding_size", "input_embedding_size") if key in config), hidden
    )
    if kind in _UNLIKE or narrow or any(map(_OWN_WAYS.fullmatch, config)) or _one_side(config):
        return 0, 0
    if kind in _TWO_SIDED and min(encoder, decoder, hidden, words) > 0:
        inner = inner or 4 * hidden
        count = (encoder + 2 * decoder) * 4 * hidden**2 + (encoder + decoder) * 2 * hidden * inner + words * hidden
        return count * _EXACT, count / _EXACT
    if kind in _PLAIN and min(layers, hidden) > 0 and (words or kind not in _READERS):
        count = layers * (4 * hidden**2 + 2 * hidden * (inner or 4 * hidden)) + words * hidden
        return count * _EXACT, count / _EXACT
    if min(layers, hidden, inner, words) <= 0:
        return 0, 0
    if experts_of(config)[0]:
        return _with_experts(config, kind, layers, hidden, inner)
    if kind in _GROUPED:
        low = high = _of_decoder(config, kind, layers, hidden) + layers * 3 * hidden * inner
    else:
        low = layers * (2 * hidden * hidden + 2 * hidden * inner) + words * hidden
        high = layers * (4 * hidden * hidden + 3 * hidden * inner) + 2 * words * hidden
    return low, high


def _with_experts(config: Mapping[str, Any], kind: str, layers: int, hidden: int, inner: int) -> tuple[float, float]:
    """Bounds for a mixture of experts, each of which has three matrices in each layer."""
    _, experts = experts_of(config)
    own, beside = (
        one if is_size(one := config.get(key)) else 0
        for key in ("moe_intermediate_size", "shared_expert_intermediate_size")
    )
    if kind not in _OF_EXPERTS or not is_size(experts):
        return 0, 0
    count = _of_decoder(config, kind, layers, hidden) + layers * 3 * hidden * (experts * (own or inner) + beside)
    return count, count


_OF_EXPERTS = frozenset({"mixtral", "olmoe", "phimoe", "qwen2_moe", "qwen3_moe"})


def active_bounds(config: Mapping[str, Any] | None) -> tuple[float, float]:
    """Bounds of the number of parameters that one token uses in a mixture of experts; 0 where unknown."""
    key, _ = experts_of(config or {})
    chosen = (config or {}).get("num_experts_per_tok")
    return configured_bounds({**config, key: chosen}) if config and key and is_size(chosen) else (0, 0)


def _of_decoder(config: Mapping[str, Any], kind: str, layers: int, hidden: int) -> int:
    """Parameters of the embeddings and the attention of a decoder, whose heads may share keys and values."""
    heads, shared, size = (
        one if is_size(one := config.get(key)) else 0
        for key in ("num_attention_heads", "num_key_value_heads", "head_dim")
    )
    heads = heads or 1
    size, shared = size or hidden // heads, shared or heads
    tied = config.get("tie_word_embeddings", kind in _TIED)
    attention = 2 * hidden * size * (heads + shared)
    return int(layers * attention + (1 if tied else 2) * config["vocab_size"] * hidden)


_TIED = ("gemma", "gemma2")
_GROUPED = frozenset({"llama", "mistral", "qwen2", "qwen3", "phi3", *_TIED})
"""Decoders whose layers have three matrices beside the attention. Those of `_TIED` share input and output embeddings.
"""

_READERS = frozenset({"bert", "roberta", "xlm-roberta", "distilbert", "camembert", "mpnet"})
_PLAIN = _READERS | {"vit", "deit", "beit"}
_TWO_SIDED = frozenset({"whisper", "marian", "bart", "mbart", "blenderbot", "led", "mvp", "pegasus"})
"""Model types whose parameters follow from these sizes alone. For other types there are wider bounds."""

_OWN_WAYS = pattern(r"mamba_.*|moe_num_experts|shared_layer_.*|attn_layer_(?:period|indices)")
_UNLIKE = frozenset(
    (
        *("bigbird_pegasus", "csm", "evolla", "EvollaModel", "fnet", "git", "ibert", "idefics", "luke", "pegasus_x"),
        *("seamless_m4t", "seamless_m4t_v2", "squeezebert", "zamba", "zamba2"),
    )
)
"""Keys and model types with parts, or kinds of layers, that these sizes do not count.

Source: the parameters of each type of transformers 4.57 with its default configuration.
"""


def _one_side(config: Mapping[str, Any]) -> bool:
    """Whether only the encoder or only the decoder of an encoder-decoder type was kept."""
    endings = ("ForCausalLM", "ForAudioClassification", "Encoder", "Decoder")
    return str(config.get("model_type")) in _TWO_SIDED and any(one.endswith(endings) for one in classes_of(config))


_EXACT = 1.15
"""The share that heads, positions and norms may add, beyond the tolerance of each comparison."""


def longest_input(config: Mapping[str, object] | None) -> int | None:
    """The longest context that the weights take; None where it is unknown, or where scaled positions stretch it."""
    if config is None or config.get("rope_scaling"):
        return None
    for key in ("max_position_embeddings", "n_positions", "max_seq_len", "max_sequence_length"):
        if is_count(value := config.get(key)):
            return value
    return None


def spec_context(model: Described) -> Iterator[tuple[int, Location]]:
    """Each context length that the spec states, under any of its keys, with its location."""
    places = (
        *((model.metadata, key, key) for key in ("textContextWindow", "contextLength", "maxContextLength")),
        *((model.tags, key, f"tags.{key}") for key in ("contextLength", "textContextWindow")),
    )
    for section, key, where in places:
        value = section.get(key)
        if isinstance(value, str) and value.strip().isdecimal():
            value = int(value)
        if is_count(value):
            yield value, model.where(where)
