"""A model card as the checks see it: parsed once, with the place in its source of everything that is found in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TypeAlias

from markdown_it import MarkdownIt
from markdown_it.token import Token

from azureml_publish.diagnostics import Location

Place: TypeAlias = Callable[[int, int], Location]
"""Where line and column of a card, both from 1, were written: in a template, a model folder or an asset folder."""


class Card:
    """One model card.

    Attributes:
        text: the whole card.
        place: where a line and column of it were written.
    """

    def __init__(self, text: str, place: Place) -> None:
        self.text = text
        self.place = place

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The card's lines without their ends, as Markdown counts them."""
        return tuple(self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The card's blocks by the rules of CommonMark with GitHub's tables; `map` counts lines from 0."""
        return tuple(MarkdownIt("commonmark").enable("table").parse(self.text))
