"""The numbers of parameters that cards, summaries and pages give for this model, against everything that states it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from azureml_publish.lint.cards.findings import Wrong, contradicted, short
from azureml_publish.lint.cards.numerals import value_of
from azureml_publish.lint.cards.sentences import OTHERS, of_this_model, sentence_at
from azureml_publish.lint.cards.statements import of_subject
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.bytes import number_type, weight_bytes
from azureml_publish.lint.weights.configuration import BYTES_OF
from azureml_publish.lint.weights.parameters import active_bounds, parameter_bounds
from azureml_publish.patterns import near_words, pattern

Kind: TypeAlias = Literal["total", "active"]


@dataclass(frozen=True, slots=True)
class Count:
    """A number of parameters in a text: the number, its kind, the words, and the place in a card."""

    value: float
    kind: Kind
    text: str
    card: Card | None = None
    offset: int = 0

    def wrong(self, model: Described, true: str) -> Wrong:
        """The finding that reports this number with what is true."""
        if self.card is None:
            return Wrong(model.where("summary"), f"The summary says '{short(self.text)}'", true)
        return contradicted(self.card, self.offset, self.text, true)


_N = (
    r"(?<![\w.,-])(?P<n{0}>\d{{1,3}}(?:,\d{{3}}){{1,4}}|\d{{1,4}}(?:\.\d{{1,3}})?)"
    r"(?:[\s-]?(?P<u{0}>b(?:illion)?|m(?:illion|ln)?|bn|k|thousand|trillion|t)\b)?"
)
_ALONE = pattern(
    rf"\W{{0,3}}(?:about |around |approx\w*\.? |circa |~ ?)?{_N.format('')}(?![\d.]* ?[gmk]i?b\b)", re.IGNORECASE
)
_KIND = r"(?:total|active|activated|overall)"
_IN_PROSE = pattern(
    rf"{_N.format('')}(?:[\s-](?P<kind>{_KIND}|trainable|trained|learnable))?[\s-]param(?:eter)?s?\b"
    rf"(?:,? (?:in )?(?P<after>total|active|activated|per token)\b)?"
    rf"|{_N.format('2')} (?P<kind2>active|activated|total)(?: param(?:eter)?s)?(?= and [\d.]+)"
    rf"|\bactivat(?:es?|ing) (?:only |about )?{_N.format('3')}(?= (?:out )?of (?:its|the|all)\b)",
    re.IGNORECASE,
)
_PART = pattern(
    r"\b(?:adapters?|lora|trainable|trained|learnable|encoder(?!-decoder)|(?<!encoder-)decoder|head|projector|embedding|non-embedding|additional|only|layers?"
    r"|new|extra|expert|each|every|per)\b",
    re.IGNORECASE,
)


def _kind(word: str | None) -> Kind:
    return "active" if word and word.lower() in ("active", "activated", "per token") else "total"


def stated_counts(model: Described, *, trained: bool = False) -> Iterator[Count]:
    """Numbers in rows, in sentences about this model, and in the summary; for those `trained`, in rows only."""
    for card in model.cards:
        if card.too_large:
            continue
        yield from _in_rows(card, "trained" if trained else "parameters", "total")
        if not trained:
            yield from _in_rows(card, "active", "active")
        for text, value, kind, at in _in_text(card.words) if "param" in card.lowered and not trained else ():
            sentence = sentence_at(card, at)
            if of_this_model(model, card, sentence) and not _several(sentence.text):
                yield Count(value, kind, text, card, at)
    summary = model.summary
    if not trained and not OTHERS.search(summary) and not _several(summary):
        yield from (Count(value, kind, text) for text, value, kind, _ in _in_text(summary))


def _in_rows(card: Card, subject: str, kind: Kind) -> Iterator[Count]:
    """The number in the only row with such a label."""
    rows = of_subject(card, subject)
    for row in rows if len(rows) == 1 else ():
        match = _ALONE.match(row.text)
        if match and (match["u"] or "," in match["n"]) and not OTHERS.search(row.text):
            yield Count(value_of(match["n"], match["u"]), kind, row.text, card, row.offset)


def _in_text(text: str) -> Iterator[tuple[str, float, Kind, int]]:
    """Numbers for a whole model in sentences: text, number, kind and offset."""
    for match in near_words(_IN_PROSE, text, text.lower(), ("param", "activ", "total")):
        digits, unit = (match[key] or match[f"{key}2"] or match[f"{key}3"] for key in ("n", "u"))
        word = match["kind"] or match["after"] or match["kind2"] or ("active" if match["n3"] else "")
        begun = text[max(0, match.start() - _NEAR) : match.start()]
        before = re.split(r"[.!?]\s|\n\s*\n", begun)[-1]
        if (unit or "," in digits) and not _PART.search(before) and not _PART.fullmatch(word):
            yield match[0], value_of(digits, unit), _kind(word), match.start()


_NEAR = 40


def _several(text: str) -> bool:
    """Whether several totals are given, as in a list of sizes."""
    found = [
        _kind("active" if one["n3"] else one["kind"] or one["after"] or one["kind2"])
        for one in _IN_PROSE.finditer(text)
    ]
    return len(found) > len(set(found)) or bool(_RANGE.search(text))


_RANGE = pattern(
    r"(?<![\w.-])\d[\d.]* ?(?:[bm]|billion|million)?(?:,| to| and| or|[-\u2013])"
    r" ?\d[\d.]* ?(?:[bm]\b|billion\b|million\b)(?! active| total)",
    re.IGNORECASE,
)


def wrong_counts(model: Described, named: Sequence[float]) -> Iterator[Wrong]:
    """Numbers that contradict the weights' files, the name (`named`) or the other numbers."""
    counts = list(stated_counts(model))
    if model.adapter or not counts:
        return
    totals = [one for one in counts if one.kind == "total"]
    active = [one for one in counts if one.kind == "active"]
    truths = {"total": list(_truths(model, named)), "active": []}
    if (bounds := active_bounds(model.config))[1]:
        truths["active"].append(
            (bounds[0] / 1.5, bounds[1] * 1.5, f"by config.json about {count_text(sum(bounds) / 2)} are active")
        )
    held, dtype = weight_bytes(model), number_type(model.config)
    for one in counts:
        denied = next((words for low, high, words in truths[one.kind] if not low <= one.value <= high), None)
        if denied is None and one.kind == "total" and held and dtype and held.exact and _PRECISE.match(one.text):
            count = held.size / BYTES_OF[dtype]
            apart = max(count, one.value) / min(count, one.value)
            denied = f"{held.source}, {count_text(count)} numbers of {dtype}" if apart > _PRECISELY else None
        if denied is not None:
            yield one.wrong(model, denied)
    if not truths["total"]:
        yield from _odd_one_out(model, totals)
    largest = max((one.value for one in totals), default=0)
    for one in _in_rows(model.card, "bare", "total") if largest else ():
        if one.value > largest * 1.02:
            yield one.wrong(model, f"the model has {count_text(largest)} with all embeddings")
    if not truths["active"]:
        yield from _odd_one_out(model, active)
        for one in active if largest else ():
            if one.value > largest * 1.02:
                yield one.wrong(model, f"the model has {count_text(largest)} in total")


def _odd_one_out(model: Described, counts: Sequence[Count]) -> Iterator[Wrong]:
    """The number that no other text supports: the rarest one; of two, the later."""
    if not counts:
        return
    near = [sum(close(one.value, other.value) for other in counts) for one in counts]
    best = counts[near.index(max(near))]
    for one in counts:
        if not close(one.value, best.value):
            yield one.wrong(model, f"another place says '{short(best.text)}'")


_PRECISE = pattern(r"\W*\d+\.\d ?b", re.IGNORECASE)
_PRECISELY = 1.08
"""`4.02 billion` and the like are exact enough to be compared as totals with embeddings."""

_TOLERANCE = 1.4
"""Numbers are rounded, and with or without embeddings; those of siblings differ by more."""


def close(one: float, other: float) -> bool:
    """Whether two numbers may be those of one model."""
    return max(one, other) <= _TOLERANCE * min(one, other)


def _truths(model: Described, named: Sequence[float]) -> Iterator[tuple[float, float, str]]:
    """Bounds of the true total, each with words for its source."""
    if named:
        low, high = min(named) / _TOLERANCE, max(named) * _TOLERANCE
        yield low, high, f"the name {model.name} says {count_text(named[0])}"
    held, dtype = weight_bytes(model), number_type(model.config)
    if held and dtype:
        count, apart = held.size / BYTES_OF[dtype], max(_TOLERANCE, held.tolerance * 1.4)
        yield count / apart, count * apart, f"{held.source}, {count_text(count)} numbers of {dtype}"
    low, high = parameter_bounds(model)
    if high:
        yield low / 1.6, high * 1.6, f"the weights' files make about {count_text((low + high) / 2)}"


def count_text(count: float) -> str:
    """A number of parameters as a message gives it."""
    return f"{count / 1e9:.3g} billion" if count >= 1e9 else f"{count / 1e6:.3g} million"
