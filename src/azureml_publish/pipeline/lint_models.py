"""`publish lint` of all models of a project: those that did not change since the last run come from the cache.

What is kept of a folder is found under a digest of all that its findings follow from: every file in it, `publish.yaml`,
templates, the project's own sizes, the day, and this tool with its libraries. Files outside of the project that rules
look into (a local source, the Hub's cache) are compared by time, size and number, because they may be large.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from azureml_publish.content.sources.configuration import CONFIGURATIONS, hub_cache, places_of
from azureml_publish.diagnostics import Diagnostic, Location, in_order
from azureml_publish.files import UnusableFile, read_below, read_file
from azureml_publish.lint import engine
from azureml_publish.lint.cache import LintCache, digest_with, tool_state
from azureml_publish.lint.engine import Checked, ProjectSubject
from azureml_publish.lint.suppressions import Suppression
from azureml_publish.pipeline.check import CheckedModel, CheckedProject, Made, check_folders, report, style_of, work_of
from azureml_publish.pipeline.elsewhere import Elsewhere
from azureml_publish.pipeline.live import Stamp, stamp_of
from azureml_publish.pipeline.load import Settings, day_of, load
from azureml_publish.pipeline.parallel import spread
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.suppress import of_model, suppressed
from azureml_publish.project import CONFIG_FILE, ModelFolder, read_folder, same_names
from azureml_publish.render import Style, default_templates
from azureml_publish.skus.overlay import OVERLAY_FILE
from azureml_publish.spec import LocalSource


@dataclass(frozen=True, slots=True)
class _CachedModel:
    """What is kept of one model folder.

    Attributes:
        name: the model's, and `place` where it is written; empty where the folder cannot be read.
        rendered: whether it could be rendered.
        checked: what was found in it, by reading as well.
        suppressions: those that it holds.
        outside: files and folders outside of the project that its findings follow from, and their stamp then.
    """

    name: str
    place: Location
    rendered: bool
    checked: Checked
    suppressions: tuple[Suppression, ...] = ()
    outside: tuple[tuple[str, ...], Stamp] = ((), ())

    @property
    def current(self) -> bool:
        """Whether what lies outside is as it was."""
        return stamp_of(self.outside[0]) == self.outside[1]


def lint_models(run: RunContext, as_of: datetime | None, *, cache: bool = True) -> CheckedProject:
    """Check every model of the project in the run's folder.

    Folders are read where they are checked, and only what was found in each is kept, so that memory grows with the
    findings and not with the catalogue.

    Raises:
        UsageProblem: there is no project here.
    """
    with LintCache.open(run.environ if cache else None, TypeAdapter(_CachedModel)) as store:
        known = _Known(store, _shared_state(run, str(day_of(run, as_of))) if store.usable else None)
        loaded = load(run, (), Settings(as_of=as_of), known.look_up)
        if loaded.subject is None:
            return CheckedProject(None, (), in_order(loaded.found))
        style, wrong = style_of(loaded.subject.project, None)
        for name, looked in zip(known.fresh, _look_at(run, loaded.subject, known.fresh.values(), style), strict=True):
            known.keep(name, looked)
        return _together(loaded.subject, loaded.found, known, wrong)


@dataclass(frozen=True, slots=True)
class _Look:
    """Reads and checks a folder, in this process or another one of this machine."""

    root: Path
    environ: Mapping[str, str]
    work: Callable[[ModelFolder], Made]

    def __call__(self, path: Path) -> tuple[_CachedModel, tuple[str, int] | None, Made | None]:
        """What is kept of it; and if it can be read, its model and what became of it, but for the rendering."""
        folder, mistakes = read_folder(self.root, path)
        cached = _read(folder, mistakes, self.environ)
        if folder is None:
            return cached, None, None
        made = self.work(folder)
        checked = CheckedModel(folder, made.rendered, *made.checked)
        return _kept(cached, checked), (folder.spec.name, folder.spec.version), replace(made, rendered=None)


def _look_at(run: RunContext, subject: ProjectSubject, paths: Collection[Path], style: Style) -> Iterator[_CachedModel]:
    """What is kept of each of these folders, in their order."""
    root = subject.project.root
    if isinstance(run.executor, Elsewhere):
        yield from _look_elsewhere(run, subject, paths, style)
        return
    look = _Look(root, dict(run.environ), work_of(run, subject, style))
    with run.events.stage("check", models=len(paths)):
        for kept, model, made in spread(look, tuple(paths), run.executor, how=run.spreading):
            if model is not None and made is not None:
                report(run.events, "check", model, made)
            yield kept


def _look_elsewhere(
    run: RunContext, subject: ProjectSubject, paths: Collection[Path], style: Style
) -> Iterator[_CachedModel]:
    """The same on other machines, which are handed the folders as they are read here."""
    read = [read_folder(subject.project.root, path) for path in paths]
    cached = [_read(folder, mistakes, run.environ) for folder, mistakes in read]
    checked = check_folders(run, subject, [folder for folder, _ in read if folder is not None], style)
    for (folder, _), one in zip(read, cached, strict=True):
        yield one if folder is None else _kept(one, next(checked))


def _read(folder: ModelFolder | None, mistakes: tuple[Diagnostic, ...], environ: Mapping[str, str]) -> _CachedModel:
    """What is kept of a folder that was just read, and is still to be checked."""
    if folder is None:
        return _CachedModel("", Location(""), rendered=False, checked=(mistakes, (), ()))
    outside = _outside(folder, environ)
    return _CachedModel(
        folder.spec.name,
        folder.document.location(("name",)),
        rendered=False,
        checked=(mistakes, (), ()),
        outside=(outside, stamp_of(outside)),
    )


def _kept(read: _CachedModel, one: CheckedModel) -> _CachedModel:
    """What is kept of a folder that was checked."""
    rendered = one.rendered is not None
    return replace(
        read,
        rendered=rendered,
        checked=((*read.checked[0], *one.found), one.facts, ()),
        suppressions=tuple(of_model(one.folder, judged=rendered)),
    )


def _together(
    subject: ProjectSubject, own: tuple[Diagnostic, ...], known: _Known, wrong: tuple[Diagnostic, ...]
) -> CheckedProject:
    """The findings of a project: its own, those of every folder, and those of all folders together."""
    models = [known.cached[name] for name in sorted(known.cached)]
    project = subject.project
    unreadable = tuple(name for name in project.unreadable if name not in known.cached or not known.cached[name].name)
    project = replace(project, unreadable=unreadable)
    found = [
        *own,
        *same_names((one.name, one.place) for one in models if one.name),
        *wrong,
        *engine.check(subject),
        *(found for one in models for found in one.checked[0]),
        *engine.compare(fact for one in models for fact in one.checked[1]),
    ]
    suppressions = (each for one in models for each in one.suppressions)
    whole = not unreadable and all(one.rendered for one in models)
    reported, hidden = suppressed(project, suppressions, dict.fromkeys(found), whole=whole)
    return CheckedProject(
        replace(subject, project=project),
        (),
        in_order(reported),
        hidden,
        folders=sum(bool(one.name) for one in models),
        remembered=len(known.cached) - len(known.fresh),
    )


_BYTES = ("utf-8", "surrogateescape")
"""How names of files become bytes, even those that are not UTF-8."""


def _shared_state(run: RunContext, day: str) -> bytes | None:
    """What all models are made of, for their digests; None where it cannot be read as a whole.

    The project's own place is a part of it: a source outside of it is another one for a copy of the project elsewhere.
    """
    root = run.directory
    digest = hashlib.sha256(f"{tool_state()}\0{day}\0{hub_cache(run.environ)}\0{root.resolve()}\0".encode(*_BYTES))
    try:
        for name in (CONFIG_FILE, OVERLAY_FILE):
            raw = read_file(root / name, root) if os.path.lexists(root / name) else b""
            digest.update(b"%d\0%s" % (len(raw), raw))
        for folder in (root / "templates", default_templates()):
            for path, raw in read_below(folder) if folder.is_dir() else ():
                digest.update(f"{path}\0{len(raw)}\0".encode(*_BYTES))
                digest.update(raw)
    except UnusableFile:
        return None
    return digest.digest()


class _Known:
    """The folders of a run: those that an earlier one looked at, and those that this one has to.

    `cached` has what is known of either by their names, `fresh` has the places of the latter.
    """

    def __init__(self, store: LintCache[_CachedModel], state: bytes | None) -> None:
        self.cached: dict[str, _CachedModel] = {}
        self.fresh: dict[str, Path] = {}
        self._store = store
        self._state = state
        self._digests: dict[str, bytes | None] = {}

    def look_up(self, root: Path, path: Path) -> tuple[ModelFolder | None, tuple[Diagnostic, ...]]:
        """Look a folder up: nothing of it is read but what its digest needs."""
        digest = digest_with(self._state, path, root) if self._state is not None else None
        known = self._store.get(digest)
        if known is not None and known.current:
            self.cached[path.name] = known
        else:
            self.fresh[path.name], self._digests[path.name] = path, digest
        return None, ()

    def keep(self, name: str, looked: _CachedModel) -> None:
        """Take in what was found in a folder, for later runs as well."""
        self.cached[name] = looked
        self._store.put(self._digests[name], looked)


def _outside(folder: ModelFolder, environ: Mapping[str, str]) -> tuple[str, ...]:
    """What rules look into outside of the project: the files of a local source, and the Hub's cache."""
    source = folder.spec.source
    if isinstance(source, LocalSource):
        return () if "://" in source.local else (str(folder.path / source.local),)
    inside = str(folder.path) + os.sep
    places = (str(place) for name in CONFIGURATIONS for place in places_of(folder, name, environ))
    return tuple(place for place in places if not place.startswith(inside))
