"""CARD063: layers, hidden size, heads or parameters of another model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import width_of
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.rules.card.architectures import Architecture, architecture
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD063", "figures-contradict-config", Severity.WARNING, "The card gives another model's figures.")

_NUMBER = r"(?<![\w.,-])([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,6})"
_PROSE: dict[str, re.Pattern[str]] = {
    "layers": re.compile(rf"{_NUMBER}[- ](?:(?:transformer|encoder|hidden)[- ])?layers?\b", re.IGNORECASE),
    "hidden": re.compile(
        rf"{_NUMBER}\s+hidden\s+(?:dimensions?|units)\b|\bhidden\s+(?:size|dimension)(?:\s+(?:of|is))?\s+([0-9]{{2,5}})\b",
        re.IGNORECASE,
    ),
    "heads": re.compile(rf"{_NUMBER}\s+(?:self-)?attention[- ]heads\b", re.IGNORECASE),
    "parameters": re.compile(
        rf"{_NUMBER}(?:\.[0-9]+)?\s?(?:M|million)\s+(?:trainable\s+)?param(?:eter)?s\b", re.IGNORECASE
    ),
}
_KEYS = {
    "layers": re.compile(r"layer", re.IGNORECASE),
    "hidden": re.compile(r"hidden", re.IGNORECASE),
    "heads": re.compile(r"heads", re.IGNORECASE),
    "parameters": re.compile(r"params|parameter", re.IGNORECASE),
}
_NEAR = 40
"""How far from its word a figure may stand."""

_SOME = re.compile(
    r"\b(?:first|last|top|bottom|upper|lower|final|additional|extra|new|other|every|of)\s+$", re.IGNORECASE
)
"""Words before a figure that counts some of the layers, and not all."""

_LABELS: dict[str, re.Pattern[str]] = {
    "layers": re.compile(r"(?:number of |transformer |encoder |hidden )?layers", re.IGNORECASE),
    "hidden": re.compile(r"hidden (?:size|dimensions?)", re.IGNORECASE),
    "heads": re.compile(r"(?:number of )?(?:attention )?heads", re.IGNORECASE),
}
_WORDS = {"layers": "layers", "hidden": "hidden size", "heads": "attention heads", "parameters": "million parameters"}


@dataclass(frozen=True, slots=True)
class _Said:
    """A figure that the card gives: where, in which words, and how much."""

    line: int
    column: int
    text: str
    value: int


def _check(model: Described) -> Iterator[Diagnostic]:
    known = architecture(model)
    if known is None:
        return
    for figure in _PROSE:
        true = _true(known, figure)
        said = list(_said(model.card, figure)) if true else []
        # A card that also gives the right figure tells of several models, a teacher or a smaller sibling.
        if true is None or not said or any(_fits(figure, one.value, true) for one in said):
            continue
        one = said[0]
        yield RULE.at(
            model.card.place(one.line, one.column),
            f"The card says '{one.text}', while {known.source} gives {model.name} {_phrase(figure, true)}.",
            "Give this model's own figures; those of a sibling's card do not fit.",
            width=width_of(one.text),
        )


def _true(known: Architecture, figure: str) -> int | None:
    figures = {"layers": known.layers, "hidden": known.hidden, "heads": known.heads, "parameters": known.parameters}
    return figures[figure]


def _phrase(figure: str, value: int) -> str:
    return f"a hidden size of {value}" if figure == "hidden" else f"{value} {_WORDS[figure]}"


def _fits(figure: str, said: int, true: int) -> bool:
    """Parameters are counted with or without embeddings and heads, and are rounded."""
    return abs(said - true) <= true // 5 if figure == "parameters" else said == true


def _said(card: Card, figure: str) -> Iterator[_Said]:
    for key in _KEYS[figure].finditer(card.words):
        match = _PROSE[figure].search(card.words, max(0, key.start() - _NEAR), key.end() + _NEAR)
        if match is None or not match.start() < key.end() <= match.end():
            continue
        if _SOME.search(card.words, max(0, match.start() - _NEAR), match.start()):
            continue
        number = next(group for group in match.groups() if group)
        line, column = card.position(match.start())
        yield _Said(line, column, " ".join(match[0].split()), int(number.replace(",", "")))
    label = _LABELS.get(figure)
    if label is None:
        return
    for table in card.tables:
        if len(table.header.cells) != 2:
            continue  # a row of a wider table compares models
        for row in table.rows:
            if len(row.cells) == 2 and label.fullmatch(row.cells[0].text):
                digits = row.cells[1].text.replace(",", "")
                if digits.isascii() and digits.isdigit() and len(digits) < 7:
                    text = f"{row.cells[0].text} | {row.cells[1].text}"
                    yield _Said(row.line, row.cells[1].column, text, int(digits))


CHECK = Check(RULE, described=_check)
