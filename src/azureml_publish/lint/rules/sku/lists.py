"""What the rules on retirement and figures share: each allow-list once, with the document that it is written in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from azureml_publish.diagnostics import Diagnostic, Rule
from azureml_publish.documents import Document
from azureml_publish.lint.subject import Check, ModelSubject, ProjectSubject
from azureml_publish.skus.lists import ListUse, own_lists

Look = Callable[[ProjectSubject, ListUse, Document], Iterator[Diagnostic]]


def list_check(rule: Rule, look: Look) -> Check:
    """A check that looks at every preset of the project, and at each model's own lists."""

    def of_project(subject: ProjectSubject) -> Iterator[Diagnostic]:
        project = subject.project
        for name, body in project.config.presets.items():
            use = ListUse(project.document.path, ("presets", name), name, body, ())
            yield from look(subject, use, project.document)

    def of_model(subject: ModelSubject) -> Iterator[Diagnostic]:
        for use in own_lists(subject.folder):
            yield from look(subject.project, use, subject.folder.document)

    return Check(rule, model=of_model, project=of_project)
