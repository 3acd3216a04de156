"""SMPL003: a split-oriented sample whose rows have not as many values as there are columns.

Source: pandas, DataFrame: rows that are wider than the columns, or all of them narrower, raise ValueError ("2 columns
passed, passed data had 1 columns"); a row that is shorter than others is filled up with nothing, hence a warning then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.sample.reading import inputs, place_in
from azureml_publish.lint.subject import Check, Described, SampleText

RULE = Rule("SMPL003", "sample-row-width", Severity.ERROR, "A sample's row has not as many values as its columns.")


def _check(model: Described) -> Iterator[Diagnostic]:
    for sample, data in inputs(model):
        given = data.get("input_data") if isinstance(data, Mapping) else None
        columns, rows = (given.get("columns"), given.get("data")) if isinstance(given, Mapping) else (None, None)
        if not isinstance(given, Mapping) or not isinstance(columns, list) or not isinstance(rows, list):
            continue
        yield from _rows(sample, columns, rows)
        index = given.get("index")
        if isinstance(index, list) and len(index) != len(rows):
            yield RULE.at(
                place_in(sample, ("input_data", "index")),
                f"The index names {len(index)} row{'s' * (len(index) != 1)}, there are {len(rows)}.",
                "Number every row of `data` once, beginning with 0.",
            )


def _rows(sample: SampleText, columns: Sequence[Any], rows: Sequence[Any]) -> Iterator[Diagnostic]:
    widths = [len(row) if isinstance(row, list) else 1 for row in rows]
    for number, width in enumerate(widths):
        if width == len(columns):
            continue
        filled = width < len(columns) == max(widths)
        finding = RULE.at(
            place_in(sample, ("input_data", "data", number)),
            f"Row {number + 1} has {width} value{'s' * (width != 1)} for {len(columns)} "
            f"column{'s' * (len(columns) != 1)}{'; the rest is read as nothing' * filled}.",
            f"Give a value for each of {', '.join(str(name) for name in columns)}, if only an empty one.",
        )
        yield replace(finding, severity=Severity.WARNING) if filled else finding


CHECK = Check(RULE, described=_check)
