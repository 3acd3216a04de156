"""The values of one settings file by themselves: their types, words that transformers knows, and numbers that fit."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from azureml_publish.content.packaging.transformers_facts import stated
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.typing_errors import almost
from azureml_publish.lint.weights.configuration import classes_of, experts_of, is_count
from azureml_publish.patterns import pattern


def as_text(number: float) -> str:
    """A number as a message shows it. A whole number may have hundreds of digits."""
    return short(str(number)) if isinstance(number, int) else f"{number:g}"


def value_mistakes(
    data: Mapping[str, Any], *, own_code: bool = False, typed: bool = True, depth: int = 4
) -> Iterator[tuple[str, str]]:
    """Keys whose values transformers or PEFT cannot take, or that contradict other keys; each with a message.

    `own_code`: the model brings classes of its own, which may know further words. Unless `typed`, numbers may be text.
    """
    own_code = own_code or bool(data.get("auto_map"))
    for key, value in data.items():
        if isinstance(value, Mapping) and key not in _OPEN and depth:
            yield from value_mistakes(value, own_code=own_code, typed=typed, depth=depth - 1)
            continue
        if message := (typed and _form(key, value)) or _range(key, value) or _word(key, value, own_code=own_code):
            yield key, message
    yield from _lengths(data)
    yield from _impossible(data)
    yield from _multiples(data)
    yield from _positions(data)


def _impossible(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Lengths below 0, a lower bound above the upper one, two special tokens with one id, misspelt processors."""
    for key in ("max_length", "min_length", "max_new_tokens", "model_max_length", "max_seq_length"):
        if isinstance(length := data.get(key), int) and length < -1:
            yield key, f"{key} is {length}; it must be above 0."
    for low, high in (("min_pixels", "max_pixels"), ("min_size", "max_size")):
        if is_count(data.get(low)) and is_count(data.get(high)) and data[low] > data[high]:
            yield low, f"{low} is {data[low]:,}, above the {data[high]:,} of {high}."
    media = [key for key in ("image_token_id", "video_token_id", "audio_token_id") if is_count(data.get(key))]
    for one, other in pairwise(media):
        if data[one] == data[other]:
            yield other, f"{one} and {other} are both {data[one]}."
    for key in ("image_processor_type", "feature_extractor_type", "processor_class", "tokenizer_class"):
        for word in _WORD.findall(str(data.get(key) or "")):
            if meant := almost(word, ("Processor", "Extractor", "Tokenizer")):
                yield key, f"{key} is {short(str(data[key]))}: {word} should be {meant}."


_WORD = pattern(r"[A-Z][a-z]+")

_OPEN = frozenset(
    {"id2label", "label2id", "task_specific_params", "added_tokens_decoder", "auto_map", "init_kwargs", "__version__"}
)
"""Mappings whose keys and values are free."""

_OF_TEXT = pattern(
    r"(?:.*_)?(?:tokens?|versions?|names?|path|labels?|prefix|suffix|prompt|template|text|separator|delimiter|word"
    r"|revision|commit|date|hash|type|task|architectures?|variant|lang|language|class|file)"
)
_NUMBER = pattern(r"[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?")


def _form(key: str, value: object) -> str:
    """A number or a truth value written as text, or a word where a list belongs."""
    if key == "architectures" and isinstance(value, str):
        return f"architectures is the text {short(value)}; transformers takes a list."
    if isinstance(value, str) and not _OF_TEXT.fullmatch(key):
        if _NUMBER.fullmatch(value):
            return f"{key} is the text '{short(value)}', not a number."
        if value.lower() in ("true", "false"):
            return f"{key} is the text '{value}', which Python takes for true; write {value.lower()} alone."
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if key in _COUNTS and (isinstance(value, bool) or (isinstance(value, float) and not whole)):
        return f"{key} is {str(value).lower()}, not a whole number."
    return ""


_COUNTS = frozenset(
    (
        *("hidden_size", "d_model", "n_embd", "num_hidden_layers", "n_layer", "n_layers", "num_attention_heads"),
        *("n_head", "n_heads", "num_key_value_heads", "intermediate_size", "vocab_size", "encoder_layers"),
        *("decoder_layers", "encoder_attention_heads", "decoder_attention_heads", "head_dim", "num_experts"),
        *("num_local_experts", "num_experts_per_tok", "max_position_embeddings", "n_positions", "r", "num_mel_bins"),
        *("sampling_rate", "patch_size", "num_channels", "type_vocab_size", "encoder_ffn_dim", "decoder_ffn_dim"),
    )
)
_POSITIVE = (_COUNTS - {"num_experts", "num_local_experts", "num_experts_per_tok"}) | {
    *("rope_theta", "lora_alpha", "num_beams", "repetition_penalty", "initializer_range", "rms_norm_eps"),
    *("num_heads", "num_layers", "layer_norm_eps", "layer_norm_epsilon", "norm_epsilon", "bits", "hop_length"),
    *("n_fft", "factor", "vocab_size"),
}
_SHARE = pattern(
    r"(?:.*_)?(?:dropout|dropout_prob|pdrop|layerdrop|dropout_rate|drop_path_rate)|top_p|min_p|typical_p"
    r"|rotary_pct"
)
_SMALL = pattern(r"(?:.*_)?(?:norm_eps|norm_epsilon)")


def _range(key: str, value: object) -> str:
    """A number out of range: below 0, a share above 1, or a small number that lost the minus of its exponent."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return ""
    if _SHARE.fullmatch(key) and not 0 <= value <= 1:
        return f"{key} is {as_text(value)}; it must be a share from 0 to 1."
    if (key == "temperature" and value > _HOTTEST) or (key == "top_k" and value < -1):
        return f"{key} is {as_text(value)}, with which a model writes nothing useful."
    if _SMALL.fullmatch(key) and value >= 1:
        return f"{key} is {as_text(value)}; it should be a small number, such as 1e-05."
    if key in _POSITIVE and (value < 0 or (value == 0 and key in _NOT_NOTHING)):
        return f"{key} is {as_text(value)}; it must be above 0."
    return ""


_HOTTEST = 10
_NOT_NOTHING = frozenset({"hidden_size", "d_model", "r", "num_beams", "patch_size", "sampling_rate", "rope_theta"})

_DTYPES = frozenset(
    (
        *("float16", "bfloat16", "float32", "float64", "half", "float", "double", "auto", "int8", "uint8", "int4"),
        *("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn_x2"),
        *("int16", "int32", "int64", "uint4", "uint16"),
    )
)
_OF_TORCH = {"fp16": "float16", "bf16": "bfloat16", "fp32": "float32", "f16": "float16", "f32": "float32"}
_ACTIVATIONS = frozenset(
    (
        *("gelu", "gelu_10", "gelu_fast", "gelu_new", "gelu_python", "gelu_pytorch_tanh", "gelu_python_tanh"),
        *("gelu_accurate", "hardswish", "laplace", "leaky_relu", "linear", "mish", "quick_gelu", "relu", "relu2"),
        *("relu6", "sigmoid", "silu", "sqrtsoftplus", "swish", "tanh", "prelu", "xielu", "elu", "selu", "glu"),
        *("swiglu", "geglu", "softplus", "softmax", "none", "gated-gelu", "gated-silu", "identity"),
        *("squared_relu", "snake"),
    )
)
_ROPES = frozenset(
    (
        *("default", "linear", "dynamic", "yarn", "longrope", "llama3", "proportional", "su", "mrope", "ntk"),
        *("deepseek_yarn", "xdrope", "mllama4", "axial", "pi", "dual_chunk"),
    )
)
_QUANTISED = frozenset(
    (
        *("bitsandbytes", "gptq", "awq", "aqlm", "vptq", "quanto", "eetq", "higgs", "hqq", "compressed-tensors"),
        *("fbgemm_fp8", "torchao", "gguf", "bitnet", "spqr", "fp8", "quark", "fp_quant", "auto-round", "mxfp4"),
        *("nvfp4", "mxfp8", "metal", "fouroversix", "sinq", "gemma", "modelopt", "marlin", "exl2", "exl3", "olive"),
        *("quip", "squeezellm", "fp6", "bnb", "intel/auto-round", "auto_round", "autoround", "modelopt_fp4", "ipex"),
    )
)
_SIDES = frozenset({"left", "right"})
_ADAPTED = frozenset(
    {"CAUSAL_LM", "SEQ_CLS", "SEQ_2_SEQ_LM", "TOKEN_CLS", "QUESTION_ANS", "FEATURE_EXTRACTION", "DIFFUSION"}
)
_WORDS: Mapping[str, tuple[frozenset[str], float]] = {
    **dict.fromkeys(("torch_dtype", "dtype", "bnb_4bit_compute_dtype"), (_DTYPES, 0.0)),
    **dict.fromkeys(("hidden_act", "hidden_activation", "activation_function", "dense_act_fn"), (_ACTIVATIONS, 0.7)),
    "rope_type": (_ROPES, 0.0),
    "quant_method": (_QUANTISED, 0.0),
    **dict.fromkeys(("padding_side", "truncation_side"), (_SIDES, 0.0)),
    "bnb_4bit_quant_type": (frozenset({"nf4", "fp4"}), 0.0),
    "problem_type": (frozenset({"regression", "single_label_classification", "multi_label_classification"}), 0.6),
    "position_embedding_type": (
        frozenset(
            {"absolute", "relative_key", "relative_key_query", "rotary", "alibi", "rope", "relative", "learned", "none"}
        ),
        0.8,
    ),
    "bias": (frozenset({"none", "all", "lora_only", "boft_only", "oft_only", "vera_only"}), 0.6),
    "feed_forward_proj": (_ACTIVATIONS, 0.7),
    "vision_feature_select_strategy": (frozenset({"default", "full", "cls", "patch", "cls_patch"}), 0.7),
    "ctc_loss_reduction": (frozenset({"sum", "mean", "none"}), 0.6),
    "format": (frozenset({"coco_detection", "coco_panoptic"}), 0.8),
    "feat_extract_norm": (frozenset({"group", "layer"}), 0.0),
    "task_type": (_ADAPTED, 0.7),
    "similarity_fn_name": (frozenset({"cosine", "dot", "euclidean", "manhattan", "dot_product"}), 0.0),
}
"""For each key the words that transformers, PEFT or sentence-transformers take, and how similar another word must be to
count as a misspelling; at 0 every other word is a mistake.

Source: transformers' activations.py, modeling_rope_utils.py and utils/quantization_config.py, with what vLLM takes
beside these; PEFT's TaskType (https://huggingface.co/docs/peft/package_reference/peft_types).
"""


def _word(key: str, value: object, *, own_code: bool) -> str:
    """A word that is none of those that a key takes."""
    known, alike = _WORDS.get(key, (frozenset[str](), 1.0))
    if not isinstance(value, str):
        return ""
    word = value.removeprefix("torch.").lower() if key.endswith("dtype") else value
    if not known or {word, word.lower(), word.upper()} & known or (own_code and not key.endswith("dtype")):
        return ""
    meant = _OF_TORCH.get(word) if known is _DTYPES else None
    found = [meant] if meant else difflib.get_close_matches(word, sorted(known), 1, alike or 0.5)
    if not found and alike:
        return ""
    return f"{key} is {short(value)}, which is not a known value{f'; {found[0]} was meant' if found else ''}."


def class_mistakes(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A model type, or a class of it, that is almost one of transformers."""
    kind, names = str(config.get("model_type") or ""), classes_of(config)
    types = stated()["model_types"]
    if config.get("auto_map"):
        return
    tables = stated()["models"].values()
    if kind and kind not in types:
        of_names = {one for table in tables for one, held in table.items() if not {*names}.isdisjoint(held)}
        if of_names and kind not in _OF_OTHERS:
            yield "model_type", f"model_type is {short(kind)}, and {names[0]} is a class of {min(of_names, key=len)}."
    known = {name for table in tables for name in table.get(kind, ())}
    everything = {name for table in tables for held in table.values() for name in held} if known else set()
    for name in names if known else ():
        close = difflib.get_close_matches(name, sorted(known), 1, 0.9)
        if close and name not in everything:
            yield "architectures", f"{short(name)} is not a class of transformers for {kind}; {close[0]} is."


_OF_OTHERS = {"exaone", "internlm3", "iquestcoder", "mlcd_vision_model", "pp_chart2table", "sarvam_mla", "sarvam_moe"}
"""Model types that use classes of other types. Source: transformers 5.24, models/auto (configuration_auto,
modeling_auto)."""

_EQUALLY_LONG: tuple[tuple[str, ...], ...] = (
    ("conv_dim", "conv_stride", "conv_kernel"),
    ("num_heads", "depths"),
    ("sr_ratios", "depths", "hidden_sizes", "patch_sizes", "strides", "mlp_ratios"),
    ("tdnn_dim", "tdnn_kernel", "tdnn_dilation"),
    ("upsample_rates", "upsample_kernel_sizes"),
    ("resblock_kernel_sizes", "resblock_dilation_sizes"),
    ("image_mean", "image_std"),
    ("short_factor", "long_factor"),
    ("out_features", "out_indices"),
)
"""Lists with one entry for each layer, stage or channel; checked in files that have the first of them."""

_COUNTED_BY = (
    *(("num_feat_extract_layers", key) for key in ("conv_dim", "conv_stride", "conv_kernel")),
    *(("num_encoder_blocks", key) for key in ("depths", "sr_ratios", "hidden_sizes", "num_attention_heads")),
    *(("num_hidden_layers", key) for key in ("layer_types", "mlp_layer_types", "layers_block_type")),
    *(("num_stages", "depths"), ("num_layers", "depths")),
)
"""A key that counts, and the list that must have that many entries."""


def _lengths(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for keys in _EQUALLY_LONG:
        held = [key for key in keys if isinstance(data.get(key), list)] if keys[0] in data else []
        usual = max((len(data[key]) for key in held), default=0)
        for key in held:
            if len(data[key]) != usual:
                other = next(one for one in held if len(data[one]) == usual)
                yield key, f"{key} has {len(data[key])} entries, and {other} {usual}."
                break
    for count, key in _COUNTED_BY:
        number, listed = data.get(count), data.get(key)
        if is_count(number) and isinstance(listed, list) and len(listed) != number:
            yield key, f"{key} has {len(listed)} entries, and {count} is {number}."
            break


_OF_HEADS = (
    *(("d_model", key) for key in ("encoder_attention_heads", "decoder_attention_heads")),
    *(("hidden_size", "num_attention_heads"), ("n_embd", "n_head"), ("dim", "n_heads")),
)
_OWN_HEADS = pattern(r"(?:.*_)?(?:head_dim|d_kv|head_size|kv_channels|lora_rank)|attention_hidden_size|embedding_size")
"""Keys of models whose heads need not divide the hidden size."""

_CHOSEN = (
    *("num_experts_per_tok", "num_experts_per_token", "experts_per_token", "moe_topk", "moe_top_k"),
    *("moe_k", "num_selected_experts"),
)


def _multiples(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Sizes that do not divide evenly, and more experts or groups chosen than there are."""
    heads, shared = data.get("num_attention_heads"), data.get("num_key_value_heads")
    if is_count(heads) and is_count(shared) and heads % shared:
        yield (
            "num_key_value_heads",
            f"num_key_value_heads is {shared}, which does not divide the {heads} of num_attention_heads.",
        )
    plain = (data.get("model_type", "bert") in stated()["model_types"]) and not any(map(_OWN_HEADS.fullmatch, data))
    for size, key in _OF_HEADS if plain else ():
        whole, parts = data.get(size), data.get(key)
        if is_count(whole) and is_count(parts) and whole % parts:
            yield key, f"{size} is {whole}, which the {parts} of {key} do not divide."
            break
    named, experts = experts_of(data)
    for key in _CHOSEN if experts else ():
        if is_count(data.get(key)) and data[key] > experts:
            yield key, f"{key} is {data[key]}, and {named} only {experts}."
    words, other = data.get("vocab_size"), data.get("decoder_vocab_size")
    if data.get("share_encoder_decoder_embeddings") is True and is_count(words) and is_count(other) and words != other:
        yield (
            "vocab_size",
            f"vocab_size is {words}, and decoder_vocab_size {other}, although both share their embeddings.",
        )
    pixels, patch = data.get("image_size"), data.get("patch_size")
    if data.get("model_type") in _IN_PATCHES and is_count(pixels) and is_count(patch) and pixels % patch:
        yield "patch_size", f"patch_size is {patch}, which does not divide the image_size of {pixels}."
    groups, chosen = data.get("n_group"), data.get("topk_group")
    if is_count(groups) and is_count(chosen) and chosen > groups:
        yield "topk_group", f"topk_group is {chosen}, and n_group only {groups}."


_IN_PATCHES = ("vit", "deit", "beit", "vit_mae", "clip_vision_model")
_NEEDED = {
    "llama3": ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"),
    "yarn": ("factor",),
    "linear": ("factor",),
    "dynamic": ("factor",),
    "longrope": ("short_factor", "long_factor"),
}
"""Source: transformers' modeling_rope_utils.py."""


def _positions(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """How positions are scaled."""
    most, before = data.get("max_position_embeddings"), data.get("original_max_position_embeddings")
    if is_count(most) and is_count(before) and before > most:
        yield "original_max_position_embeddings", f"It is {before}, above the {most} of max_position_embeddings."
    for place in ("rope_scaling", "rope_parameters"):
        scaling = data.get(place)
        if not isinstance(scaling, Mapping):
            continue
        first = scaling.get("original_max_position_embeddings")
        if is_count(most) and is_count(first) and first > most:
            yield place, f"original_max_position_embeddings is {first}, above the {most} of max_position_embeddings."
        kind = str(scaling.get("rope_type", scaling.get("type")) or "")
        if (
            kind
            and "rope_type" not in scaling
            and (message := _word("rope_type", kind, own_code=bool(data.get("auto_map"))))
        ):
            yield place, message.replace("rope_type", "type", 1)
        lacking = [key for key in _NEEDED.get(kind, ()) if key not in scaling]
        if lacking:
            yield place, f"{place} of the type {kind} lacks {lacking[0]}."
        low, high, factor = (scaling.get(key) for key in ("low_freq_factor", "high_freq_factor", "factor"))
        if isinstance(low, int | float) and isinstance(high, int | float) and low >= high:
            yield (
                place,
                f"low_freq_factor is {as_text(low)}, and high_freq_factor {as_text(high)}, which is not larger.",
            )
        if isinstance(factor, int | float) and 0 <= factor < 1:
            yield place, f"{place} has the factor {as_text(factor)}; it must be 1 or more."


_MARKS = (
    *("bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "cls_token_id", "mask_token_id"),
    *("unk_token_id", "decoder_start_token_id", "forced_bos_token_id", "forced_eos_token_id", "suppress_tokens"),
    *("begin_suppress_tokens", "bad_words_ids", "forced_decoder_ids", "no_timestamps_token_id"),
)


def marks_outside(data: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Special tokens whose ids are beyond the vocabulary of the configuration."""
    words = vocabulary(config) if config.get("model_type") not in _MARKS_BESIDE else 0
    for key in _MARKS if words else ():
        most = max(numbers_in(data.get(key)), default=0)
        if most >= words:
            yield key, f"{key} is {most}, and vocab_size gives {words} entries, counted from 0."


def numbers_in(given: object) -> Iterator[int]:
    """Every whole number from 0 in a value, at any depth."""
    if isinstance(given, list | tuple):
        for one in given:
            yield from numbers_in(one)
    elif isinstance(given, int) and not isinstance(given, bool) and given >= 0:
        yield given


_MARKS_BESIDE = (
    *("musicgen", "musicgen_decoder", "musicgen_melody", "musicgen_melody_decoder", "csm", "kyutai_speech_to_text"),
    *("decision_transformer", "trajectory_transformer", "moshi", "parler_tts"),
)
"""Model types whose special tokens are not counted in vocab_size, or that have none."""


def vocabulary(config: Mapping[str, Any], depth: int = 3) -> int:
    """The largest vocabulary of a configuration or of its parts; 0 where it has none."""
    own = [config[key] for key in ("vocab_size", "decoder_vocab_size") if is_count(config.get(key))]
    parts = (one for key, one in config.items() if isinstance(one, Mapping) and re.search(r"config$|coder$", key))
    return max((*own, *(vocabulary(one, depth - 1) for one in parts if depth)), default=0)
