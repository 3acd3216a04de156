"""Finds two changes that chose the same version: one is on the branch that the other goes into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from azureml_publish.assets import RenderedModel
from azureml_publish.diagnostics import Diagnostic
from azureml_publish.git import Changes, GitFailed, base_of, changes_since
from azureml_publish.lint.built_in import VERSION_ON_BASE
from azureml_publish.pipeline.check import CheckedProject, render
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.since import touched_by
from azureml_publish.project import ModelFolder
from azureml_publish.spec import LocalSource


def find_versions_on_base(run: RunContext, checked: CheckedProject, since: str | None) -> tuple[Diagnostic, ...]:
    """Models whose version a branch has, too, with other content.

    The branch is the revision of `--since`, else where the pull request goes into that is built; without either, and
    where git does not have it, nothing is found. Changed models are rendered here where only findings were kept.
    """
    base = since or base_of(run.environ)
    if checked.project is None or not base:
        return ()
    root = checked.project.root
    try:
        changes = changes_since(root, run.environ, base, parted=False)
    except GitFailed:
        return ()
    touched = touched_by(run, root, changes) if changes is not None else frozenset()
    models = _rendered(replace(run, directory=root), checked, touched)
    if changes is None or not models:
        return ()
    from azureml_publish.pipeline.compare import changed_content  # noqa: PLC0415 - few runs have something to compare

    changed = changed_content(run, root, models, changes.base)
    return tuple(_found(folder, fields, base) for folder, _ in models if (fields := _fields(folder, changed, changes)))


def _rendered(
    run: RunContext, checked: CheckedProject, touched: frozenset[str]
) -> tuple[tuple[ModelFolder, RenderedModel], ...]:
    """The touched models of a check with their renderings."""
    if checked.folders and checked.subject is not None:
        as_of = datetime.combine(checked.subject.as_of, datetime.min.time())
        return render(run, load(run, (), Settings(as_of=as_of, only=touched))).rendered
    return tuple(one for one in checked.rendered if one[0].folder in touched)


def _fields(folder: ModelFolder, kept: Mapping[str, tuple[str, ...]], changes: Changes) -> tuple[str, ...]:
    """What differs that a registered version keeps; of a local source whether git sees a difference."""
    if folder.folder not in kept:
        return ()
    fields = kept[folder.folder]
    if not isinstance(folder.spec.source, LocalSource):
        return fields
    place = (folder.path / folder.spec.source.local).resolve()
    changed = [changes.top / path for path in changes.paths]
    files = any(path.is_relative_to(place) or place.is_relative_to(path) for path in changed)
    return tuple(dict.fromkeys((*fields, "content"))) if files else fields


def _found(folder: ModelFolder, fields: Iterable[str], base: str) -> Diagnostic:
    name, version = folder.spec.name, folder.spec.version
    return VERSION_ON_BASE.at(
        folder.document.location(("version",)),
        f"{base} has {name} {version} as well, with other {', '.join(fields)}.",
        f"One of two changes gets the number. Once {base} is applied, `publish bump {name}` writes the next one.",
    )
