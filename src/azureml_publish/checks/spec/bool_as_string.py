"""SPEC010: true or false as text in the system metadata, whose types are native. Tags are text, so they may."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.checks.spec.native_types import BOOLEANS, replaced, texts
from azureml_publish.checks.spec.removal import MANY
from azureml_publish.checks.subject import AssetSubject, Check
from azureml_publish.diagnostics import Diagnostic, Rule, Severity

RULE = Rule("SPEC010", "bool-as-string", Severity.WARNING, "A truth value of the system metadata is text.")


def _check(subject: AssetSubject) -> Iterator[Diagnostic]:
    written = list(texts(subject, BOOLEANS))
    for key_path, text in written:
        value = {"true": True, "false": False}.get(text.strip().lower())
        if value is not None:
            yield RULE.at(
                subject.place(key_path),
                f"{key_path[-1]} is the text '{text}', not a truth value.",
                f"Write {key_path[-1]}: {text.strip().lower()}, without quotes.",
                fix=replaced(subject, key_path, value) if len(written) <= MANY else None,
            )


CHECK = Check(RULE, asset=_check)
