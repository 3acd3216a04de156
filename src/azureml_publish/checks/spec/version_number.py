"""SPEC003: registry versions are whole numbers from 1."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.checks.subject import Check, ModelSubject
from azureml_publish.diagnostics import Diagnostic, Rule, Severity

RULE = Rule("SPEC003", "version-not-positive", Severity.ERROR, "The version is not a whole number from 1.")

LARGEST = 2**31 - 1


def _check(subject: ModelSubject) -> Iterator[Diagnostic]:
    version = subject.folder.spec.version
    if not 1 <= version <= LARGEST:
        yield RULE.at(
            subject.folder.document.location(("version",)),
            f"{version} cannot be a registry's version.",
            "Begin with 1; `publish bump` writes the next free one.",
        )


CHECK = Check(RULE, model=_check)
