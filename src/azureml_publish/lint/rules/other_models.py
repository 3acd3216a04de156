"""Rules on cards that describe another model: its page, name, figures or base."""

from __future__ import annotations

import re
from collections.abc import Sequence

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.lint.cards.agreement import wrong_repetitions
from azureml_publish.lint.cards.bases import other_bases
from azureml_publish.lint.cards.facts import wrong_facts
from azureml_publish.lint.cards.figures import figures_of
from azureml_publish.lint.cards.figures_in_words import wrong_words
from azureml_publish.lint.cards.findings import first_in_each_line, replacing, short
from azureml_publish.lint.cards.labels import wrong_labels
from azureml_publish.lint.cards.named_settings import wrong_settings
from azureml_publish.lint.cards.own_figures import of_same_owner, wrong_architecture, wrong_figures
from azureml_publish.lint.cards.own_names import PUBLISHED_AS, repository_of
from azureml_publish.lint.cards.sizes import wrong_sizes
from azureml_publish.lint.cards.statements import of_subject
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.markdown.inline import Link
from azureml_publish.lint.names.models import (
    declared,
    hub_id,
    is_another_id,
    is_own,
    linked_model,
    normal,
    own_names,
    parts_of,
    sibling,
)
from azureml_publish.lint.names.publishers import families_in, unrelated
from azureml_publish.lint.names.variants import (
    KIND_WORDS,
    MEMBER,
    Kind,
    alphanumeric,
    contradiction,
    one_letter_apart,
    sibling_of,
    tuned_otherwise,
    variant_of,
)
from azureml_publish.lint.rules.matching_names import ADAPTED, FIRST, Named, names_itself, names_of, related
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern

_ORIGINAL = pattern(r"\boriginal[- ](?:model[- ])?(?:card|page)\b|^\W*original\W*$", re.IGNORECASE)
"""Words of a link which say that this card's model comes from there."""

_PAGE = pattern(r"\W*(?:this |the |hugging ?face |hub )*model[- ]?(?:card|page|hub)\W*", re.IGNORECASE)
"""Words that say the same, unless they follow another model's name."""

_LOADED = pattern(
    r"(?:\bog\.Model\(|onnxruntime_genai\.Model\(|from_pretrained\((?:base(?:_model)?,\s{0,20}|model,\s{0,20})?|\b(?:SentenceTransformer|CrossEncoder|WhisperModel|snapshot_download)\(|\b(?:base_(?:LM_|lm_)?)?model(?:_name|_id|_name_or_path)?\s{0,3}=|\bpipeline\()"
    r"\s{0,20}(?:[\"'][\w-]+[\"']\s{0,20},\s{0,20}model\s{0,3}=\s{0,3})?[\"']([\w.-]{1,100}(?:/[\w.-]{1,100})?)[\"']"
)


_COMMANDED = pattern(
    r"(?:\bfoundry model (?:run|download|load) |\bFoundryLocalManager\("
    r"|\bvllm serve |\b(?:huggingface-cli|hf) download |--model[ =]|\"model\": ?"
    r"|\bazureml://registries/[\w-]+/models/"
    r"|\baz ml model \w+ (?:[^\n]{0,80} )?(?:--name|-n)[ =]|\bmodels\.get\(\s{0,9}(?:name ?= ?)?)[\"']?"
    r"([\w.-]{1,100}(?:/(?!versions)[\w.-]{1,100})?)"
)
"""What commands, requests and deployments put before a model's name."""

_HELPER = pattern(r"assist|draft|specul|teacher", re.IGNORECASE)
"""Words of a line that loads a sibling to assist this model."""


@rule(
    "CARD027",
    "card-links-other-model",
    Severity.ERROR,
    "The card presents another model's page as its own.",
    pages=True,
)
def card_links_other_model(model: Described) -> Findings:
    """A card that links another model's page as its own, or loads another model in its code."""
    card = model.card
    own, known = own_names(model), bool(hub_id(model))
    yield from _other_versions(model)
    for link in card.links:
        linked = linked_model(link.url)
        if linked and is_another_id(link.text, linked):
            message = f"The link says {short(link.text)}, but leads to {short(linked)}."
            hint = "Write one of the two in both places."
            yield card_links_other_model.at(card.at(link.url_start, link.url), message, hint, severity=Severity.WARNING)
            continue
        if not linked or link.kind == "broken" or is_own(linked, own) or declared(model, linked):
            continue
        if _taken_for_own(card, link, linked, own, known=known):
            yield _wrong_page(model, link, linked)
    seen: set[str] = set()
    based = model.adapter.get("base_model_name_or_path")
    meant = [model.name, *([based] if isinstance(based, str) and not is_own(based, own) else [])]
    for fence in card.fences:
        if not any(
            word in fence.text
            for word in ("from_pretrained", "Model", "Transformer(", "model", "vllm", "download", "Foundry")
        ):
            continue
        if '"choices"' in fence.text:
            continue  # a response, whose `model` may be a family or deployment
        for match in (*_LOADED.finditer(fence.text), *_COMMANDED.finditer(fence.text)):
            apart = sibling(match[1], own, known=known) or any(
                sibling_of(one, match[1].rpartition("/")[2]) for one in meant
            )
            before = fence.text[fence.text.rfind("\n", 0, match.start(1)) + 1 : match.start(1)]
            after = fence.text[match.end(1) :].partition("\n")[0]
            if match[1] in seen or _HELPER.search(before) or model.name.lower() in after.lower():
                continue  # the line also names this model, as the other choice
            apart = apart or of_same_owner(model, match[1], before)
            meant_so = is_own(match[1], own) or declared(model, match[1]) or match[1] == based
            typed = _almost(match[1], hub_id(model) if "/" in match[1] else model.name)
            if typed or (apart and not meant_so):
                seen.add(match[1])
                line = fence.line + 1 + fence.text.count("\n", 0, match.start(1))
                column = card.lines[line - 1].find(match[1]) + 1
                yield card_links_other_model.at(
                    card.passage(line, max(1, column), match[1]),
                    f"The code loads {match[1]}, which is almost {typed}."
                    if typed
                    else f"The code loads {match[1]}, a sibling of this model: {model.name}.",
                    f"Load {typed or (based if based in meant else hub_id(model) or model.name)}.",
                )


_ASSET = pattern(
    r"(?:azureml://registries/[\w-]+/models/(?P<a>[\w.-]+)/versions/|(?P<of>models):/(?P<b>[\w.-]+)/)(?P<n>\d{1,9})\b"
)


def _other_versions(model: Described) -> Findings:
    """Code that uses a later version of this model, or the previous version of a team's own model."""
    for match in _ASSET.finditer(model.card.source) if "models" in model.card.source else ():
        name, version, other = match["a"] or match["b"], model.version, int(match["n"])
        known = name.lower() == model.name.lower() and isinstance(version, int)
        if known and isinstance(version, int) and (other > version or (match["of"] and other < version)):
            yield card_links_other_model.at(
                model.card.at(match.start("n"), match["n"]),
                f"The card uses version {other} of {model.name}, and the spec is version {model.version}.",
                f"Write {model.version}.",
                severity=Severity.WARNING,
            )


def _almost(written: str, meant: str) -> str:
    """The name that was meant, where one word is misspelt: letters swapped, or one replaced."""
    one, other = (re.split(r"[-_/.]", name.lower()) for name in (written, meant))
    differing = [pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]]
    if len(one) != len(other) or len(differing) != 1 or len(one) < 2:
        return ""
    mine, theirs = differing[0]
    replaced = len(mine) == len(theirs) and sum(x != y for x, y in zip(mine, theirs, strict=True)) == 1
    digits = re.sub(r"\D", "", mine) == re.sub(r"\D", "", theirs)
    near = replaced or sorted(mine) == sorted(theirs) or one_letter_apart(mine, theirs)
    return meant if len(theirs) > 4 and digits and near else ""


def _taken_for_own(card: Card, link: Link, linked: str, own: Sequence[str], *, known: bool) -> bool:
    """Whether the link's words say that the page is this model's own, and nothing near it names a sibling."""
    before = card.words[max(0, link.start - _NEAR) : link.start]
    if normal(link.text) in (normal(linked), normal(linked.rpartition("/")[2])) and PUBLISHED_AS.search(before):
        return any(sibling_of(name, linked.rpartition("/")[2]) for name in own)
    if _ORIGINAL.search(link.text):
        return not any(_is_build(name, linked) for name in own)
    if _named_as_own(link.text, linked, own):
        return True
    apart = sibling(linked, own, known=known)
    if not apart or link.kind in ("plain", "definition") or _names_another(link.text, own):
        return False
    if _PAGE.fullmatch(link.text):
        return True
    line = card.starts[card.position(link.start)[0] - 1]
    end = card.source.find("\n", link.end)
    sentence = normal(card.words[line : end if end >= 0 else None])
    return not all(part in sentence for part in apart)


def _is_build(name: str, linked: str) -> bool:
    """Whether a name is that of a build of the linked model: `reader-7b-bf16` of `reader-7b`."""
    mine, theirs = variant_of(name), variant_of(linked.rpartition("/")[2])
    return mine.words == theirs.words and all(mine.stated.get(kind) == theirs.stated.get(kind) for kind in MEMBER)


def _names_another(text: str, own: Sequence[str]) -> bool:
    """Whether a link's words give a version or size that this model's names lack: `Reader v4` for `reader`."""
    words = variant_of(text)
    return any(
        words.of_family(mine) and any(words.stated[kind] - mine.stated.get(kind, frozenset()) for kind in words.stated)
        for mine in map(variant_of, own)
    )


def _named_as_own(text: str, linked: str, own: Sequence[str]) -> bool:
    """Whether a link with this model's name, or that of its source, leads to a model with another name."""
    named, led = alphanumeric(text), alphanumeric(linked.rpartition("/")[2])
    if len(named) < _WHOLE_NAME or not any(alphanumeric(name).startswith(named) for name in own):
        return False
    return led not in named and named not in led


_NEAR = 60
_WHOLE_NAME = 8
"""Shorter words are in the names of many models."""


def _wrong_page(model: Described, link: Link, linked: str) -> Diagnostic:
    card, own = model.card, hub_id(model)
    fix = None
    if own:
        edit = replacing(card, link.url_start, link.url_start + len(link.url), f"https://huggingface.co/{own}")
        fix = card.fix([edit], safe=False)
    return card_links_other_model.at(
        card.at(link.url_start, link.url),
        f"'{short(link.text)}' links the page of {short(linked)}, but this card is that of {model.name}.",
        f"Link https://huggingface.co/{own}, or say in the link's words which model it is."
        if own
        else "Link this model's own page, or say in the link's words which model it is.",
        fix=fix,
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


@rule("CARD029", "prose-contradicts-name", Severity.WARNING, "The card contradicts the model's name.", pages=True)
def prose_contradicts_name(model: Described) -> Findings:
    """A card that says cased where the model's name says uncased, or the other way round."""
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
        message = f"The card says '{short(match[0])}', while {model.name} is {own_case}."
        hint = "Say what this model does with capitals; text of a sibling's card does not fit."
        yield prose_contradicts_name.at(card.at(match.start(), match[0]), message, hint)


@rule("CARD063", "figures-contradict-config", Severity.WARNING, "The card gives another model's figures.", pages=True)
def figures_contradict_config(model: Described) -> Findings:
    """Figures of the architecture that are another model's."""
    rate = figures_of(model).get("sampling")
    for fence in model.card.fences if rate else ():
        match = _RATE.search(fence.text)
        if rate and match and int(match[1]) // 1000 != rate.value:
            yield figures_contradict_config.at(
                model.card.at(model.card.offset_in(fence, match[0]), match[0]),
                f"The code gives '{match[0]}', while {rate.source} has {rate.value:g} kHz: transformers refuses it.",
                "Resample the sound to the model's own rate first.",
            )
    figures = list(wrong_architecture(model))  # a line may have several
    others = (*figures, *(one for look in _LOOKS for one in look(model)))
    for wrong in (*figures, *(one for one in first_in_each_line(others) if one not in figures)):
        hint = "Give this model's own figures; those of a sibling do not fit."
        yield figures_contradict_config.at(wrong.where, wrong.message, hint)


_RATE = pattern(r"\bsampling_rate ?= ?([0-9]{4,6})\b")


_LOOKS = (wrong_figures, wrong_sizes, wrong_words, wrong_settings, wrong_repetitions, wrong_labels, wrong_facts)
"""What is compared, in this order: of two findings in one line the first is reported."""


@rule("MATCH004", "base-model-differs", Severity.WARNING, "The card names another base model than the spec.")
def base_model_differs(model: Described) -> Findings:
    """A base in front matter, a line `Base model:` or a link that is a sibling of the one in spec or files."""
    yield from _tuned_from(model)
    for where, message in other_bases(model):
        yield base_model_differs.at(where, message, "Write the same base in all.")
    tag, base = model.tags.get("base_model"), model.adapter.get("base_model_name_or_path")
    if isinstance(base, str) and isinstance(tag, str) and tuned_otherwise(base, tag):
        yield base_model_differs.at(
            model.where("tags.base_model"),
            f"The tag base_model is {short(tag)}, and the base in adapter_config.json {short(base)}.",
            "Write the base that the adapter was trained on.",
        )
    bases = [named for named in names_of(model) if named.what.startswith(_BASES)]
    stated = [
        (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", one.text).strip(), one.text, one.offset)
        for one in of_subject(model.card, "base")
    ]
    possible = "adapter" in model.card.lowered or "tuned" in model.card.lowered or "trained" in model.card.lowered
    possible = possible and "](https://huggingface.co/" in model.card.source.lower()
    links = _MADE_OF.finditer(model.card.source) if possible else ()
    stated += [(linked_model(one["url"]), one["url"], one.start("url")) for one in links]
    own = variant_of(model.name)
    for one in of_subject(model.card, "encoder_of"):
        foreign = unrelated(families_in(model.name), families_in(one.text))
        if (kind := contradiction(own, variant_of(one.text), _OF_A_SIZE)) or foreign:
            yield base_model_differs.at(
                model.card.at(one.offset, one.text),
                f"The card gives {short(one.text)}, which is of another {KIND_WORDS[kind] if kind else 'family'} than"
                f" {model.name}.",
                "Write what the model was made from; a sibling's card may have been copied.",
            )
    for text, written, offset in stated:
        if "precision" in own.stated and not bases and contradiction(own, variant_of(text), ("size",)):
            bases = [Named(_ITSELF, model.name, model.where("name"))]  # converting does not change the size
        for named in bases:
            kind = sibling_of(named.name.rpartition("/")[2], text.rpartition("/")[2]) or (
                "size" if named.what == _ITSELF else None
            )
            if kind == "version" and variant_of(named.name).words - variant_of(text).words:
                continue  # there may be a model in between: Dolphin-Mistral of Mistral
            if named.what == ADAPTED and "/" in text and tuned_otherwise(named.name, text):
                kind = "tuning"
            foreign = "/" in text and named.derived and not related(text, named.name)
            theirs, ours = families_in(text), families_in(named.name)
            foreign = foreign or unrelated(theirs, ours)
            tails = ["/" + one.rpartition("/")[2] for one in (named.name, text)]
            if "precision" in own.stated and tuned_otherwise(*tails):  # converting does not change the tuning
                kind = "tuning"
            if kind is not None or foreign:
                yield base_model_differs.at(
                    model.card.at(offset, written),
                    f"The card gives {short(text)} as its base, {named.what} is {short(named.name)}:"
                    f" another {KIND_WORDS[kind] if kind else 'family'}.",
                    "Write the same base in both.",
                )
                break


_ITSELF = "the model"
_BASES = ("`base", "base_model_name", "The parent", "_name_or_path", ADAPTED)
_MADE_OF = pattern(
    r"(?:\badapters? (?:for|of|on|to)|\bfine-?tuned (?:version )?(?:from|of)|\bus(?:es|ed) the pre-?trained"
    r"|\b(?:initiali[sz]ed|trained|derived) from|\bthe base model is)\s+(?:the )?\[[^\]\n]{2,80}\]\((?P<url>https://huggingface\.co/[^)\s]+)\)",
    re.IGNORECASE,
)
"""Words before a link which say that the model was made from it."""


_TUNED = pattern(
    r"\bfine-?tuned (?:version |checkpoint |variant |model )?(?:of|from) (?:the )?\W{0,3}(?P<a>[\w.-]+(?:/[\w.-]+)?)"
    r"|\bis (?:the|an?) \W{0,3}(?P<b>[\w.-]+)\W{0,3}(?:\]\([^)\n]{1,200}\))? model\b[^.\n]{0,20}\bfine-?tuned\b",
    re.IGNORECASE,
)
_OPTIMISED = pattern(
    r"\b(?:optimi[sz]ed|quanti[sz]ed|converted) version of (?:the )?\W{0,3}(?P<c>[\w.-]+(?:/[\w.-]+)?)", re.IGNORECASE
)


def _tuned_from(model: Described) -> Findings:
    """A sentence that says the model was tuned from another size, or built from another model, than its name says."""
    card = model.card
    tuned = [(match, match.lastgroup or "a", _OF_A_SIZE) for match in card.near(_TUNED, "tuned")]
    built = [(match, "c", MEMBER) for match in card.near(_OPTIMISED, "version of")]
    for match, group, kinds in (*tuned, *built):
        name = match[group].rstrip(".")
        if match.start() - card.text_start <= FIRST and not names_itself(card, variant_of(model.name)):
            continue  # MATCH002 reports it
        bases = [repository_of(stated.text).rpartition("/")[2] for stated in of_subject(card, "base")]
        for one in (model.name, *(base for base in bases if base)):
            kind = sibling_of(one, name, kinds)
            if kind is None:
                continue
            message = f"The card says '{short(match[0])}', which is of another {KIND_WORDS[kind]} than {one}."
            hint = "Write what the model was made from; a sibling's card may have been copied."
            yield base_model_differs.at(card.at(match.start(group), name), message, hint)
            return


_OF_A_SIZE: tuple[Kind, ...] = ("size", "class", "case")
"""Properties that tuning does not change."""
