"""CARD026: a link in HTML that says no more than Markdown would."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import once_a_card, replacing, times
from azureml_publish.lint.markdown.inline import within
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD026", "html-link-instead-of-markdown", Severity.INFO, "A link is written in HTML without need.")


def _check(model: Described) -> Iterator[Diagnostic]:
    """Links with attributes, most of all `target`, say what Markdown cannot and are left alone."""
    card = model.card
    edits = []
    for link in card.links:
        if link.kind != "html" or link.attributes or not link.text.strip() or within(link.start, card.html):
            continue
        if card.source[link.end - 4 : link.end].lower() != "</a>" or any(one in link.text for one in "[]\n|`*_"):
            continue
        if link.url and not any(one in link.url for one in " ()<>\n\\"):
            edits.append(replacing(card, link.start, link.end, f"[{link.text.strip()}]({link.url})"))
    if edits:
        yield once_a_card(
            RULE,
            card,
            edits,
            f"{times(len(edits), 'link')} {'is' if len(edits) == 1 else 'are'} in HTML where Markdown says the same.",
            "Write [text](address).",
            width=2,
        )


CHECK = Check(RULE, described=_check)
