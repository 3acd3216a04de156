"""Sums that a text itself states and that do not come out: shares, parts of a whole, batches, products."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from azureml_publish.lint.cards.findings import Wrong, short, width_of
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.patterns import pattern

_N = r"(?<![\w.,-])(?P<{0}>\d{{1,3}}(?:,\d{{3}})+|\d{{1,9}})"
_P = r"(?P<p>\d{1,3}(?:\.\d{1,2})?) ?(?:%|per ?cent\b)"
_FEW = r"[^.%\n|()\d]{0,40}?"
_SHARES = tuple(
    pattern(form, re.IGNORECASE)
    for form in (
        rf"{_N.format('whole')} {_FEW},? (?:of which|of them|of these),? {_N.format('part')}{_FEW} ?\({_P}\)",
        rf"{_N.format('part')}{_FEW} (?:out )?of (?:the |all )?{_N.format('whole')}{_FEW} ?\({_P}\)",
        rf"{_N.format('part')}{_FEW},? \(?{_P} of (?:all |the )?{_N.format('whole')}",
    )
)
_EACH = (
    r"\d{1,3}(?:\.\d)? ?%(?: of (?:the )?(?:data|texts?|tokens|images|samples))? (?:is |are |in )?"
    r"(?!of\b|on\b|to\b|accura|confiden|better|faster|more\b|less\b)[A-Za-z][\w-]{2,20}"
)
_LIST = pattern(rf"{_EACH}(?:, {_EACH})*,? and {_EACH}")
_FOR = r"\d{1,2} ?%(?: (?:is|are))? for (?:the )?(?:train|validat|test|evaluat|develop)\w*"
_SPLIT = pattern(rf"{_FOR}(?:(?:, and |,| and) ?{_FOR}){{1,2}}", re.IGNORECASE)
_DEVICE = r"(?:gpu|tpu|device|core|accelerator)"
_BATCHES = (
    pattern(
        rf"{_N.format('a')} (?:[\w-]+ ){{0,3}}?{_DEVICE}s?\b{_FEW} {_N.format('b')} (?:[\w-]+ )?(?:per|on each|for"
        rf" each) {_DEVICE}[^.\n|]{{0,30}}?batch(?: size)? (?:of |is |= ?)?{_N.format('total')}\b",
        re.IGNORECASE,
    ),
    pattern(
        rf"batch(?: size)?\W{{1,6}}{_N.format('total')} ?\((?P<a>\d{{1,4}}) (?:[\w-]+ )?per {_DEVICE},? "
        rf"(?:and |with |[x\u00d7] ?)?(?P<b>\d{{1,4}}) (?:gradient )?accumulation",
        re.IGNORECASE,
    ),
    pattern(
        r"(?<![\w.,/-])(?<![x\u00d7*] )(?<![x\u00d7*])(?P<a>\d{1,5}) ?[x\u00d7*] ?(?P<b>\d{1,5}) ?= ?"
        r"(?P<total>\d{1,3}(?:,\d{3})+|\d{1,9})(?![\w.,/]|\s?[x\u00d7*])"
    ),
)
_TRAINER = pattern(
    r"^[ \t]*[-*] (?P<key>train_batch_size|num_devices|gradient_accumulation_steps|total_train_batch_size):"
    r" (?P<n>\d{1,6})[ \t]*$",
    re.MULTILINE,
)


def wrong_sums(card: Card) -> Iterator[Wrong]:
    """Every such place of a card or page."""
    if not card.too_large:
        yield from _shares(card)
        yield from _products(card)


def _shares(card: Card) -> Iterator[Wrong]:
    """Parts of a whole that are another share than stands beside them, and shares of more than the whole."""
    words = card.words
    if "%" not in words and "per cent" not in card.lowered and "percent" not in card.lowered:
        return
    for form in _SHARES:
        for match in form.finditer(words):
            part, whole, share = _number(match["part"]), _number(match["whole"]), float(match["p"])
            exact = 100 * part / whole if whole else 0
            places = len(match["p"].partition(".")[2])
            if part <= whole and abs(exact - share) > max(1.01 * 10**-places, 0.03 * exact):
                yield _wrong(card, match, f"{match['part']} of {match['whole']} is {exact:.{max(places, 1)}f} %")
    for form in (_LIST, _SPLIT):
        for match in form.finditer(words):
            total = sum(float(one) for one in re.findall(r"(\d{1,3}(?:\.\d)?) ?%", match[0]))
            if _MOST < total < _NO_SHARES or (form is _SPLIT and _LEAST < total < 200 - _MOST):
                yield _wrong(card, match, f"these are {total:g} % together")


def _products(card: Card) -> Iterator[Wrong]:
    """Batches and products that are not what their factors make."""
    words = card.words
    for form in _BATCHES if "batch" in card.lowered or " = " in words else ():
        for match in form.finditer(words):
            product, total = _number(match["a"]) * _number(match["b"]), _number(match["total"])
            of_some = "accumulation" in match[0].lower()  # on several devices it is a multiple
            if product and (total % product if of_some else total != product):
                yield _wrong(card, match, f"{match['a']} times {match['b']} is {product:,}")
    lines = list(_TRAINER.finditer(words)) if "_batch_size" in words else []
    found = {match["key"]: int(match["n"]) for match in lines}
    total = found.pop("total_train_batch_size", 0)
    if total and "train_batch_size" in found and (product := math.prod(found.values())) and total % product:
        match = next(one for one in lines if one["key"] == "total_train_batch_size")
        yield _wrong(card, match, f"the lines above make {product}")


_MOST, _NO_SHARES, _LEAST = 102, 150, 70
"""Shares are rounded; far more than a whole are no shares of one thing, and far less are not all."""


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _wrong(card: Card, match: re.Match[str], true: str) -> Wrong:
    text = " ".join(match[0].split())
    return Wrong(card.at(match.start()), f"'{short(text)}' stands here", true, width_of(match[0]))
