"""CARD062: a mask token that the model's tokenizer does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import replacing, width_of
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.rules.card.mask_tokens import POINTED, SQUARE, fills_masks, mask_token
from azureml_publish.lint.rules.card.sections import sample_fences
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD062", "mask-token-unknown", Severity.ERROR, "The card shows a mask that the tokenizer does not have.")

_MASK = re.compile(r"\[mask\](?![(\[:])|<mask>", re.IGNORECASE)
_SPAN = re.compile(r"(?<!`)`(\[mask\]|<mask>)`(?!`)", re.IGNORECASE)


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    if "mask" not in card.source.lower() or not (fills_masks(model) or model.tokenizer is not None):
        return
    token = mask_token(model)
    for start, written in _written(card):
        if written == token or (token is None and written in (SQUARE, POINTED)):
            continue
        wanted = token or (SQUARE if written.startswith("[") else POINTED)
        known = f"the tokenizer's mask is {wanted}" if token else f"tokenizers write it {wanted}"
        yield RULE.at(
            card.at(start),
            f"'{written}' is no mask of this model, {known}: a request with it is refused.",
            f"Write {wanted}.",
            fix=card.fix([replacing(card, start, start + len(written), wanted)], safe=token is not None),
            width=width_of(written),
        )


def _written(card: Card) -> Iterator[tuple[int, str]]:
    """Masks in text, in spans of code that hold nothing else, and in samples; other code may index with `[mask]`."""
    text = card.prose
    for match in _MASK.finditer(text):
        if match.start() == 0 or not (text[match.start() - 1].isalnum() or text[match.start() - 1] in "_])"):
            yield match.start(), match[0]
    for match in _SPAN.finditer(card.source):
        if text[match.start() : match.end()].strip() == "":
            yield match.start(1), match[1]
    for kind, fence in sample_fences(card):
        start = card.starts[min(fence.line, len(card.starts) - 1)]
        last = min(fence.line + fence.text.count("\n"), len(card.starts) - 1)
        for match in _MASK.finditer(card.source, start, card.starts[last]):
            if kind == "input":
                yield match.start(), match[0]


CHECK = Check(RULE, described=_check)
