"""The number of parameters in name, card, summary and spec, compared with each other and with the weights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from azureml_publish.diagnostics import Location
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.numerals import value_of
from azureml_publish.lint.cards.own_figures import of_sibling
from azureml_publish.lint.cards.parameter_counts import close, count_text
from azureml_publish.lint.cards.sentences import OTHERS
from azureml_publish.lint.cards.statements import of_subject
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.names.variants import variant_of
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.parameters import parameter_bounds
from azureml_publish.patterns import pattern

OWN_FIGURE = "Give this model's own figure; that of a sibling does not fit."


def wrong_named_counts(model: Described) -> Iterator[tuple[Location, str, str]]:
    """Numbers of parameters that contradict the name or the weights: location, message and hint."""
    named = named_counts(model)
    low, high = parameter_bounds(model)
    if not named:
        claims = list(_card_counts(model)) if high else []
        match = _COUNT.search(model.summary) if high and not _COMPARED.search(model.summary) else None
        if match and not low / 1.6 <= value_of(match[1], match[2]) <= high * 1.6:
            message = f"The summary says '{match[0]}', while the weights' files make {count_text((low + high) / 2)}."
            yield model.where("summary"), message, "Give this model's own figure."
        own = (*_own_line(model.card, claims), *_own_counts(model.card))
        odd = [one for one in own if high and not low / 1.6 <= one[0] <= high * 1.6]
        if odd or (claims and not any(low / 1.6 <= count <= high * 1.6 for count, *_ in claims)):
            claims = odd or claims
            _, text, offset = claims[0]
            theirs = f"the weights' files make about {count_text((low + high) / 2)} parameters"
            yield model.card.at(offset, text), f"The card says '{short(text)}', while {theirs}.", OWN_FIGURE
        return
    ours = f"the name {model.name} says {count_text(named[0])}"
    claims = list(_card_counts(model))
    if explicit := next((one for one in _own_counts(model.card) if not _any_close(named, one[0])), None):
        _, text, offset = explicit
        yield model.card.at(offset, text), f"'{short(text)}', says the card, while {ours}.", OWN_FIGURE
    elif (mine := _own_line(model.card, claims) or claims) and not any(_any_close(named, one[0]) for one in mine):
        _, text, offset = mine[0]
        yield model.card.at(offset, text), f"The card says '{short(text)}', while {ours}.", OWN_FIGURE
    in_summary = _OF_SUMMARY.search(model.summary) or _summary_count(model.summary)
    if in_summary and not _any_close(named, value_of(in_summary["n"], in_summary["u"])):
        yield model.where("summary"), f"The summary says '{short(in_summary[0])}', while {ours}.", OWN_FIGURE
    stated = model.metadata.get("parameterCount")
    counted = _count_of(stated) if isinstance(stated, str) else stated if isinstance(stated, int) else None
    if counted and not _any_close(named, float(counted)):
        message = f"The spec says {stated} parameters, while {ours}."
        yield model.where("parameterCount"), message, "Write the number of this model."
    if high and not any(low / 1.6 <= count <= high * 1.6 for count in named):
        message = f"The weights' files make about {count_text((low + high) / 2)} parameters, {ours}."
        yield model.where("name"), message, "Take the weights of this model; those of a sibling do not fit its name."


_COUNT = pattern(
    r"(?<![\w.,-])([0-9]{1,4}(?:\.[0-9]{1,3})?)[\s-]?(b(?:illion)?|m(?:illion)?"
    r"|bn)\b(?=[\s-]{1,2}(?:trainable\s)?param)",
    re.IGNORECASE,
)
_COUNT_ALONE = pattern(
    r"^\W*(?:~|about\s)?\s*([0-9]{1,4}(?:\.[0-9]{1,3})?)\s?(b(?:illion)?|m(?:illion)?|bn)\b", re.IGNORECASE
)
_NEAR = 160
"""How many characters before a figure its subject may be."""

_THIS = pattern(r"\b(?:this|the) (?:\w+ )?model\b|\bit (?:has|is)\b|^\W*this is [^.]{3,40} checkpoint\b", re.IGNORECASE)
_COMPARED = pattern(
    r"\b(?:than|par|like|unlike|compar\w+|outperform\w*|vs|versus|teacher|distill\w+|models (?:of|with)"
    r"|lora|adapters?|trainable|encoder|tower|projector|draft\w*)\b"
)
"""Words of sentences that are about other models, too, or about a part of this one."""

_RANGE = pattern(r"(?:\b(?:to|and|or|from|between)|[-\u2013,])\s*$")
"""Text before a figure that is one end of a range: from 7 to 70 billion."""
_N = r"(?P<n>[0-9]{1,4}(?:\.[0-9]{1,3})?)[\s-]?(?P<u>b(?:illion)?|m(?:illion)?|bn)\b"
_OWN_COUNT = pattern(
    r"\b(?:(?:this|the) model|(?P<it>it)) (?:has|contains|comes with|consists of) (?:about |around |~ ?|a total of )?"
    rf"{_N}[\s-]{{1,2}}(?:trainable\s)?param\w+",
    re.IGNORECASE,
)
_OWN_CARD = pattern(
    r"\bthis (?:(?:card|page|repo|repository|checkpoint) )?(?:is(?: for| about)?|contains|holds|describes) the"
    rf" (?:[\w-]+ ){{0,3}}?(?<![\w.-]){_N}(?=[\s-](?:[\w-]+ ){{0,2}}(?:model|param|version|checkpoint|variant))",
    re.IGNORECASE,
)
_OF_SUMMARY = pattern(
    rf"(?<![\w.,-]){_N}[\s-](?:parameters?[\s-])?(?:language |base |chat |instruct |instruction-tuned )?model\b",
    re.IGNORECASE,
)
_IN_SUMMARY = pattern(rf"(?<![\w.,-]){_N}[\s-]param\w+", re.IGNORECASE)


def _own_counts(card: Card) -> Iterator[tuple[float, str, int]]:
    """Numbers in sentences whose subject is this model, even if they compare it with others."""
    for match in card.near(_OWN_COUNT, "param"):
        text = match.string[match.start("n") : match.end()]
        if match["it"] and (match.start() > _NEAR * 3 or _COMPARED.search(card.lowered[: match.start()])):
            continue  # further down, `it` may be something else
        yield value_of(match["n"], match["u"]), text, match.start("n")
    for match in card.near(_OWN_CARD, "this "):
        yield value_of(match["n"], match["u"]), match[0], match.start()


def named_counts(model: Described) -> tuple[float, ...]:
    """The numbers that a name may state, its last part first: `2-7b` is 7b or 2.7b. None for a mixture of experts."""
    sizes = sorted(variant_of(model.name).stated.get("size", frozenset()), key=len)
    if len(sizes) > 1 and not all(size.endswith(sizes[0]) for size in sizes):
        return ()
    counts = [_count_of(size) for size in sizes]
    return tuple(count for count in counts if count is not None)


def _any_close(counts: tuple[float, ...], other: float) -> bool:
    return any(close(count, other) for count in counts)


def _count_of(text: str) -> float | None:
    match = re.fullmatch(
        r"\s*([0-9]{1,5}(?:\.[0-9]+)?)\s*(b|m|bn|billion|million)?\s*(?:parameters)?\s*", text, re.IGNORECASE
    )
    return value_of(match[1], match[2] or "") if match else None


def _card_counts(model: Described) -> Iterator[tuple[float, str, int]]:
    """The numbers that the card gives for this model, without passing mentions of others."""
    card = model.card
    if card.too_large:
        return
    for claim in of_subject(card, "parameters"):
        if match := _COUNT_ALONE.match(claim.text):
            yield value_of(match[1], match[2]), claim.text, claim.offset
    words = variant_of(model.name).words
    for match in _COUNT.finditer(card.words):
        before = card.words[max(0, match.start() - _NEAR) : match.start()].rpartition("\n\n")[2].lower()
        sentence = re.split(r"[.!?]\s|\n(?=[^\n]*\|)", before)[-1]
        own = _THIS.search(sentence) or any(word in sentence for word in words)
        if own and not _COMPARED.search(sentence) and not OTHERS.search(sentence) and not _RANGE.search(sentence):
            if of_sibling(model, match.start()):
                continue
            yield value_of(match[1], match[2]), f"{match[0]} parameters", match.start()


def _own_line(card: Card, claims: Sequence[tuple[float, str, int]]) -> list[tuple[float, str, int]]:
    """The number in the only labelled line, which cannot be about another model."""
    offsets = {claim.offset for claim in of_subject(card, "parameters")}
    lines = [one for one in claims if one[2] in offsets]
    return lines if len(lines) == 1 and not _COMPARED.search(lines[0][1].lower()) else []


def _summary_count(summary: str) -> re.Match[str] | None:
    """The only number of parameters in a summary that compares nothing."""
    found = list(_IN_SUMMARY.finditer(summary))
    return found[0] if len(found) == 1 and not _COMPARED.search(summary.lower()) else None
