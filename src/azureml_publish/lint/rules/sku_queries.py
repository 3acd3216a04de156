"""Rules on presets and queries."""

from __future__ import annotations

from azureml_publish.diagnostics import Severity
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.subject import ModelSubject, ProjectSubject
from azureml_publish.lint.written_skus import list_problems
from azureml_publish.lint.yaml_fixes import replaced_by
from azureml_publish.skus.lists import own_lists
from azureml_publish.skus.query import ProblemKind


@rule("SKU006", "sku-list-not-preset", Severity.INFO, "A list is the same as a preset.")
def sku_list_not_preset(subject: ModelSubject) -> Findings:
    """A literal list that equals a preset of the project."""
    presets = {selection.names: name for name, selection in reversed(tuple(subject.project.presets.items()))}
    for use in own_lists(subject.folder):
        name = presets.get(use.body) if isinstance(use.body, tuple) else None
        if name is not None:
            yield sku_list_not_preset.at(
                subject.folder.document.location(use.key_path),
                f"The list names the sizes of the preset '{name}', in its order.",
                f"Write {use.key_path[-1]}: {name}.",
                fix=replaced_by(subject.folder.document, use.key_path, name),
            )


@rule("SKU007", "preset-unknown", Severity.ERROR, "A spec names a preset that publish.yaml does not define.")
def preset_unknown(subject: ModelSubject) -> Findings:
    """A preset that `publish.yaml` does not define."""
    for unknown in subject.compute.unknown_presets:
        known = " or ".join(unknown.suggestions[:3])
        message = f"publish.yaml defines no preset '{unknown.name}'."
        hint = f"Did you mean {known}? Or define it below `presets`." if known else "Define it below `presets`."
        yield preset_unknown.at(subject.folder.document.location(unknown.key_path), message, hint)


@rule("SKU008", "sku-query-empty", Severity.ERROR, "A query selects no size.")
def sku_query_empty(subject: ModelSubject | ProjectSubject) -> Findings:
    """A query that selects no size."""
    yield from list_problems(sku_query_empty, subject, "empty")


@rule("SKU009", "sku-query-idle", Severity.WARNING, "A word of a query has no effect, or cannot be evaluated.")
def sku_query_idle(subject: ModelSubject | ProjectSubject) -> Findings:
    """Words of a query that have no effect."""
    kinds: tuple[ProblemKind, ...] = ("contradiction", "unknown_figure", "retired_include", "idle_exclude")
    yield from list_problems(sku_query_idle, subject, *kinds)
