"""Rules on characters with which a text reads otherwise than it is written."""

from __future__ import annotations

from azureml_publish.diagnostics import Severity
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.in_cards import once_a_card, replacing, times, width_of
from azureml_publish.lint.prose import everything_of
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern

_BIDI = pattern("[\u202a-\u202e\u2066-\u2069]")
_RIGHT_TO_LEFT = pattern("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


@rule("CARD049", "bidi-character", Severity.WARNING, "A character reorders the text.")
def bidi_character(model: Described) -> Findings:
    """A character that turns the direction of text in which nothing is written from right to left.

    Source: https://trojansource.codes: what a reader sees is then not what a program reads.
    """
    for card in everything_of(model):
        match = _BIDI.search(card.source)
        if match and (match[0] in "\u202d\u202e" or not _RIGHT_TO_LEFT.search(card.source)):
            edits = [replacing(card, one.start(), one.end(), "") for one in _BIDI.finditer(card.source)]
            yield once_a_card(
                bidi_character,
                card,
                edits,
                f"{times(len(edits), 'character')}, the first U+{ord(match[0]):04X},"
                f" {'turns' if len(edits) == 1 else 'turn'} the direction of text, so that it is read otherwise.",
                "Take it out.",
            )


_LIKE = (
    "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0458\u0455"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425"
)
_MIXED = pattern(
    rf"(?<![\w\u0400-\u04ff])(?=[A-Za-z{_LIKE}]*[A-Za-z]{{2}})[A-Za-z{_LIKE}]*[{_LIKE}][A-Za-z{_LIKE}]*"
    r"(?![\w\u0400-\u04ff])"
)
"""Latin words with Cyrillic letters that look like Latin ones."""


@rule("CARD074", "letter-of-another-script", Severity.WARNING, "A word holds a letter that only looks like its own.")
def letter_of_another_script(model: Described) -> Findings:
    """A Latin word in which a letter is a Cyrillic one that looks alike: nobody finds that word.

    Source: https://www.unicode.org/reports/tr39/ (confusables).
    """
    for card in everything_of(model):
        match = None if card.text.isascii() else _MIXED.search(card.source)
        if match:
            letter = next(one for one in match[0] if one in _LIKE)
            yield letter_of_another_script.at(
                card.at(match.start()),
                f"'{match[0]}' holds the Cyrillic letter U+{ord(letter):04X}, which looks like a Latin one.",
                "Write the word anew.",
                width=width_of(match[0]),
            )
