"""PATH005: an MLflow model without its MLmodel file beside the spec."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.path.origin import place
from azureml_publish.lint.subject import AssetSubject, Check

RULE = Rule("PATH005", "mlmodel-missing", Severity.WARNING, "An MLflow model's folder holds no MLmodel.")


def _check(subject: AssetSubject) -> Iterator[Diagnostic]:
    described = subject.described
    if described.type == "mlflow_model" and "MLmodel" not in described.files:
        yield RULE.at(
            place(subject, ("publish", "type")),
            "The folder of an MLflow model holds no MLmodel, so nobody sees its signature and flavours.",
            "Copy MLmodel from the model's files, in exactly this spelling.",
        )


CHECK = Check(RULE, asset=_check)
