"""Rules that compare the names that a folder gives its model: in spec, MLmodel, card and container path."""

from __future__ import annotations

import functools
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from azureml_publish.diagnostics import Location, Severity
from azureml_publish.documents import mapping_of
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.own_names import ADDRESS, NAME, logged_untuned, misnamed, repository_of, sibling_by_any
from azureml_publish.lint.cards.statements import of_subject
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.names.models import hub_id, linked_model, shared_by_siblings
from azureml_publish.lint.names.publishers import families_in, unrelated
from azureml_publish.lint.names.variants import (
    KIND_WORDS,
    MEMBER,
    Kind,
    Variant,
    alphanumeric,
    contradiction,
    of_another_purpose,
    sibling_of,
    variant_of,
)
from azureml_publish.lint.subject import Described, Fact
from azureml_publish.patterns import pattern


@dataclass(frozen=True, slots=True)
class Named:
    """A name that the folder gives its model: what states it, the name, and its location.

    `derived`: the name is that of the base model, which is of the same family.
    """

    what: str
    name: str
    location: Location
    derived: bool = False


@rule("MATCH001", "names-a-sibling", Severity.WARNING, "A name in the spec or the files is that of a sibling.")
def names_a_sibling(model: Described) -> Findings:
    """A base, parent or container path of another size or variant of the family. SPEC004 looks at the Hub id."""
    for named in names_of(model):
        kind = sibling_of(model.name, named.name, _UNTUNED if named.what.startswith("_name_or_path") else MEMBER)
        kind = sibling_by_any(model, named.name) if named.what == _SHOWN else kind
        if named.what == _SHOWN and kind is None and _is_untuned(model.name, named.name):
            kind = "tuning"
        purpose = named.what == _SHOWN and of_another_purpose(named.name, (model.name, hub_id(model)))
        foreign = named.derived and not related(model.name, named.name)
        if named.what.endswith("of MLmodel"):
            foreign = _is_foreign(model, named.name)
            kind = kind or ("tuning" if logged_untuned(model, named.name) else None)
        elif named.what == _ALIAS:
            foreign = bool(families_in(named.name)) and not related(model.name, named.name)
        elif named.what in (ADAPTED, _SHOWN):  # an adapter may have a name of its own
            foreign = unrelated(families_in(model.name), families_in(named.name))
        if kind is None and not foreign and not purpose:
            continue
        why = f"another {KIND_WORDS[kind]}" if kind else "another family" if foreign else "another purpose"
        message = f"{named.what} is {short(named.name)}, which is of {why} than {model.name}."
        hint = f"Write what belongs to {model.name}; it may have been copied along with the folder."
        yield names_a_sibling.at(named.location, message, hint)


_SHOWN, _ALIAS = "The display name", "The alias"
_BASES = ("baseWeightsId", "model_id", "base_model", "baseModel", "base_model_id", "baseModelId")
_UNTUNED: tuple[Kind, ...] = tuple(kind for kind in MEMBER if kind != "tuning")


def _is_untuned(name: str, shown: str) -> bool:
    """Whether the name shown says `Base` while the model's name says `Instruct` or `Chat`."""
    own, theirs = variant_of(name).stated, variant_of(shown).stated
    plain = theirs.get("class") == frozenset({"base"}) and "tuning" not in theirs
    return plain and "tuning" in own and "class" not in own and variant_of(name).of_family(variant_of(shown))


def _is_foreign(model: Described, name: str) -> bool:
    """Whether a base is of another family than the only one in the model's name and Hub id."""
    hub, families = hub_id(model), families_in(model.name)
    tail, theirs = alphanumeric(hub.rpartition("/")[2]), alphanumeric(name.rpartition("/")[2])
    if "/" in name and tail and tail in alphanumeric(model.name) and theirs not in tail and tail not in theirs:
        return True
    if unrelated(families, families_in(name)):
        return True
    return bool(hub) and related(model.name, hub) and not related(model.name, name) and not related(hub, name)


def names_of(model: Described) -> Iterator[Named]:
    """Every name that spec and files give the model or its base."""
    yield from _linked(model)
    for key, what in (("alias", _ALIAS), ("displayName", _SHOWN)):
        value = model.metadata.get(key)
        if isinstance(value, str) and value:
            yield Named(what, value, model.where(key))
    for section, values in (("tags", model.tags), ("properties", model.properties)):
        for key in (*_BASES, "parent_model"):
            value = values.get(key)
            if isinstance(value, str) and value:
                yield Named(f"`{key}`", value, model.where(f"{section}.{key}"))
    yield from _logged(model)
    for stated in of_subject(model.card, "hub"):
        if linked := repository_of(stated.text):
            yield Named("The repository in the card", linked, model.card.at(stated.offset))
    origin = model.settings.get("_name_or_path")
    if isinstance(origin, str) and _ID.fullmatch(origin):
        yield Named("_name_or_path of config.json", origin.rpartition("/")[2], model.where("name"))
    adapted = model.adapter.get("base_model_name_or_path")
    if isinstance(adapted, str) and adapted:
        yield Named(ADAPTED, adapted, model.where("name"))
    yield from _parents(model)
    yield from _places(model)


def _logged(model: Described) -> Iterator[Named]:
    """The model that MLmodel was logged from, by its flavours and metadata."""
    if model.mlmodel is None:
        return
    for flavour, held in model.flavours.items():
        for key in ("huggingface_id", "source_model_name"):
            name = mapping_of(held).get(key)
            if isinstance(name, str) and _ID.fullmatch(name):
                yield Named(f"{key} of MLmodel", name, model.mlmodel.location(("flavors", flavour, key)))
    base = model.logged_metadata.get("base_model_name")
    if isinstance(base, str) and base:
        yield Named("base_model_name of MLmodel", base, model.mlmodel.location(("metadata", "base_model_name")))


def _linked(model: Described) -> Iterator[Named]:
    described = model.metadata.get("licenseDescription")
    for url in ADDRESS.findall(described) if isinstance(described, str) and "huggingface.co/" in described else ():
        if linked := linked_model(url):
            yield Named("The page that licenseDescription links", linked, model.where("licenseDescription"))


_ID = pattern(r"[\w.-]+(?:/[\w.-]+)?")
ADAPTED = "The base in adapter_config.json"


_ASSET = pattern(r"azureml://registries/[^/]+/models/([^/]+)(?:/|$)")


def _parents(model: Described) -> Iterator[Named]:
    parents = mapping_of(model.variant).get("parents")
    for index, parent in enumerate(parents if isinstance(parents, Sequence) else ()):
        if match := _ASSET.match(str(mapping_of(parent).get("assetId"))):
            yield Named("The parent", match[1], model.where(f"variantInfo.parents.{index}.assetId"), derived=True)


def _places(model: Described) -> Iterator[Named]:
    """The part of the container path that names a model; none where another part names this model."""
    if model.origin is None:
        return
    uri, location = model.origin
    words = variant_of(model.name).words
    parts = [part for part in uri.split("/")[2:] if variant_of(part).stated and variant_of(part).words & words]
    if parts and all(sibling_of(model.name, part) for part in parts):
        yield Named("The folder of the files", parts[-1], location)


def related(one: str, other: str) -> bool:
    """Whether two names share a word of their families."""
    return bool(variant_of(one).words & variant_of(other).words)


_NAME = pattern(rf"(?<![\w./-]){NAME}(?![\w/-])")
"""A name in prose: parts joined by hyphens."""

FIRST = 700
"""The first characters of a card, which say what the model is."""


@rule("MATCH002", "card-of-a-sibling", Severity.WARNING, "The card is that of a sibling.")
def card_of_a_sibling(model: Described) -> Findings:
    """A card whose title and first words name a sibling, and never this model."""
    yield from _of_another_family(model)
    places = list(misnamed(model))
    for where, message in places:
        hint = f"Write what belongs to {model.name}; a sibling's text may have been copied."
        yield card_of_a_sibling.at(where, message, hint)
    card = model.card
    own = variant_of(model.name)
    if places or card.too_large or not own.stated or not own.words:
        return
    title = card.headings[0] if card.headings else None
    if title is not None and title.line - card.front_matter <= 3 and len(title.text) <= 40:
        theirs = variant_of(title.text)
        kind = contradiction(own, theirs) if theirs.of_family(own) else None
        if kind is not None:
            yield card_of_a_sibling.at(
                card.place_of(title),
                f"The card's title is {short(title.text)}, another {KIND_WORDS[kind]} than {model.name}.",
                f"Write the name of {model.name}; this title is a sibling's.",
            )
            return
    first = _ABOUT.match(card.words, card.text_start) or _DOES.match(card.words, card.text_start)
    if first and (kind := sibling_of(model.name, first["name"])):
        yield card_of_a_sibling.at(
            card.at(first.start("name"), first["name"]),
            f"The card begins with {short(first['name'])}, another {KIND_WORDS[kind]} than {model.name}.",
            f"Write what {model.name} is; this sentence is a sibling's.",
        )
        return
    if names_itself(card, own):
        return
    for text, offset in _mentions(card):
        theirs = variant_of(text)
        kind = contradiction(own, theirs) if theirs.of_family(own) else None
        made_of = _MADE_OF.search(card.words, max(0, offset - _BEFORE), offset)
        if kind is not None and offset - card.text_start <= FIRST and made_of is None:
            yield card_of_a_sibling.at(
                card.at(offset, text),
                f"The card is about {short(text)}, another {KIND_WORDS[kind]} than {model.name}.",
                f"Write the card of {model.name}; this one is a sibling's.",
            )
            return


_MADE_OF = pattern(
    r"\b(?:parents?|teachers?|merg(?:ed?|ing)|initiali[sz]\w+|prun\w+|distill\w+|(?:up|down)-?scal\w+|expand\w+"
    r"|extend\w+|deriv\w+|tokenizer|successor|than|unlike)\b[^.\n]*\Z",
    re.IGNORECASE,
)
"""Words before the name of another size that this model was made from or is compared with."""
_BEFORE = 90


_ABOUT = pattern(
    r"\s*(?:The |This (?=\S+ (?:model|checkpoint)))?\W{0,3}(?P<name>[A-Za-z][\w.-]*(?: [\w.-]+){0,3}?)\W{0,3}"
    r" (?:(?:model|checkpoint) )?(?:is|are|was) (?:an?|the|fine-?tuned) "
)
"""The first words of a card, where they say which model it is about."""
_DOES = pattern(
    r"\W{0,3}(?P<name>[A-Z][\w.]*(?:[ -][\w.]+){1,3}?) (?:\([^()\n]{2,40}\) )?"
    r"(?:turns|reads|maps|detects|finds|sorts|answers|translates|writes|classifies|recogni[sz]es|predicts|generates)\b"
)
"""The first words of a card, where they say what the model does."""


def _of_another_family(model: Described) -> Findings:
    """A summary or page about a sibling, or one that names other families many times."""
    own, words = families_in(model.name), model.summary.split()
    until = next((index for index, word in enumerate(words) if word in _OF), len(words))  # `Refresh of Phi-3-mini`
    names = [" ".join(words[: min(n, until)]) for n in (2, 3, 4)]
    begun = next((name for name in names if name and sibling_of(model.name, name)), "")
    if begun:
        yield card_of_a_sibling.at(
            model.where("summary"),
            f"The summary begins with {short(begun)}, another {KIND_WORDS[sibling_of(model.name, begun) or 'size']}"
            f" than {model.name}.",
            f"Write what {model.name} is; this one is a sibling's.",
        )
    for page in model.pages:
        title = page.headings[0] if page.headings else None
        names = [match[0] for match in _NAME.finditer(title.text)] if title else []
        apart = [name for name in names if sibling_of(model.name, name) or unrelated(own, families_in(name))]
        if title and apart and len(apart) == len(names):
            message = f"The page's title names {short(apart[0])}, which is not {model.name}."
            hint = f"Write the page of {model.name}; this one is another model's."
            yield card_of_a_sibling.at(page.place_of(title), message, hint)
    if subject := _subject_of(model.summary, own, model.card):
        message = f"The summary is about {subject}, not about {model.name}."
        hint = f"Write what {model.name} is; this one is another model's."
        yield card_of_a_sibling.at(model.where("summary"), message, hint)
    for page in model.pages:
        yield from _of_siblings(model, page)
    if not own:
        return
    for page in model.pages:
        counts = Counter(re.findall(r"[a-z]{3,}", page.lowered))
        named = frozenset(word for word, count in counts.items() if count >= _OFTEN and word in families_in(word))
        if unrelated(own, named) and not any(family in page.lowered for family in own):
            message = f"The page is about {', '.join(sorted(named))}, and never mentions {model.name}."
            hint = f"Write the page of {model.name}; this one is another model's."
            yield card_of_a_sibling.at(page.beginning, message, hint)


_OFTEN = 3
_OF = frozenset(("of", "for", "from", "to", "than", "on", "based", "with", "by"))


def _of_siblings(model: Described, page: Card) -> Findings:
    """A page that names one sibling many times, and nothing that may be this model."""
    named = [(match, sibling_of(model.name, match[0])) for match in _NAME.finditer(page.words)]
    apart = [match for match, kind in named if kind]
    own = alphanumeric(model.name) in alphanumeric(page.source) or any(
        kind is None and related(model.name, match[0]) for match, kind in named
    )
    if len(apart) > 1 and len({match[0].lower() for match in apart}) == 1 and not own:
        message = f"The page names {short(apart[0][0])}, and never mentions {model.name}."
        hint = f"Write the page of {model.name}; this one is a sibling's."
        yield card_of_a_sibling.at(page.at(apart[0].start(), apart[0][0]), message, hint)


def _subject_of(summary: str, own: frozenset[str], card: Card) -> str:
    """The family that a summary is about; empty where that is, or may be, this model's."""
    named = families_in(summary)
    if own:
        return ", ".join(sorted(named)) if unrelated(named, own) else ""
    first = families_in(" ".join(summary.split()[:1]))
    return ", ".join(one for one in first if one not in card.lowered)


def names_itself(card: Card, own: Variant) -> bool:
    """Whether the card names the model anywhere, including code and addresses."""
    title = card.headings[0].text if card.headings else ""
    return any(_is_own(own, name) for name in (title, *_names_in(card.source)))


@functools.lru_cache(maxsize=2)
def _names_in(source: str) -> frozenset[str]:
    lines = (line for line in source.split("\n") if "-" in line or "_" in line)
    near = {word for line in lines for word in line.split() if "-" in word or "_" in word}
    joined = {part for word in near for part in _WORD.findall(word) if "-" in part or "_" in part}
    return frozenset(name for word in joined for name in _ANY_NAME.findall(word))


_WORD = pattern(r"[A-Za-z0-9._-]+")
"""Every name is in a match of this pattern, which runs once; the next one alone would try at every letter."""
_ANY_NAME = pattern(NAME)


def _mentions(card: Card) -> Iterator[tuple[str, int]]:
    """Names in the card with their offsets, those in its title first."""
    for heading in card.headings[:1]:
        if heading.line - card.front_matter <= 3 and len(heading.text) <= 80:
            yield heading.text, card.offset_of(heading)
    for match in _NAME.finditer(card.words):
        yield match[0], match.start()


def _is_own(own: Variant, text: str) -> bool:
    """Whether a text names this model: its family, and nothing that contradicts its own name."""
    theirs = variant_of(text)
    stated = any(kind in own.stated and kind in theirs.stated for kind in MEMBER)
    return stated and theirs.of_family(own) and contradiction(own, theirs) is None


@rule(
    "MATCH003", "card-shared-by-siblings", Severity.WARNING, "Models of different size or variant have the same card."
)
def card_shared_by_siblings(facts: Sequence[Fact]) -> Findings:
    """The same card for two siblings: at most one of them can be meant."""
    for fact, other in shared_by_siblings(facts):
        if fact.key == "unnamed":
            message = f"The card of {fact.model} is word for word that of {other.model} ({other.location.path})."
            yield card_shared_by_siblings.at(fact.location, message, f"Write what is true of {fact.model}.")


@card_shared_by_siblings.keeps
def _card_facts(model: Described) -> Iterator[Fact]:
    if len(model.card.text) >= _LEAST:
        own = variant_of(model.name)
        named = names_itself(model.card, own)
        letters = model.card.text.encode("utf-8", "replace").translate(None, b" \t\r\n")
        digest = hashlib.blake2b(letters, digest_size=16).hexdigest()
        yield Fact(
            card_shared_by_siblings.rule.code, model.name, "named" if named else "unnamed", digest, model.card.beginning
        )


_LEAST = 200
"""Shorter cards may be equal by chance."""
