"""SPEC015: a page that the metadata names and that is not in the folder."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic
from azureml_publish.lint.subject import AssetSubject, Check
from azureml_publish.project import MISSING_FILE
from azureml_publish.spec import PAGE_KEYS

RULE = MISSING_FILE


def _check(subject: AssetSubject) -> Iterator[Diagnostic]:
    described = subject.described
    for key in PAGE_KEYS:
        name = described.metadata.get(key)
        if isinstance(name, str) and name.endswith(".md") and name not in described.files:
            hint = f"Add {name} to the folder, or mend the name."
            yield RULE.at(described.where(key), f"{subject.read.asset.shown}/{name} is not there.", hint)


CHECK = Check(RULE, asset=_check)
