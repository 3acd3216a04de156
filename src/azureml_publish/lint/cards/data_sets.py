"""The data sets that a model was trained on, as spec, tags, summary, rows and sentences of the card name them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from azureml_publish.diagnostics import Location
from azureml_publish.lint.cards.statements import of_subject
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.names.data_sets import data_sets_in
from azureml_publish.lint.names.variants import alphanumeric
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern


class Trained(NamedTuple):
    """One statement on training data: the data sets and its location."""

    on: frozenset[str]
    where: Location


def wrong_data_sets(model: Described) -> Iterator[tuple[Trained, Trained]]:
    """A statement that shares no data set with what most others say, and the first of those."""
    listed, claims = list(_listed(model)), list(_claims(model))
    every = (*claims, *listed)
    for one in every:
        others = [other for other in every if other is not one]
        if any(one.on & other.on for other in others):
            continue
        agreed = [other for other in others if any(other.on & third.on for third in others if third is not other)]
        if agreed or (len(others) == 1 and listed):
            yield one, (agreed or others)[0]
            return
    yield from _by_links(model)


def _listed(model: Described) -> Iterator[Trained]:
    """The data sets that the spec and the tags list."""
    for key, names in _names(model):
        found = frozenset[str]().union(*(data_sets_in(name.rpartition("/")[2]) for name in names))
        if found:
            yield Trained(found, model.where(key))


def _names(model: Described) -> Iterator[tuple[str, list[str]]]:
    """Each key of the spec and tags that lists data sets, and their names."""
    for section, values, keys in (
        ("", model.metadata, ("datasets", "trainingDatasets")),
        ("tags.", model.tags, ("training_dataset", "training_datasets", "dataset", "datasets")),
        ("properties.", model.properties, ("datasets", "training_dataset")),
    ):
        for key in keys:
            value = values.get(key)
            texts = [value] if isinstance(value, str) else value if isinstance(value, Sequence) else []
            names = [text for whole in texts if isinstance(whole, str) for text in re.split(r"\s*,\s*", whole)]
            if names:
                yield f"{section}{key}", names


_LINKED = pattern(r"huggingface\.co/datasets/(?:[\w.-]+/)?(?P<name>[\w.-]+)")


def _by_links(model: Described) -> Iterator[tuple[Trained, Trained]]:
    """Data sets of the spec that the card never names, while it links others as training data."""
    card = model.card
    links = [link for link in card.links if "/datasets/" in link.url and _of_training(card, link.start)]
    linked = [(found["name"], link) for link in links if (found := _LINKED.search(link.url))]
    written, known = (alphanumeric(card.source), data_sets_in(card.words)) if linked else ("", frozenset[str]())
    for key, names in _names(model) if linked else ():
        bare = [name.rpartition("/")[2] for name in names]
        if not any(alphanumeric(name) in written or data_sets_in(name) & known for name in bare):
            name, link = linked[0]
            there = Trained(frozenset({name}), card.at(link.url_start, link.url))
            yield Trained(frozenset(bare), model.where(key)), there
            return


def _of_training(card: Card, offset: int) -> bool:
    """Whether an offset is about the training, by its heading or by the words before it."""
    heading = card.heading_of(card.position(offset)[0])
    before = card.words[max(0, offset - _NEAR) : offset].rpartition("\n\n")[2]
    of_training = heading is not None and "train" in heading.text.lower() and "eval" not in heading.text.lower()
    return of_training or _TUNED_ON.search(before) is not None


_NEAR = 120
_TUNED_ON = pattern(r"\b(?:trained|tuned)\s+on\s+(?:the\s+)?[^.;]{0,40}$", re.IGNORECASE)


_ON = pattern(
    r"\b(?:(?P<tuned>(?:fine-?)?tuned)|(?<!pre)(?<!pre-)trained|saw)\b(?: and \w+)? (?:[\w,-]+ ){0,3}?"
    r"(?:on|with|using|tokens of) "
    r"(?P<data>(?:[^.\n;]|\.(?=\d)){3,120})",
    re.IGNORECASE,
)


def _claims(model: Described) -> Iterator[Trained]:
    """The first sentence in the summary and in the card on training data, and rows on that."""
    for match in _ON.finditer(model.summary):
        if found := data_sets_in(match["data"]):
            yield Trained(found, model.where("summary"))
            break
    card = model.card
    beginning = card.words[:_FIRST]
    lowered = beginning.lower()
    possible = "train" in lowered or "tuned" in lowered or "saw " in lowered
    sentences = [*_ON.finditer(beginning)] if possible else []
    sentences = [match for match in sentences if match["tuned"]] or sentences
    for match in sentences:
        if found := data_sets_in(match["data"]):
            yield Trained(found, card.at(match.start("data"), match["data"]))
            break
    for stated in of_subject(card, "data"):
        if found := data_sets_in(re.sub(r"\]\([^)]*\)", "]", stated.text)):
            yield Trained(found, card.at(stated.offset, stated.text))


_FIRST = 1500
"""The first characters of a card describe this model; later sentences may be about others."""


def message_of(one: Trained, agreed: Trained) -> str:
    """The message of a finding."""
    here, elsewhere = (" or ".join(sorted(each.on)) for each in (one, agreed))
    return f"Here the model was trained on {here}, and elsewhere on {elsewhere}."
