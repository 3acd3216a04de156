"""SMPL002: a sample input that names other columns than MLflow's signature, which refuses it before the model runs.

Source: MLflow, Model Signature: column names are matched, missing required ones and unknown types are errors
(https://mlflow.org/docs/latest/ml/model/signatures/).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.sample.reading import Column, inputs, place_in, signature
from azureml_publish.lint.subject import Check, Described

RULE = Rule(
    "SMPL002", "sample-signature-mismatch", Severity.ERROR, "A sample input is not what MLflow's signature takes."
)


def _check(model: Described) -> Iterator[Diagnostic]:
    columns = signature(model.mlmodel)
    if columns is None:
        return
    for sample, data in inputs(model):
        given = data.get("input_data") if isinstance(data, Mapping) else None
        if given is not None and (wrong := _mismatch(given, columns)):
            yield RULE.at(place_in(sample, ("input_data",)), *wrong)


def _mismatch(given: Any, columns: Sequence[Column]) -> tuple[str, str] | None:
    """Message and mend where an input has not the columns of a signature. What cannot be judged is let pass."""
    names = [column.name for column in columns]
    named = _names(given)
    wanted = _quoted(names)
    if not any(names):
        if named:
            return (
                f"The sample input has the columns {_quoted(named)}; MLflow's signature takes values without names.",
                f'Write a list: "input_data": [...] with a {columns[0].type} in each place.',
            )
        return None
    if named is None:
        return (
            None
            if len(columns) == 1
            else (
                f"The sample input names no columns; MLflow's signature takes {wanted}.",
                'Write {"columns": [...], "index": [...], "data": [[...], ...]}, or one list a column.',
            )
        )
    missing = [column.name for column in columns if column.required and column.name not in named]
    extra = [name for name in named if name not in names]
    if not missing and not extra:
        return None
    parts = [f"lacks {_quoted(missing)}"] if missing else []
    parts += [f"has {_quoted(extra)}"] if extra else []
    return (
        f"The sample input {' and '.join(parts)}; MLflow's signature takes {wanted}.",
        "Name the columns as the signature in MLmodel does, or mend the signature.",
    )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _names(given: Any) -> list[str] | None:
    """The columns that an input names: split-oriented, a map by column, or a list of records; None: no names."""
    if isinstance(given, Mapping):
        columns = given.get("columns", list(given))
        return [str(name) for name in columns] if isinstance(columns, list) else None
    if isinstance(given, list) and given and all(isinstance(row, Mapping) for row in given):
        return list(dict.fromkeys(str(name) for row in given for name in row))
    return None


CHECK = Check(RULE, described=_check)
