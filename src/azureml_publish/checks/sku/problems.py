"""What the SKU rules share: a problem of an allow-list, at the word in the file that causes it."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.checks.subject import Check, ModelSubject, ProjectSubject
from azureml_publish.diagnostics import Diagnostic, Rule
from azureml_publish.documents import Document
from azureml_publish.skus.compute import ComputeProblem, preset_problems
from azureml_publish.skus.query import ProblemKind


def sku_check(rule: Rule, *kinds: ProblemKind) -> Check:
    """A check that reports the problems of some kinds, of presets in `publish.yaml` and of each model's own lists."""

    def of_model(subject: ModelSubject) -> Iterator[Diagnostic]:
        for found in subject.compute.problems:
            if found.problem.kind in kinds:
                yield _report(rule, subject.folder.document, found)

    def of_project(subject: ProjectSubject) -> Iterator[Diagnostic]:
        for found in preset_problems(subject.presets):
            if found.problem.kind in kinds:
                yield _report(rule, subject.project.document, found)

    return Check(rule, model=of_model, project=of_project)


def _report(rule: Rule, document: Document, found: ComputeProblem) -> Diagnostic:
    message = found.problem.message
    second = found.problem.kind == "duplicate"
    where = document.location_of(found.problem.word, below=found.key_path, last=second)
    return rule.at(where, f"{message[:1].upper()}{message[1:]}.", found.problem.hint)
