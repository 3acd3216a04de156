"""What name, card, summary, tags and commands say of the quantisation, against `quantization_config`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from azureml_publish.diagnostics import Location
from azureml_publish.documents import mapping_of
from azureml_publish.lint.cards.findings import Wrong, short
from azureml_publish.lint.cards.sentences import OTHERS, first_sentence, of_this_model, sentence_at
from azureml_publish.lint.cards.statements import of_subject
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern


@dataclass(frozen=True, slots=True)
class Quantised:
    """A quantisation as far as a text or a configuration states it: methods, bits, group sizes."""

    methods: frozenset[str]
    bits: frozenset[int]
    groups: frozenset[int]

    def contradicted_by(self, true: Quantised) -> str:
        """What is true instead, in words; empty where nothing contradicts."""
        if self.methods and true.methods and not self.methods & true.methods:
            return f"the method {min(true.methods)}"
        if self.bits and true.bits and not self.bits & true.bits:
            return f"{min(true.bits)} bits"
        if self.groups and true.groups and not self.groups & true.groups:
            return f"a group size of {min(true.groups)}"
        return ""


_METHOD = pattern(
    r"(?<![a-z])(?:auto-?)?(?P<m>awq|gptq|bitsandbytes|bnb|nf4|hqq|aqlm|exl2|eetq|squeezellm|fp8)(?:model|_marlin)?(?![a-z])",
    re.IGNORECASE,
)
_SAME = {"bnb": "bitsandbytes", "nf4": "bitsandbytes"}
_BITS = pattern(
    r"(?<![\w.-])(?P<a>[2-8])[- ]?bits?\b|\bu?int-?(?P<b>[248])\b|\bw(?P<c>[48])a(?:4|8|16)\b|\b(?P<d>nf4|fp4|fp8)\b",
    re.IGNORECASE,
)
_GROUP = pattern(
    r"\bgroup[ _-]?size\W{0,3}(?:of |is )?(?P<n>\d{2,4})\b|\bgroups of (?P<m>\d{2,4})\b|-g(?P<o>\d{2,3})\b",
    re.IGNORECASE,
)


def quantised(text: str) -> Quantised:
    """The quantisation that a text states."""
    methods = {_SAME.get(match["m"].lower(), match["m"].lower()) for match in _METHOD.finditer(text)}
    bits = {int(re.sub(r"\D", "", next(one for one in match.groups() if one))) for match in _BITS.finditer(text)}
    groups = {int(next(one for one in match.groups() if one)) for match in _GROUP.finditer(text)}
    return Quantised(frozenset(methods), frozenset(bits), frozenset(groups))


def _configured(config: Mapping[str, Any]) -> Quantised | None:
    """What `quantization_config` states; None where that is nothing that texts mention."""
    given = mapping_of(config.get("quantization_config"))
    method = str(given.get("quant_method") or "").lower()
    method = method if _METHOD.fullmatch(method) else "bitsandbytes" if given.get("load_in_4bit") else ""
    loaded = 4 if given.get("load_in_4bit") else 8 if given.get("load_in_8bit") else None
    number = given.get("bits", given.get("w_bit", loaded))
    group = given.get("group_size", given.get("q_group_size"))
    bits = {number} if isinstance(number, int) and 1 < number <= 8 else {8} if method == "fp8" else set[int]()
    groups = {group} if isinstance(group, int) and group > 1 else set[int]()
    if not method and not bits:
        return None
    return Quantised(frozenset({method} if method else ()), frozenset(bits), frozenset(groups))


def wrong_quantisation(model: Described) -> Iterator[Wrong]:
    """Places that name another method, number of bits or group size than the configuration."""
    true = _configured(model.settings)
    if true is None:
        return
    if "gguf" not in model.name.lower() and (other := quantised(model.name).contradicted_by(true)):
        yield Wrong(model.where("name"), f"The name is {model.name}", f"config.json has {other}")
        return
    for where, text, stated in claims_of(model):
        if other := stated.contradicted_by(true):
            yield Wrong(where(), f"This says '{short(text)}'", f"config.json has {other}")


Claim: TypeAlias = tuple[Callable[[], Location], str, Quantised]
"""A statement on the quantisation: a function that finds its location, its text, and what it states."""


def claims_of(model: Described) -> Iterator[Claim]:
    """The statements in summary, tags and cards."""
    for key in ("summary", "displayName"):
        text = model.metadata.get(key)
        if isinstance(text, str) and not OTHERS.search(text):
            yield partial(model.where, key), text, quantised(text)
    for key, value in model.tags.items():
        if isinstance(value, str | int) and (form := _TAGS.get(key.lower().replace("-", "_"))):
            yield partial(model.where, f"tags.{key}"), f"{key}: {value}", quantised(form.format(value))
    for card in model.cards:
        if not card.too_large:
            yield from _of_card(model, card)


_TAGS = {
    **dict.fromkeys(("quantization", "quantisation", "quant_method", "quantization_method", "precision"), "{}"),
    **dict.fromkeys(("bits", "quantization_bits", "quant_bits", "w_bit"), "{} bits"),
    **dict.fromkeys(("group_size", "q_group_size"), "group size {}"),
}
"""Tags that state the quantisation, and the words that a value stands for: `4` in `bits` is `4 bits`."""

_COMMAND = pattern(r"--quantization[= ]+[\"']?(?P<m>\w+)|\bquantization ?= ?[\"'](?P<n>\w+)")
_OF_IT = pattern(r"(?:the )?quanti[sz]ation to\b", re.IGNORECASE)
_SPOKEN = pattern(r"\bquanti[sz](?:ed|ation)\b|\bgroup[ _]size\b", re.IGNORECASE)


def _of_card(model: Described, card: Card) -> Iterator[Claim]:
    for subject, form in (("quantization", "{}"), ("bits", "{} bits"), ("group", "group size {}")):
        rows = of_subject(card, subject)
        for row in rows if len(rows) == 1 else ():
            yield partial(card.at, row.offset, row.text), row.text, quantised(form.format(row.text))
    for match, offset in card.in_fences(_COMMAND):
        yield partial(card.at, offset, match[0]), match[0], quantised(match["m"] or match["n"])
    seen, first = set[int](), first_sentence(card)
    for match in card.near(_SPOKEN, "quanti", "group"):
        sentence = sentence_at(card, match.start())
        begins = first is not None and card.position(sentence.start)[0] == card.position(first.start)[0]
        begins = begins or _OF_IT.match(sentence.text) is not None
        own = of_this_model(model, card, sentence) or (begins and not OTHERS.search(sentence.text))
        if own and sentence.start not in seen:
            seen.add(sentence.start)
            yield partial(card.at, sentence.start, sentence.text), sentence.text, quantised(sentence.text)
