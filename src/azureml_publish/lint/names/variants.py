"""What a model's name says of its place in a family: size, case, version, context length, device and so on.

Two names contradict each other where both state one kind of property and have no value in common, such as
`bert-base-cased` and `bert-large-cased`. A name that does not state a kind contradicts nothing.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from azureml_publish.lint.names.languages import NAMES
from azureml_publish.patterns import pattern

Kind: TypeAlias = Literal[
    "size",
    "class",
    "case",
    "tuning",
    "version",
    "context",
    "layers",
    "pair",
    "language",
    "hours",
    "device",
    "precision",
]


@functools.lru_cache(maxsize=256)
def alphanumeric(name: str) -> str:
    """The letters and digits of a name, in lower case: separators make no difference."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def one_letter_apart(one: str, other: str) -> bool:
    """Whether two names differ by one additional letter."""
    shorter, longer = sorted((one, other), key=len)
    return len(longer) == len(shorter) + 1 and any(
        longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer))
    )


_WORDS: dict[str, tuple[Kind, str]] = {
    **{name: ("class", name) for name in ("nano", "micro", "tiny", "mini", "small", "base", "medium", "large", "xl")},
    **{name: ("class", name) for name in ("xxl", "huge", "giant", "moe", "vision")},
    **{f"b{number}": ("class", f"b{number}") for number in range(9)},  # SegFormer and EfficientNet
    "xlarge": ("class", "xl"),
    "xxlarge": ("class", "xxl"),
    **{name: ("case", name) for name in ("cased", "uncased")},
    "chat": ("tuning", "chat"),
    "instruct": ("tuning", "instruct"),
    "it": ("tuning", "instruct"),
    "reasoning": ("tuning", "reasoning"),
    **{name: ("device", name) for name in ("cpu", "gpu", "npu")},
    **dict.fromkeys(("generic", "cuda", "openvino", "qnn", "vitis", "trtrtx", "webgpu"), ("device", "")),
    **{name: ("precision", name) for name in ("int4", "int8", "fp4", "fp8", "fp16", "bf16", "fp32", "nf4")},
    **{name: ("precision", name) for name in ("awq", "gptq", "gguf")},
    "4bit": ("precision", "int4"),
    "8bit": ("precision", "int8"),
    "float16": ("precision", "fp16"),
    "float32": ("precision", "fp32"),
    "bfloat16": ("precision", "bf16"),
    **{name: ("language", code) for code, name in NAMES.items()},
    **{code: ("language", code) for code in ("en", "zh", "de", "fr", "es", "ja", "ko", "ru", "pt", "ar", "nl")},
}
"""Words of names that state a property. Names of execution providers make a build, but do not tell the device."""

_NEUTRAL = frozenset(
    {
        *("hf", "model", "models", "the", "a", "of", "for", "preview", "onnx", "pytorch", "transformers", "optimized"),
        *("language", "llm", "lm", "pretrained", "version", "card", "and", "in", "v", "meta", "microsoft"),
    }
)
"""Words that do not distinguish families."""

_SIZE = pattern(r"(\d{1,4}(?:\.\d{1,3})?)([bm])")
_MIXTURE = pattern(r"\d{1,3}x\d{1,4}(?:\.\d+)?[bm]")
_CONTEXT = pattern(r"(\d{1,4})k")
_LAYERS = pattern(r"l-?(\d{1,2})")
_HOURS = pattern(r"(\d{2,5})h(?:rs?)?")
_HOURS_APART = pattern(r"(\d) hours\b")
_CODES = {name: code for code, name in NAMES.items()}
_TURN = pattern(rf"\b({'|'.join(_CODES)}) (?:in)?to ({'|'.join(_CODES)})\b", re.IGNORECASE)
_PAIR = pattern(rf"\b({'|'.join(NAMES)})[-_]({'|'.join(NAMES)})$")
"""The end of the names of translation models: `opus-mt-en-de`."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = pattern(rf"\b({'|'.join(MONTHS)})[a-z]{{0,6}} 20(\d\d)\b", re.IGNORECASE)
"""A release date in words: `September 2024` is `0924` or `2409` in a name."""
_VERSION = pattern(r"v?(\d{1,4}(?:\.\d{1,3}){0,2})")
_GLUED = pattern(r"([a-z]{2,}|[a-z]+2[a-z]+)v?(\d{1,3}(?:\.\d{1,3})?)")
_MOST_PARTS = 20


@dataclass(frozen=True, slots=True)
class Variant:
    """The words of a name that tell its family, and the possible values of each property: `2-7b` is 7b or 2.7b."""

    words: frozenset[str]
    stated: Mapping[Kind, frozenset[str]]

    def of_family(self, other: Variant) -> bool:
        """Whether both may be members of one family: the words of one are among those of the other."""
        return bool(self.words and other.words) and (self.words <= other.words or other.words <= self.words)


MEMBER: tuple[Kind, ...] = (
    *("size", "class", "case", "tuning", "version", "context", "layers", "pair", "language", "hours"),
)
"""Properties that distinguish models. Device and precision distinguish builds of one model."""


@functools.lru_cache(maxsize=4096)
def variant_of(name: str) -> Variant:
    """What a name says, regardless of separators and case."""
    stated: dict[Kind, set[str]] = {}
    for month in _MONTH.finditer(name) if " 20" in name else ():
        number = f"{MONTHS.index(month[1].lower()) + 1:02}"
        stated["version"] = {number + month[2], month[2] + number, "20" + month[2], f"20{month[2]}{number}"}
        name = name.replace(month[0], "")
    name = _HOURS_APART.sub(r"\1h", name) if "hours" in name else name
    if turn := _TURN.search(name) if " to " in name else None:
        stated["pair"] = {f"{_CODES[turn[1].lower()]}-{_CODES[turn[2].lower()]}"}
        name = name.replace(turn[0], "")
    if pair := _PAIR.search(name.lower()):
        stated["pair"] = {f"{pair[1]}-{pair[2]}"}
        name = name[: pair.start()]
    parts = [part.strip(".") for part in re.split(r"[^a-z0-9.]+", name.lower())[:_MOST_PARTS]]
    parts = [part for part in parts if part]
    words: set[str] = set()
    for index, part in enumerate(parts):
        before = parts[index - 1] if index else ""
        if len(part) == 1 and (begun := _GLUED.fullmatch(before)):
            before = begun[2]  # `qwen3-5` is version 3.5
        kind, values = _read(part, before)
        if kind is None:
            glued = _GLUED.fullmatch(part)
            if glued is not None:
                stated.setdefault("version", set()).add(_plain_version(glued[2]))
            word = glued[1] if glued else part
            if word not in _NEUTRAL and not word.isdigit():
                words.add(word)
        else:
            if kind == "version" and len(values) > 1:  # `v1-4` is 1.4 and not 1
                stated.get("version", set()).discard(_plain_version(before.lstrip("v")))
            stated.setdefault(kind, set()).update(values)
    return Variant(frozenset(words), {kind: frozenset(values) for kind, values in stated.items()})


def _read(part: str, before: str) -> tuple[Kind | None, set[str]]:
    """The kind of property that a part of a name states, and its possible values; `before` is the part before it."""
    joined = f"{before}.{part}" if before.isdigit() or re.fullmatch(r"v\d+", before) else ""
    if _MIXTURE.fullmatch(part) or _SIZE.fullmatch(part):
        return "size", {part} | ({joined} if _SIZE.fullmatch(joined) else set())
    if match := _CONTEXT.fullmatch(part):
        return "context", {match[1]}
    if match := _LAYERS.fullmatch(part):
        return "layers", {match[1]}
    if match := _HOURS.fullmatch(part):
        return "hours", {match[1]}
    if match := _VERSION.fullmatch(part):
        whole = _VERSION.fullmatch(joined) if joined else None
        return "version", {_plain_version(one[1]) for one in (match, whole) if one}
    kind, value = _WORDS.get(part, (None, ""))
    return kind, {value} if value else set()


def _plain_version(text: str) -> str:
    """A version without dots, as in some names: `v01` is 0.1. A final `.0` is dropped."""
    return re.sub(r"(?:\.0)+$", "", text).replace(".", "")


def contradiction(one: Variant, other: Variant, kinds: tuple[Kind, ...] = MEMBER) -> Kind | None:
    """The kind of property in which two names differ; None where they may mean one model."""
    for kind in kinds:
        mine, theirs = one.stated.get(kind), other.stated.get(kind)
        if mine and theirs and not mine & theirs:
            return kind
    return None


def sibling_of(one: str, other: str, kinds: tuple[Kind, ...] = MEMBER) -> Kind | None:
    """The kind of property that makes two names of one family two models; None for one model, or two families."""
    mine, theirs = variant_of(one), variant_of(other)
    return contradiction(mine, theirs, kinds) if mine.of_family(theirs) else None


_PURPOSES = frozenset(("coder", "math", "vl", "omni"))


def of_another_purpose(name: str, own: Iterable[str]) -> bool:
    """Whether a name of the same family states a purpose, such as `coder`, that none of the model's own names has."""
    theirs, mine = variant_of(name), [variant_of(one) for one in own]
    known = frozenset[str]().union(*(one.words for one in mine))
    purposes = theirs.words & _PURPOSES
    return bool(purposes - known) and bool((theirs.words - purposes) & known)


KIND_WORDS: Mapping[Kind, str] = {
    "size": "size",
    "class": "size",
    "case": "case",
    "tuning": "tuning",
    "version": "version",
    "context": "context length",
    "layers": "number of layers",
    "pair": "pair of languages",
    "language": "language",
    "hours": "number of hours",
    "device": "device",
    "precision": "precision",
}
"""The word for each kind in messages."""


def tuned_otherwise(one: str, other: str) -> bool:
    """Whether two ids of one owner differ only in words of tuning: both exist on the Hub, so one of them is wrong."""
    pair = [name.lower().partition("/") for name in (one, other)]
    words = [frozenset(re.split(r"[-_.]", name)) for _, _, name in pair]
    return pair[0][0] == pair[1][0] and bool(words[0] ^ words[1]) and (words[0] ^ words[1]) <= _TUNING


_TUNING = frozenset({"instruct", "chat", "it", "base"})
