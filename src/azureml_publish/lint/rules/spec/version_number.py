"""SPEC003: registry versions are whole numbers from 1."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.spec.native_types import number, replaced
from azureml_publish.lint.subject import AssetSubject, Check, ModelSubject

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


def _of_asset(subject: AssetSubject) -> Iterator[Diagnostic]:
    version = subject.described.version
    if isinstance(version, int) and not isinstance(version, bool) and 1 <= version <= LARGEST:
        return
    meant = number(version) if isinstance(version, str) else None
    sound = meant is not None and 1 <= meant <= LARGEST
    yield RULE.at(
        subject.place(("version",)),
        f"{version!r} cannot be a registry's version." if version is not None else "The asset YAML states no version.",
        f"Write version: {meant}, without quotes." if sound else "Write a whole number from 1.",
        fix=replaced(subject, ("version",), meant) if sound and meant is not None else None,
    )


CHECK = Check(RULE, model=_check, asset=_of_asset)
