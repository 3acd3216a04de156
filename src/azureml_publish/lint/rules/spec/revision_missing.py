"""SPEC032: files from the Hub, and nobody says of which commit."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.subject import Check, Described

RULE = Rule("SPEC032", "revision-missing", Severity.INFO, "No commit is stated for a model of the Hub.")


def _check(model: Described) -> Iterator[Diagnostic]:
    hub_id = model.metadata.get("huggingFaceModelId")
    if isinstance(hub_id, str) and hub_id and model.commit is None and not model.archived:
        yield RULE.at(
            model.where("huggingFaceModelId"),
            f"Nobody can tell which commit of {hub_id} this is.",
            f"State it as {'the property SHA' if model.stated else 'source.revision'}, 40 hexadecimal digits.",
        )


CHECK = Check(RULE, described=_check)
