"""The rule on citations that programs cannot read."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import TypeAlias

from azureml_publish.diagnostics import Location, Severity
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern

_ENTRY = pattern(
    r"^[ \t]*@(?:article|inproceedings|misc|techreport|book|proceedings|online|software|phdthesis|unpublished)\s*\{",
    re.IGNORECASE | re.MULTILINE,
)
_AS_TEXT = pattern(
    r"^ {0,3}@(?:article|inproceedings|misc|techreport|book|online|software|phdthesis)\{[\w:./+-]{1,80},",
    re.IGNORECASE | re.MULTILINE,
)
_ESCAPED = pattern(r"\\[{}\\]")
_KINDS = ("article", "inproceedings", "incollection", "misc", "techreport", "book", "proceedings", "phdthesis")
_KIND = pattern(
    r"^[ \t]*@(?P<kind>[A-Za-z]{4,20})\s*(?P<open>\{?)\s*(?P<key>[^\s,{}=]*)[ \t]*(?P<end>[,\n}]?)", re.MULTILINE
)
_FIELD_END = pattern(
    r"^[ \t]*(?P<field>\w+)[ \t]*=[ \t]*(?:\{[^{}\n]*\}|\"[^\"\n]*\"|\d+)[ \t]*\n[ \t]*(?=\w+[ \t]*=)", re.MULTILINE
)
_YEAR = pattern(r"\byear[ \t]*=[ \t]*[{\"]?(?P<year>\d+)\b", re.IGNORECASE)
_EPRINT = pattern(r"\beprint[ \t]*=[ \t]*[{\"](?P<month>\d{4})\.(?P<rest>\d{4,5})")
_DOI = pattern(r"https?://(?:dx\.)?doi\.org/(?!10\.\d{4,9}(?:\.\d+)*/\S)(?P<rest>\S*)", re.IGNORECASE)
_NO_NUMBER = pattern(
    r"https?://(?:www\.)?arxiv\.org/(?:(?P<left>\d{4}\.\d{4,5})|(?:abs|pdf)/(?P<other>\w*\.?\w*)(?:\.pdf)?)$",
    re.IGNORECASE,
)
_NAMED_NUMBER = pattern(r"\W*(?:arxiv:? ?)?(\d{4}\.\d{4,5})\W*", re.IGNORECASE)
_ARXIV = pattern(r"https?://(?:www\.)?arxiv\.org/(?:abs|pdf)/(\d+)\.(\d+)(v\d+)?(?:\.pdf)?(?=[\s/?#)>\"']|$)")


@rule("CARD073", "citation-broken", Severity.WARNING, "A citation or the number of a paper is broken.", pages=True)
def citation_broken(model: Described) -> Findings:
    """A malformed BibTeX entry, or the number of a paper that arXiv cannot have.

    Source: https://info.arxiv.org/help/arxiv_identifier.html: YYMM.NNNN, since 2015 YYMM.NNNNN.
    """
    for where, message, hint in (*_in_code(model), *_in_links(model), *_in_words(model)):
        yield citation_broken.at(where, message, hint)


_Found: TypeAlias = Iterator[tuple[Location, str, str]]
"""A location, a message and a hint."""

_AS_IT_STANDS = "Write the number as the paper's page has it: two digits of the year, two of the month, and the rest."


def _in_code(model: Described) -> _Found:
    """Mistakes in BibTeX entries in code."""
    card = model.card
    for fence in card.fences if "@" in card.source else ():
        text = _ESCAPED.sub("", fence.text)
        match = _ENTRY.search(text)
        if match and text.count("{") != text.count("}") and not text[: match.start()].strip():
            missing = "is not closed" if text.count("{") > text.count("}") else "has one } too many"
            message = f"The entry {short(match[0].strip())}...}} {missing}, so programs cannot read it."
            yield card.place(fence.line + 1, 1), message, "Close each { with one }."
        if match or fence.language in ("bibtex", "bib"):
            for offset, message, hint in (*_entry_mistakes(fence.text), *_unlikely(fence.text, model.as_of.year)):
                yield card.place(fence.line + 1 + fence.text.count("\n", 0, offset), 1), message, hint


def _in_links(model: Described) -> _Found:
    """Mistakes in the addresses of papers."""
    card = model.card
    for link in card.links if "doi.org" in card.source or "arxiv.org" in card.source else ():
        where = card.at(link.url_start, link.url)
        if (found := _DOI.match(link.url)) and "<" not in link.url and "{" not in link.url:
            message = f"'{short(link.url)}' has no DOI, which begins with 10. and has a / after the owner's number."
            hint = "Write https://doi.org/10.NUMBER/NAME, as the paper's page has it."
            yield card.at(link.url_start, found[0]), message, hint
        number = _ARXIV.match(link.url)
        if number is None:
            odd = _NO_NUMBER.match(link.url)
            if odd and not re.fullmatch(r"[a-z-]*\d{7}", odd["other"] or ""):
                hint = f"Write https://arxiv.org/abs/{odd['left'] or 'NUMBER'}."
                yield where, f"'{short(link.url)}' is not the address of a paper.", hint
            continue
        paper, named = f"{number[1]}.{number[2]}", _NAMED_NUMBER.fullmatch(link.text)
        if named and named[1] != paper:
            yield where, f"The link says {named[1]}, but leads to {paper}.", "Write the same number in both."
        if not _is_paper(number[1], number[2]):
            yield where, f"arXiv has no paper {paper}.", _AS_IT_STANDS
        elif _to_come(number[1], model):
            yield where, f"arXiv has no paper {paper} yet.", _AS_IT_STANDS


_NUMBER = pattern(r"(?<![\w/.])arxiv:? ?(?P<month>\d{4})\.(?P<rest>\d{4,5})(?![\d.])", re.IGNORECASE)
_NO_DOI = pattern(
    r"\bdoi:? (?P<doi>(?!10\.\d{4,9}(?:\.\d+)*/\S)(?:[1I][0O]|1|10)\.?[\dO]{3,6}(?:/[^\s)\]]{1,60})?)(?=[\s.,;)\]]|$)",
    re.IGNORECASE,
)
_DOI_OF_ARXIV = pattern(r"10\.48550/arxiv\.(?P<month>\d{4})\.(?P<rest>\d{4,5})\b", re.IGNORECASE)


def _in_words(model: Described) -> _Found:
    """Wrong paper numbers in the text, and BibTeX entries outside code."""
    card = model.card
    for match in _AS_TEXT.finditer(card.prose) if "@" in card.prose and "{" in card.prose else ():
        message = f"The entry {short(match[0])}... is not in a code block, so its lines run together."
        yield card.at(match.start(), match[0]), message, "Put ```bibtex before it and ``` after it."
    named = any(sign in card.prose for sign in ("arxiv", "arXiv", "ArXiv", "ARXIV"))
    for match in (*_NUMBER.finditer(card.words), *_DOI_OF_ARXIV.finditer(card.prose)) if named else ():
        if not _is_paper(match["month"], match["rest"]) or _to_come(match["month"], model):
            message = f"arXiv has no paper {match['month']}.{match['rest']}."
            yield card.at(match.start(), match[0]), message, _AS_IT_STANDS
    for match in card.near(_NO_DOI, "doi"):
        message = f"'{short(match['doi'])}' is not a DOI, which begins with 10. and has a / after the owner's number."
        yield card.at(match.start("doi"), match["doi"]), message, "Write 10.NUMBER/NAME, as the paper's page has it."


def _to_come(month: str, model: Described) -> bool:
    return f"{model.as_of:%y%m}" < month < "9000"  # arXiv began in 1991


_FIELDS = (
    *("title", "author", "year", "journal", "booktitle", "publisher", "volume", "number", "pages", "month"),
    "editor",
)
_SURELY = pattern(
    r"\b(?:title|author)[ \t]*=[ \t]*[{\"]+(?:your |title of (?:the|your) |first author|author name|paper title|name"
    r" of )"
    r"|^[ \t]*@\w+\{(?:your|bibtex|citation|my|paper|model)[-_]?(?:key|id)\b",
    re.IGNORECASE | re.MULTILINE,
)
_OPEN_QUOTE = pattern(r"^[ \t]*(?P<field>\w+)[ \t]*=[ \t]*\"[^\"\n]*,[ \t]*\n[ \t]*(?:\w+[ \t]*=|\})", re.MULTILINE)


def _unlikely(text: str, this_year: int) -> Iterator[tuple[int, str, str]]:
    """Placeholders, misspelt fields, unclosed quotes and years in the future: offset, message and hint."""
    for match in _SURELY.finditer(text):
        yield match.start(), f"'{short(match[0].strip())}...' is a placeholder.", "Write the paper's own."
    for match in _OPEN_QUOTE.finditer(text):
        yield match.start(), f"The field {match['field']} has no closing quote.", 'Write " before the comma.'
    for field in _FIELD.finditer(text):
        name = field["field"].lower()
        near = difflib.get_close_matches(name, _FIELDS, n=1, cutoff=0.8) if name not in _OTHER_FIELDS else []
        if near and near[0] != name:
            yield field.start("field"), f"BibTeX has no field {field['field']}.", f"Write {near[0]}."
    for year in _YEAR.finditer(text):
        if len(year["year"]) == 4 and this_year + 1 < int(year["year"]):
            yield year.start(), f"{year['year']} is in the future.", "Write the year of the paper."


_OTHER_FIELDS = frozenset(
    (*_FIELDS, "authors", "titles", "years", "numpages", "articleno", "subtitle", "editors", "page")
)


def _is_paper(month: str, number: str) -> bool:
    if len(month) != 4 or not 1 <= int(month[2:]) <= 12:
        return False
    return len(number) == (4 if month < "1501" else 5)


def _entry_mistakes(text: str) -> Iterator[tuple[int, str, str]]:
    """Mistakes in BibTeX entries: offset, message and hint."""
    for entry in _KIND.finditer(text):
        kind = entry["kind"].lower()
        near = difflib.get_close_matches(kind, _KINDS, n=1, cutoff=0.85)
        if near and near[0] != kind and kind not in _RARE:
            yield entry.start(), f"BibTeX has no entry @{entry['kind']}.", f"Write @{near[0]}."
        elif kind in _KINDS and not entry["open"]:
            yield entry.start(), f"The entry @{entry['kind']} does not begin with {{.", f"Write @{kind}{{KEY,"
        elif kind in _KINDS and entry["end"] == "," and not entry["key"]:
            yield entry.start(), f"The entry @{entry['kind']} has no key to cite it by.", f"Write @{kind}{{KEY,"
    for field in _FIELD_END.finditer(text):
        yield (
            field.start(),
            f"There is no comma after the field {field['field']}.",
            "Write a comma at the end of the line.",
        )
    yield from _fields_twice(text)
    for year in _YEAR.finditer(text):
        if len(year["year"]) != 4:
            yield year.start(), f"{year['year']} is not a year.", "Write four digits."
    for number in _EPRINT.finditer(text):
        if not _is_paper(number["month"], number["rest"]):
            yield number.start(), f"arXiv has no paper {number['month']}.{number['rest']}.", "Write the paper's number."


_PAGE = pattern(r"\burl[ \t]*=[ \t]*[{\"]{1,2}(?:\\url\{)?https?://arxiv\.org/(?:abs|pdf)/(?P<number>\d{4}\.\d{4,5})\b")
_FIELD = pattern(r"^[ \t]*(?P<field>[A-Za-z]{3,20})[ \t]*=[ \t]*[{\"\d]", re.MULTILINE)


def _fields_twice(text: str) -> Iterator[tuple[int, str, str]]:
    """A field that an entry gives twice, and a paper number that differs from the one in `url`."""
    starts = [entry.start() for entry in _KIND.finditer(text) if entry["open"]]
    for start, end in zip(starts, (*starts[1:], len(text)), strict=False):
        number, page = _EPRINT.search(text, start, end), _PAGE.search(text, start, end)
        if number and page and page["number"] != f"{number['month']}.{number['rest']}":
            message = (
                f"eprint is {number['month']}.{number['rest']}, and the address of the entry has {page['number']}."
            )
            yield page.start(), message, "Write the number of one paper in both."
        seen: set[str] = set()
        for field in _FIELD.finditer(text, start, end):
            if (name := field["field"].lower()) in seen:
                message = f"The field {field['field']} is twice in one entry."
                yield field.start("field"), message, "Take one of the two out: programs read either of them."
            seen.add(name)


_RARE = frozenset({"inbook", "conference", "manual", "booklet", "mastersthesis", "report", "thesis", "collection"})
