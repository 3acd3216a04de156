"""Rules on the tasks of a model."""

from __future__ import annotations

from azureml_publish.diagnostics import Diagnostic, Fix, Location, Severity
from azureml_publish.documents import KeyPath, mapping_of
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.subject import AssetSubject, ModelSubject
from azureml_publish.lint.yaml_fixes import replaced_by
from azureml_publish.spec import meant_task


@rule("SPEC034", "task-misspelled", Severity.ERROR, "A task's name is misspelled.")
def task_misspelled(subject: ModelSubject) -> Findings:
    """A misspelt task: the service accepts it, and nobody finds the model by it."""
    tasks = subject.folder.spec.tasks
    named: list[tuple[KeyPath, str]] = [(("tasks", "inference"), tasks.inference)]
    named += [(("tasks", "finetune", index), name) for index, name in enumerate(tasks.finetune)]
    if subject.folder.spec.mlflow and subject.folder.spec.mlflow.task:
        named.append((("mlflow", "task"), subject.folder.spec.mlflow.task))
    document = subject.folder.document
    for key_path, name in named:
        if name and (meant := meant_task(name)):
            fix = replaced_by(document, key_path, meant, safe=False) if key_path in document.spans else None
            yield _misspelled(document.location(key_path), name, meant, fix)


@task_misspelled.also
def _misspelled_in_asset(subject: AssetSubject) -> Findings:
    for key in ("inferenceTasks", "fineTuningTasks"):
        listed = mapping_of(subject.described.metadata.get("tasks")).get(key)
        for index, name in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(name, str) and (meant := meant_task(name)):
                yield _misspelled(subject.described.where(f"tasks.{key}.{index}"), name, meant, None)


def _misspelled(where: Location, name: str, meant: str, fix: Fix | None) -> Diagnostic:
    return task_misspelled.at(where, f"'{name}' is not the name of a task.", f"Did you mean '{meant}'?", fix=fix)
