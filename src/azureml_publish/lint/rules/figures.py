"""Rules on evaluation figures, in tables and sentences of the card and its pages."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.lint.cards.arithmetic import wrong_sums
from azureml_publish.lint.cards.data_dates import wrong_data_dates
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.misquoted import misquoted
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import Card, Cell, Table
from azureml_publish.lint.names.variants import alphanumeric
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern

_SHARE = pattern(
    r"\b(?:accuracy|acc|f1|precision|recall|exact match|em|auc|map|iou|wer|cer|top-?[15])\b[^|]*(?:%|percent)",
    re.IGNORECASE,
)
_FIGURE = pattern(r"[*_`~ ]*(-?\d{1,6}(?:\.\d{1,6})?)[*_`~ ]*(%?)[*_`~ ]*")


@rule("CARD071", "figure-impossible", Severity.WARNING, "A figure in the card is impossible.", pages=True)
def figure_impossible(model: Described) -> Findings:
    """A figure that its measure cannot have: a share above 100 %, a count that is not whole."""
    card = model.card
    for table in card.tables:
        for row in table.rows:
            for head, cell in zip(table.header.cells, row.cells, strict=False):
                if (_figure(cell.text) or 0) <= _WHOLE:
                    continue
                labels = [head.text, *(one.text for one in row.cells if one is not cell)]
                label = " | ".join(labels[: None if cell is not row.cells[0] else 1])
                share = _SHARE.search(head.text) or (cell is not row.cells[0] and _SHARE.search(row.cells[0].text))
                exact = any(map(_is_share, labels))
                if (share or exact) and not _RATES.search(label):
                    message = f"The column '{short(head.text)}' has {cell.text}, and no share is above 100 %."
                    hint = "Write the figure that was measured; a decimal point may be missing."
                    yield figure_impossible.at(card.passage(row.line, cell.column, cell.text), message, hint)

    for table in card.tables:
        yield from _out_of_range(card, table)
        yield from _without_point(card, table)
    yield from _in_sentences(card)
    for claim in card.near(_AREA, "auc", "auroc", "area under"):
        if 1 < float(claim["n"]) < _HALF:
            message = f"'{short(claim[0])}' is above 1, and no area under a curve is."
            yield figure_impossible.at(card.at(claim.start(), claim[0]), message, "Write the figure that was measured.")
    for claim in _IN_WORDS.finditer(card.words) if "%" in card.words else ():
        if float(claim["n"]) > _WHOLE and not _RATES.search(claim[0]):
            message = f"'{short(claim[0])}' is above 100 %, and no share is."
            hint = "Write the figure that was measured; a decimal point may be missing."
            yield figure_impossible.at(card.at(claim.start(), claim[0]), message, hint)


def _out_of_range(card: Card, table: Table) -> Findings:
    """Shares below 0, or slightly above 1 where all others are below 1; decimal commas beside decimal points."""
    for index, head in enumerate(table.header.cells):
        column = [(row, row.cells[index]) for row in table.rows if index < len(row.cells)]
        commas = [cell for _, cell in column if "," in cell.text and _COMMA.fullmatch(cell.text)]
        if commas and any("." in cell.text and _FIGURE.fullmatch(cell.text) for _, cell in column):
            message = f"{commas[0].text} has a decimal comma, and others under '{short(head.text)}' a decimal point."
            yield figure_impossible.at(card.place_of(commas[0]), message, "Write a point in all of them.")
        shares: list[tuple[Cell, float]] = []
        all_shares = _is_share(head.text)
        for row, cell in column:
            if not (all_shares or (index and _is_share(row.cells[0].text))):
                continue
            match = _FIGURE.fullmatch(cell.text)
            label = f"{head.text} | {row.cells[0].text}" if index else head.text
            if match and not match[2] and not _RATES.search(label) and not _COMPARED.search(label):
                shares.append((cell, float(match[1])))
        small = sum(0 < value <= 1 for _, value in shares)
        for cell, value in shares:
            if value < 0 or (small and small == len(shares) - 1 and 1 < value < _PERCENT):
                bound = "below 0" if value < 0 else "above 1, as the others are not"
                message = f"{cell.text} is {bound}, and no share is."
                yield figure_impossible.at(card.place_of(cell), message, "Write the figure that was measured.")


def _without_point(card: Card, table: Table) -> Findings:
    """Figures with two decimal points, or without one and ten times as large as the rest of the row."""
    for row in table.rows:
        for index, cell in enumerate(row.cells[1:], 1):
            text = cell.text.strip("*_ ")
            if not (text.count(".") == _FEW and _TWO_POINTS.fullmatch(text)) and not (
                text.isdecimal() and float(text) > _WHOLE
            ):
                continue
            beside = [one.text.strip("*_ ") for one in row.cells[1:] if one is not cell]
            beside = [one for one in beside if not one[-1:].isalpha()]  # the setting: 0-shot
            others = [one.cells for one in table.rows if one is not row and index < len(one.cells)]
            column = [cells[index].text.strip("*_ ") for cells in others]
            if not beside or len(column) < _FEW or not all(map(_ONE_POINT.fullmatch, (*beside, *column))):
                continue
            low, high = min(map(float, beside)), max(map(float, beside))
            tenth = float(text) / 10 if text.isdecimal() else 0
            known = _BENCHMARK.fullmatch(row.cells[0].text.strip("*_ ")) and len(beside) >= _FEW
            if (
                tenth
                and not known
                and (len(beside) < _FEW or high > 2 * low or not high / 2 <= tenth <= min(_WHOLE, 2 * low))
            ):
                continue
            message = f"{cell.text} {'has no point' if tenth else 'has two points'}, and all figures round it have one."
            hint = "Write the figure that was measured."
            yield figure_impossible.at(card.passage(row.line, cell.column, cell.text), message, hint)


_AREA = pattern(
    r"\b(?:area under (?:the )?(?:roc |receiver[ -]operating[ -]characteristic )?curve|auc|auroc|roc[- ]auc)"
    r"(?: score)? (?:of|is|was) (?P<n>\d{1,2}\.\d{1,4})(?! ?%)",
    re.IGNORECASE,
)
_HALF = 50
"""Larger figures may be percentages."""
_BENCHMARK = pattern(
    r"(?:humaneval|mbpp|mmlu(?:-pro)?|hella ?swag|wino ?grande|piqa|arc(?:-[a-z]+)?|gsm-?8k|trivia ?qa|boolq|bbh"
    r"|openbook ?qa|natural questions|commonsense ?qa|squad|truthful ?qa|ifeval|gpqa)\+?(?: \([^)]*\))?",
    re.IGNORECASE,
)
"""Benchmarks whose scores are shares."""
_FEW = 2
_TWO_POINTS = pattern(r"\d{1,3}\.\d{1,2}\.\d{1,2}")
_ONE_POINT = pattern(r"\d{1,2}\.\d{1,2}")


_PERCENT = 2
"""Larger figures are percentages."""
_COMMA = pattern(r"[*_ ]*\d{1,3},\d{1,2}[*_ ]*")
_COMPARED = pattern(r"\bdiff\w*|\bvs\b|\bloss\b|\bdrop\b|\u0394|\bchange|[+\u00b1]", re.IGNORECASE)
_SHARE_GIVEN = pattern(
    r" (?P<n>-\d{1,3}(?:\.\d{1,4})?|1\.(?!0+(?!\d))\d{1,4})(?![\d.]* ?(?:%|percent|points?|pp\b|[-\u2013]))",
    re.IGNORECASE,
)
_SHARE_NAMED = pattern(
    r"\b(?:accuracy|precision|recall|f1(?:[- ]score)?|auc|roc[- ]auc|auroc)(?: score)?\**"
    r"(?: ?[:=]\**| (?:of|is|was))\Z",
    re.IGNORECASE,
)
_PART = pattern(r"[/:] ?(?P<b>\d{1,2}) ?%?(?: ?[/:] ?(?P<c>\d{1,2}))?(?![\d/:.-]\d|\d)")
_PART_BEFORE = pattern(
    r"\b(?:split|train(?:ing)?[ /,&-]+(?:val\w*|dev\w*|test\w*))\b[^.\n|]{0,40}?(?<![\d/.:-])(?P<a>\d{2}) ?%? ?\Z",
    re.IGNORECASE,
)
_LONGEST = 70
"""How many characters before a figure its measure may be."""
_COUNTED = r" (?:tokens|rows|images|samples|examples|documents|sentences|steps|records)\b"
_COUNTS = r"(?:epochs?|steps|layers|parameters|tokens|gpus|hours|days|samples|images)\b"
_NO_COUNT = tuple(
    (signs, pattern(form, re.IGNORECASE), pattern(before, re.IGNORECASE | re.MULTILINE))
    for signs, form, before in (
        ((" -", " \u2212"), rf" [-\u2212]\d[\d,.]* {_COUNTS}", r"\b(?:for|of|with|has|over|in|on)\Z"),
        ((",",), rf",\d{{2}}(?={_COUNTED})|,\d{{1,2}},\d{{3}}(?={_COUNTED})", r"(?<![\d.,])\d[\d,]*\Z"),
        (
            (": 0\n", "** 0\n"),
            r" 0\n",
            r"^[>*+ -]{0,4}\**(?:number of )?(?:parameters|layers|attention heads)\**:\**\Z",
        ),
    )
)
"""Signs of a wrong count, the pattern of the count, and the words before it."""


def _in_sentences(card: Card) -> Findings:
    """The same in sentences; also splits of a data set that do not add up, and impossible counts."""
    words = card.words
    for match in _SHARE_GIVEN.finditer(words) if " -" in words or " 1." in words else ():
        named = _SHARE_NAMED.search(words, max(0, match.start() - _LONGEST), match.start())
        if named and not _COMPARED.search(card.lines[card.position(match.start())[0] - 1]):
            what = f"is {'below 0' if match['n'][0] == '-' else 'above 1'}, and no share is"
            yield _impossible(card, named.start(), match.end(), what)
    tested = "train" in card.lowered and any(word in card.lowered for word in ("val", "dev", "test"))
    parted = tested or "split" in card.lowered
    for match in _PART.finditer(words) if parted else ():
        before = _PART_BEFORE.search(words, max(0, match.start() - _LONGEST), match.start())
        parts = [int(one) for one in (before["a"], match["b"], match["c"]) if one] if before else []
        if before and parts[0] >= _HALF and sum(parts) not in (_WHOLE - 1, _WHOLE) and sum(parts) - _WHOLE in _NEAR:
            yield _impossible(card, before.start(), match.end(), f"is {sum(parts)} % of the data")
    for signs, form, label in _NO_COUNT:
        for match in form.finditer(words) if any(sign in words for sign in signs) else ():
            before = label.search(words, max(0, match.start() - _LONGEST), match.start())
            if before:
                yield _impossible(card, before.start(), match.end(), "is not a possible count")


_NEAR = range(-40, 41)


def _impossible(card: Card, start: int, end: int, what: str) -> Diagnostic:
    text = card.words[start:end].strip()
    return figure_impossible.at(card.at(start, text), f"'{short(text)}' {what}.", "Write the figure that was measured.")


_EXACT = pattern(
    r"[*_ ]*(?:accuracy|f1(?:[- ]score)?|precision|recall|exact match|roc[- ]?auc|auc)[*_ ]*", re.IGNORECASE
)


@functools.lru_cache(maxsize=1024)
def _is_share(label: str) -> bool:
    return _EXACT.fullmatch(label) is not None


_IN_WORDS = pattern(
    r"\b(?:accuracy|precision|recall|f1(?:[- ]score)?) (?:score )?(?:of|is|was) (?:about |around |up to )?"
    r"(?P<n>\d{1,5}(?:\.\d{1,4})?) ?(?:%|percent)",
    re.IGNORECASE,
)
_WHOLE = 100
_RATES = pattern(
    r"\b(?:wer|cer|relative|improvement|gain|increase|speed\w*|vs|recover\w*|ret(?:ention|ained)|ratio|normali[sz]ed"
    r"|baseline|original|delta|change|samples?|count|size|params?|parameters|tokens|flops|latency|throughput|n"
    r"|support|total|examples|instances|items|images|sentences|texts|documents|rows|records|questions|frequency)\b",
    re.IGNORECASE,
)
"""Error rates, comparisons and counts may be larger."""


class _Measured(NamedTuple):
    """A figure in a table: all labels of its row and column, and its place."""

    label: str
    cell: Cell
    column: str


@rule("CARD072", "figures-differ", Severity.WARNING, "Two tables give one figure differently.")
def figures_differ(model: Described) -> Findings:
    """One benchmark of one model with two figures: twice in a table, or in the card and on its evaluation page.

    Tables whose columns name no model, or whose rows say too little, are not compared.
    """
    for page in model.cards:
        for table in page.tables:
            yield from _twice(page, table)
    sums = (one for page in model.cards for one in wrong_sums(page))
    for wrong in (*wrong_data_dates(model), *misquoted(model), *sums):
        hint = "Write the figure that was measured, the same in both."
        yield figures_differ.at(wrong.where, wrong.message, hint)
    if not model.pages:
        return
    own = alphanumeric(model.name)
    first: dict[str, tuple[str, Card, _Measured]] = {}
    for page in model.cards:
        for table in page.tables:
            for one in _figures(table):
                if not _is_own(one.column, own):
                    continue
                known = first.setdefault(one.label, (_value(one.cell), page, one))
                if known[1] is not page and known[0] != _value(one.cell):
                    place = known[1].place(known[2].cell.line, known[2].cell.column)
                    message = f"{short(one.label)} is {one.cell.text} here, and {known[2].cell.text} in {place.path}."
                    hint = "Write the figure that was measured in both."
                    yield figures_differ.at(page.place_of(one.cell), message, hint)


def _is_own(column: str, own: str) -> bool:
    name = alphanumeric(column)
    return len(name) > _LEAST and (name in own or own in name)


_LEAST = 5


def _twice(page: Card, table: Table) -> Findings:
    """Rows of a table with equal labels and other figures."""
    seen: dict[tuple[str, ...], dict[str, str]] = {}
    if len({row.cells[0].text.strip(" *_").lower() for row in table.rows}) == len(table.rows):
        return
    for row in table.rows:
        figures = [_figure(cell.text) is not None for cell in row.cells]
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
            message = f"'{short(row.cells[0].text)}' is above in this table, too, with other figures."
            hint = "Take one of the two rows out, or say how they differ."
            yield figures_differ.at(page.place(row.line, row.cells[0].column), message, hint, severity=Severity.INFO)


def _figures(table: Table) -> Iterator[_Measured]:
    heads = [cell.text for cell in table.header.cells]
    for row in table.rows:
        labels = [
            re.sub(r"<br\s*/?>|[*_`]", " ", cell.text).strip() for cell in row.cells if _figure(cell.text) is None
        ]
        label = " ".join(" ".join(one.split()) for one in labels if one)
        for head, cell in zip(heads[1:], row.cells[1:], strict=False):
            if label and _figure(cell.text) is not None:
                yield _Measured(label.lower(), cell, head)


def _value(cell: Cell) -> str:
    figure = _figure(cell.text)
    return cell.text if figure is None else f"{figure:g}"


@functools.lru_cache(maxsize=4096)
def _figure(text: str) -> float | None:
    match = _FIGURE.fullmatch(text)
    return float(match[1]) if match else None
