"""SMPL003: a split-oriented sample whose rows have not as many values as there are columns; pandas refuses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from azureml_publish.checks.sample.reading import inputs, place_in
from azureml_publish.checks.subject import Check, Described
from azureml_publish.diagnostics import Diagnostic, Rule, Severity

RULE = Rule("SMPL003", "sample-row-width", Severity.ERROR, "A sample's row has not as many values as its columns.")


def _check(model: Described) -> Iterator[Diagnostic]:
    for sample, data in inputs(model):
        given = data.get("input_data") if isinstance(data, Mapping) else None
        columns, rows = (given.get("columns"), given.get("data")) if isinstance(given, Mapping) else (None, None)
        if not isinstance(given, Mapping) or not isinstance(columns, list) or not isinstance(rows, list):
            continue
        for number, row in enumerate(rows):
            width = len(row) if isinstance(row, list) else 1
            if width != len(columns):
                yield RULE.at(
                    place_in(sample, ("input_data", "data", number)),
                    f"Row {number + 1} has {width} value{'s' * (width != 1)} for {len(columns)} "
                    f"column{'s' * (len(columns) != 1)}.",
                    f"Give a value for each of {', '.join(str(name) for name in columns)}.",
                )
        index = given.get("index")
        if isinstance(index, list) and len(index) != len(rows):
            yield RULE.at(
                place_in(sample, ("input_data", "index")),
                f"The index names {len(index)} row{'s' * (len(index) != 1)}, there are {len(rows)}.",
                "Number every row of `data` once, beginning with 0.",
            )


CHECK = Check(RULE, described=_check)
