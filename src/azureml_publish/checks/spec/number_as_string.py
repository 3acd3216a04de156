"""SPEC011: a whole number as text in the system metadata, whose types are native. Tags are text, so they may."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.checks.spec.native_types import NUMBERS, number, replaced, texts
from azureml_publish.checks.spec.removal import MANY
from azureml_publish.checks.subject import AssetSubject, Check
from azureml_publish.diagnostics import Diagnostic, Rule, Severity

RULE = Rule("SPEC011", "number-as-string", Severity.WARNING, "A number of the system metadata is text.")


def _check(subject: AssetSubject) -> Iterator[Diagnostic]:
    written = list(texts(subject, NUMBERS))
    for key_path, text in written:
        value = number(text)
        if value is not None:
            yield RULE.at(
                subject.place(key_path),
                f"{key_path[-1]} is the text '{text}', not a number.",
                f"Write {key_path[-1]}: {value}, without quotes.",
                fix=replaced(subject, key_path, value) if len(written) <= MANY else None,
            )


CHECK = Check(RULE, asset=_check)
