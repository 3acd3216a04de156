"""What the SKU rules share: a problem of an allow-list, at the word in the file that causes it."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Edit, Fix, Rule
from azureml_publish.documents import Document
from azureml_publish.documents.edits import remove_items
from azureml_publish.lint.subject import Check, ModelSubject, ProjectSubject
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
    fix = _without_second(document, found) if second else None
    return rule.at(where, f"{message[:1].upper()}{message[1:]}.", found.problem.hint, fix=fix)


def _without_second(document: Document, found: ComputeProblem) -> Fix | None:
    """Takes the second of two equal items out of their list; the first keeps its place in the order."""
    places = document.places_of(found.problem.word, below=found.key_path)
    if len(places) < 2 or places[-1][:-1] != places[0][:-1]:
        return None
    try:
        changed = remove_items(document, places[-1][:-1], [int(places[-1][-1])])
    except (KeyError, ValueError):
        return None
    return Fix((Edit.between(document.text, changed),))
