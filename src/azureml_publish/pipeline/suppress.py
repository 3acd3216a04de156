"""Collects the suppressions of a project, wherever they are written, and applies them to the findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from azureml_publish.diagnostics import Diagnostic, Edit, Fix, Severity
from azureml_publish.documents import Document, KeyPath, decode, value_at
from azureml_publish.documents.edits import remove_items
from azureml_publish.files import UnusableFile, read_file
from azureml_publish.globs import escaped
from azureml_publish.lint.rule_book import always_looks, rulebook
from azureml_publish.lint.suppression_comments import comment_suppressions
from azureml_publish.lint.suppressions import UNKNOWN, Suppressed, Suppression, apply_suppressions
from azureml_publish.project import ModelFolder, Project, shown_path

MOST_PARSED = 2_000_000
"""Characters to parse for the fixes that remove entries of one list: the file is parsed again for each."""


def suppressed(
    project: Project, own: Iterable[Suppression], found: Iterable[Diagnostic], *, whole: bool
) -> tuple[tuple[Diagnostic, ...], tuple[Suppressed, ...]]:
    """What is reported, with what is wrong with suppressions, and what is suppressed.

    A suppression can only be reported as unused where everything that it may mean was looked at: its model was read and
    rendered, and for those of the project and its templates every model was (`whole`). Those of online rules never
    are, because not every run is online, and not every answer comes. `own` are those of the models.
    """
    found = _graded(project, found)
    return apply_suppressions(found, [*_of_project(project, whole=whole), *own], rulebook(), always_looks)


def _graded(project: Project, found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The findings as serious as `lint.severity` says; those that are off are left out.

    What cannot be suppressed is as serious as it is: it says what a model is, or that no other rule could look.
    """
    book, written = rulebook(), project.config.lint.severity
    for selector in written:
        if not book.selects(selector):
            where = project.document.location(("lint", "severity", selector))
            yield UNKNOWN.at(where, f"There is no rule '{selector}' to give a severity.", book.close_to(selector))
    for one in found:
        chosen = max((each for each in written if one.code in book.selects(each)), key=len, default=None)
        severity = written[chosen] if chosen is not None and book.is_optional(one) else one.severity
        if severity != "off":
            yield one if severity == one.severity else replace(one, severity=Severity(severity))


def raised(project: Project) -> frozenset[str]:
    """Codes of the rules whose findings the project makes errors, so that plan and apply look for them too."""
    made = [selector for selector, severity in project.config.lint.severity.items() if severity == "error"]
    return frozenset().union(*(rulebook().selects(selector) for selector in made))


def _of_project(project: Project, *, whole: bool) -> Iterator[Suppression]:
    for index, one in enumerate(project.config.lint.silence):
        key_path: KeyPath = ("lint", "silence", index)
        where = project.document.location((*key_path, "rule"))
        fix = _removal(project.document, key_path)
        yield Suppression(one.rule, one.reason, where, one.path, judged=whole, fix=fix)
    for path in sorted(project.templates.rglob("*.j2")) if project.templates.is_dir() else ():
        text = _text(path, project.root)
        if text is not None:
            yield from comment_suppressions(text, shown_path(project.root, path), judged=whole)


def of_model(folder: ModelFolder, *, judged: bool) -> Iterator[Suppression]:
    """The suppressions that a model folder holds; `judged`: it was rendered, so that all rules looked at it."""
    for index, one in enumerate(folder.spec.silence):
        key_path: KeyPath = ("silence", index)
        where = folder.document.location((*key_path, "rule"))
        fix = _removal(folder.document, key_path)
        yield Suppression(one.rule, one.reason, where, f"models/{escaped(folder.folder)}/**", judged=judged, fix=fix)
    yield from comment_suppressions(folder.card, folder.card_path, judged=judged)


def _removal(document: Document, key_path: KeyPath) -> Fix | None:
    if len(value_at(document.data, key_path[:-1])) * len(document.text) > MOST_PARSED:
        return None
    try:
        changed = remove_items(document, key_path[:-1], [int(key_path[-1])])
    except (KeyError, ValueError):
        return None
    return Fix((Edit.between(document.text, changed),))


def _text(path: Path, root: Path) -> str | None:
    """A template's text; None where rendering reports that it cannot be read."""
    try:
        return decode(read_file(path, root), path.name)[0]
    except UnusableFile:
        return None
