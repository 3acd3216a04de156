"""Results that a sentence gives differently from the tables, lists and blocks of the card and its pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from azureml_publish.lint.cards.findings import Wrong, contradicted, short
from azureml_publish.lint.cards.own_rows import own_row
from azureml_publish.lint.cards.sentences import of_this_model, sentence_at
from azureml_publish.lint.markdown.cards import Card, Table
from azureml_publish.lint.names.models import is_own, own_names
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern


class _Result(NamedTuple):
    """A result in a table or block: the labels of its row and column, and the number as it is written."""

    labels: tuple[str, ...]
    text: str


_NUMBER = pattern(r"\d(?<![\w.,/-]\d)\d{0,2}(?:,\d{3})*(?:\.\d{1,16})?(?![\w/]|[.,]\d)")
_CELL = pattern(r"[*_`~ ]*(\d{1,3}(?:,\d{3})+|\d{1,6}(?:\.\d{1,6})?)[*_`~ ]*%?[*_`~ ]*(?:[(\u00b1].{0,20})?")
_LABEL = r"(?P<label>[A-Za-z][\w@ -]{0,30}?)"
_IN_BLOCK = pattern(rf"""["']?{_LABEL}["']? ?[:=] ?(?P<n>\d{{1,6}}(?:\.\d{{1,20}})?),?[ \t]*$""", re.MULTILINE)
_IN_LIST = pattern(
    rf"^[ \t]*[-*+][ \t]+\W{{0,3}}{_LABEL}\W{{0,3}}[:=]\W{{0,4}}(?P<n>\d{{1,6}}(?:\.\d{{1,6}})?)\b", re.MULTILINE
)
_LEAST_DIGITS = 3


def misquoted(model: Described) -> Iterator[Wrong]:
    """Numbers in sentences that are misspelt results of a table, or results of another model's row."""
    pages = [page for page in model.cards if not page.too_large]
    yield from _measured_otherwise(pages)
    numbers = [list(_numbers(page)) for page in pages]
    results = [one for page in pages for one in _results(page)] if any(numbers) else []
    for page, quoted in zip(pages, numbers, strict=True):
        owned = list(_own_results(model, page)) if quoted else []
        for match, digits in quoted:
            text = match[0]
            long = "," in text and digits >= _LONG
            if not results and not long:
                continue
            sentence = sentence_at(page, match.start())
            own = _of_another(owned, sentence.text, text) if owned else None
            before = page.words[sentence.start : match.start()]
            if own and (_REACHES.search(before) or of_this_model(model, page, sentence)):
                yield _wrong(page, match.start(), text, own)
                continue
            noun = _TESTED.search(before) and re.match(r" [a-z]{4,}\b", page.words[match.end() : match.end() + 20])
            if long and (count := _count_meant(pages, text, noun[0] if noun else "")) and count not in sentence.text:
                yield _wrong(page, match.start(), text, _Result(("The number",), count))
                continue
            slip = _slip(results, sentence.text, text) if digits >= _LEAST_DIGITS else None
            if slip and not any(text in _forms(one.text) for one in results):
                yield _wrong(page, match.start(), text, slip)


def _numbers(page: Card) -> Iterator[tuple[re.Match[str], int]]:
    """The numbers of two digits or more in sentences, and how many digits each has."""
    lines = _table_lines(page)
    for match in _NUMBER.finditer(page.words):
        line, _ = page.position(match.start())
        digits = len(match[0].replace(",", "").replace(".", "").lstrip("0"))
        if digits > 1 and line not in lines and not _IN_LIST.match(page.words, page.starts[line - 1]):
            yield match, digits


_TESTED = pattern(r"\b(?:measured|evaluated|tested|scored) (?:on|over|with) (?:the )?\Z", re.IGNORECASE)
_LONG = 5
"""Two numbers of a card do not share this many digits by chance."""


def _count_meant(pages: list[Card], text: str, noun: str) -> str:
    """The count elsewhere that a number, which occurs once, should be: two digits are swapped, or a 0 was added.

    A number with an added 0 must count what the model was tested on, and the count must occur twice.
    """
    sources = [page.source for page in pages]
    if sum(source.count(text) for source in sources) > 1:
        return ""
    plain = text.replace(",", "")
    tenth = f"{int(plain) // 10:,}" if plain.endswith("000") else ""
    if tenth and noun and any(f" {tenth}{noun}" in source for source in sources):
        alike = rf"(?<![\d,.]){tenth}(?![\d,.]\d)"
        if sum(len(re.findall(alike, source)) for source in sources) > 1:
            return f"{tenth}{noun}"
    if any(re.search(rf"(?<![\d.,]){plain}(?![\d.,]\d|\d)", source) for source in sources):
        return ""
    others = {match[0] for source in sources for match in _NUMBER.finditer(source) if len(match[0]) >= _LONG}
    others |= {match[0] for source in sources for match in _PLAIN.finditer(source)}
    return next((one for one in sorted(others) if _swapped(one.replace(",", ""), plain)), "")


_PLAIN = pattern(r"(?<![\w.,/-])\d{5,9}(?![\w/]|[.,]\d)")

_REACHES = pattern(
    r"\b(?:(?:the|this|our) model|it) (?:reaches|achieves|scores|gets|obtains|attains|has)\b[^.;,]{0,40}\Z",
    re.IGNORECASE,
)


def _wrong(page: Card, offset: int, text: str, true: _Result) -> Wrong:
    words = f"{short(' | '.join(true.labels))} is {true.text} in the list"
    return Wrong(page.at(offset, text), f"The text says {text}", words)


def _table_lines(page: Card) -> frozenset[int]:
    return frozenset(row.line for table in page.tables for row in (table.header, *table.rows))


def _results(page: Card) -> Iterator[_Result]:
    if page.too_large:
        return
    for table in page.tables:
        yield from _of_table(table)
    for fence in page.fences:
        if fence.language in ("", "json", "text", "yaml"):
            yield from (_Result((match["label"].strip(),), match["n"]) for match in _IN_BLOCK.finditer(fence.text))
    yield from (_Result((match["label"].strip(),), match["n"]) for match in _IN_LIST.finditer(page.words))


def _of_table(table: Table) -> Iterator[_Result]:
    heads = [cell.text for cell in table.header.cells]
    for row in table.rows:
        labels = [cell.text for cell in row.cells if cell.text and not _CELL.fullmatch(cell.text)]
        for head, cell in list(zip(heads, row.cells, strict=False))[1:]:
            if match := _CELL.fullmatch(cell.text):
                yield _Result((*(_plain(one) for one in labels), _plain(head)), match[1])


def _plain(label: str) -> str:
    return " ".join(re.sub(r"<[^>]*>|[*_`]|\]\([^)]*\)|\[|\([^)]*\)", " ", label).split())


def _forms(text: str) -> Iterator[str]:
    """The forms in which a sentence may give a number: exact, rounded, as a share or as a percentage."""
    plain = text.replace(",", "")
    yield from (text, plain)
    value = float(plain)
    for scaled in (value, value * 100, value / 100):
        yield from (f"{scaled:.{places}f}" for places in range(5))
        yield f"{scaled:,.0f}"


def _slip(results: list[_Result], sentence: str, text: str) -> _Result | None:
    """The result that the sentence names, whose number has two digits swapped in the sentence."""
    places, plain = len(text.partition(".")[2]), text.replace(",", "")
    clause = next((part for part in re.split(r"[,;] | and | but ", sentence) if text in part), sentence)
    for one in results:
        value, given = float(one.text.replace(",", "")), len(one.text.partition(".")[2])
        for scale in (1, 100):
            true = f"{value * scale:.{places}f}"
            swapped = (given >= places and _swapped(true, plain)) or (scale == 1 and _shifted(one.text, plain))
            near = places > 1 and given >= places and _one_off(true, plain) and not _COMPARED.search(clause)
            named = (swapped or near) and any(_names(sentence.lower(), label) for label in one.labels)
            if named and any(text == match[0] for label in one.labels for match in _NUMBER.finditer(label)):
                continue  # the row has this number, too, in a cell with words
            if named and (swapped or _only(results, one)):
                return one
    return None


def _only(results: list[_Result], true: _Result) -> bool:
    """Whether few results share these labels: among many, one is similar by chance."""
    named = [one for one in results if set(one.labels) & set(true.labels)]
    return len(named) <= _MOST_NAMED


_MOST_NAMED = 8
_COMPARED = pattern(
    r"\b(?:from|previous\w*|baseline|below|above|threshold|target|improv\w*|increas\w*|drop\w*|less|more|than|under|over"
    r"|between|versions?|other|first|before|earlier|raises?|reduc\w*)\b",
    re.IGNORECASE,
)


def _names(sentence: str, label: str) -> bool:
    """Whether a sentence has the label of a table, or its first word where that is a name."""
    plain = label.lower()
    first = re.split(r"[\s.:/]", plain)[0]
    words = (plain, first) if any(sign.isupper() for sign in label[:2]) and len(first) > 2 else (plain,)
    known = (word for word in words if len(word) > 1 and word not in _GENERIC)
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", sentence) for word in known)


_GENERIC = frozenset(
    {
        *("model", "models", "value", "score", "scores", "metric", "metrics", "task", "tasks", "size", "dataset"),
        *("data", "test", "set", "the", "this", "our", "base", "train", "average", "all", "total", "overall"),
        *("result", "results", "language", "english", "benchmark", "category", "name", "type", "setup"),
        *("parameters", "version", "versions", "python", "pytorch", "torch", "cuda", "transformers"),
        *("tensorflow", "year"),
    }
)


def _swapped(true: str, stated: str) -> bool:
    """Whether two neighbouring digits are swapped."""
    if len(true) != len(stated) or true == stated:
        return False
    apart = [at for at, (one, other) in enumerate(zip(true, stated, strict=True)) if one != other]
    if len(apart) != 2 or true[apart[0]] != stated[apart[1]] or true[apart[1]] != stated[apart[0]]:
        return False
    return len(true[apart[0] : apart[1] + 1].replace(".", "")) == 2


def _shifted(true: str, stated: str) -> bool:
    """Whether the decimal point is one digit further to the right: 0.568 for 0.0568."""
    digits = [re.sub(r"\D", "", one).lstrip("0") for one in (true, stated)]
    return (
        digits[0] == digits[1] != "" and "." in true and abs(float(true.replace(",", "")) / float(stated) - 1) > _TENTH
    )


_TENTH = 0.5


def _one_off(true: str, stated: str) -> bool:
    """Whether exactly one digit differs, and not the last one."""
    if len(true) != len(stated):
        return False
    apart = [at for at, (one, other) in enumerate(zip(true, stated, strict=True)) if one != other]
    return len(apart) == 1 and apart[0] < len(true) - 1


def _own_results(model: Described, page: Card) -> Iterator[tuple[_Result, list[str]]]:
    """This model's results in tables of several models, each with the other models' results."""
    own = own_names(model)
    for table in page.tables:
        heads = [_plain(cell.text) for cell in table.header.cells]
        index = own_row(model, table)
        columns = [at for at, head in enumerate(heads) if at and is_own(head, own)]
        rows = [[cell.text.strip("*_` %") for cell in row.cells] for row in table.rows]
        rows = [row for row in rows if len(row) == len(heads)]
        if index is not None and len(rows) == len(table.rows):
            for at, head in list(enumerate(heads))[1:]:
                others = [row[at] for row in rows if row is not rows[index]]
                yield _Result((head,), rows[index][at]), others
        elif len(columns) == 1:
            (at,) = columns
            for row in rows:
                label = next((_plain(one) for one in reversed(row[:at]) if not _CELL.fullmatch(one)), "")
                yield _Result((label,), row[at]), [one for where, one in enumerate(row) if where != at]


def _of_another(owned: list[tuple[_Result, list[str]]], sentence: str, text: str) -> _Result | None:
    """This model's own result, where a sentence gives another model's."""
    lowered, found = sentence.lower(), None
    for one, others in owned:
        if not one.labels[0] or not _CELL.fullmatch(one.text):
            continue
        meant = "." in text and text in others and _names(lowered, one.labels[0])
        if meant or _measures(lowered, one.labels[0], text):
            if text.replace(",", "") in set(_forms(one.text)):
                return None
            found = found or (one if text in others or "." not in text else None)
    return found


def _measures(sentence: str, head: str, number: str) -> bool:
    """Whether a sentence gives the number for a column's heading: `500 epochs`, `an AP of 42.0`."""
    word = re.escape(head.lower().split()[-1]) if head else ""
    if len(word) < 2 or word in _GENERIC:
        return False
    figure, of = re.escape(number), r"(?: score)?(?: \([^)]*\))?(?: of| is| was|:|,)? (?:about )?"
    return bool(
        re.search(rf"(?<![\d.,]){figure} ?%? {word}\b", sentence)
        or re.search(rf"(?<!\w){word}\b{of}{figure}(?![\d.,]\d)", sentence)
    )


def same_figure(one: str, other: str) -> bool:
    """Whether two numbers are equal when rounded to the shorter one, also as share and percentage."""
    near = 0.51 * 10.0 ** -min(len(text.partition(".")[2]) for text in (one, other))
    return any(abs(float(one) - float(other) * scale) <= near * max(1, scale) for scale in (1, 100, 0.01))


MEASURE = r"(?:accuracy|(?:ma|mi)cro[- ]f1|f1(?:[- ]score)?|(?:roc[- ])?auc|auroc|wer|cer|bleu|mae|rmse|r2|map)"
_IS = pattern(
    rf"\b(?P<of>{MEASURE})(?: score)?(?: (?:is|was)|,? (?:of|reaches|at)|:) (?:about )?(?P<n>\d{{1,3}}\.\d{{1,4}})"
    r"(?!\w|\.\d)",
    re.IGNORECASE,
)


def _measured_otherwise(pages: list[Card]) -> Iterator[Wrong]:
    """A measure that the card's sentences and another page give differently."""
    if len(pages) < 2:
        return
    stated: list[dict[str, list[re.Match[str]]]] = []
    for page in pages:
        found: dict[str, list[re.Match[str]]] = {}
        for match in _IS.finditer(page.words):
            if not _COMPARED.search(sentence_at(page, match.start()).text):
                found.setdefault(match["of"].lower(), []).append(match)
        stated.append(found)
    for page, found in list(zip(pages, stated, strict=True))[1:]:
        for measure, matches in found.items():
            own = stated[0].get(measure, [])
            here, there = {one["n"] for one in matches}, {one["n"] for one in own}
            if len(here) == len(there) == 1 and not same_figure(min(here), min(there)):
                words = f"the {measure} is {min(here)} in {page.at(matches[0].start()).path}"
                yield contradicted(pages[0], own[0].start(), own[0][0], words, by="The text")
