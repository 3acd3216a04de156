"""Sums that a card states and that are wrong: shares, parts of a whole, batch sizes, products, means."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from azureml_publish.lint.cards.findings import Wrong, short
from azureml_publish.lint.cards.numerals import NUMERALS, number_of, value_of
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.patterns import pattern

_N = r"(?P<{0}>\d(?<![\w.,-]\d)(?:\d{{0,2}}(?:,\d{{3}})+|\d{{0,8}}))"
"""The lookbehind comes after the first digit because `re` finds a digit much faster; the same below."""
_P = r"(?P<p>\d{1,3}(?:\.\d{1,2})?) ?(?:%|per ?cent\b)"
_FEW = r"[^.%\n|()\d]{0,40}?"
_SHARES = tuple(
    pattern(form, re.IGNORECASE)
    for form in (
        rf"{_N.format('whole')} {_FEW},? (?:of which|of them|of these),? {_N.format('part')}{_FEW} ?\({_P}\)",
        rf"{_N.format('part')}{_FEW} (?:out )?of (?:the |all )?{_N.format('whole')}{_FEW} ?\({_P}\)",
        rf"\bof (?:the |all |our )?{_N.format('whole')} {_FEW},? {_N.format('part')} {_FEW} ?\({_P}\)",
        rf"{_N.format('part')}{_FEW},? \(?{_P} of (?:all |the )?{_N.format('whole')}",
        (
            rf"{_N.format('part')} (?:out )?of (?:the |all )?{_N.format('whole')}{_FEW},? (?:which|that|this) (?:is"
            rf"|makes|gives) (?:an? )?(?:accuracy |share |rate |recall |precision )?(?:of )?{_P}"
        ),
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
    """Every wrong sum in a card or page."""
    if not card.too_large:
        yield from _shares(card)
        yield from _products(card)
        yield from _parts(card)
        yield from _means(card)
        yield from _rounded(card)
        yield from _of_columns(card)


def _shares(card: Card) -> Iterator[Wrong]:
    """A part and a whole with a wrong share beside them, and shares that add up to more than the whole."""
    words = card.words
    if "%" not in words and "per cent" not in card.lowered and "percent" not in card.lowered:
        return
    for form in _SHARES:
        for match in form.finditer(words):
            part, whole, share = _number(match["part"]), _number(match["whole"]), float(match["p"])
            exact = 100 * part / whole if whole else 0
            places = len(match["p"].partition(".")[2])
            if part <= whole and abs(exact - share) > max(1.01 * 10**-places, (0.005 if places else 0.03) * exact):
                yield _wrong(card, match, f"{match['part']} of {match['whole']} is {exact:.{max(places, 1)}f} %")
    for form in (_LIST, _SPLIT):
        for match in form.finditer(words):
            total = sum(float(one) for one in re.findall(r"(\d{1,3}(?:\.\d)?) ?%", match[0]))
            if _MOST < total < _NO_SHARES or (form is _SPLIT and _LEAST < total < 200 - _MOST):
                yield _wrong(card, match, f"these add up to {total:g} %")


def _products(card: Card) -> Iterator[Wrong]:
    """Batch sizes and products that are not the product of their factors."""
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
        yield _wrong(card, match, f"the product of the lines above is {product}")


_SET = (
    r"\d(?<![\w.,-]\d)(?:\d{0,2}(?:,\d{3})+|\d{2,8})(?: [a-z-]+){0,2}? (?:(?:for|in|as|of|to|are|form|make up|serve for"
    r"|go to|belong to) )?(?:the )?(?:train|valid|dev|test|eval)\w*(?: (?:set|split|data|part))?"
)
_SETS = rf"(?P<parts>{_SET}(?:, {_SET}){{0,3}}(?:, and|,| and) {_SET})"
_PARTED = (
    pattern(rf"{_N.format('whole')} [a-z][^.|\n\d]{{2,60}}?[:;,( ]{_SETS}", re.IGNORECASE),
    pattern(rf"{_SETS}[^.|\n\d]{{0,10}} {_N.format('whole')} (?:[a-z]+ )?(?:in total|in all|together|altogether)"),
)
_ROUGH = pattern(r"(?:over|than|about|around|nearly|almost|roughly|some|approximately|least|to) ?~?\Z|[~>\u2248]\Z")


def _parts(card: Card) -> Iterator[Wrong]:
    """Training, validation and test sets that do not add up to the whole beside them."""
    for form in _PARTED if " train" in card.lowered and "test" in card.lowered else ():
        for match in form.finditer(card.words):
            sizes = re.findall(r"(?<![\w.,-])(?:\d{1,3}(?:,\d{3})+|\d{3,9})", match["parts"])
            whole, total = _number(match["whole"]), sum(map(_number, sizes))
            rounded = any(_zeros(one) < _EXACT for one in sizes)
            near = 10 ** _zeros(match["whole"]) // 2 if rounded else 0
            rough = _ROUGH.search(card.lowered, max(0, match.start() - 15), match.start())
            if (
                not rough
                and abs(whole - total) > near
                and whole / 2 < total < 2 * whole
                and "train" in match["parts"].lower()
            ):
                yield _wrong(card, match, f"these add up to {total:,}")


_TWICE = pattern(
    r"(\d(?<![\w.,-]\d)\d{0,2}(?:,\d{3}){2,4}) ?\((?:about |~ ?|\u2248 ?)?(\d{1,4}(?:\.\d{1,3})?) ?([MB])\)"
)
_ROUNDED_BY = 0.1
_RATE = pattern(r"\b(\d{1,3}(?:\.\d{1,3})?) ?kHz \((\d{1,3}(?:,\d{3})+|\d{3,6}) (?:Hz|samples)\b")


def _rounded(card: Card) -> Iterator[Wrong]:
    """`278,811,651 (184M)`: a number, and in brackets a wrong short form of it."""
    for match in card.near(_RATE, "khz"):
        if abs(float(match[1]) * 1000 - _number(match[2])) > 1:
            yield _wrong(card, match, f"{match[1]} kHz are {float(match[1]) * 1000:,.0f} samples a second")
    for match in _TWICE.finditer(card.words) if "M)" in card.words or "B)" in card.words else ():
        exact, short_form = _number(match[1]), value_of(match[2], match[3])
        if abs(exact - short_form) > _ROUNDED_BY * exact:
            yield _wrong(card, match, f"{match[1]} is about {exact / 1e6:,.4g}M")


_TOTAL = pattern(r"\W*(?:all|(?:grand )?total|sum|together|altogether)\W*", re.IGNORECASE)
_WHOLE_NUMBER = pattern(r"\d{1,3}(?:,\d{3})+|\d{1,9}")
_MEAN = pattern(
    rf"\b(?:mean|average)(?: score| accuracy| value)? (?:of|over|across) (?:all |the |these ){{0,2}}"
    rf"(?P<n>{'|'.join(NUMERALS[:11])}|\d{{1,2}})(?: [a-z]+)? (?:is|was|are|comes to) (?P<v>\d{{1,3}}\.\d{{1,3}})\b",
    re.IGNORECASE,
)


def _of_columns(card: Card) -> Iterator[Wrong]:
    """A total row that is not the sum of the rows above, and a mean that is not that of the table above."""
    for table in card.tables:
        last = table.rows[-1] if len(table.rows) > 2 else None
        for at, cell in list(enumerate(last.cells))[1:] if last and _TOTAL.fullmatch(last.cells[0].text) else ():
            texts = [row.cells[at].text.strip("*_` ") if at < len(row.cells) else "" for row in table.rows]
            if all(map(_WHOLE_NUMBER.fullmatch, texts)):
                *parts, total = map(_number, texts)
                near = total / 100 if any(_zeros(one) >= _EXACT for one in texts[:-1]) else 0
                if total >= _COUNTED and near < abs(sum(parts) - total) < total / 6:
                    true = f"those above add up to {sum(parts):,}"
                    yield Wrong(card.place_of(cell), f"The last row says {texts[-1]}", true)
    for match in card.near(_MEAN, "mean", "average"):
        line = card.position(match.start())[0]
        above = [table for table in card.tables if table.header.line < line]
        rows = above[-1].rows if above else ()
        if len(rows) != number_of(match["n"]) or not rows:
            continue
        columns = zip(*([cell.text.strip("*_`% ") for cell in row.cells[1:]] for row in rows), strict=False)
        means = [
            sum(map(float, column)) / len(rows)
            for column in columns
            if all(re.fullmatch(r"\d{1,3}\.\d{1,3}", text) for text in column)
        ]
        if means and all(abs(one - float(match["v"])) > 10.0 ** -len(match["v"].partition(".")[2]) for one in means):
            yield _wrong(card, match, f"the mean of the rows above is {means[0]:.4g}")


_COUNTED = 100
_EXACT = 2
"""Numbers with fewer zeros at the end were counted exactly; the whole beside them may be rounded."""


def _zeros(number: str) -> int:
    plain = number.replace(",", "")
    return len(plain) - len(plain.rstrip("0"))


_MEASURES = {
    name: pattern(rf"\W*(?:{form})(?: ?\(?%?\)?)?\W*", re.IGNORECASE)
    for name, form in (
        ("p", "p(?:rec(?:ision)?)?"),
        ("r", "r(?:ec(?:all)?)?"),
        ("f", "f1(?:[- ]?(?:score|measure))?|f-score"),
    )
}
_TO = r"\W{1,3}(?:score )?(?:of |is |was )?"
_PR = rf"\bprecision{_TO}(?P<p>\d{{1,3}}\.\d{{1,4}}) ?%?[^.\n|\d]{{0,30}}\brecall{_TO}(?P<r>\d{{1,3}}\.\d{{1,4}})"
_F = rf"\bf1(?:[- ]score)?{_TO}(?P<f>\d{{1,3}}\.\d{{1,4}})"
_IN_WORDS = (
    pattern(rf"{_PR} ?%?[^.\n|\d]{{0,30}}{_F}", re.IGNORECASE),
    pattern(rf"{_F} ?%?[^.\n|\d]{{0,30}}{_PR}", re.IGNORECASE),
)
_AVERAGED = pattern(r"\b(?:macro|micro|weighted|average|avg|overall|all|total|mean|model)\b", re.IGNORECASE)
_OF_CLASSES = pattern(
    r"\W*(?:class|label|language|entity|categor|tag|type|intent|emotion|topic)\w*[^|]*", re.IGNORECASE
)


def _means(card: Card) -> Iterator[Wrong]:
    """An F1 above both precision and recall, or below both in the row of a single class: it is a mean of the two."""
    words = (match for form in _IN_WORDS for match in form.finditer(card.words))
    for match in words if "precision" in card.lowered else ():
        if float(match["f"]) > max(float(match["p"]), float(match["r"])) + _ROUNDED:
            yield _wrong(card, match, "an F1 is between precision and recall")
    for table in card.tables if "f1" in card.lowered or "f-score" in card.lowered else ():
        heads = [cell.text for cell in table.header.cells]
        columns = {
            name: [at for at, head in enumerate(heads) if form.fullmatch(head)] for name, form in _MEASURES.items()
        }
        if any(len(found) != 1 for found in columns.values()):
            continue
        for row in table.rows:
            cells = [row.cells[columns[name][0]] for name in "prf" if columns[name][0] < len(row.cells)]
            texts = [cell.text.strip("*_` %") for cell in cells]
            if len(cells) != len("prf") or not all(re.fullmatch(r"\d{1,3}\.\d{1,4}", text) for text in texts):
                continue
            low, high = sorted(map(float, texts[:2]))
            value, near = float(texts[2]), 1.5 * 10.0 ** -min(len(text.partition(".")[2]) for text in texts)
            single = _OF_CLASSES.fullmatch(heads[0]) and not _AVERAGED.search(row.cells[0].text)
            if value > high + near or (single and value < low - near):
                where = card.passage(cells[2].line, cells[2].column, texts[2])
                yield Wrong(where, f"The F1 is {texts[2]}", f"it must be between {low:g} and {high:g}")


_ROUNDED = 0.0005
_MOST, _NO_SHARES, _LEAST = 102, 150, 70
"""Percentages. Shares are rounded; sums far from 100 are not shares of one whole."""


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _wrong(card: Card, match: re.Match[str], true: str) -> Wrong:
    text = " ".join(match[0].split())
    return Wrong(card.at(match.start(), match[0]), f"The text says '{short(text)}'", true)
