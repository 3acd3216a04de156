"""Places other than a card's beginning that name the model itself: rows, backbones, tables and pages of results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from azureml_publish.diagnostics import Location
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.statements import of_subject
from azureml_publish.lint.markdown.cards import Card, Table
from azureml_publish.lint.names.models import hub_id, is_own, linked_model, own_names
from azureml_publish.lint.names.publishers import families_in, unrelated
from azureml_publish.lint.names.variants import (
    KIND_WORDS,
    Kind,
    alphanumeric,
    contradiction,
    sibling_of,
    tuned_otherwise,
    variant_of,
)
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern

Misnamed: TypeAlias = tuple[Location, str]
"""The location of a name that should be this model's, and the message."""


def misnamed(model: Described) -> Iterator[Misnamed]:
    """Every such name in the card, its pages and the summary."""
    at_summary = Card(model.summary, lambda _line, _column: model.where("summary"))
    for look in (_backbones, _hours):
        yield from look(model, at_summary)
    for card in model.cards:
        if card.too_large:
            continue
        for look in (_this_model, _backbones, _heads, _hours, _originals):
            yield from look(model, card)
    for page in model.pages:
        yield from _subjects(model, page)


def sibling_by_any(model: Described, name: str) -> Kind | None:
    """The kind of difference by which a name means a sibling of the model; its own names must agree with each other."""
    tail = hub_id(model).rpartition("/")[2]
    known = (model.name, tail) if tail and sibling_of(model.name, tail) is None else (model.name,)
    related = [one for one in known if variant_of(one).words & variant_of(model.name).words]
    return next((kind for one in related if (kind := sibling_of(one, name))), None)


def _wrong(model: Described, where: Location, text: str, name: str) -> Iterator[Misnamed]:
    kind = sibling_by_any(model, name.rpartition("/")[2])
    if kind is not None:
        message = f"This names {short(text)}, which is of another {KIND_WORDS[kind]} than {model.name}."
        yield where, message


_THIS = pattern(
    r"[*_`\[ ]*(?P<name>[\w./-]{3,80}?)[\])*_` ]*(?:\]\([^)]*\))? ?\((?:this model|ours|this)\)[*_ ]*", re.IGNORECASE
)


def _this_model(model: Described, card: Card) -> Iterator[Misnamed]:
    """The row or column that is marked `(this model)`."""
    if "(this" not in card.lowered and "(ours)" not in card.lowered:
        return
    for table in card.tables:
        for row in (table.header, *table.rows):
            for cell in row.cells:
                if match := _THIS.fullmatch(cell.text.strip()):
                    yield from _wrong(model, card.place_of(cell), cell.text, match["name"])
                    for beside in row.cells if row is not table.header else ():
                        if beside is not cell and _NAME.fullmatch(beside.text):
                            yield from _wrong(model, card.place_of(beside), beside.text, beside.text)


NAME = r"[A-Za-z][A-Za-z0-9.]*(?:[-_][A-Za-z0-9.]*[A-Za-z0-9])+"
"""A name: parts joined by hyphens."""

_NAME = pattern(NAME)
_CHECKPOINT = pattern(r"\bcheckpoint \W?(?P<name>tiny|mini|small|base|medium|large|huge)\b")
_THE_SIZE = pattern(r"\W*The (?P<name>tiny|mini|small|base|medium|large|huge) (?:model|version|variant) of\b")
_IS = pattern(r"\W*This (?:model|checkpoint) is (?:the |an? )?\[(?P<name>[^\]\n]{3,60})\]")
_WITH = pattern(rf"\b(?:with|and) an? (?P<name>{NAME}) (?:backbone|encoder|trunk)\b")


def _backbones(model: Described, card: Card) -> Iterator[Misnamed]:
    """The backbone in the model's name, against a row on it or the card's first sentences."""
    for stated in of_subject(card, "backbone"):
        if name := _NAME.match(stated.text):
            yield from _wrong(model, card.at(stated.offset, stated.text), stated.text, name[0])
    start, end = card.text_start, card.text_start + _FIRST
    size = _CHECKPOINT.search(card.words, start, end) or _THE_SIZE.match(card.words, start, end)
    if size and contradiction(variant_of(model.name), variant_of(size["name"]), ("class",)):
        message = f"This names the checkpoint {size['name']}, which is of another size than {model.name}."
        yield card.at(size.start("name"), size["name"]), message
    for stated in of_subject(card, "architecture"):
        key_of_llama_cpp = re.fullmatch(r"[a-z0-9]+", stated.text)  # `llama` is an architecture
        if not key_of_llama_cpp and unrelated(families_in(model.name), families_in(stated.text.partition(",")[0])):
            message = f"This names {short(stated.text)}, which is of another family than {model.name}."
            yield card.at(stated.offset, stated.text), message
    named = [match] if (match := _IS.match(card.words, start)) else []
    for match in (*named, *_WITH.finditer(card.words, start, end)):
        yield from _wrong(model, card.at(match.start("name"), match["name"]), match["name"], match["name"])


_FIRST = 400
_HOURS_TRAINED = pattern(
    r"\b(?:trained|tuned)(?: and [\w-]+)? on (?:about |the )?(?P<n>[0-9]{2,3}|[0-9]{1,3},?[0-9]{3}) (?:hours|h) of\b",
    re.IGNORECASE,
)


def _hours(model: Described, card: Card) -> Iterator[Misnamed]:
    """The hours of speech in the model's name: `wav2vec2-base-960h`."""
    own = variant_of(model.name).stated.get("hours", frozenset())
    stated = list(_HOURS_TRAINED.finditer(card.words)) if own else []
    if stated and not any(match["n"].replace(",", "") in own for match in stated):
        message = f"This says '{short(stated[0][0])}', and the name {model.name} says {min(own)} hours."
        yield card.at(stated[0].start(), stated[0][0]), message


_ORIGINAL = pattern(
    r"\b(?:original(?: model| checkpoint| weights)?|this (?:model|checkpoint)|^it|\. it|parameters,|the weights)"
    r" (?:(?:is|are) (?:published |available )?(?:as |at |on |from )?|published (?:as|at) )[\[*`]*\Z",
    re.IGNORECASE,
)
_HERE = pattern(
    r"(?:\b(?:the|this) checkpoint(?: here)? is"
    r"|\b(?:wraps|packages|holds|serves|publishes) the (?:checkpoint|weights|model))"
    r"\s+[\[*`]*\Z",
    re.IGNORECASE,
)
_BUILD = pattern(r"gptq|awq|gguf|int[48]|fp8|bnb|onnx|openvino|quant|4bit|8bit")
PUBLISHED_AS = pattern(
    r"\b(?:(?:model|checkpoint|this|it|which|and|parameters),? (?:is |are )?published (?:as|at)"
    r"|(?:published|released|shared|uploaded|hosts) (?:it|them|this model|the (?:model|weights|checkpoint))"
    r" (?:as|at|on|under)"
    r"|(?:the|these|its|model) weights (?:are|come|stem) (?:available )?(?:at|on|from|in))\s+[\[*`]*\Z",
    re.IGNORECASE,
)
"""Words before a link that say that this model is published there. CARD027 reports links to siblings."""


def _originals(model: Described, card: Card) -> Iterator[Misnamed]:
    """A link to where this model was published that leads to another model of its Hub id's owner."""
    hub = hub_id(model)
    possible = any(word in card.lowered for word in ("original", "published", "checkpoint", "wraps"))
    for link in card.links if "/" in hub and possible else ():
        linked = linked_model(link.url)
        apart = linked.partition("/")[0].lower() == hub.partition("/")[0].lower() and linked.lower() != hub.lower()
        before = card.words[max(0, link.start - _NEAR) : link.start] if apart else ""
        if apart and PUBLISHED_AS.search(before) and sibling_of(model.name, linked.rpartition("/")[2]):
            continue
        there = _ORIGINAL.search(before) and re.search(r"original|published", before, re.IGNORECASE)
        here = _HERE.search(before) and not _BUILD.search(hub.lower().removeprefix(linked.lower()))
        if apart and (there or here):
            message = f"This links {short(linked)} as the model's page, and huggingFaceModelId says {hub}."
            yield card.at(link.url_start, link.url), message


_NEAR = 60
_OUR = pattern(r"\b(?:this model|ours?|the model)\b", re.IGNORECASE)


def _heads(model: Described, card: Card) -> Iterator[Misnamed]:
    """A table that compares models, with a sibling in the first place and this model in none."""
    own = own_names(model)
    for table in card.tables:
        if not any("-" in cell.text or "_" in cell.text for cell in table.header.cells):
            continue  # not a name
        texts = [re.sub(r"[*`_]|\]\([^)]*\)|[\[\]]", "", cell.text).strip() for cell in table.header.cells]
        apart = [index for index, text in enumerate(texts) if _NAME.fullmatch(text) and sibling_of(model.name, text)]
        if not apart or any(_may_be_own(model, text, own) for text in (*texts, *_firsts(table))):
            continue
        models = _models_of(texts)
        if len(models) > 1 and models[0] == texts[apart[0]]:
            rows = (row for each in card.tables for row in (each.header, *each.rows))
            if any(is_own(re.sub(r"[*`_]", "", cell.text), own) for row in rows for cell in row.cells):
                return
            cell = table.header.cells[apart[0]]
            yield from _wrong(model, card.place_of(cell), cell.text, texts[apart[0]])


def _firsts(table: Table) -> Iterator[str]:
    for row in table.rows:
        if row.cells:
            yield row.cells[0].text


def _models_of(texts: list[str]) -> list[str]:
    return [text for text in texts if _NAME.fullmatch(text) and re.search(r"\d", text)]


def _may_be_own(model: Described, text: str, own: tuple[str, ...]) -> bool:
    """Whether a cell may mean this model: its name, a part of the name, or words for it."""
    if _OUR.search(text) or is_own(text, own):
        return True
    mine, theirs = variant_of(model.name), variant_of(text)
    return bool(theirs.words) and theirs.of_family(mine) and sibling_of(model.name, text) is None


_SUBJECT = pattern(
    r"^\W{0,3}(?:(?:the|this) (?:table|page|section|figures?|results?)(?: below)?"
    r" (?:compares?|shows?|gives?|reports?|evaluates?|is|are)"
    r"(?: the)?(?: results| scores| figures| evaluation)?(?: of| for)?"
    r"|(?:scores|results|figures|measurements|benchmarks)\b[^.\n]{0,60}? (?:of|for)"
    r"|we (?:compare|evaluated?|tested|measured?))"
    rf" \W{{0,2}}(?P<name>{NAME})",
    re.IGNORECASE | re.MULTILINE,
)


def _subjects(model: Described, page: Card) -> Iterator[Misnamed]:
    """The model that a page of results says it is about, where that is not this one."""
    match = _SUBJECT.search(page.words)
    if match is None or not re.search(r"\d", match["name"]):
        return
    sentence = page.words[match.start() :].partition(". ")[0]
    if alphanumeric(model.name) in alphanumeric(sentence if sibling_of(model.name, match["name"]) else page.source):
        return
    name, tails = match["name"], {alphanumeric(one.rpartition("-")[2]) for one in own_names(model)}
    unlike = not variant_of(name).of_family(variant_of(model.name)) and alphanumeric(name) not in tails
    if sibling_of(model.name, name) or unlike:
        message = f"The page says that it is about {short(name)}, and it belongs to {model.name}."
        yield page.at(match.start("name"), name), message


def repository_of(text: str) -> str:
    """The repository in a row, by its id or address; empty where there is none."""
    address = ADDRESS.search(text)
    found = linked_model(address[0]) if address else text
    return found if _REPOSITORY.fullmatch(found) else ""


ADDRESS = pattern(r"https://huggingface\.co/[^\s<>\")\]]+")
"""An address of a page on the Hub."""
_REPOSITORY = pattern(r"[\w-][\w.-]{0,60}/[\w.-]{2,100}")


def logged_untuned(model: Described, name: str) -> bool:
    """Whether MLmodel, which does not show any fine-tuning, has a name that differs in a tuning word alone."""
    return model.logged_metadata.get("is_finetuned_model") is False and tuned_otherwise(hub_id(model), name)
