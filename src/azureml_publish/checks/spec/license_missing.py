"""SPEC008: nobody may use a model whose licence nobody states."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.checks.subject import Check, ModelSubject
from azureml_publish.diagnostics import Diagnostic, Rule, Severity

RULE = Rule("SPEC008", "license-missing", Severity.ERROR, "The spec states no licence.")


def _check(subject: ModelSubject) -> Iterator[Diagnostic]:
    if not (subject.folder.spec.license or "").strip():
        yield RULE.at(
            subject.folder.document.location(("license",)),
            "The spec states no licence.",
            "Write the identifier on the model's Hub page, for example license: apache-2.0.",
        )


CHECK = Check(RULE, model=_check)
