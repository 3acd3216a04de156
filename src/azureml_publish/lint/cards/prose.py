"""All texts about a model that people read: card, pages, texts in the metadata, licences."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from azureml_publish.diagnostics import Edit, Location
from azureml_publish.documents import walk
from azureml_publish.lint.markdown.cards import Card, Place
from azureml_publish.lint.subject import Described

_LISTS = frozenset({"SKU", "supportedComputes"})
"""Keys whose texts are names of sizes, which other rules check."""


def prose_of(model: Described) -> Iterator[Card]:
    """The card, its pages and the licence files, each as Markdown."""
    yield model.card
    yield from model.pages
    yield from model.licences


@functools.lru_cache(maxsize=2)
def texts_of(model: Described) -> tuple[tuple[str, Card], ...]:
    """Every text in the metadata, tags and properties, with its canonical key.

    Pages that the metadata names are not among them: `prose_of` has those.
    """
    pages = {page.text for page in model.pages}
    sections = (("", model.metadata), ("tags.", model.tags), ("properties.", model.properties))
    return tuple(
        (path, Card(text, _at(model, path), _no_edit))
        for prefix, section in sections
        for key, value in section.items()
        if key not in _LISTS
        for below, text in walk(value)
        if isinstance(text, str) and text not in pages
        for path in (".".join((f"{prefix}{key}", *map(str, below))),)
    )


def everything_of(model: Described) -> Iterator[Card]:
    """Both of these, for rules on characters."""
    yield from prose_of(model)
    for _, text in texts_of(model):
        yield text


def _at(model: Described, path: str) -> Place:
    def place(_line: int, _column: int) -> Location:
        return model.where(path)

    return place


def _no_edit(_edit: Edit) -> None:
    """A text within YAML cannot be edited as if it were a file of its own."""
