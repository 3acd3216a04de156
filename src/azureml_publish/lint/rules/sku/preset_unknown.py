"""SKU007: a preset that `publish.yaml` does not define."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.subject import Check, ModelSubject

RULE = Rule("SKU007", "preset-unknown", Severity.ERROR, "A spec names a preset that publish.yaml does not define.")


def _check(subject: ModelSubject) -> Iterator[Diagnostic]:
    for unknown in subject.compute.unknown_presets:
        known = " or ".join(unknown.suggestions[:3])
        yield RULE.at(
            subject.folder.document.location(unknown.key_path),
            f"publish.yaml defines no preset '{unknown.name}'.",
            f"Did you mean {known}? Or define it below `presets`." if known else "Define it below `presets`.",
        )


CHECK = Check(RULE, model=_check)
