"""SMPL001: a sample that is not JSON. Sample files are read with their model folder; here are the fences of cards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.lint.rules.sample.reading import NotJsonError, is_elided, json_texts, parse_sample
from azureml_publish.lint.subject import Check, Described
from azureml_publish.project import BROKEN_SAMPLE

RULE = BROKEN_SAMPLE


def _check(model: Described) -> Iterator[Diagnostic]:
    for sample in json_texts(model):
        try:
            parse_sample(sample.text)
        except NotJsonError as error:
            if sample.name != "input" and is_elided(sample.text):
                continue
            found = RULE.at(
                sample.place(error.line, error.column),
                f"The sample is not JSON: {error}.",
                "Mend the JSON here or just before; for what is no JSON write another word behind the fence's ```.",
            )
            # A card can be shown as it is; a file that is no JSON cannot be read at all.
            yield replace(found, severity=Severity.WARNING)


CHECK = Check(RULE, described=_check)
