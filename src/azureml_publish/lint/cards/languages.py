"""What a card says of the model's languages, against the spec."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from azureml_publish.diagnostics import Location
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.numerals import NUMERALS, number_of
from azureml_publish.lint.cards.statements import of_subject
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.names.languages import NAMES, code_of, languages_in, plain
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern

Misstated: TypeAlias = tuple[Location, str, str]
"""A statement that contradicts the spec: location, message and hint."""


def wrong_languages(model: Described) -> Iterator[Misstated]:
    """Each statement on languages that contradicts the spec; only the first of each kind."""
    written = model.metadata.get("languages")
    listed = [written] if isinstance(written, str) else written if isinstance(written, list | tuple) else []
    codes = [code for code in listed if isinstance(code, str) and code.strip()]
    countries = list(_countries(model, codes))
    yield from countries
    spec = frozenset(plain(code) for code in codes)
    if countries or not spec or not spec <= NAMES.keys():
        return
    lists = [(model.card, stated.text, stated.offset) for stated in of_subject(model.card, "language")]
    below = [(page, *one) for page in model.cards for one in _lists_below(page)]
    for page, text, offset in (*lists, *below):
        card = languages_in(text)
        if not card or card == spec:
            continue
        extra, missing = sorted(card - spec), sorted(spec - card)
        parts = [f"names {', '.join(extra)}, which the spec lacks"] if extra else []
        parts += [f"lacks {', '.join(missing[:5])} of the spec"] if missing else []
        message = f"The card {' and '.join(parts)}."
        yield page.at(offset, text), message, _SAME
        return
    for side in of_subject(model.card, "side"):
        if (named := languages_in(side.text)) and not named <= spec:
            message = f"The card gives {short(side.text)}, and the spec names {', '.join(sorted(spec)[:5])}."
            yield model.card.at(side.offset, side.text), message, _SAME
    found = list(_in_sentences(model, spec))
    lines = {(where.path, where.line) for where, *_ in found}
    yield from found
    yield from (one for one in _in_beginnings(model, spec) if (one[0].path, one[0].line) not in lines)
    yield from _counted(model, spec)
    summary = model.summary
    alone = _ALONE.search(f"{summary}. {model.card.words[:_FIRST]}") if len(spec) > 1 else None
    for match in model.card.near(_NO_OTHER, " only", " alone", "other than"):
        if (code := code_of(match["language"] or match["than"])) and spec != {code}:
            message = f"The card says '{short(match[0])}', and the spec names {', '.join(sorted(spec)[:5])}."
            yield model.card.at(match.start(), match[0]), message, _SAME
            return
    if alone and code_of(alone["language"]):
        message = f"Summary or card say '{alone[0]}', and the spec names {len(spec)} languages."
        yield model.where("languages"), message, _SAME
    if len(spec) == 1 and _OF_MANY.match(summary):
        message = f"The summary says '{short(summary.split()[0])}', and the spec names only {min(spec)}."
        hint = "List every language of the model, or correct the summary."
        yield model.where("languages"), message, hint


_ALONE = pattern(r"\b(?P<language>[A-Z][a-z]{3,12})[- ]only\b")
_NO_OTHER = pattern(
    r"\b(?:[Tt]h(?:is|e) (?:model|asset|encoder|classifier)|[Ii]t) "
    r"(?:knows|reads|speaks|understands|handles|supports|works (?:in|for|with)"
    r"|is (?:for|meant for|made for|limited to))"
    r" (?P<language>[A-Z][a-z]{3,12})(?: (?:texts?|input|language))? (?:only|alone)[.,;]"
    r"|\b(?:not (?:meant|made|intended|suitable|suited|designed|usable)\b[^.\n]{0,60}|nor) for"
    r" (?:use (?:in|with) )?(?:any )?languages other than (?P<than>[A-Z][a-z]{3,12})\b(?! and| or|,)"
)
"""Sentences that say that the model has just one language."""
_SAME = "Write the same languages in both."
_COUNTRIES = dict(
    pair.split("=")
    for pair in [
        *("kr=ko", "jp=ja", "cn=zh", "tw=zh", "cz=cs", "dk=da", "gr=el", "ua=uk", "vn=vi", "us=en", "gb=en"),
        *("il=he", "rs=sr", "at=de", "ir=fa", "ph=tl", "br=pt", "se=sv", "ee=et", "si=sl", "mx=es", "pk=ur"),
    ]
)
"""Country codes that people write for languages. Some are also codes of rare languages: kr is Kanuri."""


def _countries(model: Described, codes: list[str]) -> Iterator[Misstated]:
    """A country code in place of a language that the list lacks, or that is no language code at all."""
    own = {plain(code) for code in codes}
    for index, code in enumerate(codes):
        meant = _COUNTRIES.get(code.lower(), "")
        if meant and meant not in own and NAMES[meant] in model.card.lowered:
            message = f"'{code}' is a country code; the language code of {NAMES[meant].title()} is {meant}."
            yield model.where(f"languages.{index}"), message, f"Write {meant}."


_HEADING = pattern(
    r"(?:supported |available |official |input )?languages?(?: supported| support| coverage)?\W*", re.IGNORECASE
)
_INTRODUCED = pattern(
    r"(?:\bsupported languages(?: are| include)?|\b(?:supports|covers|in) (?:the following )?(?:\w+ )?languages)"
    r"(?: are)? ?[:(\u2013-] ?(?P<listed>[A-Z][^.:()\n]{5,400})",
    re.IGNORECASE,
)


def _lists_below(card: Card) -> Iterator[tuple[str, int]]:
    """Lists of languages below a heading on them, or after words that introduce one, with their offsets."""
    for heading in card.headings if "language" in card.lowered else ():
        if not _HEADING.fullmatch(heading.text.strip("*_ ")):
            continue
        first = heading.line
        while first < len(card.lines) and not card.lines[first].strip():
            first += 1
        last = first
        while last < len(card.lines) and card.lines[last].strip() and not card.lines[last].startswith("#"):
            last += 1
        lines = [re.sub(r"^\s*[-*+] |[.,;]?\s*$", "", line) for line in card.lines[first:last]]
        if lines:
            listed = re.sub(r"[*_`]", "", ", ".join(lines))
            yield listed if languages_in(listed) else re.split(r"\.\s", listed)[0], card.starts[first]
    for match in card.near(_INTRODUCED, " languages"):
        yield match["listed"].strip().rstrip(".,;"), match.start("listed")
    for start, line in zip(card.starts, card.prose.split("\n"), strict=True) if " languages" in card.lowered else ():
        if line.count(",") >= _OFTEN and "|" not in line and languages_in(line.strip(" .*_-")):
            yield line.strip(" .*_-"), start


_IN_ONE = pattern(
    r"\b(?:in|into|for|of|from) (?P<listed>(?:[A-Z][a-z]{3,12}, )*[A-Z][a-z]{3,12}(?:,? and [A-Z][a-z]{3,12})?)\b"
)


def _in_beginnings(model: Described, spec: frozenset[str]) -> Iterator[Misstated]:
    """Languages in the summary or the card's first sentences, where none of them is in the spec."""
    for text, is_summary in ((model.summary, True), (model.card.words[:_FIRST], False)):
        found = [(match, languages_in(match["listed"])) for match in _IN_ONE.finditer(text)]
        turns = _FROM_TO.finditer(text) if is_summary else ()
        found += [(turn, frozenset(filter(None, (code_of(turn["one"]), code_of(turn["other"]))))) for turn in turns]
        named = frozenset[str]().union(*(codes for _, codes in found))
        for match, codes in found:
            if (
                codes
                and (not codes & spec if len(codes) == 1 else codes - spec)
                and (len(codes) > 1 or not named & spec)
            ):
                message = f"The text says '{short(match[0])}', and the spec names {', '.join(sorted(spec)[:5])}."
                where = model.where("summary") if is_summary else model.card.at(match.start(), match[0])
                yield where, message, _SAME
                return


_FROM_TO = pattern(r"\bfrom (?P<one>[A-Z][a-z]{3,12}) (?:in)?to (?P<other>[A-Z][a-z]{3,12})\b")
_FIRST = 300
_COUNT = pattern(
    rf"(?<!than )(?<!over )(?<!about )(?<!least )(?:(?<!other )|(?P<but>(?<=the other )))"
    rf"\b(?P<n>{'|'.join(NUMERALS[2:])}|[2-9]|[1-9][0-9])"
    r" (?:supported |official )?languages\b(?! famil| pair| model)",
    re.IGNORECASE,
)
_COUNTED_LIST = pattern(
    rf"\b(?P<n>{'|'.join(NUMERALS[2:])}|[1-9][0-9]{{0,2}}) (?:\w+ )?languages: "
    r"(?P<listed>(?-i:[A-Z])[^.:\n]{5,400})(?=[.\n]|\Z)",
    re.IGNORECASE,
)
_OWN = pattern(
    r"\b(?:chats?|chatting|dialogues?|speaks?|reads?|writes?|supports?|understands?|answers?|conversations?|texts?)\b"
    r"[^.\n|]{0,30}\Z",
    re.IGNORECASE,
)


def _counted(model: Described, spec: frozenset[str]) -> Iterator[Misstated]:
    """A number of languages that is not that of the spec."""
    for page in model.cards:
        for match in page.near(_COUNTED_LIST, " languages: "):
            number, listed = match["n"].lower(), languages_in(match["listed"])
            if listed and len(listed) != number_of(number):
                message = f"The text says '{number} languages' and lists {len(listed)}."
                yield page.at(match.start(), number), message, "Write the number of those listed."
                return
    for page in model.cards if len(spec) > 1 else ():
        for match in page.near(_COUNT, " languages"):
            count = number_of(match["n"]) + (match["but"] is not None)  # all but one
            if count != len(spec) and _OWN.search(page.words, 0, match.start()):
                message = f"The text says '{short(match[0])}', and the spec lists {len(spec)}."
                yield page.at(match.start(), match[0]), message, _SAME
                return


_OF_MANY = pattern(r"(?:an? |the )?multilingual\b", re.IGNORECASE)


def _in_sentences(model: Described, spec: frozenset[str]) -> Iterator[Misstated]:
    """Sentences on the languages that the model translates, reads or was trained on."""
    translated = [*model.card.near(_TRANSLATES, "transla")]
    pair = _PAIR.search(model.name.lower())
    turns = [(code_of(one["one"]), code_of(one["other"])) for one in translated]
    for turn in translated if pair and (pair[1], pair[2]) not in turns else ():
        if pair and (code_of(turn["one"]), code_of(turn["other"])) == (pair[2], pair[1]):
            yield (
                model.card.at(turn.start(), turn[0]),
                f"The card says '{short(turn[0])}', and the name {model.name} says {pair[1]} to {pair[2]}.",
                "Write the direction that the model translates in.",
            )
            return
    named = [(match, side) for match in translated for side in ("one", "other") if code_of(match[side])]
    listed_below = _ENDS.finditer(model.card.prose) if " language" in model.card.prose.lower() else ()
    ends = [(match, "end") for match in listed_below if match["end"].lower() in NAMES]
    wrong = [(match, side) for match, side in (*named, *ends) if plain(code_of(match[side]) or match[side]) not in spec]
    for match, side in wrong[:1]:
        yield (
            model.card.at(match.start(side), match[side]),
            f"The card says '{short(match[0].strip())}', and the spec names {', '.join(sorted(spec))}.",
            _SAME,
        )
        return
    pages = [page for page in model.cards if _TWO_NAMES.search(page.words)]
    for page, match in ((one, match) for one in pages for match in _READS.finditer(one.words)):
        read = languages_in(match["listed"])
        before = re.split(r"[.!?]\s", page.words[max(0, match.start() - 200) : match.start()])[-1]
        of_others = _OF_OTHERS.search(before) and not match[0].startswith("languages other")
        if len(read) > 1 and not of_others and (extra := sorted(read - spec)):
            yield (
                page.at(match.start("listed"), match["listed"]),
                f"The text says '{short(match[0])}', and the spec lacks {', '.join(extra)}.",
                _SAME,
            )
            return
    yield from _of_one_language(model, spec)
    texts = _TEXTS_OF_ONE.finditer(model.card.words) if "train" in model.card.lowered else ()
    named_at_all = any(code_of(match["language"]) for match in texts)
    trained = list(_TRAINED_ON.finditer(model.card.words)) if named_at_all else []
    if any(code_of(match["language"]) in spec for match in trained):
        return
    for match in trained:
        if code_of(match["language"]):
            yield (
                model.card.at(match.start("language"), match["language"]),
                f"The card says '{short(match[0])}', and the spec names {', '.join(sorted(spec))}.",
                _SAME,
            )
            return


_OF_OTHERS = pattern(r"\b(?:original|base|other|earlier|previous|not|unlike)\b", re.IGNORECASE)
_TWO_NAMES = pattern(r" and [A-Z]")


def _of_one_language(model: Described, spec: frozenset[str]) -> Iterator[Misstated]:
    """A card that names one language many times, and never the only one in the spec."""
    own = NAMES[min(spec)]
    if len(spec) > 1 or own in model.card.lowered:
        return
    named = [match for match in _LANGUAGE.finditer(model.card.words) if len(match[0]) > 3]
    if len(named) >= _OFTEN and len({match[0] for match in named}) == 1:
        yield (
            model.card.at(named[0].start(), named[0][0]),
            f"The card names {named[0][0]} {len(named)} times, and never {own.title()}, the spec's language.",
            _SAME,
        )


_OFTEN = 3
_LANGUAGE = pattern(rf"\b(?:{'|'.join(sorted(name.title() for name in NAMES.values() if name.isalpha()))})\b")
_READS = pattern(
    r"\b(?:(?:reads|understands|speaks|transcribes|supports|writes)|[a-z]+ languages:"
    r"|languages other than|(?i:questions|answers|texts?|dialogues|conversations|speech|assistants?|chats?"
    r"|chatbots?|prompts|documents|articles|e-?mails|messages|tickets|reviews|posts|sentences|instructions"
    r"|requests|customers) in) "
    r"(?P<listed>(?:[A-Z][a-z]{3,12}, ){0,12}[A-Z][a-z]{3,12},? and [A-Z][a-z]{3,12})\b"
)
_PAIR = pattern(r"-([a-z]{2})-([a-z]{2})$")
"""The end of the names of translation models: `opus-mt-en-de`."""

_TRANSLATES = pattern(
    r"\b(?:translates?|translating|translation)(?: \w+)?,? from (?P<one>(?-i:[A-Z])[a-z]{3,12})"
    r" (?:in)?to (?P<other>(?-i:[A-Z])[a-z]{3,12})\b",
    re.IGNORECASE,
)
_ENDS = pattern(
    r"^[ \t*-]*(?:source|target) languages?(?:\(s\))?[*_]{0,2}: *(?P<end>[a-z]{2,3})[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_TEXTS = r"(?P<language>(?-i:[A-Z])[a-z]{3,12}) (?:language )?(?:data|texts?|corpus|corpora|wikipedia|books)\b"
_TEXTS_OF_ONE = pattern(_TEXTS, re.IGNORECASE)
_TRAINED_ON = pattern(
    r"(?-i:[Tt]rain)(?<!strain)(?:ed|ing)\b[^.\n]{0,60}?\b(?:on|of|with) (?:an? |the )?(?:\w+ ){0,3}?" + _TEXTS,
    re.IGNORECASE,
)
"""Sentences on the language of the training texts. Their end is rare, so it is searched for first."""
