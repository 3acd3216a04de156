"""CARD051: a summary that says a machine wrote it, without a link to what it was made from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import replacing, short, width_of
from azureml_publish.lint.rules.card.identity import hub_id
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD051", "machine-summary-disclaimer-link", Severity.INFO, "A machine-made summary links no original.")

_DISCLAIMER = re.compile(
    r"\bsummary\b[^.\n]{0,40}\b(?:generated|written|created|produced)\b[^.\n]{0,20}\b"
    r"(?:using|by|with)\s+(?:ChatGPT|GPT-?[0-9][\w.]*|an? (?:AI|LLM|language model)|AI|Copilot|Claude|Gemini)\b",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(r"\boriginal[- ]model[- ]card\b", re.IGNORECASE)


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    if "summary" not in card.source:
        return
    for match in _DISCLAIMER.finditer(card.words):
        line = card.position(match.start())[0]
        first, last = next((one for one in card.paragraphs if one[0] <= line <= one[1]), (line, line))
        start, end = card.starts[first - 1], card.starts[last] if last < len(card.starts) else len(card.source)
        if any(start <= link.start < end for link in card.links):
            continue
        named, own = _ORIGINAL.search(card.words, match.start(), end), hub_id(model)
        fix = None
        if named and own:
            text = f"[{named[0]}](https://huggingface.co/{own})"
            fix = card.fix([replacing(card, named.start(), named.end(), text)])
        yield RULE.at(
            card.at(match.start()),
            f"'{short(match[0])}', says the card, but it links no original to compare the summary with.",
            f"Link https://huggingface.co/{own}." if own else "Link the original model card.",
            fix=fix,
            width=width_of(match[0]),
        )


CHECK = Check(RULE, described=_check)
