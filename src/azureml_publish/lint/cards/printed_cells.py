"""What a program prints in a table for a value that it does not have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from azureml_publish.lint.markdown.cards import Cell, Table
from azureml_publish.patterns import pattern

_PRINTED = pattern(
    r"[*_ ]*(?:\[object Object\]|%\.?\d{0,2}[dsf]|<(?:class|function|bound method) [^<>]{1,60}>|NoneType"
    r"|#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!))[*_ ]*"
)
_NOTHING = pattern(r"[*_ ]*(?:nan|none|null|undefined|\{\}|\[\])[*_ ]*", re.IGNORECASE)
_FIRST = frozenset("[%<#{NnUu")
"""Begins whatever the two expressions above find."""
_COUNTED = pattern(
    r"(?:number of )?(?:parameters|(?:hidden )?layers|(?:attention )?heads|hidden (?:size|dimension)|vocabulary"
    r"|vocabulary size|epochs|batch size|learning rate|dimensions?|context(?: length| window)?)",
    re.IGNORECASE,
)
_NUMBER = pattern(r"[*_~ ]*[-+]?\d[\d.,]*[%*_~ ]*")


def printed_cells(tables: Iterable[Table]) -> Iterator[Cell]:
    """Cells with what a program prints for a value that it does not have, where a figure belongs."""
    for table in tables:
        for row in table.rows:
            for index, cell in enumerate(row.cells[1:], 1):
                if cell.text.lstrip("*_ ")[:1] not in _FIRST:
                    continue
                if _PRINTED.fullmatch(cell.text):
                    yield cell
                elif _NOTHING.fullmatch(cell.text):
                    beside = [one.text for one in row.cells[1:] if one is not cell and one.text]
                    above = [one.cells[index].text for one in table.rows if one is not row and index < len(one.cells)]
                    figures = beside and len(above) > 1 and all(map(_NUMBER.fullmatch, (*beside, *above)))
                    if figures or _COUNTED.fullmatch(row.cells[0].text.strip("*_ ")):
                        yield cell
