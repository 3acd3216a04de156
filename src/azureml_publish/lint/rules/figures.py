"""Rules on the figures of an evaluation, in the card's tables and in those of the page beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from azureml_publish.diagnostics import Severity
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.in_cards import short, width_of
from azureml_publish.lint.markdown.cards import Card, Cell, Table
from azureml_publish.lint.subject import Described
from azureml_publish.lint.variants import alphanumeric
from azureml_publish.patterns import pattern

_SHARE = pattern(
    r"\b(?:accuracy|acc|f1|precision|recall|exact match|em|auc|map|iou|wer|cer|top-?[15])\b[^|]*(?:%|percent)",
    re.IGNORECASE,
)
_FIGURE = pattern(r"[*_`~ ]*(-?\d{1,6}(?:\.\d{1,6})?)[*_`~ ]*(%?)[*_`~ ]*")


@rule("CARD071", "figure-impossible", Severity.WARNING, "A share of an evaluation is above 100 %.", pages=True)
def figure_impossible(model: Described) -> Findings:
    """An accuracy, a precision or the like in per cent that nothing can have."""
    card = model.card
    for table in card.tables:
        for row in table.rows:
            for head, cell in zip(table.header.cells, row.cells, strict=False):
                match = _FIGURE.fullmatch(cell.text)
                if match is None or float(match[1]) <= _WHOLE:
                    continue
                label = f"{head.text} | {row.cells[0].text}" if cell is not row.cells[0] else head.text
                share = _SHARE.search(head.text) or (cell is not row.cells[0] and _SHARE.search(row.cells[0].text))
                exact = _EXACT.fullmatch(head.text) or _EXACT.fullmatch(row.cells[0].text)
                if (share or exact) and not _RATES.search(label):
                    yield figure_impossible.at(
                        card.place(row.line, cell.column),
                        f"{cell.text} stands under '{short(head.text)}', and no share is above 100 %.",
                        "Write the figure that was measured; a point is perhaps missing.",
                        width=len(cell.text),
                    )

    for claim in _IN_WORDS.finditer(card.words) if "%" in card.words else ():
        if float(claim["n"]) > _WHOLE and not _RATES.search(claim[0]):
            yield figure_impossible.at(
                card.at(claim.start()),
                f"'{short(claim[0])}' is above 100 %, and no share is.",
                "Write the figure that was measured; a point is perhaps missing.",
                width=width_of(claim[0]),
            )


_EXACT = pattern(
    r"[*_ ]*(?:accuracy|f1(?:[- ]score)?|precision|recall|exact match|roc[- ]?auc|auc)[*_ ]*", re.IGNORECASE
)
_IN_WORDS = pattern(
    r"\b(?:accuracy|precision|recall|f1(?:[- ]score)?) (?:score )?(?:of|is|was) (?:about |around |up to )?"
    r"(?P<n>\d{1,5}(?:\.\d{1,4})?) ?(?:%|percent)",
    re.IGNORECASE,
)
_WHOLE = 100
_RATES = pattern(
    r"\b(?:wer|cer|relative|improvement|gain|increase|speed\w*|vs|recover\w*|ret(?:ention|ained)|ratio|normali[sz]ed"
    r"|baseline|original|delta|change|samples?|count|size|params?|parameters|tokens|flops|latency|throughput|n)\b",
    re.IGNORECASE,
)
"""Error rates, comparisons and counts may be above."""


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
_YEAR = pattern(r"20\d\d")
_AHEAD = pattern(r"\b(?:scenario|project(?:ed|ions?)|simulat\w+|climate|forecasts?|valid|supported)\b", re.IGNORECASE)
"""What may well lie in the future."""

_NO_DAY = pattern(
    r"\b3[01](?:st|th)? (?:of )?february\b|\b31(?:st)? (?:of )?(?:april|june|september|november)\b"
    r"|\bfebruary 3[01](?:st|th)?(?!\d)|\b(?:april|june|september|november) 31(?:st)?(?!\d)"
    r"|(?<=: )20\d\d-(?:1[3-9]|[2-9]\d|00)-\d\d\b|(?<=: )20\d\d-\d\d-(?:3[2-9]|[4-9]\d|00)\b",
    re.IGNORECASE,
)
"""Days that no year has."""

_SHORT_MONTHS = ("february", "april", "june", "september", "november")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@rule("CARD075", "date-to-come", Severity.WARNING, "The card dates what is past into the future.", pages=True)
def date_to_come(model: Described) -> Findings:
    """A release, a change or the end of the data more than a month after the day of the check."""
    card = model.card
    today = model.as_of.year * 12 + model.as_of.month
    dated = ": 20" in card.words or any(month in card.lowered for month in _SHORT_MONTHS)
    for match in _NO_DAY.finditer(card.words) if dated else ():
        yield date_to_come.at(
            card.at(match.start()),
            f"'{short(match[0])}' is no day of the calendar.",
            "Write the date as it was.",
            width=width_of(match[0]),
        )
    if not any(int(year) >= model.as_of.year for year in _YEAR.findall(card.words)):
        return  # most cards name no year to come, and the two expressions take long
    for match in (*_DATED.finditer(card.words), *_GATHERED.finditer(card.words)):
        if _AHEAD.search(match[0]):
            continue
        month = _MONTHS.index(match["month"].lower()) + 1 if match["month"] else 1
        if int(match["year"]) * 12 + month > today + 1:
            yield date_to_come.at(
                card.at(match.start("year")),
                f"'{short(match[0].strip())}' is still to come on {model.as_of}.",
                "Write the date as it was.",
                width=4,
            )


class _Measured(NamedTuple):
    """A figure of a table: what it is of, as all labels of its row and column, and where it stands."""

    label: str
    cell: Cell
    column: str


@rule("CARD072", "figures-differ", Severity.WARNING, "Two tables give one figure differently.")
def figures_differ(model: Described) -> Findings:
    """One benchmark of one model, with two figures: twice in a table, or in the card and on the page of evaluation.

    A table whose columns name no model, or whose rows say too little, is not compared.
    """
    for page in (model.card, *model.pages):
        for table in page.tables:
            yield from _twice(page, table)
    if not model.pages:
        return
    own = alphanumeric(model.name)
    first: dict[str, tuple[str, Card, _Measured]] = {}
    for page in (model.card, *model.pages):
        for table in page.tables:
            for one in _figures(table):
                if not _is_own(one.column, own):
                    continue
                known = first.setdefault(one.label, (_value(one.cell), page, one))
                if known[1] is not page and known[0] != _value(one.cell):
                    place = known[1].place(known[2].cell.line, known[2].cell.column)
                    yield figures_differ.at(
                        page.place(one.cell.line, one.cell.column),
                        f"{short(one.label)} is {one.cell.text} here, and {known[2].cell.text} in {place.path}.",
                        "Write the figure that was measured in both.",
                        width=len(one.cell.text),
                    )


def _is_own(column: str, own: str) -> bool:
    name = alphanumeric(column)
    return len(name) > _LEAST and (name in own or own in name)


_LEAST = 5


def _twice(page: Card, table: Table) -> Findings:
    """Rows of a table with the same labels and other figures."""
    seen: dict[tuple[str, ...], dict[str, str]] = {}
    for row in table.rows:
        figures = [_FIGURE.fullmatch(cell.text) is not None for cell in row.cells]
        if figures[0] or not any(figures) or not row.cells[0].text.strip():
            continue
        cells = list(zip(table.header.cells, row.cells, figures, strict=False))
        labels = tuple(
            cell.text.strip(" *_").lower() for cell, is_one in zip(row.cells, figures, strict=True) if not is_one
        )
        values = {head.text: _value(cell) for head, cell, is_one in cells if is_one}
        if not values:
            continue
        before = seen.setdefault(labels, values)
        if before is not values and before.keys() == values.keys() and before != values:
            yield figures_differ.at(
                page.place(row.line, row.cells[0].column),
                f"'{short(row.cells[0].text)}' stands above in this table, with other figures.",
                "Take one of the two rows out, or say what sets them apart.",
                severity=Severity.INFO,
            )


def _figures(table: Table) -> Iterator[_Measured]:
    heads = [cell.text for cell in table.header.cells]
    for row in table.rows:
        labels = [
            re.sub(r"<br\s*/?>|[*_`]", " ", cell.text).strip() for cell in row.cells if not _FIGURE.fullmatch(cell.text)
        ]
        label = " ".join(" ".join(one.split()) for one in labels if one)
        for head, cell in zip(heads[1:], row.cells[1:], strict=False):
            if label and _FIGURE.fullmatch(cell.text):
                yield _Measured(label.lower(), cell, head)


def _value(cell: Cell) -> str:
    match = _FIGURE.fullmatch(cell.text)
    return f"{float(match[1]):g}" if match else cell.text
