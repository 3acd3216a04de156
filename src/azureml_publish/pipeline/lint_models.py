"""`publish lint` of all models of a project: those that did not change since the last run come from the cache.

What is kept of a folder is found under a digest of all that its findings follow from: every file in it, `publish.yaml`,
templates, the project's own sizes, the day, and this tool with its libraries. Files outside of the project that rules
look into (a local source, the Hub's cache) are compared by time, size and number, because they may be large.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from azureml_publish.content.sources.configuration import CONFIGURATIONS, hub_cache, places_of
from azureml_publish.diagnostics import Diagnostic, Location, in_order
from azureml_publish.files import UnusableFile, read_below, read_file
from azureml_publish.lint import engine
from azureml_publish.lint.cache import (
    LintCache,
    checked_data,
    digest_with,
    fix_data,
    place_data,
    read_checked,
    read_fix,
    tool_state,
)
from azureml_publish.lint.engine import Checked
from azureml_publish.lint.suppressions import Suppression
from azureml_publish.pipeline.check import CheckedModel, CheckedProject, check_folders, style_of
from azureml_publish.pipeline.live import Stamp, stamp_of
from azureml_publish.pipeline.load import LoadedProject, Settings, day_of, load
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.suppress import of_model, suppressed
from azureml_publish.project import CONFIG_FILE, DUPLICATE_NAME, ModelFolder, read_folder, same_names
from azureml_publish.render import default_templates
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
        return stamp_of(Path(one) for one in self.outside[0]) == self.outside[1]


def lint_models(run: RunContext, as_of: datetime | None) -> CheckedProject:
    """Check every model of the project in the run's folder.

    Raises:
        UsageProblem: there is no project here.
    """
    with LintCache.open(run.environ) as store:
        known = _Known(run, store, _shared_state(run, str(day_of(run, as_of))) if store.usable else None)
        loaded = load(run, (), Settings(as_of=as_of), known.read)
        if loaded.subject is None:
            return CheckedProject(None, (), in_order(loaded.found))
        style, wrong = style_of(loaded.subject.project, None)
        checked = tuple(check_folders(run, loaded.subject, loaded.folders, style))
        known.keep({one.folder.folder: one for one in checked})
        return _together(loaded, known, checked, wrong)


def _together(
    loaded: LoadedProject, known: _Known, checked: tuple[CheckedModel, ...], wrong: tuple[Diagnostic, ...]
) -> CheckedProject:
    """The findings of a loaded project: its own, those of every folder, and those of all folders together."""
    if loaded.subject is None:
        raise ValueError(loaded)
    models = [known.cached[name] for name in sorted(known.cached)]
    project = loaded.subject.project
    unreadable = tuple(name for name in project.unreadable if name not in known.cached or not known.cached[name].name)
    project = replace(project, unreadable=unreadable)
    found = [
        *(one for one in loaded.found if one.code != DUPLICATE_NAME.code),
        *same_names((one.name, one.place) for one in models if one.name),
        *wrong,
        *engine.check(loaded.subject),
        *(found for one in models for found in one.checked[0]),
        *engine.compare(fact for one in models for fact in one.checked[1]),
    ]
    own = (each for one in models for each in one.suppressions)
    whole = not unreadable and all(one.rendered for one in models)
    reported, hidden = suppressed(project, own, dict.fromkeys(found), whole=whole)
    return CheckedProject(
        replace(loaded.subject, project=project),
        checked,
        in_order(reported),
        hidden,
        folders=sum(bool(one.name) for one in models),
        cached=frozenset(known.cached.keys() - known.fresh),
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
    """The folders of a run: those that an earlier one looked at, and those that this one reads and checks.

    `cached` has both by their names, `fresh` the names of the latter.
    """

    def __init__(self, run: RunContext, store: LintCache, state: bytes | None) -> None:
        self.cached: dict[str, _CachedModel] = {}
        self.fresh: set[str] = set()
        self._run = run
        self._store = store
        self._state = state
        self._read: dict[str, tuple[bytes | None, tuple[Diagnostic, ...]]] = {}

    def read(self, root: Path, path: Path) -> tuple[ModelFolder | None, tuple[Diagnostic, ...]]:
        """Read a folder that is not known; of one that is, nothing is read but what its digest needs."""
        digest = digest_with(self._state, path, root) if self._state is not None else None
        known = self._store.get(digest, _of_data)
        if known is not None and known.current:
            self.cached[path.name] = known
            return None, ()
        self.fresh.add(path.name)
        folder, mistakes = read_folder(root, path)
        if folder is None:
            self.cached[path.name] = _CachedModel("", Location(""), rendered=False, checked=(mistakes, (), ()))
        else:
            where = folder.document.location(("name",))
            outside = _outside(folder, self._run.environ)
            stamp = stamp_of(Path(one) for one in outside)  # before it is looked into
            self.cached[path.name] = _CachedModel(
                folder.spec.name,
                where,
                rendered=False,
                checked=(mistakes, (), ()),
                outside=(outside, stamp),
            )
        self._read[path.name] = digest, mistakes
        return folder, mistakes

    def keep(self, checked: Mapping[str, CheckedModel]) -> None:
        """Take in what was found in the folders that were read, and keep it for later runs."""
        for name, (digest, mistakes) in self._read.items():
            one, cached = checked.get(name), self.cached[name]
            if one is not None:
                rendered = one.rendered is not None
                cached = self.cached[name] = replace(
                    cached,
                    rendered=rendered,
                    checked=((*mistakes, *one.found), one.facts, ()),
                    suppressions=tuple(of_model(one.folder, judged=rendered)),
                )
            self._store.put(digest, _data(cached))


def _outside(folder: ModelFolder, environ: Mapping[str, str]) -> tuple[str, ...]:
    """What rules look into outside of the project: the files of a local source, and the Hub's cache."""
    source = folder.spec.source
    if isinstance(source, LocalSource):
        return () if "://" in source.local else (str(folder.path / source.local),)
    inside = str(folder.path) + os.sep
    places = (str(place) for name in CONFIGURATIONS for place in places_of(folder, name, environ))
    return tuple(place for place in places if not place.startswith(inside))


def _data(cached: _CachedModel) -> list[Any]:
    """What is kept of a folder, as JSON has it."""
    suppressions = [
        [one.rule, one.reason, place_data(one.where), one.path, one.lines, one.judged, fix_data(one.fix), one.width]
        for one in cached.suppressions
    ]
    return [
        cached.name,
        place_data(cached.place),
        cached.rendered,
        checked_data(cached.checked),
        suppressions,
        cached.outside,
    ]


def _of_data(data: Any) -> _CachedModel:
    """What `_data` made of it."""
    name, place, rendered, checked, suppressions, (places, stamp) = data
    return _CachedModel(
        name,
        Location(*place),
        rendered,
        read_checked(checked),
        tuple(
            Suppression(
                rule, reason, Location(*where), path, tuple(lines) if lines else None, judged, read_fix(fix), width
            )
            for rule, reason, where, path, lines, judged, fix, width in suppressions
        ),
        (tuple(places), tuple((path, time, size, number) for path, time, size, number in stamp)),
    )
