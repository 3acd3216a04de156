"""Logs a model to a tracking server, as training does: `python logged.py URI FILE`; FILE says where it is."""

import json
import sys
from pathlib import Path

import mlflow
from mlflow.pyfunc import PythonModel


class Echo(PythonModel):  # type: ignore[misc]
    """Answers what it is asked."""

    def predict(self, context, model_input, params=None):  # noqa: ARG002
        return model_input


def main(server: str) -> None:
    """Log a file and a model, register the model, and give it an alias."""
    mlflow.set_tracking_uri(server)
    Path("notes.txt").write_text("hello" * 1000)
    with mlflow.start_run() as run:
        mlflow.log_artifact("notes.txt", "deep/er")
        model = mlflow.pyfunc.log_model(
            name="model", python_model=Echo(), registered_model_name="echo", pip_requirements=["mlflow"]
        )
        mlflow.MlflowClient().set_registered_model_alias("echo", "best", "1")
        told = {"run": run.info.run_id, "logged": model.model_uri}
    Path(sys.argv[2]).write_text(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
