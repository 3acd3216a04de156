"""A model card as the checks see it: parsed once, with the place in its source of everything that is found in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeAlias

from markdown_it import MarkdownIt
from markdown_it.token import Token

from azureml_publish.diagnostics import Edit, Fix, Location

Place: TypeAlias = Callable[[int, int], Location]
"""Where line and column of a card, both from 1, were written: in a template, a model folder or an asset folder."""

Verbatim: TypeAlias = Callable[[Edit], tuple[str, Edit] | None]
"""The file and the edit there that make an edit of the card; None where its text does not stand there as it is."""


class Card:
    """One model card.

    Attributes:
        text: the whole card.
        place: where a line and column of it were written.
    """

    def __init__(self, text: str, place: Place, verbatim: Verbatim | None = None) -> None:
        self.text = text
        self.place = place
        self._verbatim = verbatim

    def fix(self, edits: Sequence[tuple[int, int, int, int, str]], *, safe: bool = True) -> Fix | None:
        """A mend that makes these edits of the card where it was written.

        Args:
            edits: line, column, end line and end column in the card, from 1, the end excluded, and the new text.
            safe: whether the mend cannot change what is meant.

        Returns:
            the mend; None where any of the text was made by an expression, or where it stands in several files.
        """
        if self._verbatim is None or not edits:
            return None
        written = [self._verbatim(Edit(*edit)) for edit in edits]
        there = [one for one in written if one is not None]
        files = {path for path, _ in there}
        if len(there) < len(written) or len(files) > 1:
            return None
        return Fix(tuple(edit for _, edit in there), safe, files.pop())

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The card's lines without their ends, as Markdown counts them."""
        return tuple(self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The card's blocks by the rules of CommonMark with GitHub's tables; `map` counts lines from 0."""
        return tuple(MarkdownIt("commonmark").enable("table").parse(self.text))
