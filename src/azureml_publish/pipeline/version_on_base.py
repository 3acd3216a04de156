"""Finds two changes that chose the same version: one is on the branch that the other goes into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from azureml_publish.diagnostics import Diagnostic
from azureml_publish.documents import parse_yaml
from azureml_publish.git import Changes, GitFailed, base_of, changes_since
from azureml_publish.lint.built_in import VERSION_ON_BASE
from azureml_publish.pipeline.check import CheckedProject
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.since import touched_by
from azureml_publish.project import SPEC_FILE, ModelFolder
from azureml_publish.spec import LocalSource


def find_versions_on_base(run: RunContext, checked: CheckedProject, since: str | None) -> tuple[Diagnostic, ...]:
    """Models whose version a branch has, too, with other content.

    The branch is the revision of `--since`, else where the pull request goes into that is built; without either, and
    where git does not have it, nothing is found.
    """
    base = since or base_of(run.environ)
    if checked.project is None or not base:
        return ()
    root = checked.project.root
    try:
        changes = changes_since(root, run.environ, base, parted=False)
    except GitFailed:
        return ()
    if changes is None:
        return ()
    touched = touched_by(run, root, changes)
    same = [
        folder
        for folder, rendered in checked.rendered
        if folder.folder in touched and _version_before(run, changes, folder) == rendered.asset.version
    ]
    if not same:
        return ()
    from azureml_publish.pipeline.compare import changed_content  # noqa: PLC0415 - few runs get here

    changed = changed_content(run, checked, changes.base, (folder.folder for folder in same))
    return tuple(_found(folder, fields, base) for folder in same if (fields := _fields(folder, changed, changes)))


def _version_before(run: RunContext, changes: Changes, folder: ModelFolder) -> object:
    document, _ = parse_yaml(changes.before(folder.path / SPEC_FILE, run.environ) or "", SPEC_FILE)
    data = document.data if document is not None else None
    return data.get("version") if isinstance(data, dict) and data.get("name") == folder.spec.name else None


def _fields(folder: ModelFolder, kept: Mapping[str, tuple[str, ...]], changes: Changes) -> tuple[str, ...]:
    """What differs that a registered version keeps; of a local source whether git sees a difference."""
    fields = kept.get(folder.folder, ())
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
