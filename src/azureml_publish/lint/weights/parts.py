"""Parts of a model's settings: quantisation, labels, vocabulary, adapter modules and sentence-transformers modules."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from azureml_publish.documents import mapping_of
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.typing_errors import almost
from azureml_publish.lint.weights.configuration import is_count
from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.lint.weights.values import vocabulary
from azureml_publish.patterns import pattern


def quantisation_mistakes(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Bit widths and group sizes that a quantisation method does not have, or that do not divide the weights."""
    quantised = config.get("quantization_config")
    if not isinstance(quantised, Mapping):
        return
    if quantised.get("load_in_4bit") is True and quantised.get("load_in_8bit") is True:
        yield "load_in_8bit", "load_in_4bit and load_in_8bit are both true; bitsandbytes takes one."
    method, bits, group = (quantised.get(key) for key in ("quant_method", "bits", "group_size"))
    known = _BITS.get(str(method).lower())
    if known and is_count(bits) and bits not in known:
        yield "bits", f"bits is {bits}; {method} has {' or '.join(map(str, known))}."
    hidden = config.get("hidden_size")
    whole = group == -1 or (is_count(group) and (not is_count(hidden) or hidden % group == 0))
    if known and isinstance(group, int) and not isinstance(group, bool) and not whole:
        yield "group_size", f"group_size is {group}, which does not divide the hidden_size of {hidden}."
    version = quantised.get("version")
    if method == "awq" and isinstance(version, str) and version.lower() not in _VERSIONS:
        yield "version", f"version is {short(version)}; awq has {', '.join(_VERSIONS)}."


_BITS = {"awq": (4,), "gptq": (2, 3, 4, 8)}
_VERSIONS = ("gemm", "gemv", "gemv_fast", "exllama", "ipex", "llm-awq")
"""Source: https://huggingface.co/docs/transformers/main_classes/quantization"""


def label_mistakes(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Labels whose numbers differ between id2label and label2id, or gaps and counts that do not fit."""
    by_number, by_label = config.get("id2label"), config.get("label2id")
    count = config.get("num_labels", config.get("_num_labels"))
    if isinstance(by_number, Mapping) and is_count(count) and by_number and count != len(by_number):
        yield "num_labels", f"num_labels is {count}, and id2label has {len(by_number)} labels."
    if isinstance(by_number, Mapping) and all(_WHOLE.fullmatch(str(one)) for one in by_number):
        lacking = {*range(len(by_number))} - {int(one) for one in by_number}
        if lacking and len(lacking) * 4 < len(by_number):
            yield "id2label", f"id2label has {len(by_number)} labels, and none has the number {min(lacking)}."
            return
    if not isinstance(by_number, Mapping) or not isinstance(by_label, Mapping):
        return
    numbers = {label: number for number, label in by_number.items() if isinstance(label, str)}
    single = len(numbers) == len(by_number)
    for label, number in by_label.items() if single else ():
        if label in numbers and str(number) != numbers[label]:
            yield "label2id", f"label2id gives '{short(label)}' the number {number}, and id2label {numbers[label]}."
            return
        if label not in numbers and is_count(number) and number >= len(by_number) and len(by_number) > 1:
            yield "label2id", f"label2id has '{short(label)}', number {number}, and id2label {len(by_number)} labels."
            return
    unnumbered = [label for label in numbers if label not in by_label] if single else []
    if len(unnumbered) == 1 and len(by_label) == len(numbers) - 1 > 1:
        yield "label2id", f"label2id lacks '{short(unnumbered[0])}', which id2label has."


_WHOLE = pattern(r"[0-9]{1,6}")


def pooling_mistakes(pooling: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A pooling module of sentence-transformers without any pooling mode."""
    ways = {key: value for key, value in pooling.items() if key.startswith("pooling_mode_")}
    if ways and not any(value is True for value in ways.values()):
        yield min(ways), "No pooling_mode is true, so the module gives no vector."


def module_mistakes(files: WeightFiles, folder: str, listed: Any) -> Iterator[tuple[str, str]]:
    """Modules of sentence-transformers that are misspelt, or missing while others exist; `Normalize` has no files."""
    modules = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    for one in modules:
        kind = str(one.get("type"))
        close = (
            almost(kind.rpartition(".")[2], _OF_SENTENCES, 0.8)
            if kind.startswith("sentence_transformers.models.")
            else None
        )
        if close:
            yield "type", f"sentence-transformers has no {short(kind)}; it has {close}."
    beside = {name for name in files.folders if re.fullmatch(rf"{re.escape(folder)}\d+_[^/]*", name)}
    for one in modules if beside else ():
        path, kind = one.get("path"), str(one.get("type"))
        if isinstance(path, str) and path and not kind.endswith(".Normalize") and folder + path not in files.folders:
            yield "path", f"modules.json names {short(path)}, which is missing beside {min(beside)}."


_OF_SENTENCES = (
    *("Transformer", "Pooling", "Dense", "Normalize", "Dropout", "LayerNorm", "WeightedLayerPooling", "CLIPModel"),
)


def word_mistakes(files: WeightFiles, folder: str, tokenizer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The words of `vocab.txt` against those of `tokenizer.json`."""
    model = mapping_of(tokenizer.get("model"))
    held = model.get("vocab") if model.get("type") == "WordPiece" else None
    text = files.text(f"{folder}vocab.txt") if isinstance(held, dict) else ""
    lines = [line.rstrip("\r") for line in text.rstrip("\r\n").split("\n")] if text else []
    if isinstance(held, dict) and lines and len(lines) != len(held) and {*lines} != {*held}:
        yield "vocab", f"tokenizer.json has {len(held)} words, and vocab.txt {len(lines)}."


def vocabulary_mistakes(files: WeightFiles, folder: str, config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """More words in a tokenizer's files than the weights have embeddings for."""
    words, held = config.get("vocab_size"), vocabulary(config)
    if not is_count(words) or held != words:
        return
    text = files.text(f"{folder}vocab.txt")
    counts = {"vocab.txt": len(text.rstrip("\r\n").split("\n")) if text else 0}
    counts["vocab.json"] = len(files.settings(f"{folder}vocab.json"))
    listed = mapping_of(files.settings(f"{folder}tokenizer.json").get("model")).get("vocab")
    counts["tokenizer.json"] = len(listed) if isinstance(listed, dict | list) else 0
    for name, count in counts.items():
        if count > words + (_MARKS_BESIDE if name == "tokenizer.json" else 0):
            yield "vocab_size", f"vocab_size is {words}, and {name} has {count} words."
            return


_MARKS_BESIDE = 8
"""Image tokens that a tokenizer may have while the weights are for text alone."""


def adapter_mistakes(adapter: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """An adapter type that PEFT does not know, a base model on somebody's own machine, and wrong target modules."""
    kind, base = adapter.get("peft_type"), adapter.get("base_model_name_or_path")
    wanted = kind.upper() if isinstance(kind, str) and kind not in _PEFT_TYPES else ""
    if close := difflib.get_close_matches(wanted, _PEFT_TYPES, 1, 0.75):
        yield "peft_type", f"peft_type is {kind}, which PEFT does not know; it has {close[0]}."
    if isinstance(base, str) and _OF_A_MACHINE.match(base):
        yield (
            "base_model_name_or_path",
            f"The adapter's base is {short(base)}, a folder on the machine where it was trained.",
        )
    yield from _target_modules(adapter.get("target_modules"), str(base).lower())


def _target_modules(listed: Any, base: str) -> Iterator[tuple[str, str]]:
    """Target modules of an adapter: none, repeated, misspelt, or of another model type than the base."""
    modules = [str(one) for one in listed] if isinstance(listed, list) else [""]
    plain = all(re.fullmatch(r"\w+", one) for one in modules)
    if isinstance(listed, list) and not listed:
        yield "target_modules", "target_modules is empty, so the adapter changes nothing."
    elif len(set(modules)) < len(modules):
        yield "target_modules", f"target_modules names {max(modules, key=modules.count)} twice."
    for module in modules if plain else ():
        close = difflib.get_close_matches(module, _MODULES, 1, 0.75) if module not in _MODULES else []
        if close and close[0] not in modules and module.count("_") <= close[0].count("_"):
            yield "target_modules", f"target_modules names {module}; {close[0]} was perhaps meant."
            return
    own = next((of for start, of in _MODULES_OF.items() if re.match(start, base)), frozenset[str]())
    foreign = [one for one in modules if one in _MODULES and one not in own | _ANYWHERE] if own and plain else []
    if foreign:
        yield "target_modules", f"target_modules names {foreign[0]}, which models such as {short(base)} do not have."


_PROJECTIONS = frozenset({"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"})
_MODULES_OF = {
    r"(?:.*/)?(?:(?:meta-)?llama-?[23]|mistral-7b|qwen2|qwen3-\d+(?:\.\d)?b$|gemma-)": _PROJECTIONS,
    r"microsoft/phi-3(?:\.5)?-(?:mini|medium)": frozenset({"qkv_proj", "o_proj", "gate_up_proj", "down_proj"}),
    r"(?:openai-community/)?gpt2": frozenset({"c_attn", "c_proj", "c_fc"}),
}
_ANYWHERE = frozenset({"lm_head", "embed_tokens", "all"})
_MODULES = sorted(
    _PROJECTIONS.union(*_MODULES_OF.values())
    | _ANYWHERE
    | {"query", "key", "value", "dense", "query_key_value", "dense_h_to_4h", "dense_4h_to_h", "out_proj", "in_proj"}
    | {"fc1", "fc2", "q_lin", "k_lin", "v_lin", "out_lin", "wq", "wk", "wv", "wo", "w1", "w2", "w3", "to_q", "to_k"}
    | {"to_v", "Wqkv", "qkv", "kv_a_proj_with_mqa", "kv_b_proj", "q_a_proj", "q_b_proj", "x_proj", "dt_proj"}
    | {"q", "k", "v", "o", "wi", "wi_0", "wi_1", "proj", "linear", "lin1", "lin2", "w1_proj", "score", "classifier"}
)
"""Names of linear layers in transformers' models (https://huggingface.co/docs/peft/developer_guides/custom_models)."""


_OF_A_MACHINE = pattern(r"(?:/|~|\.{1,2}/|[A-Za-z]:[\\/])")
_PEFT_TYPES = (
    *("PROMPT_TUNING", "MULTITASK_PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "LORA", "ADALORA", "BOFT"),
    *("ADAPTION_PROMPT", "IA3", "LOHA", "LOKR", "OFT", "POLY", "LN_TUNING", "VERA", "FOURIERFT", "XLORA", "HRA"),
    *("VBLORA", "CPT", "BONE", "RANDLORA", "TRAINABLE_TOKENS", "SHIRA", "C3A", "MISS", "ROAD", "WAVEFT", "OSF"),
    *("DELORA", "GRALORA"),
)
"""Source: PEFT's PeftType (https://huggingface.co/docs/peft/package_reference/peft_types)."""
