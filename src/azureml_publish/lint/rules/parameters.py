"""Rules on numbers of parameters and context lengths in name, card, spec and weights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from azureml_publish.diagnostics import Severity
from azureml_publish.documents import mapping_of
from azureml_publish.lint.cards.figures import published_positions
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.named_counts import OWN_FIGURE, named_counts, wrong_named_counts
from azureml_publish.lint.cards.parameter_counts import wrong_counts
from azureml_publish.lint.cards.sentences import of_another_model, of_this_model, sentence_at
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
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.parameters import longest_input, spec_context
from azureml_publish.patterns import pattern


@rule(
    "MATCH009",
    "parameters-differ",
    Severity.WARNING,
    "Name, card and weights give different parameter counts.",
    pages=True,
)
def parameters_differ(model: Described) -> Findings:
    """A number of parameters in card or config.json that is far from the one in the model's name."""
    found = list(wrong_named_counts(model))
    places = {(where.path, where.line) for where, *_ in found}
    for one in found:
        yield parameters_differ.at(*one)
    for wrong in wrong_counts(model, named_counts(model)):
        if (wrong.where.path, wrong.where.line) not in places:
            yield parameters_differ.at(wrong.where, wrong.message, OWN_FIGURE)


@rule(
    "MATCH008",
    "context-length-differs",
    Severity.WARNING,
    "Card, spec and weights give different context lengths.",
    pages=True,
)
def context_length_differs(model: Described) -> Findings:
    """A context length in card or config.json that is not the one in spec or name."""
    spec = next(iter(spec_context(model)), None)
    stated = [one for one in contexts_of(model.card) if not of_another_model(model, sentence_at(model.card, one[2]))]
    lines = _labelled(model.card, stated) or stated
    own = next(_own_contexts(model, spec[0], stated, lines), None) if spec is not None else None
    odd = lines and not any(_same_length(spec[0], value) for value, *_ in lines) if spec else False
    if spec is not None and (own or (stated and odd)):
        value, text, offset = own or lines[0]
        message = f"The card gives a context of {value} tokens, the spec of {spec[0]}."
        hint = "Write the same length in both: config.json has it as max_position_embeddings."
        yield context_length_differs.at(model.card.at(offset, text), message, hint)
    if spec is not None:
        yield from _summary_context(model, spec[0])
        yield from _cut(model, spec[0])
    named = re.search(r"(?<![a-z0-9])([0-9]{1,4})k(?![a-z0-9])", model.name.lower())
    if spec is not None and named and not _same_length(spec[0], int(named[1]) * 1024):
        message = f"The spec gives a context of {spec[0]} tokens, while the name {model.name} says {named[1]}k."
        hint = f"Write {int(named[1]) * 1024}, or give the model another name."
        yield context_length_differs.at(spec[1], message, hint)
    most, source = _longest(model)
    yield from _output(model)
    output = model.metadata.get("maxOutputTokens")
    if spec is not None and isinstance(output, int) and output > spec[0]:
        message = f"{output} output tokens are more than the context of {spec[0]}, which includes input and output."
        hint = f"Write at most {spec[0]}, or correct the context."
        yield context_length_differs.at(model.where("maxOutputTokens"), message, hint)
    adapted = bool(model.adapter)  # the name may give the length in training
    if named and most is not None and not adapted and not _same_length(most, int(named[1]) * 1024):
        yield context_length_differs.at(
            model.where("name"),
            f"The weights' config.json has a context of {most} tokens, while the name {model.name} says {named[1]}k.",
            "Use the weights of this model; those of a sibling do not fit its name.",
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
    """Context lengths that differ from the weights', where the spec gives none."""
    yield from _cut(model, most, source)
    fitting = [one for one in stated if _same_length(one[0], most)]
    for value, text, offset in _own_contexts(model, most, stated, fitting) if fitting else ():
        message = f"The card gives a context of {value} tokens here; {source} has {most}."
        yield context_length_differs.at(model.card.at(offset, text), message, f"Write {most}.")
    limits = lines if lines is not stated else [*stated, *limits_in_words(model.card)]
    limits = [one for one in limits if not _STRETCHES.search(model.card.lines[model.card.position(one[2])[0] - 1])]
    if limits and all(value > most and not _same_length(value, most) for value, *_ in limits):
        value, text, offset = limits[0]
        message = f"The card gives a context of {value} tokens; {source} has {most}."
        hint = f"Write {most}, or say how the context is stretched."
        yield context_length_differs.at(model.card.at(offset, text), message, hint)


_STRETCHES = pattern(r"e?xtrapolat|nterpolat|\bntk\b|\byarn\b|rope[ -]scal|\bextended? to\b|stretch", re.IGNORECASE)
"""Words of lines on how to read texts longer than the weights' positions."""


def _longest(model: Described) -> tuple[int | None, str]:
    """The longest input that the weights' files give, and the file."""
    pieces = model.weights.get("sentence_bert_config.json", {}).get("max_seq_length")
    if isinstance(pieces, int) and pieces > 1:
        return pieces, "sentence_bert_config.json"
    return longest_input(model.config) or published_positions(model), "the weights' config.json"


def _own_contexts(
    model: Described, length: int, stated: Sequence[tuple[int, str, int]], lines: Sequence[tuple[int, str, int]]
) -> Iterator[tuple[int, str, int]]:
    """Context lengths in sentences about this model that differ from the spec's."""
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
    """The only labelled line or row on the context that gives just one length."""
    found = [one for one in stated if _UNSTRETCHED.fullmatch(one[1])]
    line = card.lines[card.position(found[0][2])[0] - 1] if len(found) == 1 else ""
    return found if _OF_CONTEXT.search(line) else []


def _cut(model: Described, length: int, source: str = "the spec") -> Findings:
    """A length at which inputs are cut that is not the spec's context, or above that of the weights."""
    for page in model.cards:
        for value, text, offset in lengths_of_cuts(page):
            if not _same_length(length, value) and (source == "the spec" or value > length):
                message = f"The text says '{short(text)}', while {source} gives a context of {length} tokens."
                hint = "Write the same length in both."
                yield context_length_differs.at(page.at(offset, text), message, hint)
                return


def _summary_context(model: Described, length: int) -> Findings:
    """A context length in the summary that is not the spec's."""
    claim = _SUMMARY.search(model.summary)
    if claim and not _same_length(length, length_of((claim[1] or claim[2]).rstrip("kK "), "k")):
        message = f"The summary says '{claim[0]}', while the spec gives a context of {length} tokens."
        yield context_length_differs.at(model.where("summary"), message, "Write the same length in both.")


_GENERATES = pattern(r"\bgeneration(?: of)?(?: up to)? ([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{3,6}) tokens\b", re.IGNORECASE)


def _output(model: Described) -> Findings:
    """A number of output tokens in the card that is not the spec's."""
    most = model.metadata.get("maxOutputTokens")
    if not isinstance(most, int):
        return
    claims = [(one.text, one.offset) for one in of_subject(model.card, "output")]
    claims += [(match[1], match.start(1)) for match in _GENERATES.finditer(model.card.words)]
    found = [(length_of(one[1], one[2] or ""), *place) for place in claims if (one := LENGTH_TEXT.search(place[0]))]
    if found and not any(_same_length(most, length) for length, *_ in found):
        length, text, offset = found[0]
        message = f"The card gives {length} tokens of output, the spec {most}."
        yield context_length_differs.at(model.card.at(offset, text), message, "Write the same number in both.")


def _above(model: Described, most: int) -> Findings:
    """Lengths in code or fine-tuning defaults that are above every stated context length."""
    written = mapping_of(model.tags.get("model_specific_defaults")).get("max_seq_length")
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
    """Whether two lengths may be equal: 128k is 128,000 or 131,072."""
    return abs(one - other) * 16 <= max(one, other)
