"""CARD027: a card that sends its reader to another model's page, or loads another model in its code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import replacing, short, width_of
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.markdown.inline import Link
from azureml_publish.lint.rules.card.identity import declared, hub_id, is_own, linked_model, normal, own_names, sibling
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD027", "card-links-other-model", Severity.ERROR, "The card takes another model's page for its own.")

_ORIGINAL = re.compile(r"\boriginal[- ](?:model[- ])?(?:card|page)\b", re.IGNORECASE)
"""Words of a link that say: this is where the card at hand comes from."""

_PAGE = re.compile(r"\W*(?:this |the |hugging ?face |hub )*model[- ]?(?:card|page|hub)\W*", re.IGNORECASE)
"""Words that say the same, unless they follow the name of another model."""

_LOADED = re.compile(
    r"(?:from_pretrained\(|\bmodel(?:_name|_id|_name_or_path)?\s{0,3}=|\bpipeline\()"
    r"\s{0,3}(?:[\"'][\w-]+[\"']\s{0,3},\s{0,3}model\s{0,3}=\s{0,3})?[\"']([\w.-]{1,100}(?:/[\w.-]{1,100})?)[\"']"
)


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    own = own_names(model)
    for link in card.links:
        linked = linked_model(link.url)
        if not linked or link.kind == "broken" or is_own(linked, own) or declared(model, linked):
            continue
        if _taken_for_own(card, link, linked, own):
            yield _wrong_page(model, link, linked)
    for fence in card.fences:
        if "from_pretrained" not in fence.text and "model" not in fence.text:
            continue
        for match in _LOADED.finditer(fence.text):
            if sibling(match[1], own) and not is_own(match[1], own) and not declared(model, match[1]):
                line = fence.line + 1 + fence.text.count("\n", 0, match.start(1))
                column = card.lines[line - 1].find(match[1]) + 1
                yield RULE.at(
                    card.place(line, max(1, column)),
                    f"The code loads {match[1]}, a sibling of this model: {model.name}.",
                    f"Load {hub_id(model) or model.name}.",
                    width=width_of(match[1]),
                )


def _taken_for_own(card: Card, link: Link, linked: str, own: Sequence[str]) -> bool:
    """Whether the link's words say that this is the model at hand, or nothing near it says that it is a sibling."""
    if _ORIGINAL.search(link.text):
        return True
    apart = sibling(linked, own)
    if not apart or link.kind in ("plain", "definition"):
        return False
    if _PAGE.fullmatch(link.text):
        return True
    line = card.starts[card.position(link.start)[0] - 1]
    end = card.source.find("\n", link.end)
    said = normal(card.words[line : end if end >= 0 else None])
    return not all(part in said for part in apart)


def _wrong_page(model: Described, link: Link, linked: str) -> Diagnostic:
    card, own = model.card, hub_id(model)
    fix = None
    if own:
        edit = replacing(card, link.url_start, link.url_start + len(link.url), f"https://huggingface.co/{own}")
        fix = card.fix([edit], safe=False)
    return RULE.at(
        card.at(link.url_start),
        f"'{short(link.text)}' links the page of {short(linked)}, but this card is that of {model.name}.",
        f"Link https://huggingface.co/{own}, or say in the link's words which model it is."
        if own
        else "Link this model's own page, or say in the link's words which model it is.",
        fix=fix,
        width=width_of(link.url),
    )


CHECK = Check(RULE, described=_check)
