"""The month in which training data end, as texts give it, against `trainingDataDate` and the dates of training."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.lint.cards.findings import Wrong, short
from azureml_publish.lint.cards.sentences import OTHERS, of_this_model, sentence_at
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.names.variants import MONTHS
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern

_M = r"(?P<month>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6})\.?,? (?P<year>20\d\d)\b"
_DATA = r"(?:pre-?training |training |public )?(?:data(?: ?sets?)?|knowledge|corpus|texts?|crawl|documents)"
_CUTOFFS = (
    pattern(
        rf"\b{_DATA} (?:ends|stops|reach(?:es)?|goes|runs|extends)\W{{0,6}}(?:up )?(?:to |in |until |is )?{_M}",
        re.IGNORECASE,
    ),
    pattern(
        rf"\bcut-?off\b(?: date)?(?: (?:of|for) (?:the |its |all )?(?:[\w-]+ ){{0,2}}?{_DATA})?\W{{0,6}}"
        rf"(?:is |of |in |was |at )?(?:the end of |early |late |mid-?)?{_M}",
        re.IGNORECASE,
    ),
)
_SPAN = pattern(
    r"\b(?:from|between|of the years|collected in|covering|dated) (?:[a-z]{3,9}\.? )?(?:20\d\d )?"
    rf"(?:to|until|and|through|[-\u2013]) ?(?:{_M}|(?P<alone>20\d\d)\b)",
    re.IGNORECASE,
)


def month_of(model: Described) -> tuple[int, int] | None:
    """Year and month of `trainingDataDate`; None unless it is written like `October 2023`."""
    written = str(model.metadata.get("trainingDataDate") or "").lower().split()
    if len(written) != 2 or written[0][:3] not in MONTHS or not re.fullmatch(r"20\d\d", written[1]):
        return None
    return int(written[1]), MONTHS.index(written[0][:3]) + 1


def wrong_data_dates(model: Described) -> Iterator[Wrong]:
    """Another month given as the end of the model's knowledge, and training data later than that."""
    ends = month_of(model)
    for page in model.cards if ends else ():
        if ends and not page.too_large:
            yield from _ends(model, page, ends)
            yield from _later_data(model, page, ends)
            yield from _before(model, page, ends)


def _ends(model: Described, page: Card, ends: tuple[int, int]) -> Iterator[Wrong]:
    possible = any(word in page.lowered for word in ("knowledge", "data ", "off", "corpus"))
    found = [match for form in _CUTOFFS for match in form.finditer(page.words)] if possible else []
    months = [_month(match) for match in found]
    for match in found if ends not in months else ():
        sentence = sentence_at(page, match.start()).text
        if not OTHERS.search(sentence) and not _NOT_DATA.search(sentence):
            yield _wrong(model, page, match, match.start("month"))
            return


def _later_data(model: Described, page: Card, ends: tuple[int, int]) -> Iterator[Wrong]:
    """A period of training data that ends after the month in the spec."""
    for match in _SPAN.finditer(page.words) if "train" in page.lowered else ():
        month = (int(match["alone"]), 1) if match["alone"] else _month(match)
        heading = page.heading_of(page.position(match.start())[0])
        sentence = sentence_at(page, match.start()).text
        of_data = "training data" in (heading.text.lower() if heading else "") or _TRAINED_ON.search(sentence)
        later = month[0] > ends[0] if match["alone"] else month > ends
        if of_data and later and not _NOT_DATA.search(sentence) and not OTHERS.search(sentence):
            yield _wrong(model, page, match, match.start())
            return


def _before(model: Described, page: Card, ends: tuple[int, int]) -> Iterator[Wrong]:
    """A training or release of this model that ended before its data did."""
    for match in _MADE.finditer(page.words) if "trained " in page.lowered or "released " in page.lowered else ():
        if _month(match) < ends and of_this_model(model, page, sentence_at(page, match.start())):
            yield _wrong(model, page, match, match.start())
            return


_MADE = pattern(
    rf"\b(?:was|were) (?:pre-?)?(?:trained|released|published) (?:in|on|between|from|during)\b[^.\n|\d]{{0,25}}?{_M}",
    re.IGNORECASE,
)
_TRAINED_ON = pattern(r"\btrained\b[^.]{0,80}\bon\b", re.IGNORECASE)
_NOT_DATA = pattern(
    r"\b(?:evaluat\w*|test(?:ed|ing)?|released?|published|was trained (?:from|between)|ran)\b", re.IGNORECASE
)


def _month(match: re.Match[str]) -> tuple[int, int]:
    return int(match["year"]), MONTHS.index(match["month"].lower()[:3]) + 1


def _wrong(model: Described, page: Card, match: re.Match[str], offset: int) -> Wrong:
    stated = f"The text says '{short(match[0])}'"
    return Wrong(page.at(offset, match[0]), stated, f"trainingDataDate is {model.metadata['trainingDataDate']}")


def made_before_data(model: Described) -> str:
    """The day on which MLflow logged the model, where that is before the month of its training data; else empty."""
    ends = month_of(model)
    logged = str(model.logged.get("utc_time_created") or "")
    match = re.match(r"(20\d\d)-(\d\d)-\d\d", logged)
    return logged[:10] if ends and match and (int(match[1]), int(match[2])) < ends else ""
