"""Comparisons of a text with a fact from the weights' files: each returns the words that contradict the fact."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from azureml_publish.content.packaging.onnx import Port
from azureml_publish.content.packaging.transformers_facts import is_model_class, stated
from azureml_publish.lint.cards.numerals import NUMERALS, bytes_of, number_of, value_of
from azureml_publish.lint.weights.facts import Fact, Known
from azureml_publish.patterns import pattern

Facts: TypeAlias = Mapping[str, Known[Fact]]

_NUMBER = pattern(r"(?<![\w.,-])(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9}(?:\.[0-9]{1,4})?)(?![\w]|[.,]\d)")
_SIDES = pattern(r"\d ?[x\u00d7] ?\d")
OF_OTHERS = pattern(
    r"\b(?:than|like|unlike|compar\w+|vs|versus|teacher|distill\w*|other|up to|between|original|instead|without"
    r"|(?-i:base)|active|trainable|non-?embedding|public|many|until|before|earlier|previously)\b",
    re.IGNORECASE,
)


def number(text: str, fact: str, facts: Facts) -> str:
    """The first number, where no number in the text is the fact's."""
    found = [match[0] for match in _NUMBER.finditer(text)] if not _SIDES.search(text) else []
    right = any(float(one.replace(",", "")) == facts[fact].value for one in found)
    return "" if right or not found or "." in found[0] else found[0]


def at_most(text: str, fact: str, facts: Facts) -> str:
    """A number above the fact's."""
    most = facts[fact].value
    found = [match[0] for match in _NUMBER.finditer(text)]
    return found[0] if len(found) == 1 and isinstance(most, float) and float(found[0].replace(",", "")) > most else ""


_COUNTS = pattern(
    r"(?<![\w.,-])(?P<n>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,13}(?:\.[0-9]{1,4})?)"
    r"(?: ?(?P<u>k|thousand|m|mn|million|b|bn|billion|t|trillion))?(?![\w%]|[.,]\d)",
    re.IGNORECASE,
)


def count(text: str, fact: str, facts: Facts) -> str:
    """A number of parameters that is neither that of all tensors nor that of those without embeddings."""
    given = (facts[name].value for name in (fact, "fewer parameters") if name in facts)
    true = [one for one in given if isinstance(one, float)]
    few = max(true, default=0) < 1000
    found = [match for match in _COUNTS.finditer(text) if match["u"] or len(match["n"]) > 3 or few]
    if not found or OF_OTHERS.search(text):
        return ""
    for match in found:
        value = value_of(match["n"], match["u"])
        exact = not match["u"] and not match["n"].endswith("000")
        if any(abs(value - one) <= one * (0.005 if exact else 0.2) for one in true):
            return ""
    return found[0][0]


SIZE = pattern(r"(?<![\w.,-])[0-9]{1,4}(?:,[0-9]{3})*(?:\.[0-9]{1,3})? ?[kmgt]i?b\b", re.IGNORECASE)
_MEMORY = pattern(r"\b(?:v?ram|memory|gpu|disk space|needs?|requires?|context)\b", re.IGNORECASE)


def size(text: str, fact: str, facts: Facts) -> str:
    """A size that the files do not have."""
    found, true = [*SIZE.finditer(text)], facts[fact].value
    if not found or _MEMORY.search(text) or not isinstance(true, float):
        return ""
    for match in found:
        if true * 0.85 <= bytes_of(match[0]) <= true * 1.15 + 5000:
            return ""
    return found[0][0]


_SHARDS = pattern(
    rf"\b(?P<n>[0-9]{{1,3}}|{'|'.join(NUMERALS[1:13])}) (?:(?:safetensors|gguf|weights?) )?(?:shards|files?|parts)\b",
    re.IGNORECASE,
)


def shards(text: str, fact: str, facts: Facts) -> str:
    """A number of parts that the files do not have."""
    match = _SHARDS.search(text)
    if match is None or not re.search(r"shard|safetensors|part|weight|\bGB in\b", text, re.IGNORECASE):
        return ""
    return "" if number_of(match["n"]) == facts[fact].value else match[0]


_FILE = pattern(
    r"(?<![\w./:*<{-])[\w][\w.-]*\.(?:gguf|safetensors|onnx|pkl|joblib|pt|pth|h5|keras|plan|xgb|ubj)(?![\w/])"
)


def file_names(text: str, fact: str, facts: Facts) -> str:
    """The name of a file that is not there."""
    held = facts[fact].value
    names = held if isinstance(held, frozenset) else frozenset[str]()
    kinds = tuple({f".{name.rpartition('.')[2]}" for name in names})  # files of other kinds are not on this machine
    return next((match[0] for match in _FILE.finditer(text) if match[0].endswith(kinds) and match[0] not in names), "")


_QUANT = pattern(r"(?<![a-z0-9])(?:i?q[1-8](?:_[a-z0-9]+)+|b?f16|f32)(?![a-z0-9])", re.IGNORECASE)


def quantization(text: str, fact: str, facts: Facts) -> str:
    """Another quantisation type of llama.cpp."""
    found = [match[0] for match in _QUANT.finditer(text)]
    true = str(facts[fact].value).upper()
    return "" if not found or any(one.upper() == true for one in found) else found[0]


_OF_GGUF = frozenset(
    [
        *("llama", "qwen", "qwen2", "qwen2moe", "qwen3", "qwen3moe", "gemma", "gemma2", "gemma3", "phi2", "phi3"),
        *("falcon", "gpt2", "gptneox", "mpt", "starcoder", "starcoder2", "stablelm", "bloom", "bert", "nomic-bert"),
        *("deepseek", "deepseek2", "mamba", "rwkv6", "olmo", "olmo2", "granite", "t5", "baichuan", "internlm2"),
        *("minicpm", "chatglm"),
    ]
)
"""Architectures of llama.cpp (https://github.com/ggml-org/llama.cpp/blob/master/gguf-py/gguf/constants.py)."""
_CODE = pattern(r"`([\w./-]+)`")


def model_type(text: str, fact: str, facts: Facts) -> str:
    """Another model type, in backticks or as the whole text."""
    known = facts[fact]
    words = {*_CODE.findall(text), text.strip("`*_ ")}
    types = _OF_GGUF if known.source.endswith(".gguf") else stated()["model_types"]
    found = sorted(one for one in words if one in types)
    return "" if not found or known.value in words else found[0]


_OLD = pattern(
    r"(?:RW|MPT|QWen|Baichuan|BaiChuan|InternLM2?|ChatGLM|MixFormerSequential|StableLMEpoch|Xverse|Orion|MiniCPM|Phi3Small"
    r"|Deci)For\w+"
)
"""Classes that were loaded from code beside the weights before transformers included them."""
_CLASS = pattern(r"\b[A-Z][A-Za-z0-9]+(?:For[A-Z]\w+|Model|MTModel)\b")


def model_class(text: str, fact: str, facts: Facts) -> str:
    """Another class of transformers."""
    found = [one for one in _CLASS.findall(text) if is_model_class(one) or _OLD.fullmatch(one)]
    return "" if not found or facts[fact].value in found else found[0]


_VERSION = pattern(r"(?<![\w.])v?([0-9]{1,4}(?:\.[0-9]{1,4}){1,3})(?![\w]|\.\d)")
_RANGE = pattern(r"\b(?:later|newer|above|higher|least|from|up|since|or|below|before|and)\b|[<>~^+*]", re.IGNORECASE)


def version(text: str, fact: str, facts: Facts) -> str:
    """Another version of a library. Ranges are not judged."""
    found = _VERSION.findall(text)
    if not found or _RANGE.search(text):
        return ""
    true = str(facts[fact].value).partition("+")[0].split(".")
    return "" if any(all(x == y for x, y in zip(one.split("."), true, strict=False)) for one in found) else found[0]


_CHOICES: Mapping[str, Mapping[str, str]] = {
    "pooling": {
        "mean": r"\b(?:mean|average[ds]?|avg)\b", "cls": r"\bcls\b|\bfirst token",
        "max": r"\bmax(?:imum|[- ]?pool\w*)?\b",
        "last": r"\blast[ -]?token\b", "weighted mean": r"\bweighted[ -]?mean\b",
    },
    "similarity": {
        "cosine": r"\bcos(?:ine)?\b", "dot product": r"\b(?:dot|inner)[ -]?(?:product)?\b",
        "euclidean": r"\beuclid\w+|\bl2\b",
        "manhattan": r"\bmanhattan\b|\bl1\b",
    },
    "tensor": {
        "bfloat16": r"\b(?:bf16|bfloat16)\b", "float16": r"\b(?:fp16|float16|f16|half)\b",
        "float32": r"\b(?:fp32|float32|f32)\b",
    },
    "backend": {
        "onnxruntime": r"\bonnx\b|\bonnx ?runtime\b", "tensorrt": r"\btensor-?rt\b", "python": r"\bpython\b",
        "pytorch_libtorch": r"\b(?:lib)?torch(?:script)?\b|\bpytorch\b", "openvino": r"\bopenvino\b",
        "vllm": r"\bvllm\b",
    },
}  # fmt: skip
_CHOSEN = {fact: {n: pattern(form, re.IGNORECASE) for n, form in forms.items()} for fact, forms in _CHOICES.items()}


def choice(text: str, fact: str, facts: Facts) -> str:
    """Another of the few words that the fact can have as its value."""
    forms, true = _CHOSEN[fact], str(facts[fact].value)
    if true not in forms or forms[true].search(text) or OF_OTHERS.search(text):
        return ""
    return next((match[0] for form in forms.values() if (match := form.search(text))), "")


_NAME = pattern(r"[`\"']([A-Za-z_]\w*)[`\"']")
_DIMS = pattern(r"(?<![\w.])-?[0-9]{1,5}(?: ?[x\u00d7,] ?-?[0-9]{1,5})+(?![\w.])")
_TYPES = {
    form: name
    for name, forms in (
        ("FP32", "fp32 float32 float"), ("FP16", "fp16 float16"), ("FP64", "fp64 float64 double"),
        ("INT64", "int64 long"),
        ("INT32", "int32 integer"), ("UINT8", "uint8"), ("INT8", "int8"), ("BOOL", "bool boolean"),
        ("STRING", "string"),
    )
    for form in forms.split()
}  # fmt: skip
_TYPED = pattern(rf"(?<![\w-])(?:{'|'.join(sorted(_TYPES, key=len, reverse=True))})(?![\w-])", re.IGNORECASE)


def ports(text: str, fact: str, facts: Facts) -> str:
    """A name, type or shape that no input (or output) has."""
    ports = facts[fact].value
    if not isinstance(ports, tuple):
        return ""
    names: list[str] = [one for one in _NAME.findall(text) if one.lower() not in _TYPES]
    strange = [one for one in names if one not in {port.name for port in ports}]
    if strange and (len(names) == len(ports) or len(strange) * 2 <= len(names)):
        return strange[0]
    kinds = {_TYPES[match[0].lower()] for match in _TYPED.finditer(text)}
    own = {_TYPES.get(port.datatype.lower(), port.datatype) for port in ports}
    if len(kinds) == 1 and kinds.isdisjoint(own) and "" not in own:
        return next(match[0] for match in _TYPED.finditer(text))
    shapes = [tuple(int(one) for one in re.findall(r"-?\d+", match[0])) for match in _DIMS.finditer(text)]
    if shapes and not any(_fits(shape, port) for shape in shapes for port in ports):
        return next(match[0] for match in _DIMS.finditer(text))
    alone: list[str] = [one[0] for one in _NUMBER.finditer(text)]
    if len(ports) == len(alone) == 1 and not shapes and len(ports[0].dims) == 1 and alone[0].isdecimal():
        return alone[0] if int(alone[0]) != ports[0].dims[0] and ports[0].dims[0] > 0 else ""
    return ""


def _fits(shape: tuple[int, ...], port: Port) -> bool:
    """Whether a shape is a port's, with or without a batch dimension. A dimension of -1 fits every size."""
    ways = (port.dims, port.dims[1:])
    for dims in ways:
        for written in (shape, shape[1:]):
            same = len(written) == len(dims) and dims
            if same and all(-1 in pair or pair[0] == pair[1] for pair in zip(written, dims, strict=True)):
                return True
    return not any(port.dims)


def label_names(text: str, fact: str, facts: Facts) -> str:
    """A list of labels that lacks one, or has one that the configuration lacks."""
    labels = facts[fact].value
    if not isinstance(labels, frozenset) or len(labels) > _MANY or re.search(r"\.\.\.|\u2026|such as|e\.g|other", text):
        return ""
    known = {one.lower() for one in labels}
    items = [
        one.strip("`*_'\"() ").lower() for one in re.split(r",|;|/|\band\b|\bor\b", re.sub(r"\d+ ?[=:]", "", text))
    ]
    named = [one for one in items if one]
    strange = [one for one in named if one not in known]
    if len(named) < 2 or len(strange) * 2 > len(named):
        return ""
    return strange[0] if strange else text if len({*named}) < len(known) else ""


_MANY = 12
