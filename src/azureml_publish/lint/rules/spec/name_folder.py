"""SPEC001: a model that is not called as its folder is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.subject import Check, Described

RULE = Rule("SPEC001", "model-name-not-folder", Severity.INFO, "A model is not called as its folder is.")


def _check(model: Described) -> Iterator[Diagnostic]:
    if model.stated and model.name and _plain(model.name) != _plain(model.folder):
        yield RULE.at(
            model.where("name"),
            f"The folder is called {model.folder}, the model {model.name}.",
            f"Rename the folder to {model.name}, so that people find it; a registered model keeps its name.",
        )


def _plain(text: str) -> str:
    """Letters and digits alone: case and punctuation do not keep anybody from finding a folder."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


CHECK = Check(RULE, described=_check)
