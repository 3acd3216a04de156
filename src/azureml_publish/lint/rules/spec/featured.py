"""SPEC018: a model that the catalogue recommends and nobody may use any more."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.spec.deadlines import retired_on
from azureml_publish.lint.subject import Check, Described

RULE = Rule("SPEC018", "featured-and-retired", Severity.WARNING, "A model is featured, and archived or retired.")


def _check(model: Described) -> Iterator[Diagnostic]:
    day = retired_on(model)
    if model.metadata.get("featured") is True and (model.archived or day is not None):
        what = "archived" if model.archived else f"retired since {day}"
        yield RULE.at(
            model.where("featured"),
            f"The model is featured and {what}.",
            "Take featured away, so that nobody is led to it.",
        )


CHECK = Check(RULE, described=_check)
