"""Numbers that a model's tags, summary, table rows and sentences give for the same thing, compared with each other."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from azureml_publish.lint.cards.findings import Wrong, contradicted, short
from azureml_publish.lint.cards.misquoted import MEASURE, same_figure
from azureml_publish.lint.cards.named_settings import words_of
from azureml_publish.lint.cards.numerals import NUMERALS, number_of, value_of
from azureml_publish.lint.cards.sentences import OTHERS, of_this_model, sentence_at
from azureml_publish.lint.cards.statements import labelled
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern

_N = r"(?P<n>[0-9](?<![\w.,/-][0-9])(?:[0-9]{0,2}(?:,[0-9]{3})+|[0-9]{0,5}))"
"""The lookbehind comes after the first digit because `re` finds a digit much faster than a boundary."""
_NOUNS = (
    r"trees|estimators|layers|languages|classes|labels|categories|features|experts|speakers|voices|topics|channels"
    r"|emotions|intents|stages|codebooks|variables|components|clusters|neighbou?rs|leaves|keypoints|iterations"
)
_COUNTED = pattern(rf"{_N}(?: |-)(?:[a-z]+ )?(?P<of>{_NOUNS})\b", re.IGNORECASE)
_SQUARE = pattern(r"(?<![\w.,])(?P<n>[0-9]{2,4}) ?[x\u00d7] ?(?P=n)(?= (?P<of>pixels|px)\b)", re.IGNORECASE)
_AHEAD = pattern(
    rf"{_N}[ -](?P<of>minutes?|hours?|days?|weeks?|months?)(?= ahead\b|[ -](?:ahead )?(?:horizon|forecasts?)\b)",
    re.IGNORECASE,
)
_FORMS = (_COUNTED, _SQUARE, _AHEAD)
Counts: TypeAlias = Mapping[str, Sequence[float]]
"""All numbers that a card gives for a noun."""


def wrong_repetitions(model: Described) -> Iterator[Wrong]:
    """Numbers in the summary, tags and sentences about this model that the rest of the card gives differently."""
    card = model.card
    if card.too_large:
        return
    rows, counts = _rows(card), functools.cache(functools.partial(_counts, card))
    yield from _in_sentences(model, card, rows, counts)
    summary = model.summary
    for form in _FORMS if not OTHERS.search(summary) else ():
        for match in form.finditer(summary):
            given = {*counts(form).get(_noun(match["of"]), ()), *rows.get(frozenset((_noun(match["of"]),)), ())}
            if given and _value(match["n"]) not in given:
                true = f"the card says {_most(given)} {match['of']}"
                written = summary[match.start() : match.end("of")]
                yield Wrong(model.where("summary"), f"The summary says '{short(written)}'", true)
                break
    yield from _in_tags(model, card, rows, counts)
    yield from _measured(model, card)
    yield from _languages_in_spec(model, card)
    yield from _parameters_and_bytes(card)
    for page in (card, *model.pages):
        yield from _last_versions(model, page)
        yield from _shots(page)


def _noun(text: str) -> str:
    return next(iter(words_of(text)), "")


def _value(text: str) -> float:
    return float(text.replace(",", ""))


def _most(given: set[float]) -> str:
    return " and ".join(f"{one:,.10g}" for one in sorted(given)[:3])


def _counts(card: Card, form: re.Pattern[str]) -> Counts:
    found: dict[str, list[float]] = {}
    for match in form.finditer(card.words):
        found.setdefault(_noun(match["of"]), []).append(_value(match["n"]))
    return found


_FIRST = pattern(r"(?:about |some )?(?P<n>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,6})(?![\w.,]*\d| ?[%kmb]\b)", re.IGNORECASE)
_UNITS = frozenset(
    [
        *("hour", "day", "minute", "mb", "gb", "khz", "hz", "token", "ms", "second", "px", "pixel", "num"),
        *("number", "of", "n", "max", "total"),
    ]
)


def _rows(card: Card) -> Mapping[frozenset[str], list[float]]:
    """The number at the beginning of each row or `Key: value` line, by the words of its label."""
    found: dict[frozenset[str], list[float]] = {}
    for label, text, _ in labelled(card):
        if match := _FIRST.match(text.strip("*_` ")):
            found.setdefault(words_of(label) - _UNITS, []).append(_value(match["n"]))
    return found


def _in_sentences(
    model: Described,
    card: Card,
    rows: Mapping[frozenset[str], Sequence[float]],
    counts: Callable[[re.Pattern[str]], Counts],
) -> Iterator[Wrong]:
    """`500 trees` in a sentence about this model, while the only row on trees has 800."""
    for match in _COUNTED.finditer(card.words) if rows else ():
        noun = _noun(match["of"])
        given = rows.get(frozenset((noun,)), ())
        if len(given) != 1 or given[0] in counts(_COUNTED)[noun]:
            continue
        sentence = sentence_at(card, match.start())
        if of_this_model(model, card, sentence) and not _SOME.search(sentence.text):
            true = f"the row '{match['of']}' has {given[0]:,.10g}"
            yield contradicted(card, match.start(), match[0], true)


_SOME = pattern(
    r"\b(?:first|last|top|bottom|additional|extra|each|every|per|of (?:its|the|these|them)|frozen)\b", re.IGNORECASE
)


def _in_tags(
    model: Described,
    card: Card,
    rows: Mapping[frozenset[str], Sequence[float]],
    counts: Callable[[re.Pattern[str]], Counts],
) -> Iterator[Wrong]:
    """A tag with a number, against rows, counts and numbers of the card with the same words."""
    for key, value in model.tags.items():
        text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
        words = words_of(key.replace("_", " ").replace("-", " ")) - _UNITS
        if not re.fullmatch(r"[0-9]{1,6}", text) or not words:
            continue
        given = {*rows.get(words, ())}
        if words == {"horizon"}:
            unit = next((one for one in ("hour", "day", "minute", "week", "month") if one in key), "hour")
            given |= {*counts(_AHEAD).get(unit, ())}
        elif len(words) == 1:
            word = next(iter(words))
            given |= {*counts(_COUNTED).get(word, ())}
            behind = rf"\b{re.escape(word)}(?: version)? (?P<n>[0-9]{{1,6}})(?![\w.,]*\d)"
            if word in _BEFORE_NUMBERS:
                given |= {_value(match["n"]) for match in re.finditer(behind, card.lowered)}
        if given and float(text) not in given:
            yield Wrong(model.where(f"tags.{key}"), f"The tag {key} is {text}", f"the card says {_most(given)}")


_BEFORE_NUMBERS = frozenset(("opset", "rank", "version", "alpha", "depth"))
_MEASURE_TAG = pattern(rf"(?:(?:eval|test|val|best|reported|top-?1)[ -])?(?P<of>{MEASURE})", re.IGNORECASE)
_DECIMAL = pattern(r"(?P<n>[0-9]{1,3}(?:\.[0-9]{1,5})) ?%?")
_GIVEN = pattern(
    rf"\b(?P<of>{MEASURE})(?: score)?(?: (?:is|was)|,? (?:of|reaches|at)|:|) (?:about )?"
    r"(?P<n>[0-9]{1,3}\.[0-9]{1,5})(?!\w|\.[0-9])",
    re.IGNORECASE,
)


def _measured(model: Described, card: Card) -> Iterator[Wrong]:
    """A tag with a result that is nowhere in the card, while the card gives another value for that measure."""
    for key, value in model.tags.items():
        tag, text = _MEASURE_TAG.fullmatch(key.replace("_", " ")), _DECIMAL.fullmatch(str(value).strip())
        if tag is None or text is None or any(same_figure(text["n"], one) for one in _ANY_DECIMAL.findall(card.words)):
            continue
        measure = re.sub(r"[ -](?:score)?", "", tag["of"].lower())
        given = {one["n"] for one in _GIVEN.finditer(card.words) if re.sub(r"[ -]", "", one["of"].lower()) == measure}
        for label, row, _ in labelled(card):
            if re.sub(r"[ -]|score", "", label.lower()) == measure and (match := _DECIMAL.fullmatch(row.strip("*_` "))):
                given.add(match["n"])
        if len(given) == 1:
            yield Wrong(model.where(f"tags.{key}"), f"The tag {key} is {value}", f"the card says {min(given)}")


_ANY_DECIMAL = pattern(r"(?<![\w.,])[0-9]{1,3}(?:\.[0-9]{1,5}(?!\w|\.[0-9])|(?= ?%))")
_LISTS = pattern(
    rf"\b(?:spec(?:ification)?|metadata|front matter) (?:lists|names|has|gives|contains) {_N} languages\b"
    r"|\b(?P<m>[0-9]{1,3}) languages (?:are )?(?:listed|named) in the (?:spec|metadata)\b",
    re.IGNORECASE,
)


def _languages_in_spec(model: Described, card: Card) -> Iterator[Wrong]:
    written = model.metadata.get("languages")
    listed = {str(one) for one in written} if isinstance(written, list | tuple) else set()
    for match in card.near(_LISTS, " languages") if listed else ():
        if _value(match["n"] or match["m"]) != len(listed):
            true = f"the spec lists {len(listed)}"
            yield contradicted(card, match.start(), match[0], true)


_WEIGHED = pattern(
    r"(?<![\w.,])(?P<n>[0-9]{1,4}(?:\.[0-9]{1,3})?) (?P<u>million|billion) parameters,?"
    r" (?:are |and )?(?:stored |saved |kept )?(?:as|in) (?P<bits>8|16|32)[- ]bit (?:floats|numbers)(?:,| and)?"
    r" (?:in|take|of) (?P<size>[0-9]{1,4}(?:\.[0-9]{1,3})?) ?(?P<b>[MG])i?B\b",
    re.IGNORECASE,
)
_APART = 1.3


def _parameters_and_bytes(card: Card) -> Iterator[Wrong]:
    """One sentence that gives parameters, bits and bytes which do not fit together."""
    for match in card.near(_WEIGHED, "parameters"):
        size = value_of(match["size"], match["b"])
        made = value_of(match["n"], match["u"]) * int(match["bits"]) / 8
        if not made / _APART <= size <= made * _APART:
            true = f"that many numbers of {match['bits']} bits take {made / 1e9:.3g} GB"
            yield contradicted(card, match.start(), match[0], true)


_CHANGES = pattern(
    r"(?:list of |recent )?(?:changes|change ?log|(?:version|release) (?:history|notes)|history)", re.IGNORECASE
)
_OF_CHANGE = pattern(
    r"^(?:[-*+][ \t]+|\|[ \t]*|#{2,6}[ \t]+|(?=[*_]{2}))[*_]{0,2}(?:version |v)?(?P<n>[1-9]\d{0,2})"
    r"[*_]{0,2}[ \t]*(?:[,:(|\u2013-]|$)",
    re.IGNORECASE,
)
_FIGURES_OF = pattern(
    r"\b(?:figures|results|scores|measurements|numbers|this (?:card|page)|evaluation)(?: here| below| above)?"
    r" (?:are|is|were|was|describes?) (?:all )?(?:(?:from|of|for|(?:measured|run|made|taken) (?:with|on|from)) )?"
    r"version (?P<n>[1-9]\d{0,2})(?![.\d]*\d| of (?!(?:this|the|our) model))",
    re.IGNORECASE,
)


def _last_versions(model: Described, page: Card) -> Iterator[Wrong]:
    """The last version in a list of changes, and the version that figures are stated to be from."""
    version = model.version
    if page.too_large or not isinstance(version, int) or isinstance(version, bool):
        return
    true = f"this is version {version}"
    for match in page.near(_FIGURES_OF, " version "):
        if int(match["n"]) != version:
            yield Wrong(page.at(match.start(), match[0]), f"The text says '{short(match[0])}'", true)
    for heading in page.headings:
        if not _CHANGES.fullmatch(heading.text.strip("*_: ")):
            continue
        later = (one.line - 1 for one in page.headings if one.line > heading.line and one.level <= heading.level)
        lines = page.prose.split("\n")[heading.line : next(later, None)]
        found = [(heading.line + at + 1, one) for at, line in enumerate(lines) if (one := _OF_CHANGE.match(line))]
        numbers = [int(change["n"]) for _, change in found]
        ordered = numbers in (sorted({*numbers}), sorted({*numbers}, reverse=True))
        if len(numbers) > 1 and ordered and max(numbers) != version and 1 in numbers:
            line, match = found[numbers.index(max(numbers))]
            stated = f"The list of changes ends with version {max(numbers)}"
            yield Wrong(page.passage(line, match.start("n") + 1, match["n"]), stated, true)


_SHOTS = pattern(
    r"(?:#|n|num(?:ber of)?|few)?[ -]?(?:few-?)?shots?|(?:in-context )?examples|setting|setup", re.IGNORECASE
)
_SHOT = pattern(r"[*_ ]*(\d{1,2})(?:[- ]shots?)?[*_ ]*")
_EXAMPLES = pattern(
    rf"(?<![\w.,])(?P<n>\d{{1,2}}|{'|'.join(NUMERALS[:11])})"
    r"(?:[- ]shots?\b| (?:in-context |worked )?examples? in (?:the|its|each) prompt)",
    re.IGNORECASE,
)


def _shots(page: Card) -> Iterator[Wrong]:
    """The number of examples that a sentence gives for a benchmark, against that benchmark's only row in a table."""
    stated: dict[str, set[str]] = {}
    for table in page.tables:
        columns = [at for at, cell in enumerate(table.header.cells) if _SHOTS.fullmatch(cell.text.strip("*_ "))]
        for row in table.rows if len(columns) == 1 and columns[0] else ():
            if len(row.cells) > columns[0] and (shots := _SHOT.fullmatch(row.cells[columns[0]].text)):
                stated.setdefault(row.cells[0].text.strip("*_` "), set()).add(shots[1])
    for match in _EXAMPLES.finditer(page.words) if stated else ():
        clauses = re.split(r",? and |; | while | but ", sentence_at(page, match.start()).text)
        own = next((one for one in clauses if match[0] in one), "")
        number = f"{number_of(match['n']):.0f}" if match["n"].lower() in NUMERALS else match["n"]
        named = [name for name in stated if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", own)]
        if len(named) == 1 and number not in stated[named[0]] and len(_EXAMPLES.findall(own)) == 1:
            true = f"the table has {min(stated[named[0]])} for {named[0]}"
            yield contradicted(page, match.start(), match[0], true, by="The text")
