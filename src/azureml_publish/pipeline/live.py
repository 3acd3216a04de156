"""A project that is looked at again and again: only what changed is read, rendered and checked."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TypeAlias

from azureml_publish.diagnostics import Diagnostic, model_folder
from azureml_publish.errors import PublishError
from azureml_publish.pipeline.check import CheckedModel, CheckedProject, Memory, check, render
from azureml_publish.pipeline.load import LoadedProject, Settings, load
from azureml_publish.pipeline.run import RunContext, Spreading
from azureml_publish.project import CONFIG_FILE, ModelFolder, find_root, read_folder
from azureml_publish.skus.overlay import OVERLAY_FILE
from azureml_publish.spec import LocalSource

Stamp: TypeAlias = tuple[tuple[str, int, int, int], ...]
"""Differs when files changed: path, time of change in nanoseconds, bytes, number. Links are not followed."""

MODELS = "models"
"""The folder of the model folders, below a project."""

SHARED = (CONFIG_FILE, OVERLAY_FILE, "templates")
"""What all models are made from, below a project."""

_MOST_VIEWED = 4
"""Models that were viewed last, and are checked before all others."""


@dataclass(frozen=True, slots=True)
class Look:
    """A project as it was at one time.

    Attributes:
        number: grows with each look.
        loaded: its files.
        found: what is reported so far.
        checked: the check of all models; None until it is through.
        reports: what came of each model that was checked, by folder.
        changed: the folders that are others than a look before, or look another way; None for all.
        failure: why the project could not be looked at; the rest is of the last look that went well.
    """

    number: int
    loaded: LoadedProject
    found: tuple[Diagnostic, ...]
    checked: CheckedProject | None = None
    reports: Mapping[str, CheckedModel] = field(default_factory=dict)
    changed: frozenset[str] | None = None
    failure: PublishError | None = None

    def report(self, folder: ModelFolder) -> CheckedModel | None:
        """What came of a model; None where it is still to be checked."""
        known = self.reports.get(folder.folder)
        return known if known is not None and known.folder is folder else None

    def findings(self) -> dict[str, tuple[Diagnostic, ...]]:
        """What is reported of each model folder, those that cannot be read among them; all else is under ""."""
        reported = frozenset(self.found)
        sorted_out: dict[str, dict[Diagnostic, None]] = {}
        owned: set[Diagnostic] = set()
        for folder in self.loaded.folders:
            report = self.report(folder)
            own = [one for one in report.found if one in reported] if report is not None else []
            sorted_out[folder.folder] = dict.fromkeys(own)
            owned.update(own)
        for one in self.found:
            if one not in owned:
                sorted_out.setdefault(model_folder(one.location.path), {})[one] = None
        return {folder: tuple(sorted(found, key=_in_file)) for folder, found in sorted_out.items() if found}


class LiveProject:
    """Looks at a project again and again. One thread looks; others may read `now` and call `report`.

    Rules have a limit of time in the main thread alone (`lint.limits`), so that one has to look.
    """

    def __init__(
        self,
        run: RunContext,
        patterns: Iterable[str] = (),
        settings: Settings | None = None,
        today: Callable[[], date] | None = None,
    ) -> None:
        """Read the project for the first time.

        Args:
            patterns: what selects models; none means all.
            settings: the layout, and a day that `today` does not change.
            today: the day of each look. [default: that of the run]

        Raises:
            UsageProblem: there is no project here.
            NotFound: a pattern means no model.
        """
        self.root = find_root(run.directory)
        self.run = run
        self.patterns = tuple(patterns)
        self.settings = settings or Settings()
        self._today = today or (lambda: run.today)
        self._viewed: deque[str] = deque(maxlen=_MOST_VIEWED)
        self._memory, self._shared = Memory(), stamp_of(self.root / name for name in SHARED)
        self._kept: dict[Path, tuple[Stamp, Stamp, tuple[ModelFolder | None, tuple[Diagnostic, ...]]]] = {}
        self._aside = threading.Lock()
        loaded = self._load()
        self.now = Look(0, loaded, loaded.found)

    @property
    def outdated(self) -> bool:
        """Whether another day has begun since the last look, on which other sizes may be retired."""
        return self._today() != self.run.today

    @property
    def folders(self) -> frozenset[Path]:
        """All that models are made from, whole folders mostly: `models/`, `templates/`, and local sources elsewhere."""
        own = {self.root / MODELS, self.root / "templates"}
        sources = {path for one in self.now.loaded.folders if (path := _local_source(one)) is not None}
        return frozenset(own | {path for path in sources if not any(path.is_relative_to(top) for top in own)})

    def look(self, begun: Callable[[], None] = lambda: None, early: Callable[[Look], None] = lambda _: None) -> Look:
        """Read, render and check what changed since the last look.

        Args:
            begun: is called once other processes have begun with many models; see `check`.
            early: is given a look at the models that somebody views, where something changed that all models share:
                checking them all takes longer than anybody waits.
        """
        try:
            self.now = self._look(begun, early)
        except PublishError as error:  # its file is gone for a moment, or a pattern means no model any more
            self.now = replace(self.now, number=self.now.number + 1, changed=None, failure=error)
        return self.now

    def _look(self, begun: Callable[[], None], early: Callable[[Look], None]) -> Look:
        before, shared = self.now, stamp_of(self.root / name for name in SHARED)
        if shared != self._shared or self.outdated:
            self.run = replace(self.run, today=self._today())
            self._memory, self._shared = Memory(), shared
        loaded = self._load()
        if before.checked is not None and loaded.folders and not self._memory.models:
            viewed = tuple(folder for folder in loaded.folders if folder.folder in self._viewed)
            found = check(self.run, replace(loaded, folders=viewed), memory=self._memory).found
            self.now = Look(before.number + 1, loaded, found, reports=dict(self._memory.models))
            early(self.now)
        checked = check(self.run, loaded, memory=self._memory, begun=begun)
        there = {folder.folder for folder in loaded.folders}
        for gone in self._memory.models.keys() - there:
            del self._memory.models[gone]
        # From now on this process has threads, and would start each other one with all imports.
        self.run = replace(self.run, spreading=Spreading(jobs=1))
        look = Look(self.now.number + 1, loaded, checked.found, checked, dict(self._memory.models))
        return replace(look, changed=_changed(before, look))

    def report(self, folder: ModelFolder) -> CheckedModel:
        """What comes of a model; it is only rendered, where the check of all models is not through."""
        if folder.folder not in self._viewed:
            self._viewed.append(folder.folder)
        known = self.now.report(folder)
        if known is not None:
            return known
        with self._aside:  # with templates of its own: those of the other thread are at work
            return render(self.run, replace(self.now.loaded, folders=(folder,), found=())).models[0]

    def _load(self) -> LoadedProject:
        return load(self.run, self.patterns, self.settings, self._read)

    def _read(self, root: Path, path: Path) -> tuple[ModelFolder | None, tuple[Diagnostic, ...]]:
        stamp = stamp_of([path])
        kept = self._kept.get(path)
        if kept is not None and kept[0] == stamp and kept[1] == beside(kept[2][0]):
            return kept[2]
        result = read_folder(root, path)
        self._kept[path] = (stamp, beside(result[0]), result)
        return result


def beside(folder: ModelFolder | None) -> Stamp:
    """The stamp of the files of a local source, which are looked into as well."""
    path = _local_source(folder)
    return () if path is None else stamp_of([path])


def _local_source(folder: ModelFolder | None) -> Path | None:
    if folder is None or not isinstance(folder.spec.source, LocalSource) or "://" in folder.spec.source.local:
        return None
    return Path(os.path.normpath(folder.path / folder.spec.source.local))


def stamp_of(paths: Iterable[Path | str]) -> Stamp:
    """The stamp of files and folders; nothing where there are none."""
    return tuple(one for path in paths for one in _stamps(str(path)))


def _stamps(path: str) -> Iterator[tuple[str, int, int, int]]:
    try:
        found = os.lstat(path)
        yield path, found.st_mtime_ns, found.st_size, found.st_ino
        waiting = [path] if os.path.isdir(path) else []  # noqa: PTH112 - many of them, and links to folders count
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in sorted(entries, key=lambda one: one.name):
                    found = entry.stat(follow_symlinks=False)
                    yield entry.path, found.st_mtime_ns, found.st_size, found.st_ino
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    except OSError:  # it went away meanwhile; reading says what is missing
        return


def _changed(before: Look, after: Look) -> frozenset[str] | None:
    """The folders whose page is another one; None for all, as after a change of what they share."""
    if (
        before.checked is None
        or before.failure is not None
        or before.loaded.subject is None
        or after.loaded.subject is None
    ):
        return None
    old, new = before.loaded.subject.project, after.loaded.subject.project
    if old.config != new.config:
        return None
    was, now = before.findings(), after.findings()
    names = {*old.unreadable, *new.unreadable, *before.reports, *after.reports}
    return frozenset(
        name for name in names if before.reports.get(name) != after.reports.get(name) or was.get(name) != now.get(name)
    )


def _in_file(found: Diagnostic) -> tuple[int, object]:
    severities = {"error": 0, "warning": 1, "info": 2}
    return severities[found.severity], (found.location, found.code, found.message)
