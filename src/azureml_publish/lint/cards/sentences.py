"""Sentences of a card: their bounds, and whether they are about this model."""

from __future__ import annotations

import re
from typing import NamedTuple

from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.names.publishers import families_in
from azureml_publish.lint.names.variants import Kind, alphanumeric, sibling_of, variant_of
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern


class Sentence(NamedTuple):
    """A sentence, or a cell or line of its own: its offset, and its text in one line."""

    start: int
    text: str


_END = pattern(r"[.!?;](?=[*_\"')\]]*\s)|\n\s*\n|\n(?=\s*(?:[-*+#>|]|\d{1,2}[.)])\s?)|\|")
_LONGEST = 600


def sentence_at(card: Card, offset: int) -> Sentence:
    """The sentence around an offset of `card.words`."""
    first = max(0, offset - _LONGEST)
    begins = [match.end() for match in _END.finditer(card.words, first, offset)]
    start = begins[-1] if begins else first
    end = _END.search(card.words, offset, offset + _LONGEST)
    text = card.words[start : end.start() if end else offset + _LONGEST]
    lead = len(text) - len(text.lstrip())
    return Sentence(start + lead, " ".join(text.split()))


OTHERS = pattern(
    r"\b(?:(?<!longer )(?<!more )(?<!less )(?<!fewer )than|unlike|compar\w+|outperform\w*|vs|versus|teachers?|students?"
    r"|distill\w*|others?|another|siblings?|earlier|previous\w*|later|future|newer|older|predecessors?|successors?"
    r"|originals?|parent|larger|smaller|bigger|variants|(?:famil(?:y|ies)|series|collection|suite|range) of|models"
    r"|versions|releases|checkpoints|up to|either|respectively|while|whereas|instead|unquanti[sz]ed|towers?|draft)\b",
    re.IGNORECASE,
)
"""Words of sentences that are about other models, too, or about a part of this one."""


def first_sentence(card: Card) -> Sentence | None:
    """The first sentence of the first paragraph below front matter and headings."""
    headings = {heading.line for heading in card.headings}
    for first, _ in card.paragraphs:
        if first not in headings and first <= _BEGINNING and card.lines[first - 1].strip():
            start = card.starts[first - 1]
            return sentence_at(card, start + len(card.lines[first - 1]) - len(card.lines[first - 1].lstrip()))
    return None


_BASE = pattern(r"\bbase model\b", re.IGNORECASE)
_APPOSED = pattern(r"\W{0,4}(?P<name>[A-Z][\w.-]*(?:[-/ ][\w.-]*\d[\w.]*)+),? (?:with|which|whose|having|of|at)\b")
"""`ViT-B/16, with patches of 16 pixels, ...`"""
_BEGUN = 12
"""`The base model of a family` may be the subject itself."""

_BEGINNING = 25
_SUBJECT = pattern(
    r"\W{0,4}(?:(?P<this>this model|the model|it)|(?:the )?(?P<name>[\w.-]+(?: [\w.-]+){0,3}?)(?: model)?),? (?:is|has"
    r"|was|supports?|contains?|reads?|takes?|comes|uses?|consists?|comprises|accepts?|handles?|needs?|requires?|reaches"
    r"|achieves|scores|gets|obtains|runs|returns|knows|expects|activates|holds|offers|employs|weighs|totals)\b",
    re.IGNORECASE,
)


def of_this_model(model: Described, card: Card, sentence: Sentence) -> bool:
    """Whether the subject of a sentence is this model, by name or as `the model`, and no other one is named.

    The first sentence of a card always is; others by their first words.
    """
    if OTHERS.search(sentence.text) or _BASE.search(sentence.text, _BEGUN):
        return False
    first = first_sentence(card) if card is model.card else None
    if first is not None and first.start == sentence.start:
        return True
    match = _SUBJECT.match(sentence.text)
    if match is None:
        return False
    if match["this"]:
        return match["this"].lower() != "it" or card.position(sentence.start)[0] <= _BEGINNING
    return is_named(model, match["name"])


def of_another_model(model: Described, sentence: Sentence) -> bool:
    """Whether the subject is a model of another family or version: `Mixtral has 8 experts`."""
    match = _SUBJECT.match(sentence.text) or _APPOSED.match(sentence.text)
    named = match["name"] if match else None
    if not named or is_named(model, named):
        return False
    return bool(
        _VERSION.search(named)
        or _NUMBERED.match(named)
        or families_in(named)
        or sibling_of(model.name, named.replace(" ", "-"))
    )


def of_another_size(model: Described, sentence: Sentence) -> bool:
    """Whether a sentence is about a model of another size: `the tiny model`, `the 70B version`."""
    own = variant_of(model.name).stated
    found = (variant_of(match[1]).stated for match in _SIZED.finditer(sentence.text))
    return any(kind in one and not one[kind] & own.get(kind, frozenset()) for one in found for kind in _SIZES)


_SIZES: tuple[Kind, ...] = ("size", "class")


_SIZED = pattern(r"\b(?:the|an?) ([\w.-]+) (?:models?|versions?|variants?|ones?|checkpoints?)\b", re.IGNORECASE)
_NUMBERED = pattern(r"[A-Z][\w.]*-[\w.]*\d|[A-Z]+\d+-")
_VERSION = pattern(r"\b(?:version|release) \d|\bv\d", re.IGNORECASE)


def is_named(model: Described, words: str) -> bool:
    """Whether words are this model's name or its beginning, and not a sibling's name."""
    mine = alphanumeric(model.name)
    theirs = alphanumeric(words)
    same = mine.startswith(theirs) or theirs.startswith(mine) or (len(theirs) > _LONG and theirs in mine)
    return len(theirs) > _SHORT and same and not sibling_of(model.name, words.replace(" ", "-"))


_SHORT, _LONG = 4, 7
