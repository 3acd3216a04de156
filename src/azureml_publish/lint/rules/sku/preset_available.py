"""SKU006: a literal list that a preset of the project says already."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.spec.native_types import replaced_by
from azureml_publish.lint.subject import Check, ModelSubject
from azureml_publish.skus.lists import own_lists

RULE = Rule("SKU006", "sku-list-not-preset", Severity.INFO, "A list says what a preset says.")


def _check(subject: ModelSubject) -> Iterator[Diagnostic]:
    presets = {selection.names: name for name, selection in reversed(tuple(subject.project.presets.items()))}
    for use in own_lists(subject.folder):
        name = presets.get(use.body) if isinstance(use.body, tuple) else None
        if name is not None:
            yield RULE.at(
                subject.folder.document.location(use.key_path),
                f"The list names the sizes of the preset '{name}', in its order.",
                f"Write {use.key_path[-1]}: {name}.",
                fix=replaced_by(subject.folder.document, use.key_path, name),
            )


CHECK = Check(RULE, model=_check)
