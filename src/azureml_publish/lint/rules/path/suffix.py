"""PATH001: an MLflow model in a container folder that the publishing tools do not look into.

Source: azureml-assets 1.17.8, `prepare_model`: the path of an `mlflow_model` is the copied folder with
`/mlflow_model_folder` behind it, a constant; files in any other folder are not where the asset then points.
"""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.path.origin import origin, place
from azureml_publish.lint.subject import AssetSubject, Check

RULE = Rule(
    "PATH001",
    "mlflow-container-path-suffix",
    Severity.ERROR,
    "The container path of an MLflow model does not end in mlflow_model_folder.",
)

FOLDER = "mlflow_model_folder"


def _check(subject: AssetSubject) -> Iterator[Diagnostic]:
    path = origin(subject)
    folder = path.get("container_path")
    if subject.described.type != "mlflow_model" or path.get("type") != "azureblob" or not isinstance(folder, str):
        return
    if folder.rstrip("/").rpartition("/")[2] != FOLDER:
        yield RULE.at(
            place(subject, ("path", "container_path")),
            f"The container path ends in '{folder.rstrip('/').rpartition('/')[2]}'; publishing points the asset at "
            f"'{FOLDER}' below the copied files, where nothing will be.",
            f"Move the files into a folder {FOLDER}, and end the path with it.",
        )


CHECK = Check(RULE, asset=_check)
