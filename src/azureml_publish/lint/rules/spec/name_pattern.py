"""SPEC002: a registry takes only certain names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.lint.subject import AssetSubject, Check, ModelSubject

RULE = Rule("SPEC002", "name-pattern", Severity.ERROR, "The name is not one that a registry takes.")

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}")
"""Names in Azure's own catalogue, such as Phi-3.5-mini-instruct, and the pattern of its public asset repository."""


def _of_model(subject: ModelSubject) -> Iterator[Diagnostic]:
    yield from _check(subject.folder.spec.name, subject.folder.document.location(("name",)))


def _of_asset(subject: AssetSubject) -> Iterator[Diagnostic]:
    yield from _check(subject.described.name, subject.place(("name",)))


def _check(name: str, where: Location) -> Iterator[Diagnostic]:
    if _NAME.fullmatch(name):
        return
    mended = re.sub(r"[^a-zA-Z0-9._-]+", "-", name).strip("._-")[:255] or "my-model"
    yield RULE.at(
        where,
        f"A registry does not take the name '{name}'.",
        f"Use letters, digits, '-', '_' and '.', at most 255, beginning with a letter or digit: {mended}.",
    )


CHECK = Check(RULE, model=_of_model, asset=_of_asset)
