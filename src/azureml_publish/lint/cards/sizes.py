"""Sizes in bytes and numbers of shards that cards give for this model's weights."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from azureml_publish.lint.cards.findings import Wrong, contradicted
from azureml_publish.lint.cards.numerals import NUMERALS, bytes_of, number_of
from azureml_publish.lint.cards.own_rows import own_cells
from azureml_publish.lint.cards.parameter_counts import stated_counts
from azureml_publish.lint.cards.sentences import OTHERS, of_another_size, sentence_at
from azureml_publish.lint.cards.statements import of_subject
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.bytes import number_type, shard_count, weight_bytes
from azureml_publish.lint.weights.configuration import BYTES_OF
from azureml_publish.patterns import pattern

SIZE = pattern(r"(?<![\w.,])(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12}(?:\.[0-9]{1,3})?) ?(?:[MGTKk]i?B|bytes)\b")
"""A size in bytes."""
_UNITS = tuple(first + rest for first in "MGTKk" for rest in ("B", "iB"))
"""A cheap test: every text with a size has one of these."""


class _Claim(NamedTuple):
    """A size: its place, its text and that of its cell or sentence, and bounds of the true size relative to it."""

    offset: int
    text: str
    around: str
    below: float
    above: float


_TAKES = pattern(
    r"\b(?P<of>weights|parameters|checkpoint|model(?: files?)?|files|download|adapter)(?: alone| itself| together)?,?"
    r"(?: are (?:in |stored (?:in|as) )?(?:16|32)[- ]bit floats and)?"
    r" (?:only |just )?(?:needs?|takes?(?: up)?|occup(?:y|ies)|are|is|uses?|has|have|weighs?|comes? to|adds? up to"
    r"|requires?|totals?|fits? (?:in|into)|measures?)"
    r" (?:at least |about |around |approximately |roughly |some |only |~ ?|less than )*"
    r"(?=[0-9][0-9.]* ?[MGTK]i?B\b)",
    re.IGNORECASE,
)
_BESIDE = pattern(
    r"\b(?:cache|train\w*|fine-?tun\w*|activations?|batch|context|data\w*|corpus|limit|per)\b", re.IGNORECASE
)
_MEMORY = pattern(r"\b(?:v?ram|memory)\b", re.IGNORECASE)
_DTYPE = pattern(
    r"\b(?:(?P<bfloat16>bf16|bfloat16)|(?P<float16>fp16|float16|half[- ]precision|16[- ]bit floats?)"
    r"|(?P<float32>fp32|float32|full[- ]precision|32[- ]bit floats?)"
    r"|(?P<other>int[48]|fp8|[1-8][- ]?bits?|quanti[sz]\w+|q\d\w*|awq|gptq|nf4|gguf|onnx))\b",
    re.IGNORECASE,
)
_ANY = 2.2
"""A copy with numbers of half the width has half the size."""

_CLOSE = 1.25
"""Gigabytes may have 1024 megabytes, and figures are rounded."""

_NEAR = 1.6
_UNIT = 5.0
"""Only a wrong unit or a lost decimal point differs by more."""


def _claims(model: Described, card: Card) -> Iterator[_Claim]:
    for subject in ("weights", "size", "parameters", "memory"):
        rows = of_subject(card, subject)
        for row in rows if len(rows) == 1 else ():
            found = list(SIZE.finditer(row.text))
            line = card.lines[card.position(row.offset)[0] - 1]
            if len(found) == 1 and not OTHERS.search(row.text) and not _RUN.search(line):
                wide = (
                    (_CLOSE, _CLOSE) if subject == "weights" else (1.6, _UNIT) if subject == "memory" else (_ANY, _ANY)
                )
                yield _Claim(row.offset + found[0].start(), found[0][0], line, *wide)
    for head, cell in own_cells(model, card, ("size", "weights")):
        if (match := SIZE.fullmatch(cell.text.strip("*_ "))) and head:
            yield _Claim(card.offset_of(cell), match[0], match[0], _ANY, _ANY)
    for match in _TAKES.finditer(card.words) if any(unit in card.words for unit in _UNITS) else ():
        size, sentence = SIZE.match(card.words, match.end()), sentence_at(card, match.start())
        behind = sentence.text.partition(size[0])[2] if size else ""
        if (
            size is None
            or of_another_size(model, sentence)
            or OTHERS.search(sentence.text)
            or _BESIDE.search(sentence.text)
        ):
            continue
        whole = match["of"].lower() in ("weights", "adapter", "parameters")
        wide = (_CLOSE, 1.6 if whole else 4.0) if _MEMORY.search(behind) else (_CLOSE if whole else _ANY, _ANY)
        yield _Claim(size.start(), size[0], sentence.text, *wide)


_RUN = pattern(r"\b(?:train\w*|required for|fine-?tun\w*|batch|activations?)\b", re.IGNORECASE)


def wrong_sizes(model: Described) -> Iterator[Wrong]:
    """Sizes and numbers of shards that contradict the index, MLflow, or parameters times bytes."""
    card = model.card
    claims = list(_claims(model, card)) if not card.too_large and "gguf" not in card.source.lower() else []
    held, stored = weight_bytes(model), number_type(model.config)
    logged = "transformers" in model.flavours or "hftransformersv2" in model.flavours
    if held is None and model.mlmodel is not None and logged:
        held = weight_bytes(model, alone=True)
    for claim in claims:
        claimed = bytes_of(claim.text)
        named = {match.lastgroup or "" for match in _DTYPE.finditer(claim.around)}
        if held is not None:
            dtype = next(iter(named)) if len(named) == 1 else ""
            scale = BYTES_OF[dtype] / BYTES_OF[stored] if stored and dtype in BYTES_OF else 1.0
            if len(named) > 1 or ("other" in named and stored):
                continue
            below, above = (max(one, held.tolerance) for one in (claim.below, claim.above))
            if not held.size * scale / below <= claimed <= held.size * scale * above:
                yield contradicted(card, claim.offset, claim.text, held.source)
            continue
        size = _count(model) * BYTES_OF.get(next(iter(named)), 0) if len(named) == 1 else 0
        near = _NEAR if claim.above == _CLOSE or model.adapter else _UNIT
        if size and not size / near <= claimed <= size * near:
            true = f"the parameters that the card gives have {size / 1e6:,.3g} MB of {min(named)}"
            yield contradicted(card, claim.offset, claim.text, true)
    yield from _wrong_shards(model, card)


def _count(model: Described) -> float:
    """The number of parameters that rows give; for an adapter, of the trained ones."""
    adapted = bool(model.adapter)
    return next((one.value for one in stated_counts(model, trained=adapted) if one.card is not None), 0)


_SHARDS = pattern(
    rf"(?<![\w.,-])(?P<n>\d{{1,3}}|{'|'.join(NUMERALS[1:9])})(?: weight| safetensors)?"
    r" (?:shards|safetensors files)\b",
    re.IGNORECASE,
)


def _wrong_shards(model: Described, card: Card) -> Iterator[Wrong]:
    count = shard_count(model)
    claims = [(one.text, one.offset, one.text) for one in of_subject(card, "shards") if one.text.isdecimal()]
    claims += [(match["n"], match.start(), match[0]) for match in _SHARDS.finditer(card.words)] if count else []
    for number, offset, text in claims if count else ():
        if number_of(number) != count and not OTHERS.search(sentence_at(card, offset).text):
            yield contradicted(card, offset, text, f"the index of the weights names {count} files")
