"""SMPL005: an MLmodel file without a signature: MLflow checks no input, and clients learn of no types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.subject import Check, Described

RULE = Rule("SMPL005", "signature-missing", Severity.INFO, "MLmodel states no signature.")


def _check(model: Described) -> Iterator[Diagnostic]:
    document = model.mlmodel
    if document is None or not isinstance(document.data, Mapping) or document.data.get("signature"):
        return
    yield RULE.at(
        document.location(("signature",)),
        "MLmodel states no signature, so nothing checks an input before the model sees it.",
        "Log the model with an input example or a signature (mlflow.models.infer_signature).",
    )


CHECK = Check(RULE, described=_check)
