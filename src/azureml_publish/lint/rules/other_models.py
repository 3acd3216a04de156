"""Rules on cards that speak of another model: its page, its name, its figures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.in_cards import replacing, short, width_of
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.markdown.inline import Link
from azureml_publish.lint.model_names import (
    declared,
    hub_id,
    is_own,
    linked_model,
    normal,
    own_names,
    parts_of,
    sibling,
    tasks_of,
)
from azureml_publish.lint.statements import FIGURES, of_subject
from azureml_publish.lint.subject import Described
from azureml_publish.lint.variants import alphanumeric, sibling_of, variant_of
from azureml_publish.patterns import pattern

_ORIGINAL = pattern(r"\boriginal[- ](?:model[- ])?(?:card|page)\b|^\W*original\W*$", re.IGNORECASE)
"""Words of a link that say: this is where the card at hand comes from."""

_PAGE = pattern(r"\W*(?:this |the |hugging ?face |hub )*model[- ]?(?:card|page|hub)\W*", re.IGNORECASE)
"""Words that say the same, unless they follow the name of another model."""

_LOADED = pattern(
    r"(?:from_pretrained\(|\bmodel(?:_name|_id|_name_or_path)?\s{0,3}=|\bpipeline\()"
    r"\s{0,3}(?:[\"'][\w-]+[\"']\s{0,3},\s{0,3}model\s{0,3}=\s{0,3})?[\"']([\w.-]{1,100}(?:/[\w.-]{1,100})?)[\"']"
)


_COMMANDED = pattern(
    r"(?:\bvllm serve |\b(?:huggingface-cli|hf) download |--model[ =]|\"model\": ?"
    r"|\bazureml://registries/[\w-]+/models/"
    r"|\baz ml model \w+ (?:[^\n]{0,80} )?(?:--name|-n)[ =]|\bmodels\.get\(\s{0,9}(?:name ?= ?)?)[\"']?"
    r"([\w.-]{1,100}(?:/(?!versions)[\w.-]{1,100})?)"
)
"""What commands, requests and deployments name a model after."""

_HELPER = pattern(r"assist|draft|specul|teacher", re.IGNORECASE)
"""Words of a line that loads a sibling to help this model."""


@rule(
    "CARD027", "card-links-other-model", Severity.ERROR, "The card takes another model's page for its own.", pages=True
)
def card_links_other_model(model: Described) -> Findings:
    """A card that sends its reader to another model's page, or loads another model in its code."""
    card = model.card
    own = own_names(model)
    for link in card.links:
        linked = linked_model(link.url)
        if not linked or link.kind == "broken" or is_own(linked, own) or declared(model, linked):
            continue
        if _taken_for_own(card, link, linked, own):
            yield _wrong_page(model, link, linked)
    seen: set[str] = set()
    for fence in card.fences:
        if not any(word in fence.text for word in ("from_pretrained", "model", "vllm", "download")):
            continue
        for match in (*_LOADED.finditer(fence.text), *_COMMANDED.finditer(fence.text)):
            apart = sibling(match[1], own) or sibling_of(model.name, match[1].rpartition("/")[2])
            before = fence.text[fence.text.rfind("\n", 0, match.start(1)) + 1 : match.start(1)]
            after = fence.text[match.end(1) :].partition("\n")[0]
            if match[1] in seen or _HELPER.search(before) or model.name.lower() in after.lower():
                continue  # the line also names this model, as the other choice
            if apart and not is_own(match[1], own) and not declared(model, match[1]):
                seen.add(match[1])
                line = fence.line + 1 + fence.text.count("\n", 0, match.start(1))
                column = card.lines[line - 1].find(match[1]) + 1
                yield card_links_other_model.at(
                    card.place(line, max(1, column)),
                    f"The code loads {match[1]}, a sibling of this model: {model.name}.",
                    f"Load {hub_id(model) or model.name}.",
                    width=width_of(match[1]),
                )


def _taken_for_own(card: Card, link: Link, linked: str, own: Sequence[str]) -> bool:
    """Whether the link's words say that this is the model at hand, or nothing near it says that it is a sibling."""
    if _ORIGINAL.search(link.text) or _named_as_own(link.text, linked, own):
        return True
    apart = sibling(linked, own)
    if not apart or link.kind in ("plain", "definition") or _names_another(link.text, own):
        return False
    if _PAGE.fullmatch(link.text):
        return True
    line = card.starts[card.position(link.start)[0] - 1]
    end = card.source.find("\n", link.end)
    sentence = normal(card.words[line : end if end >= 0 else None])
    return not all(part in sentence for part in apart)


def _names_another(text: str, own: Sequence[str]) -> bool:
    """Whether a link's words give a version or size that this model's names do not have: `Reader v4` of `reader`."""
    words = variant_of(text)
    return any(
        words.of_family(mine) and any(words.stated[kind] - mine.stated.get(kind, frozenset()) for kind in words.stated)
        for mine in map(variant_of, own)
    )


def _named_as_own(text: str, linked: str, own: Sequence[str]) -> bool:
    """Whether a link says this model's name, or that of what it is a build of, and leads to a model of another name."""
    named, led = alphanumeric(text), alphanumeric(linked.rpartition("/")[2])
    if len(named) < _WHOLE_NAME or not any(alphanumeric(name).startswith(named) for name in own):
        return False
    return led not in named and named not in led


_WHOLE_NAME = 8
"""Shorter words are in the names of many models."""


def _wrong_page(model: Described, link: Link, linked: str) -> Diagnostic:
    card, own = model.card, hub_id(model)
    fix = None
    if own:
        edit = replacing(card, link.url_start, link.url_start + len(link.url), f"https://huggingface.co/{own}")
        fix = card.fix([edit], safe=False)
    return card_links_other_model.at(
        card.at(link.url_start),
        f"'{short(link.text)}' links the page of {short(linked)}, but this card is that of {model.name}.",
        f"Link https://huggingface.co/{own}, or say in the link's words which model it is."
        if own
        else "Link this model's own page, or say in the link's words which model it is.",
        fix=fix,
        width=width_of(link.url),
    )


_CONTRARY = {
    "cased": pattern(
        r"\b(?:is|are)\s+(?:an?\s+)?(?:\w+\s+)?(?:uncased|case[- ]insensitive)\b"
        r"|\btexts?\s+(?:is|are)\s+(?:first\s+)?lower-?cased\b"
        r"|\b(?:n't|not|no)\s+(?:make\s+a\s+|a\s+)?(?:differ\w*|distin\w*)\s+between\s+['\"*_]*(?-i:english)\b",
        re.IGNORECASE,
    ),
    "uncased": pattern(
        r"\b(?:is|are)\s+(?:an?\s+)?(?:\w+\s+)?(?:cased|case[- ]sensitive)\b"
        r"|\b(?:makes|making)\s+a\s+(?:difference|distinction)\s+between\s+['\"*_]*(?-i:english)\b",
        re.IGNORECASE,
    ),
}
_NEGATED = pattern(r"\b(?:not|never|no longer)\b|n't\b", re.IGNORECASE)


@rule(
    "CARD029", "prose-contradicts-name", Severity.WARNING, "The card says the contrary of the model's name.", pages=True
)
def prose_contradicts_name(model: Described) -> Findings:
    """A card that says cased where the model's name says uncased, and the other way round."""
    own = frozenset[str]().union(*(parts_of(name) for name in own_names(model)))
    case = own & _CONTRARY.keys()
    if len(case) != 1:
        return
    (own_case,) = case
    card = model.card
    if not any(word in card.lowered for word in ("cased", "sensitive", "insensitive", "between")):
        return
    for match in _CONTRARY[own_case].finditer(card.words):
        if match[0].lower().startswith(("is", "are")) and _NEGATED.search(match[0]):
            continue
        yield prose_contradicts_name.at(
            card.at(match.start()),
            f"The card says '{short(match[0])}', while {model.name} is {own_case}.",
            "Say what this model does with capitals; text of a sibling's card does not fit.",
            width=width_of(match[0]),
        )


_NUMBER = r"(?<![\w.,-])([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,6})"
_PROSE: dict[str, re.Pattern[str]] = {
    "layers": pattern(rf"{_NUMBER}[- ](?:(?:transformer|encoder|hidden)[- ])?layers?\b", re.IGNORECASE),
    "hidden": pattern(
        rf"{_NUMBER}\s+hidden\s+(?:dimensions?|units)\b|\bhidden\s+(?:size|dimension)(?:\s+(?:of"
        rf"|is))?\s+([0-9]{{2,5}})\b",
        re.IGNORECASE,
    ),
    "heads": pattern(rf"{_NUMBER}\s+(?:self-)?attention[- ]heads\b", re.IGNORECASE),
    "parameters": pattern(
        rf"{_NUMBER}(?:\.[0-9]+)?\s?(?:M|million)\s+(?:trainable\s+)?param(?:eter)?s\b", re.IGNORECASE
    ),
    "vocabulary": pattern(
        rf"\bvocabulary(?: size)?(?: (?:of|is|has|with|contains|size)){{0,2}} {_NUMBER}\b(?![\d,.]*\s?[km%])",
        re.IGNORECASE,
    ),
    "dimension": pattern(rf"\bto an? {_NUMBER}[- ]dimension(?:al|s)\b", re.IGNORECASE),
    "patch": pattern(r"\bpatch(?:es)?\b[^.\n]{0,30}?\b([0-9]{1,3})\s?[x\u00d7]\s?\1\b", re.IGNORECASE),
    "sampling": pattern(rf"{_NUMBER}(?:\.[0-9]+)?\s?khz\b", re.IGNORECASE),
    "rank": pattern(r"(?!)"),
    "alpha": pattern(r"(?!)"),
}
"""How a card says a figure in a sentence; those of an adapter stand in lines and tables alone."""

_FIGURE_WORDS = {
    "layers": "layer",
    "hidden": "hidden",
    "heads": "heads",
    "parameters": "param",
    "vocabulary": "vocabulary",
    "dimension": "dimension",
    "patch": "patch",
    "sampling": "khz",
}
_NEAR = 40
"""How far from its word a figure may stand."""

_SOME = pattern(r"\b(?:first|last|top|bottom|upper|lower|final|additional|extra|new|other|every|of)\s+$", re.IGNORECASE)
"""Words before a figure that counts some of the layers, and not all."""

_WORDS = {
    "layers": "{} layers",
    "hidden": "a hidden size of {}",
    "heads": "{} attention heads",
    "parameters": "{} million parameters",
    "vocabulary": "a vocabulary of {}",
    "dimension": "{} dimensions",
    "patch": "patches of {0}x{0}",
    "sampling": "a sampling rate of {} kHz",
    "rank": "a rank of {}",
    "alpha": "an alpha of {}",
}


@dataclass(frozen=True, slots=True)
class _Stated:
    """A figure that the card gives: its offset, in which words, and how much; in a list or table one of several."""

    offset: int
    text: str
    values: tuple[int, ...]


@rule("CARD063", "figures-contradict-config", Severity.WARNING, "The card gives another model's figures.", pages=True)
def figures_contradict_config(model: Described) -> Findings:
    """Layers, hidden size, heads, vocabulary and the like of another model."""
    known, source = _architecture(model)
    for figure, true in known.items():
        stated = list(_stated(model.card, figure))
        # A card that also gives the right figure speaks of several models, a teacher or a smaller sibling.
        if not stated or any(_fits(figure, value, true) for one in stated for value in one.values):
            continue
        one, given = stated[0], _WORDS[figure].format(true)
        yield figures_contradict_config.at(
            model.card.at(one.offset),
            f"The card says '{short(one.text)}', while {source[figure]} gives {model.name} {given}.",
            "Give this model's own figures; those of a sibling's card do not fit.",
            width=width_of(one.text),
        )


def _fits(figure: str, stated: int, true: int) -> bool:
    """Parameters are counted with or without embeddings and heads, and are rounded; so are entries of vocabularies."""
    share = {"parameters": 5, "vocabulary": 10}.get(figure)
    return abs(stated - true) <= true // share if share else stated == true


def _stated(card: Card, figure: str) -> Iterator[_Stated]:
    word = _FIGURE_WORDS.get(figure)
    for at in _places(card.lowered, word) if word else ():
        near = _PROSE[figure].finditer(card.words, max(0, at - _NEAR), at + len(word or "") + _NEAR)
        match = next((one for one in near if one.start() <= at < one.end()), None)
        if match is None:
            continue
        if _SOME.search(card.words, max(0, match.start() - _NEAR), match.start()):
            continue
        number = next(group for group in match.groups() if group)
        yield _Stated(match.start(), " ".join(match[0].split()), (int(number.replace(",", "")),))
    for claim in of_subject(card, figure) if figure in FIGURES else ():
        values = tuple(int(digits.replace(",", "")) for digits in _WHOLE.findall(claim.text))
        if values:
            line = card.lines[card.position(claim.offset)[0] - 1]
            yield _Stated(claim.offset, line.strip(" \t>*-+|"), values)


_WHOLE = pattern(r"(?<![\w.])[0-9]{1,3}(?:,[0-9]{3})+(?![\w.])|(?<![\w.,])[0-9]{1,7}(?![\w,]|\.\d)")


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


_CONFIG_KEYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "layers": ("config.json", ("num_hidden_layers", "n_layers", "n_layer", "num_layers")),
    "hidden": ("config.json", ("hidden_size", "dim", "n_embd", "d_model")),
    "heads": ("config.json", ("num_attention_heads", "n_heads", "n_head", "num_heads")),
    "vocabulary": ("config.json", ("vocab_size",)),
    "dimension": ("config.json", ("hidden_size",)),
    "patch": ("config.json", ("patch_size",)),
    "sampling": ("preprocessor_config.json", ("sampling_rate",)),
    "rank": ("adapter_config.json", ("r",)),
    "alpha": ("adapter_config.json", ("lora_alpha",)),
}
_PUBLISHED: tuple[tuple[re.Pattern[str], dict[str, int], str], ...] = tuple(
    (
        pattern(rf"(?:^|-){form}(?:-|$)"),
        dict(zip(("layers", "hidden", "heads", "parameters"), figures, strict=True)),
        source,
    )
    for form, figures, source in (
        (r"(?<!distil)bert-base-(?:un)?cased", (12, 768, 12, 110), "https://arxiv.org/abs/1810.04805"),
        (r"bert-large-(?:un)?cased", (24, 1024, 16, 340), "https://arxiv.org/abs/1810.04805"),
        (r"distilbert-base-(?:un)?cased", (6, 768, 12, 66), "https://arxiv.org/abs/1910.01108"),
        (r"(?<!xlm-)roberta-base", (12, 768, 12, 125), "https://arxiv.org/abs/1907.11692"),
        (r"(?<!xlm-)roberta-large", (24, 1024, 16, 355), "https://arxiv.org/abs/1907.11692"),
        (r"t5-small", (6, 512, 8, 60), "https://arxiv.org/abs/1910.10683"),
    )
)
"""Sizes as the papers give them, for names that mean just one size; parameters are rounded there."""


def _architecture(model: Described) -> tuple[dict[str, int], dict[str, str]]:
    """The model's figures that its configuration gives, or else its family, and where each is from."""
    files = {**model.weights, "config.json": model.config or {}}
    found: dict[str, int] = {}
    for figure, (file, keys) in _CONFIG_KEYS.items():
        value = next((files[file][key] for key in keys if key in files.get(file, {})), None)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            found[figure] = value
    reduced = "out_features" in model.card.text or any(name.startswith("2_") for name in model.files)
    if reduced or "embeddings" not in tasks_of(model):
        found.pop("dimension", None)  # of other models it is not the hidden size
    if found.get("sampling"):
        found["sampling"] //= 1000
    if model.config is None:
        for form, figures, source in _PUBLISHED:
            if any(form.search(name) for name in own_names(model)):
                return {**figures, **found}, {**dict.fromkeys(figures, source), **_sources(found)}
    return found, _sources(found)


def _sources(found: Mapping[str, int]) -> dict[str, str]:
    return {figure: _CONFIG_KEYS[figure][0] for figure in found}
