"""Rules on numbers of parameters and on context lengths: of name, card and pages, and of the weights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.lint.cards.figures import published_positions
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.own_figures import of_sibling
from azureml_publish.lint.cards.parameter_counts import count_text, wrong_counts
from azureml_publish.lint.cards.sentences import OTHERS, of_another_model, of_this_model, sentence_at
from azureml_publish.lint.cards.statements import (
    LENGTH_TEXT,
    contexts_of,
    length_of,
    lengths_in_code,
    lengths_of_cuts,
    limits_in_words,
    of_subject,
)
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.names.variants import variant_of
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.parameters import longest_input, parameter_bounds, spec_context
from azureml_publish.patterns import pattern

_COUNT = pattern(
    r"(?<![\w.,-])([0-9]{1,4}(?:\.[0-9]{1,3})?)[\s-]?(b(?:illion)?|m(?:illion)?"
    r"|bn)\b(?=[\s-]{1,2}(?:trainable\s)?param)",
    re.IGNORECASE,
)
_COUNT_ALONE = pattern(
    r"^\W*(?:~|about\s)?\s*([0-9]{1,4}(?:\.[0-9]{1,3})?)\s?(b(?:illion)?|m(?:illion)?|bn)\b", re.IGNORECASE
)
_NEAR = 160
"""How far before a figure its subject may stand."""

_THIS = pattern(r"\b(?:this|the) (?:\w+ )?model\b|\bit (?:has|is)\b|^\W*this is [^.]{3,40} checkpoint\b", re.IGNORECASE)
_COMPARED = pattern(
    r"\b(?:than|par|like|unlike|compar\w+|outperform\w*|vs|versus|teacher|distill\w+|models (?:of|with)"
    r"|lora|adapters?|trainable|encoder|tower|projector|draft\w*)\b"
)
"""Words of sentences that speak of other models as well, or of a part of this one."""

_RANGE = pattern(r"(?:\b(?:to|and|or|from|between)|[-\u2013,])\s*$")
"""What stands before a figure that is one of several: from 7 to 70 billion."""

_TOLERANCE = 1.4
"""Counts are rounded, and with or without embeddings; siblings are further apart."""


@rule(
    "MATCH009",
    "parameters-differ",
    Severity.WARNING,
    "Name, card and weights give different parameter counts.",
    pages=True,
)
def parameters_differ(model: Described) -> Findings:
    """A number of parameters in the card, or by config.json, that is far from the one in the model's name."""
    found = list(_unlike_name(model))
    yield from found
    places = {one.location for one in found}
    for wrong in wrong_counts(model, named_counts(model)):
        if not any((one.path, one.line) == (wrong.where.path, wrong.where.line) for one in places):
            yield parameters_differ.at(wrong.where, wrong.message, _OWN_FIGURE)


def _unlike_name(model: Described) -> Findings:
    named = named_counts(model)
    low, high = parameter_bounds(model)
    if not named:
        claims = list(_card_counts(model)) if high else []
        described = str(model.metadata.get("summary") or "")
        match = _COUNT.search(described) if high and not _COMPARED.search(described) else None
        if match and not low / 1.6 <= _number(match[1], match[2]) <= high * 1.6:
            message = f"The summary says '{match[0]}', while the weights' files make {count_text((low + high) / 2)}."
            yield parameters_differ.at(model.where("summary"), message, "Give this model's own figure.")
        own = (*_own_line(model.card, claims), *_own_counts(model.card))
        odd = [one for one in own if high and not low / 1.6 <= one[0] <= high * 1.6]
        if odd or (claims and not any(low / 1.6 <= count <= high * 1.6 for count, *_ in claims)):
            claims = odd or claims
            _, text, offset = claims[0]
            theirs = f"the weights' files make about {count_text((low + high) / 2)} parameters"
            yield _not_its_own(model.card, offset, text, f"The card says '{short(text)}', while {theirs}.")
        return
    ours = f"the name {model.name} says {count_text(named[0])}"
    claims = list(_card_counts(model))
    if explicit := next((one for one in _own_counts(model.card) if not _any_close(named, one[0])), None):
        _, text, offset = explicit
        yield _not_its_own(model.card, offset, text, f"'{short(text)}', says the card, while {ours}.")
    elif (mine := _own_line(model.card, claims) or claims) and not any(_any_close(named, one[0]) for one in mine):
        _, text, offset = mine[0]
        yield _not_its_own(model.card, offset, text, f"The card says '{short(text)}', while {ours}.")
    summary = model.metadata.get("summary")
    in_summary = (_OF_SUMMARY.search(summary) or _summary_count(summary)) if isinstance(summary, str) else None
    if in_summary and not _any_close(named, _number(in_summary["n"], in_summary["u"])):
        yield parameters_differ.at(
            model.where("summary"), f"The summary says '{short(in_summary[0])}', while {ours}.", _OWN_FIGURE
        )
    stated = model.metadata.get("parameterCount")
    counted = _count_of(stated) if isinstance(stated, str) else stated if isinstance(stated, int) else None
    if counted and not _any_close(named, float(counted)):
        yield parameters_differ.at(
            model.where("parameterCount"),
            f"The spec says {stated} parameters, while {ours}.",
            "Write the number of this model.",
        )
    if high and not any(low / 1.6 <= count <= high * 1.6 for count in named):
        yield parameters_differ.at(
            model.where("name"),
            f"The weights' files make about {count_text((low + high) / 2)} parameters, {ours}.",
            "Take the weights of this model; those of a sibling do not fit its name.",
        )


_OWN_FIGURE = "Give this model's own figure; that of a sibling does not fit."


def _not_its_own(card: Card, offset: int, text: str, message: str) -> Diagnostic:
    return parameters_differ.at(card.at(offset, text), message, _OWN_FIGURE)


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
    """What sentences say whose subject is this model, whatever else the card compares it with."""
    for match in _OWN_COUNT.finditer(card.words) if "param" in card.lowered else ():
        text = match.string[match.start("n") : match.end()]
        if match["it"] and (match.start() > _NEAR * 3 or _COMPARED.search(card.lowered[: match.start()])):
            continue  # what `it` is, is not certain further down
        yield _number(match["n"], match["u"]), text, match.start("n")
    for match in _OWN_CARD.finditer(card.words) if "this " in card.lowered else ():
        yield _number(match["n"], match["u"]), match[0], match.start()


def named_counts(model: Described) -> tuple[float, ...]:
    """What the name may say, first what its last part says: `2-7b` may be 7b or 2.7b. None of a mixture of experts."""
    sizes = sorted(variant_of(model.name).stated.get("size", frozenset()), key=len)
    if len(sizes) > 1 and not all(size.endswith(sizes[0]) for size in sizes):
        return ()
    counts = [_count_of(size) for size in sizes]
    return tuple(count for count in counts if count is not None)


def _any_close(counts: tuple[float, ...], other: float) -> bool:
    return any(_close(count, other) for count in counts)


def _count_of(text: str) -> float | None:
    match = re.fullmatch(
        r"\s*([0-9]{1,5}(?:\.[0-9]+)?)\s*(b|m|bn|billion|million)?\s*(?:parameters)?\s*", text, re.IGNORECASE
    )
    return _number(match[1], match[2] or "") if match else None


def _number(digits: str, unit: str) -> float:
    return float(digits) * {"b": 1e9, "m": 1e6}.get(unit[:1].lower(), 1)


def _card_counts(model: Described) -> Iterator[tuple[float, str, int]]:
    """Counts that the card gives of this model, not of another one in passing."""
    card = model.card
    if card.too_large:
        return
    for claim in of_subject(card, "parameters"):
        if match := _COUNT_ALONE.match(claim.text):
            yield _number(match[1], match[2]), claim.text, claim.offset
    words = variant_of(model.name).words
    for match in _COUNT.finditer(card.words):
        before = card.words[max(0, match.start() - _NEAR) : match.start()].rpartition("\n\n")[2].lower()
        sentence = re.split(r"[.!?]\s|\n(?=[^\n]*\|)", before)[-1]
        own = _THIS.search(sentence) or any(word in sentence for word in words)
        if own and not _COMPARED.search(sentence) and not OTHERS.search(sentence) and not _RANGE.search(sentence):
            if of_sibling(model, match.start()):
                continue
            yield _number(match[1], match[2]), f"{match[0]} parameters", match.start()


def _own_line(card: Card, claims: Sequence[tuple[float, str, int]]) -> list[tuple[float, str, int]]:
    """The count of the only line that is labelled with it, in which no other model can be meant."""
    offsets = {claim.offset for claim in of_subject(card, "parameters")}
    lines = [one for one in claims if one[2] in offsets]
    return lines if len(lines) == 1 and not _COMPARED.search(lines[0][1].lower()) else []


def _summary_count(summary: str) -> re.Match[str] | None:
    """The only count of parameters in a summary that compares nothing."""
    found = list(_IN_SUMMARY.finditer(summary))
    return found[0] if len(found) == 1 and not _COMPARED.search(summary.lower()) else None


def _close(one: float, other: float) -> bool:
    return max(one, other) <= _TOLERANCE * min(one, other)


@rule(
    "MATCH008",
    "context-length-differs",
    Severity.WARNING,
    "Card, spec and weights give different context lengths.",
    pages=True,
)
def context_length_differs(model: Described) -> Findings:
    """A context length in the card or in config.json that is not the one of the spec, or of the model's name."""
    spec = next(iter(spec_context(model)), None)
    stated = [one for one in contexts_of(model.card) if not of_another_model(model, sentence_at(model.card, one[2]))]
    lines = _labelled(model.card, stated) or stated
    own = next(_own_contexts(model, spec[0], stated, lines), None) if spec is not None else None
    odd = lines and not any(_same_length(spec[0], value) for value, *_ in lines) if spec else False
    if spec is not None and (own or (stated and odd)):
        value, text, offset = own or lines[0]
        yield context_length_differs.at(
            model.card.at(offset, text),
            f"The card gives a context of {value} tokens, the spec of {spec[0]}.",
            "Write the same length in both: config.json has it as max_position_embeddings.",
        )
    if spec is not None:
        yield from _summary_context(model, spec[0])
        yield from _cut(model, spec[0])
    named = re.search(r"(?<![a-z0-9])([0-9]{1,4})k(?![a-z0-9])", model.name.lower())
    if spec is not None and named and not _same_length(spec[0], int(named[1]) * 1024):
        yield context_length_differs.at(
            spec[1],
            f"The spec gives a context of {spec[0]} tokens, while the name {model.name} says {named[1]}k.",
            f"Write {int(named[1]) * 1024}, or give the model another name.",
        )
    most, source = _longest(model)
    yield from _output(model)
    output = model.metadata.get("maxOutputTokens")
    if spec is not None and isinstance(output, int) and output > spec[0]:
        yield context_length_differs.at(
            model.where("maxOutputTokens"),
            f"{output} tokens of output are more than the context of {spec[0]}, which holds input and output.",
            f"Write at most {spec[0]}, or correct the context.",
        )
    adapted = "adapter_config.json" in model.weights  # which may be named after the length that it was trained on
    if named and most is not None and not adapted and not _same_length(most, int(named[1]) * 1024):
        yield context_length_differs.at(
            model.where("name"),
            f"The weights' config.json has a context of {most} tokens, while the name {model.name} says {named[1]}k.",
            "Take the weights of this model; those of a sibling do not fit its name.",
        )
    if spec is None and most is not None:
        yield from _by_weights(model, most, source, stated, lines)
    if spec is not None and most is not None and spec[0] > most and not _same_length(spec[0], most):
        yield context_length_differs.at(
            spec[1], f"The spec gives a context of {spec[0]} tokens; {source} has {most}.", f"Write {most}."
        )
    known = [*(length for length in (spec and spec[0], most) if length), *(value for value, *_ in stated)]
    if known and (most is not None or not model.config):
        yield from _above(model, max(known))


def _by_weights(
    model: Described, most: int, source: str, stated: list[tuple[int, str, int]], lines: list[tuple[int, str, int]]
) -> Findings:
    """Contexts that are not what the weights give, where the spec gives none."""
    yield from _cut(model, most, source)
    fitting = [one for one in stated if _same_length(one[0], most)]
    for value, text, offset in _own_contexts(model, most, stated, fitting) if fitting else ():
        message = f"The card gives a context of {value} tokens here; {source} has {most}."
        yield context_length_differs.at(model.card.at(offset, text), message, f"Write {most}.")
    limits = lines if lines is not stated else [*stated, *limits_in_words(model.card)]
    if limits and all(value > most and not _same_length(value, most) for value, *_ in limits):
        value, text, offset = limits[0]
        yield context_length_differs.at(
            model.card.at(offset, text),
            f"The card gives a context of {value} tokens; {source} has {most}.",
            f"Write {most}, or say how the context is stretched.",
        )


def _longest(model: Described) -> tuple[int | None, str]:
    """The longest input that files of the weights give, and which one."""
    pieces = model.weights.get("sentence_bert_config.json", {}).get("max_seq_length")
    if isinstance(pieces, int) and pieces > 1:
        return pieces, "sentence_bert_config.json"
    return longest_input(model.config) or published_positions(model), "the weights' config.json"


def _own_contexts(
    model: Described, length: int, stated: Sequence[tuple[int, str, int]], lines: Sequence[tuple[int, str, int]]
) -> Iterator[tuple[int, str, int]]:
    """Contexts of sentences on this model that are not that of the spec, whatever the lines say."""
    for one in (*stated, *(limit for limit in limits_in_words(model.card) if limit[0] > length)):
        differs = one not in lines and not _same_length(length, one[0])
        sentence = sentence_at(model.card, one[2])
        limit = sentence._replace(
            text=sentence.text.replace("up to", "at most") if one not in stated else sentence.text
        )
        if differs and of_this_model(model, model.card, limit):
            yield one


_OF_CONTEXT = pattern(r"context|input|window|maximum|longest", re.IGNORECASE)
_UNSTRETCHED = pattern(r"[\d,.]+ ?k?(?: tokens)?", re.IGNORECASE)


def _labelled(card: Card, stated: list[tuple[int, str, int]]) -> list[tuple[int, str, int]]:
    """The only line or row that is labelled with the context and gives just one."""
    found = [one for one in stated if _UNSTRETCHED.fullmatch(one[1])]
    line = card.lines[card.position(found[0][2])[0] - 1] if len(found) == 1 else ""
    return found if _OF_CONTEXT.search(line) else []


def _cut(model: Described, length: int, source: str = "the spec") -> Findings:
    """A length from which inputs are cut, that is not the context of the spec, or is more than that of the weights."""
    for page in (model.card, *model.pages):
        for value, text, offset in lengths_of_cuts(page):
            if not _same_length(length, value) and (source == "the spec" or value > length):
                message = f"The text says '{short(text)}', while {source} gives a context of {length} tokens."
                hint = "Write the same length in both."
                yield context_length_differs.at(page.at(offset, text), message, hint)
                return


def _summary_context(model: Described, length: int) -> Findings:
    """A context in the summary that is not the one of the spec."""
    summary = model.metadata.get("summary")
    claim = _SUMMARY.search(summary) if isinstance(summary, str) else None
    if claim and not _same_length(length, length_of((claim[1] or claim[2]).rstrip("kK "), "k")):
        yield context_length_differs.at(
            model.where("summary"),
            f"The summary says '{claim[0]}', while the spec gives a context of {length} tokens.",
            "Write the same length in both.",
        )


_GENERATES = pattern(r"\bgeneration(?: of)?(?: up to)? ([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{3,6}) tokens\b", re.IGNORECASE)


def _output(model: Described) -> Findings:
    """Tokens of output in the card that are not those of the spec."""
    most = model.metadata.get("maxOutputTokens")
    if not isinstance(most, int):
        return
    claims = [(one.text, one.offset) for one in of_subject(model.card, "output")]
    claims += [(match[1], match.start(1)) for match in _GENERATES.finditer(model.card.words)]
    found = [(length_of(one[1], one[2] or ""), *place) for place in claims if (one := LENGTH_TEXT.search(place[0]))]
    if found and not any(_same_length(most, length) for length, *_ in found):
        length, text, offset = found[0]
        yield context_length_differs.at(
            model.card.at(offset, text),
            f"The card gives {length} tokens of output, the spec {most}.",
            "Write the same number in both.",
        )


def _above(model: Described, most: int) -> Findings:
    """Lengths that code of the card or the defaults of fine-tuning set, and that are more than any context stated."""
    defaults = model.tags.get("model_specific_defaults")
    written = defaults.get("max_seq_length") if isinstance(defaults, Mapping) else None
    trained = int(text) if (text := str(written).strip()).isdecimal() and len(text) < _MOST_DIGITS else 0
    place = model.where("tags.model_specific_defaults.max_seq_length")
    set_there = ((value, text, model.card.at(offset, text)) for value, text, offset in lengths_in_code(model.card))
    for value, text, where in ((trained, f"max_seq_length: {trained}", place), *set_there):
        if value > most and not _same_length(value, most):
            message = f"'{text}' is more than the context of {most} tokens."
            yield context_length_differs.at(where, message, f"Write at most {most}.")


_MOST_DIGITS = 12
_SUMMARY = pattern(
    r"\bcontext (?:length |window |size )?(?:of|is) (?:up to )?([0-9]{1,4} ?k)\b"
    r"|\b([0-9]{1,4} ?k)[- ](?:token )?context\b",
    re.IGNORECASE,
)


def _same_length(one: int, other: int) -> bool:
    """128k may be 128,000 or 131,072."""
    return abs(one - other) * 16 <= max(one, other)
