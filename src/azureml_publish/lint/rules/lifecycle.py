"""Rules on retirement, dates and deprecated keys."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import date

from azureml_publish.diagnostics import Severity
from azureml_publish.documents import mapping_of
from azureml_publish.lint.cards.data_dates import made_before_data
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.prose import texts_of
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.names.variants import MONTHS
from azureml_publish.lint.subject import AssetSubject, Described
from azureml_publish.lint.yaml_fixes import without_key
from azureml_publish.patterns import near_words, pattern

_RETIREMENT = "deprecation.inferenceRetirementDate"


def _retired_on(model: Described) -> date | None:
    """The day on which inference with the model ended; None where it has not ended, or is not stated."""
    written = mapping_of(model.metadata.get("deprecation")).get("inferenceRetirementDate")
    try:
        day = date.fromisoformat(str(written)[:10])
    except ValueError:
        return None
    return day if day <= model.as_of else None


@rule("SPEC017", "retired-not-archived", Severity.WARNING, "A retired model is not archived.")
def retired_not_archived(model: Described) -> Findings:
    """A retired model that is not archived."""
    day = _retired_on(model)
    if day is not None and not model.archived:
        message = f"Inference ended on {day}, and the model is not archived."
        hint = f"Write {'isArchived' if model.stated else 'archived'}: true, or fix the date."
        yield retired_not_archived.at(model.where(_RETIREMENT), message, hint)


@rule("SPEC018", "featured-and-retired", Severity.WARNING, "A model is featured, and archived or retired.")
def featured_and_retired(model: Described) -> Findings:
    """A model that the catalogue recommends although nobody can use it any more."""
    day = _retired_on(model)
    if model.metadata.get("featured") is True and (model.archived or day is not None):
        what = "archived" if model.archived else f"retired since {day}"
        yield featured_and_retired.at(
            model.where("featured"),
            f"The model is featured and {what}.",
            "Remove featured, so that nobody is led to it.",
            severity=Severity.INFO if model.archived else None,  # the catalogue does not show archived models
        )


_ORDER = (
    ("inferenceLegacyDate", "inferenceDeprecationDate"),
    ("inferenceDeprecationDate", "inferenceRetirementDate"),
    ("finetuneDeprecationDate", "finetuneRetirementDate"),
)
"""Pairs of dates that must be in this order."""


@rule("SPEC037", "dates-contradict", Severity.WARNING, "A date is not valid, or dates are in the wrong order.")
def dates_contradict(model: Described) -> Findings:
    """An impossible date, dates in the wrong order, or training data from the future."""
    days: dict[str, date] = {}
    for key, value in mapping_of(model.metadata.get("deprecation")).items():
        try:
            days[key] = date.fromisoformat(str(value)[:10])
        except ValueError:
            if re.match(r"\d{4}-\d\d-\d\d", str(value)):  # GATE002 reports other forms
                message = f"The {key} {str(value)[:10]} is not a day of the calendar."
                yield dates_contradict.at(model.where(f"deprecation.{key}"), message, "Write a valid date.")
    for first, then in _ORDER:
        if first in days and then in days and days[then] < days[first]:
            message = f"{then} {days[then]} is before {first} {days[first]}."
            yield dates_contradict.at(model.where(f"deprecation.{then}"), message, "Write them in their order.")
    retired, months = days.get("inferenceRetirementDate"), {day.replace(day=1) for day in days.values()}
    for page in model.cards if retired is not None else ():
        for match in _ANNOUNCED.finditer(page.words) if "retire" in page.lowered else ():
            if _month(f"{match['month'].title()} {match['year']}") not in months:
                message = f"The card says '{short(match[0])}', and the metadata has {retired}."
                yield dates_contradict.at(page.at(match.start(), match[0]), message, "Write the same day in both.")
    trained = _month(model.metadata.get("trainingDataDate"))
    if trained is not None and trained > model.as_of:
        message = f"The training data would be from {model.metadata['trainingDataDate']}, which is in the future."
        hint = "Write the month up to which the data reach."
        yield dates_contradict.at(model.where("trainingDataDate"), message, hint)
    elif logged := made_before_data(model):
        yield dates_contradict.at(
            model.where("trainingDataDate"),
            f"The training data would be from {model.metadata['trainingDataDate']}, and MLmodel was made on {logged}.",
            "Write the month up to which the data reach.",
        )


_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


_ANNOUNCED = pattern(
    r"\b(?:retired?|retires|retirement|deprecated|keeps? working) (?:date )?(?:is |will be )?(?:on|from|after|until) "
    rf"(?:the )?(?:\d{{1,2}} )?(?P<month>{'|'.join(_MONTHS)})(?: \d{{1,2}})?,? (?P<year>20\d\d)\b",
    re.IGNORECASE,
)
"""The day on which a card says that the service ends."""


def _month(value: object) -> date | None:
    """The first day of a month that is written like `October 2023`."""
    name, _, year = str(value or "").partition(" ")
    return date(int(year), _MONTHS.index(name) + 1, 1) if name in _MONTHS and re.fullmatch(r"[12]\d{3}", year) else None


_FIELDS = {
    ("tags", "Deprecated"): "Write isArchived: true, or the dates of `deprecation`.",
    ("tags", "batch_compute_allow_list"): "Take it out; batch endpoints use the allow-list of inference.",
    ("properties", "model_id"): "Write huggingFaceModelId in system_metadata (huggingface_model_id among the tags).",
}
"""Deprecated keys and what to write instead."""


@rule("SPEC019", "deprecated-field", Severity.WARNING, "A key is deprecated, and nothing reads it.")
def deprecated_field(subject: AssetSubject) -> Findings:
    """Keys that the service's schema calls deprecated and that nothing reads.

    Source: schema of azureml-registry-tools, as observed on Azure/azureml-assets up to 4b41f8ccbc. `properties.SHA` is
    deprecated there as well; it stays silent here, because no other key says which commit a model was made from.
    """
    for (section, key), hint in _FIELDS.items():
        severity = Severity.INFO if key == "Deprecated" else None  # a team's own tools may read it
        values = subject.read.asset.spec.get(section)
        if isinstance(values, Mapping) and key in values:
            fix = without_key(subject.read.document, (section, key), safe=False)
            where = subject.place((section, key))
            message = f"`{section}.{key}` is deprecated; the service no longer reads it."
            yield deprecated_field.at(where, message, hint, fix=fix, severity=severity)


_DATED = pattern(
    r"^[ \t>*_-]*(?:(?:model |initial )?release(?:d| date)?|last (?:updated|modified)|(?:knowledge|training|data)"
    r"(?: data)? ?cut-?off(?: date)?|date of training)\b[ *_]*(?::|\|)[ *_]*"
    r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)?[a-z]*\.?[ -]?(?:\d{1,2}, ?)?(?P<year>20\d\d)\b",
    re.IGNORECASE | re.MULTILINE,
)
_GATHERED = pattern(
    r"\b(?:data|texts?|corpus|knowledge|crawl\w*|collected|trained|training)\b[^.\n]{0,60}?"
    r"\b(?:until|up to|as of|through)\s+"
    r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)?[a-z]*\.? ?(?P<year>20\d\d)\b",
    re.IGNORECASE,
)
_DONE = pattern(
    r"\b(?:released|published|updated|introduced|created|trained|collected|evaluated) "
    r"(?:in|on|between|from|since) (?:early |late |mid-?)?"
    r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)?[a-z]*\.? ?(?:\d{1,2},? )?(?P<year>20\d\d)\b",
    re.IGNORECASE,
)
_YEAR = pattern(r"20\d\d")
_AHEAD = pattern(r"\b(?:scenario|project(?:ed|ions?)|simulat\w+|climate|forecasts?|valid|supported)\b", re.IGNORECASE)
"""Words for what may lie in the future."""

_NO_DAY = pattern(
    r"\b3[01](?:st|th)? (?:of )?february\b|\b31(?:st)? (?:of )?(?:april|june|september|november)\b"
    r"|(?<![\d/])3[01]/0?2/20\d\d\b"
    r"|\bfebruary 3[01](?:st|th)?(?!\d)|\b(?:april|june|september|november) 31(?:st)?(?!\d)",
    re.IGNORECASE,
)
"""Days that no year has."""
_NAMES = (*_MONTHS, *(month.title() for month in MONTHS))
_MONTH = "(?:" + "|".join(rf"{name[0]}(?<!\w{name[0]}){name[1:]}" for name in _NAMES) + r")\.?"
_BEYOND = pattern(rf"{_MONTH} (?:3[2-9]|[4-9]\d)(?:(?:st|nd|rd|th)\b|, ?(?:19|20)\d\d\b)")
_BEYOND_OF_YEAR = pattern(
    rf"[3-9](?<![\w.,/-][3-9])(?:(?<=3)[2-9]|(?<!3)\d)(?:st|nd|rd|th)?\.? (?:of )?{_MONTH},? (?:19|20)\d\d\b"
)
"""Days beyond the end of any month. A pattern that begins with one of few signs is much faster than one that begins
with a word."""
_ISO = pattern(r"-(?<=(?:19|20)\d\d-)(?<![\w./_-]\d{4}-)(?P<month>\d\d)-(?P<day>\d\d)(?![\w-]|\.\d)")
"""The part of a day after the year: a hyphen is found much faster than a digit."""
_SPAN = pattern(
    rf"[BbFf](?<!\w[BbFf])(?:rom|etween) (?:(?P<month>{_MONTH}) )?(?P<first>(?:19|20)\d\d) (?:to|until|till|through"
    rf"|and) (?:{_MONTH} )?(?P<last>(?:19|20)\d\d)\b(?(month)|(?! ?[\w%-]))"
)
_ANY_YEAR = pattern(r"(?:19|20)\d\d")
"""In most cards there is none, nor so what the expressions with a year find."""
_FIVE_DIGITS = pattern(r" (?:19|20)\d{3}(?!\d)")
_LONG_YEAR = pattern(
    r"\b(?:trained|published|released|introduced|updated|created|collected|evaluated|founded|presented"
    r"|january|february|march|april|may|june|july|august|september|october|november|december) "
    r"(?:in |since |until )?(?P<year>(?:19|20)\d{3})(?=[.,;:)]?(?:\s|$))(?! (?!and |by |for |on |with )\w)",
    re.IGNORECASE,
)


def _no_dates(words: str, this_year: int) -> Iterator[tuple[int, str, str]]:
    """Impossible dates: offset, text, and what is wrong."""
    no_days = near_words(_NO_DAY, words, words.lower(), _DAYS_OF) if "30" in words or "31" in words else ()
    dated = _ANY_YEAR.search(words) is not None
    of_year = _BEYOND_OF_YEAR.finditer(words) if dated else ()
    for match in (*no_days, *_BEYOND.finditer(words), *of_year):
        yield match.start(), match[0], "not a day of the calendar"
    if not dated:
        return
    for match in _ISO.finditer(words):
        written = words[match.start() - 4 : match.end()]
        year, month, day = int(written[:4]), int(match["month"]), int(match["day"])
        in_month = 1 <= month <= len(MONTHS) and 1 <= day <= calendar.monthrange(year, month)[1]
        if not in_month and month != year % 100 + 1:  # 2023-24-25 is a range of years
            yield match.start() - 4, written, "not a day of the calendar"
    for match in _SPAN.finditer(words):
        if int(match["first"]) > int(match["last"]) and int(match["first"]) <= this_year + 1:
            yield match.start(), match[0], "a span that ends before it begins"
    for match in _LONG_YEAR.finditer(words) if _FIVE_DIGITS.search(words) else ():
        text = match["year"]
        meant = {int(text[:at] + text[at + 1 :]) for at in range(1, len(text))}
        if not text.endswith("00") and any(_FIRST_YEAR <= one <= this_year for one in meant):
            yield match.start("year"), text, "not a year"


_FIRST_YEAR = 1990

_DAYS_OF = ("/20", "february", "april", "june", "september", "november")


@rule(
    "CARD075",
    "date-to-come",
    Severity.WARNING,
    "The card gives a date that is impossible or in the future.",
    pages=True,
)
def date_to_come(model: Described) -> Findings:
    """A release, change or end of data more than a month after the day of the check."""
    card = model.card
    today = model.as_of.year * 12 + model.as_of.month
    for offset, text, what in _no_dates(card.words, model.as_of.year):
        hint = "Write the real date."
        yield date_to_come.at(card.at(offset, text), f"'{short(text)}' is {what}.", hint)
    for path, one in texts_of(model):
        possible = "-" in one.text and any(_no_dates(one.source, model.as_of.year))
        for _, written, what in _no_dates(one.words, model.as_of.year) if possible else ():
            yield date_to_come.at(
                model.where(path), f"{path} says {short(written)}, which is {what}.", "Write the real date."
            )
    if not any(int(year) >= model.as_of.year for year in _YEAR.findall(card.words)):
        return  # few cards name a future year, and the two patterns are slow
    for match in (*_DATED.finditer(card.words), *_GATHERED.finditer(card.words), *_DONE.finditer(card.words)):
        if _AHEAD.search(match[0]):
            continue
        month = MONTHS.index(match["month"].lower()) + 1 if match["month"] else 1
        if int(match["year"]) * 12 + month > today + 1:
            message = f"'{short(match[0].strip())}' is in the future on {model.as_of}."
            yield date_to_come.at(card.at(match.start("year")), message, "Write the real date.", width=4)
