"""The row of this model in tables that compare several models."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from azureml_publish.lint.cards.statements import subject_of
from azureml_publish.lint.markdown.cards import Card, Cell, Table
from azureml_publish.lint.names.models import is_own, own_names
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern

_THIS = pattern(r"\bthis (?:model|version|checkpoint|repo\w*)\b|\(this\)", re.IGNORECASE)


def own_row(model: Described, table: Table) -> int | None:
    """The only row whose first cell is this model's name or `this model`."""
    own = own_names(model)
    texts = [re.sub(r"[*`_]|\]\([^)]*\)|\[", "", row.cells[0].text).strip() for row in table.rows]
    marked = [index for index, text in enumerate(texts) if _THIS.search(text)]
    found = marked or [index for index, text in enumerate(texts) if is_own(text, own)]
    return found[0] if len(found) == 1 else None


def own_cells(model: Described, card: Card, subjects: Sequence[str]) -> Iterator[tuple[str, Cell]]:
    """The cells in this model's row below the headings of some subjects, in tables of three columns or more."""
    for table in card.tables:
        heads = [subject_of(cell.text) for cell in table.header.cells] if len(table.header.cells) > 2 else []
        index = own_row(model, table) if any(head in subjects for head in heads[1:]) else None
        if index is not None:
            for head, cell in zip(heads[1:], table.rows[index].cells[1:], strict=False):
                if head is not None and head in subjects:
                    yield head, cell
