"""Loads a project: its files, the catalogue of sizes, and the selected models. Every verb begins here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from azureml_publish.assets import LayoutName
from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.globs import matches_any
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.selection import name_models
from azureml_publish.pipeline.shards import Shard
from azureml_publish.pipeline.since import touched_since
from azureml_publish.project import (
    ModelFolder,
    Project,
    ReadFolder,
    UnsoundProject,
    find_root,
    load_project,
    read_folder,
    read_optional,
    select_models,
    written_name,
)
from azureml_publish.skus.catalogue import Catalogue, load_catalogue
from azureml_publish.skus.compute import resolve_presets
from azureml_publish.skus.overlay import OVERLAY_FILE, merge, read_overlay

if TYPE_CHECKING:
    from azureml_publish.lint.engine import ProjectSubject


@dataclass(frozen=True, slots=True)
class Settings:
    """What the options say about a run.

    Attributes:
        layout: of the metadata.
        as_of: the day as of which sizes are retired.
        since: only models that a change since this commit concerns.
        only: only models of these folders.
        shard: only this part of them.
    """

    layout: LayoutName | None = None
    as_of: datetime | None = None
    since: str | None = None
    only: frozenset[str] | None = None
    shard: Shard | None = None

    @property
    def partial(self) -> bool:
        """Whether models were left out that patterns would select."""
        return self.since is not None or self.only is not None or self.shard is not None


@dataclass(frozen=True, slots=True)
class LoadedProject:
    """A project as it was read.

    Attributes:
        subject: the project with catalogue and presets; None where `publish.yaml` cannot be used.
        folders: the selected model folders, as far as they can be read.
        found: the findings in the selected files.
        layout: the layout of the options, which goes before the project's own.
        patterns: what selected them, over the names of models; none means all.
    """

    subject: ProjectSubject | None
    folders: tuple[ModelFolder, ...]
    found: tuple[Diagnostic, ...]
    layout: LayoutName | None = None
    patterns: tuple[str, ...] = ()

    def require_project(self) -> Project:
        """The project, where `publish.yaml` can be used.

        Raises:
            UnsoundProject: it cannot.
        """
        if self.subject is None:
            raise UnsoundProject(tuple(one for one in self.found if one.severity is Severity.ERROR), 0)
        return self.subject.project


def load(run: RunContext, patterns: Iterable[str], settings: Settings, read: ReadFolder = read_folder) -> LoadedProject:
    """Read the project at or above the run's folder, and select models; without patterns all are meant.

    `read` reads each model folder.

    Raises:
        UsageProblem: there is no project here.
        NotFound: a pattern matches no model, or git does not know the commit.
    """
    root = find_root(run.directory)
    with run.events.stage("load"):
        return _load(run, root, patterns, settings, read)


def _load(run: RunContext, root: Path, patterns: Iterable[str], settings: Settings, read: ReadFolder) -> LoadedProject:
    chosen = name_models(patterns, run.directory, root)
    only = settings.only if settings.since is None else touched_since(run, root, settings.since)
    project, found = load_project(root, read, _meant(chosen, only))
    if project is None:
        return LoadedProject(None, (), found)
    folders = select_models(project, chosen)
    if only is not None:
        folders = tuple(folder for folder in folders if folder.folder in only)
    if settings.shard is not None:
        folders = settings.shard.of(folders)
    catalogue, wrong = read_catalogue(root)
    subject = subject_of(project, catalogue, day_of(run, settings.as_of))
    about = (one for one in found if _concerns(one, project, chosen, folders, only))
    return LoadedProject(subject, folders, (*about, *wrong), settings.layout, chosen)


def _meant(patterns: Sequence[str], only: frozenset[str] | None) -> Callable[[Path], bool] | None:
    """Which model folders are to be read; None for all."""
    if not patterns:
        return None if only is None else lambda path: path.name in only

    def is_meant(path: Path) -> bool:
        return matches_any(path.name, patterns) or (name := written_name(path)) is None or matches_any(name, patterns)

    return is_meant


def subject_of(project: Project, catalogue: Catalogue, as_of: date) -> ProjectSubject:
    """A project as checks and rendering see it on a day."""
    # It brings all rules along, and verbs that only read registries start without them.
    from azureml_publish.lint.engine import ProjectSubject  # noqa: PLC0415

    return ProjectSubject(project, catalogue, resolve_presets(project.config, catalogue, as_of), as_of)


def day_of(run: RunContext, as_of: datetime | None) -> date:
    """The day as of which sizes count as retired: that of `--as-of`, else today."""
    return as_of.date() if as_of else run.today


def read_catalogue(root: Path) -> tuple[Catalogue, tuple[Diagnostic, ...]]:
    """The catalogue of sizes with the project's overlay in it, where the project has one."""
    catalogue = load_catalogue()
    text, found = read_optional(root, OVERLAY_FILE)
    if text is None:
        return catalogue, found
    rows, wrong = read_overlay(text, OVERLAY_FILE)
    merged, contradictions = merge(catalogue, rows)
    return merged, (*found, *wrong, *contradictions)


def _concerns(
    found: Diagnostic,
    project: Project,
    patterns: Sequence[str],
    chosen: Iterable[ModelFolder],
    only: frozenset[str] | None,
) -> bool:
    """Whether a finding is in the selection: in the project's own files, or in a model that a pattern matches."""
    top, _, rest = found.location.path.partition("/")
    folder = rest.partition("/")[0]
    if top != "models" or not rest or folder in {model.folder for model in chosen}:
        return True
    if only is not None and folder not in only:
        return False
    return folder in project.unreadable and (not patterns or matches_any(folder, patterns))
