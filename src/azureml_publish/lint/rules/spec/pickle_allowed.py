"""SPEC050: whoever loads a pickle runs the code in it."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.subject import Check, ModelSubject

RULE = Rule("SPEC050", "pickle-allowed", Severity.WARNING, "The source may publish pickles.")


def _check(subject: ModelSubject) -> Iterator[Diagnostic]:
    if subject.folder.spec.source.allow_pickle:
        yield RULE.at(
            subject.folder.document.location(("source", "allow_pickle")),
            "Pickles may be published, which run code on whoever loads them.",
            "Publish safetensors, and take allow_pickle out; keep it only for files whose makers you trust.",
        )


CHECK = Check(RULE, model=_check)
