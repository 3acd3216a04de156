"""SPEC017: a model that is retired and still shown."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.spec.deadlines import RETIREMENT, retired_on
from azureml_publish.lint.subject import Check, Described

RULE = Rule("SPEC017", "retired-not-archived", Severity.WARNING, "A retired model is not archived.")


def _check(model: Described) -> Iterator[Diagnostic]:
    day = retired_on(model)
    if day is not None and not model.archived:
        yield RULE.at(
            model.where(RETIREMENT),
            f"Inference ended on {day}, and the model is not archived.",
            f"Write {'isArchived' if model.stated else 'archived'}: true, or mend the date.",
        )


CHECK = Check(RULE, described=_check)
