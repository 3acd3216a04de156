"""Rules on the text and the headings of a card."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.lint.cards.findings import MOST_EDITS, once_a_card, short, times
from azureml_publish.lint.cards.placeholders import (
    EMPTY_SIGNS,
    EMPTY_WORDS,
    OPEN,
    STATES,
    TITLES,
    WHAT,
    placeholders_in,
    places_of_signs,
)
from azureml_publish.lint.cards.printed_cells import printed_cells
from azureml_publish.lint.cards.prose import texts_of
from azureml_publish.lint.cards.typing_errors import misspelled
from azureml_publish.lint.cards.unfilled import unfilled
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import Card, CardEdit, Cell, Row
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import near, pattern

_CELL = pattern(rf"[\s*_(\[<`]*(?:{EMPTY_WORDS})[\s*_)\]>`.!…]*", re.IGNORECASE)
_LINE = pattern(rf"^[ \t>*+_-]*((?:{EMPTY_WORDS})[*_]*[.!…]*)[ \t*_]*$", re.IGNORECASE | re.MULTILINE)


@rule(
    "CARD010",
    "placeholder-text",
    Severity.WARNING,
    "A placeholder was not replaced, or a note to the authors was left.",
)
def placeholder_text(model: Described) -> Findings:
    """A placeholder that was not replaced, or a note to the card's authors."""
    for card in model.cards:
        yield from _once_each(card)
        yield from _in_comments(card)
        yield from _made_by_programs(card)
    for card in model.licences:
        terms = card.source.partition("END OF TERMS AND CONDITIONS")[0]  # below, the GPL shows how to apply it
        for match in _OF_A_LICENCE.finditer(terms):
            message = f"'{short(match[0])}' {WHAT[''][0]}"
            hint = "Write the terms in full, with who holds the rights, and since when."
            yield placeholder_text.at(card.at(match.start(), match[0]), message, hint)
    for path, text in texts_of(model):
        copied = (path == "displayName" and _COPY.search(text.text)) or (
            path in _PROSE_KEYS and (_NO_VALUE.fullmatch(text.text) or text.text.strip().lower() == path.lower())
        )
        form = next(placeholders_in(text.text), None) if path in _PROSE_KEYS else None
        if form is not None and form[0].what:
            what, hint = WHAT[form[0].what]
            yield placeholder_text.at(model.where(path), f"{path}: '{short(form[1][0])}' {what}", hint)
        elif copied or form is not None or _CELL.fullmatch(text.text):
            message = f"{path} is a placeholder that was never filled in: '{short(text.text)}'."
            yield placeholder_text.at(model.where(path), message, "Write it, or leave the key out.")


_OF_A_LICENCE = pattern(
    r"\bcopyright (?:\(c\)|\u00a9) (?:\d{4},? )?[\[<{](?:year|yyyy|[a-z ]*(?:name|holders?|owners?))[\]>}]"
    r"|\b(?-i:TODO|TBD|FIXME)\b|\blorem ipsum\b|\blicen[cs]e (?:text )?(?:goes here|here$|to be (?:added|defined"
    r"|determined))"
    r"|\{\{ ?[\w.]+ ?\}\}|^copyright (?:\(c\)|\u00a9)\s*$|^(?:tba|to be (?:added|defined|determined|announced))[.!]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""Placeholders in the forms of MIT and BSD that have to be filled in. Those of Apache and the GPL are examples in an
appendix.
"""

_PROSE_KEYS = frozenset(("displayName", "summary", "licenseDescription", "publisher", "notes", "evaluation", "terms"))
"""Keys whose texts are sentences. Texts of other keys may be templates of a conversation."""


_NO_VALUE = pattern(
    r"(?:(?:my|new|your|a|the|untitled|sample|dummy) )?model(?: name| summary| description)?|your (?:name|company)"
    r"|string|untitled|foo|bar|none|null|n/?a|undefined|\?+|(?:a |the )?(?:short |brief )?(?:summary|description)"
    r"(?: of the model)?[.!]?",
    re.IGNORECASE,
)
"""What forms and templates put into a key that has to be filled in."""
_COPY = pattern(r"^copy of |[ (_-]copy\)?$|\(\d\)$", re.IGNORECASE)
"""What file managers and portals call a copy."""

_COMMENT = pattern(r"<!--((?:(?!-->)[\s\S]){0,2000})-->")
_FOR_AUTHORS = pattern(
    r"(?-i:\b(?:TODO|FIXME|TBD|XXX|HACK)\b)|\bbefore publishing\b|\bdo not publish\b|\bask legal\b", re.IGNORECASE
)
_OF_A_TEMPLATE = pattern(
    r"\bprovide a (?:quick|longer) summary of what (?:this|the) model is\b|\bprovide the basic links for the model\b"
    r"|\bthis section (?:is meant to convey|is for the model use|addresses misuse"
    r"|describes? (?:the evaluation protocols|suitable use cases)|provides? (?:information about|basic links))\b"
    r"|\brelevant interpretability work\b"
    r"|\bthis (?:should link to a (?:dataset|data) card|relates heavily to the technical specifications)\b"
    r"|\baddress questions around how the model\b|\bthese are the (?:things the evaluation|evaluation metrics)\b"
    r"|\bif (?:there is a paper or blog post introducing|relevant, include terms and calculations)\b"
    r"|\btotal emissions \(in grams of CO2eq\)|\bproofread and complete it, then remove this comment\b",
    re.IGNORECASE,
)
"""Instructions of templates of cards, of which a card has as many as it has sections: one finding a card.

Source: https://github.com/huggingface/huggingface_hub (templates/modelcard_template.md) and transformers (the card that
its Trainer and its callback of Keras write).
"""


_EMPTY_ITEM = pattern(r"[ \t]*(?:[-*+]|\d{1,2}[.)])[ \t]+(?:\*\*[^*\n]{1,40}\*\*:?[ \t]*)?")
_ASKS = pattern(
    r"\s*(?:please )?(?:add|insert|write|describe|list|fill|enter|provide|put|state|give)\b[^-\n]{0,40}", re.IGNORECASE
)
"""What a comment asks for, where it is all that a list item holds."""


def _in_comments(card: Card) -> Findings:
    """Comments to the card's authors, which no page shows and which are published all the same."""
    of_template: list[tuple[int, str, str]] = []
    for match in _COMMENT.finditer(card.source) if "<!--" in card.source else ():
        note = _FOR_AUTHORS.search(match[1])
        line = card.source[card.source.rfind("\n", 0, match.start()) + 1 : match.start()]
        if note is None and _EMPTY_ITEM.fullmatch(line) and card.source[match.end() : match.end() + 1] in ("", "\n"):
            note = _ASKS.match(match[1])
        if note is not None and not within_fence(card, match.start()):
            yield _comment(card, match.start(), match[0], note[0])
        elif note is None and (note := _OF_A_TEMPLATE.search(match[1])) and not within_fence(card, match.start()):
            of_template.append((match.start(), match[0], note[0]))
    if of_template:
        yield _comment(card, *of_template[0], len(of_template) - 1)


def _comment(card: Card, offset: int, text: str, words: str, more: int = 0) -> Diagnostic:
    message = f"The comment with '{short(words)}' is for the card's authors, and is published with it.{_also(more)}"
    return placeholder_text.at(card.at(offset, text), message, "Do what it says, and take it out.")


def _also(more: int) -> str:
    return f" So {'is 1 more' if more == 1 else f'are {more} more'}." if more else ""


def _made_by_programs(card: Card) -> Findings:
    """Gaps in cards that programs and templates write."""
    for offset, text in unfilled(card):
        yield placeholder_text.at(card.at(offset, text), f"'{short(text)}' {WHAT[''][0]}", WHAT[""][1])


def within_fence(card: Card, offset: int) -> bool:
    """Whether an offset is in fenced code."""
    line = card.position(offset)[0]
    return any(fence.line <= line <= fence.line + fence.text.count("\n") for fence in card.fences)


class _Place(NamedTuple):
    """A place to fill in: its location, what a message says of it, the hint, and the edit that empties it."""

    line: int
    column: int
    text: str
    what: str
    hint: str
    edit: CardEdit | None = None


def _once_each(card: Card) -> Findings:
    """One finding for all places with the same text: they are filled in, or removed, together."""
    alike: dict[str, list[_Place]] = {}
    for place in _unwritten(card):
        alike.setdefault(place.text.lower().strip("[]*_. "), []).append(place)
    for places in alike.values():
        first = min(places, key=lambda one: (one.line, one.column))
        text, more = first.text, len(places) - 1
        edits = list(dict.fromkeys(place.edit for place in places if place.edit is not None))[:MOST_EDITS]
        yield placeholder_text.at(
            card.passage(first.line, first.column, text),
            f"'{short(text)}' {first.what}{_also(more)}",
            first.hint,
            fix=card.fix(edits, safe=False) if edits else None,
        )


def _unwritten(card: Card) -> Iterator[_Place]:
    places = places_of_signs(card.prose)
    empty = [place for sign in EMPTY_SIGNS & places.keys() for place in places[sign]]
    rows: set[int] = set()
    for cell in printed_cells(card.tables):
        rows.add(cell.line)
        yield _Place(cell.line, cell.column, cell.text, *WHAT["printed"])
    if empty:
        for table in card.tables:
            for row in table.rows:
                for cell, named in zip_longest(row.cells, table.header.cells[: len(row.cells)]):
                    if cell.text and _CELL.fullmatch(cell.text):
                        rows.add(row.line)
                        if not (named and STATES.fullmatch(named.text) and OPEN.search(cell.text)):
                            yield _in_cell(row, cell, card, len(table.header.cells))
        titles = TITLES.finditer(card.words) if {"todo", "to-do"} & places.keys() else ()
        rows.update(card.position(title.end() - 1)[0] - title[0].count("\n") for title in titles)
        for match in near(_LINE, card.words, empty):
            yield from _found(card, match.start(1), match[1], rows, "")
            rows.add(card.position(match.start(1))[0])
    covered: list[tuple[int, int]] = []
    for form, match in placeholders_in(card.prose):
        if any(start <= match.start() < end for start, end in covered) or _is_state(card, form.what, match.start()):
            continue  # two forms may match one text; and a status section is for readers
        covered.append(match.span())
        if "<" in match[0] or "@" in match[0] or card.words.startswith(match[0], match.start()):
            yield from _found(card, match.start(), match[0], rows, form.what)


def _is_state(card: Card, what: str, offset: int) -> bool:
    """Whether a note for authors stands below a heading such as Status."""
    heading = card.heading_of(card.position(offset)[0]) if what == "authors" else None
    return heading is not None and STATES.fullmatch(heading.text) is not None


def _in_cell(row: Row, cell: Cell, card: Card, columns: int) -> _Place:
    """Removes a row that has text in its first cell only, else empties the cell. Neither is a safe fix."""
    filled = [one for one in row.cells[1:] if one.text and not _CELL.fullmatch(one.text)]
    whole: CardEdit = (row.line, 1, row.line + 1, 1, "")
    edit: CardEdit = (row.line, cell.column, row.line, cell.column + len(cell.text), "")
    drop = not filled and columns > 1 and row.line < len(card.lines)
    hint = "Fill it in, or take the row out until there is something to show."
    return _Place(row.line, cell.column, cell.text, WHAT[""][0], hint, whole if drop else edit)


def _found(card: Card, offset: int, text: str, rows: set[int], what: str) -> Iterator[_Place]:
    line, column = card.position(offset)
    if line not in rows:
        yield _Place(line, column, text, *WHAT[what])


BEGINNING = "Write here what the model does, for whom, and where it comes from."
"""What `publish init` writes where the author has to write: see templates/new-card.md.j2."""


@rule("CARD011", "card-not-written", Severity.ERROR, "The card still holds what `publish init` wrote.")
def card_not_written(model: Described) -> Findings:
    """Text of `publish init` that the author has not replaced."""
    at = model.card.text.find(BEGINNING)
    if at >= 0:
        message = "The card still holds what `publish init` wrote in place of a summary."
        hint = "Write a few sentences there: what the model does, for whom, and where it comes from."
        yield card_not_written.at(model.card.place(*model.card.position(at)), message, hint, width=len(BEGINNING))
    if model.summary.strip() == BEGINNING:
        message = "The summary still holds what `publish init` wrote for the card."
        yield card_not_written.at(model.where("summary"), message, "Write what the model does, in a sentence or two.")


@rule("CARD030", "heading-level-skip", Severity.INFO, "A heading skips a level.")
def heading_level_skip(model: Described) -> Findings:
    """A heading two levels or more below the one before it."""
    card = model.card
    edits: list[CardEdit] = []
    skips = 0
    first = ""
    stack: list[tuple[int, int]] = []
    for heading in card.headings:
        while stack and heading.level <= stack[-1][0]:
            stack.pop()
        if not stack:
            stack.append((heading.level, heading.level))
            continue
        wanted = stack[-1][1] + 1
        if wanted < heading.level:
            skips += 1
            first = first or heading.text
            edits += _edit(card, heading.line, heading.level, wanted)
        stack.append((heading.level, min(wanted, heading.level)))
    if edits:
        message = (
            f"{times(skips, 'heading', 'skips')} a level, the first is '{short(first)}':"
            " outlines and screen readers show a gap."
        )
        hint = "Make it one level below the heading before it."
        yield once_a_card(heading_level_skip, card, edits, message, hint, width=edits[0][3] - edits[0][1])


def _edit(card: Card, line: int, level: int, wanted: int) -> list[CardEdit]:
    column = card.lines[line - 1].find("#" * level) + 1
    return [(line, column, line, column + level, "#" * wanted)] if column else []


_NAMES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (pattern(form, re.IGNORECASE), name)
    for form, name in (
        (r"samples?\s+inputs?\s*(?:and|&|/)\s*outputs?(?:\s*\(for .{1,40}\))?|samples?\s+inputs?/outputs?",
         "Sample inputs and outputs"),
        (r"(?:model\s+)?evaluations?(?:\s+samples?)|model\s+evaluation(?=s?$)s?", "Model Evaluation samples"),
        (r"fine-?\s?tun(?:e|ing)\s+samples?", "Finetuning samples"),
        (r"inference\s+samples?|inferencing\s+samples?", "Inference samples"),
    )
)  # fmt: skip


_WORD = pattern(r"(?<![\w./-])[A-Za-z][a-z]{5,20}(?![\w./-])")


@rule("CARD031", "heading-not-canonical", Severity.INFO, "A section has another name than in other cards.")
def heading_not_canonical(model: Described) -> Findings:
    """A section with another name than in all other cards.

    Capitals are not judged: the spellings differ in their words.
    """
    card = model.card
    edits: list[CardEdit] = []
    first = ""
    for heading in card.headings:
        if slip := next((pair for word in _WORD.findall(heading.text) if (pair := misspelled(word))), None):
            message = f"'{short(heading.text)}' has {slip[0]} for {slip[1]}."
            hint = f"Write {slip[1]}."
            yield heading_not_canonical.at(card.place_of(heading), message, hint, severity=Severity.WARNING)
        for form, name in _NAMES:
            bare = heading.text.strip().rstrip(":")
            if form.fullmatch(bare) and bare.casefold() != name.casefold():
                first = first or f"'{heading.text}' is '{name}' in other cards"
                width = len(heading.text)
                edits.append((heading.line, heading.column, heading.line, heading.column + width, name))
    if edits:
        more = f", and {times(len(edits) - 1, 'more heading')}" if len(edits) > 1 else ""
        yield once_a_card(
            heading_not_canonical,
            card,
            edits,
            f"{first}{more}: readers and programs look for one name.",
            "Use the common name.",
            width=edits[0][3] - edits[0][1],
        )


@rule(
    "CARD076",
    "heading-reserved",
    Severity.WARNING,
    "A section is reserved for models that Azure sells itself.",
    pages=True,
)
def heading_reserved(model: Described) -> Findings:
    """A section `Azure Direct Models` in the card of a model that is not one by its metadata.

    Source: azureml-registry-tools 0.1.0a69, its template of description.md, which leaves this section to Microsoft.
    """
    if model.metadata.get("isDirectFromAzure") is True:
        return
    for heading in model.card.headings:
        if " ".join(heading.text.lower().split()).strip("*_: ") in ("azure direct models", "azure direct model"):
            message = f"Azure keeps the section '{short(heading.text)}' for models that it sells itself."
            hint = "Take it out; if Azure sells the model, write isDirectFromAzure: true in the metadata."
            yield heading_reserved.at(model.card.place_of(heading), message, hint)
