"""CARD029: a card that says cased where the model's name says uncased, and the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import short, width_of
from azureml_publish.lint.rules.card.identity import own_names, parts_of
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD029", "prose-contradicts-name", Severity.WARNING, "The card says the contrary of the model's name.")

_CONTRARY = {
    "cased": re.compile(
        r"\b(?:is|are)\s+(?:an?\s+)?(?:\w+\s+)?(?:uncased|case[- ]insensitive)\b"
        r"|\btexts?\s+(?:is|are)\s+(?:first\s+)?lower-?cased\b"
        r"|\b(?:n't|not|no)\s+(?:make\s+a\s+|a\s+)?(?:differ\w*|distin\w*)\s+between\s+['\"*_]*(?-i:english)\b",
        re.IGNORECASE,
    ),
    "uncased": re.compile(
        r"\b(?:is|are)\s+(?:an?\s+)?(?:\w+\s+)?(?:cased|case[- ]sensitive)\b"
        r"|\b(?:makes|making)\s+a\s+(?:difference|distinction)\s+between\s+['\"*_]*(?-i:english)\b",
        re.IGNORECASE,
    ),
}
_NEGATED = re.compile(r"\b(?:not|never|no longer)\b|n't\b", re.IGNORECASE)


def _check(model: Described) -> Iterator[Diagnostic]:
    own = frozenset[str]().union(*(parts_of(name) for name in own_names(model)))
    case = own & _CONTRARY.keys()
    if len(case) != 1:
        return
    (said,) = case
    card = model.card
    if not any(word in card.lowered for word in ("cased", "sensitive", "insensitive", "between")):
        return
    for match in _CONTRARY[said].finditer(card.words):
        if match[0].lower().startswith(("is", "are")) and _NEGATED.search(match[0]):
            continue
        yield RULE.at(
            card.at(match.start()),
            f"The card says '{short(match[0])}', while {model.name} is {said}.",
            "Say what this model does with capitals; text of a sibling's card does not fit.",
            width=width_of(match[0]),
        )


CHECK = Check(RULE, described=_check)
