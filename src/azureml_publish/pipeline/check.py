"""Renders the models of a loaded project and checks them, over the cores where they are many."""

from __future__ import annotations

import functools
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Literal, TypeAlias

from azureml_publish.assets import LayoutName, RenderedModel
from azureml_publish.content.lock import usable_lock
from azureml_publish.content.sources.configuration import read_configuration
from azureml_publish.diagnostics import Diagnostic, Location, Severity, in_order, model_folder
from azureml_publish.events import Events, Kind
from azureml_publish.lint import engine
from azureml_publish.lint.engine import Fact, LinkUse, ModelSubject, ProjectSubject
from azureml_publish.lint.subject import BESIDE_WEIGHTS
from azureml_publish.lint.suppressions import Suppressed
from azureml_publish.pipeline.elsewhere import Elsewhere, Place, digest_folder, require_folder, unlike
from azureml_publish.pipeline.load import LoadedProject, Settings, load, read_catalogue, subject_of
from azureml_publish.pipeline.local_sources import compare_local, content_of, look_into_local
from azureml_publish.pipeline.parallel import spread
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.suppress import of_model, raised, suppressed
from azureml_publish.project import ModelFolder, Project, UnsoundProject, load_project
from azureml_publish.render import Style, Templates, default_templates, read_sample_links, render_model, trace_card
from azureml_publish.skus.compute import resolve_compute

Rules: TypeAlias = Literal["none", "errors", "all"]


@dataclass(frozen=True, slots=True)
class CheckedModel:
    """One model folder.

    Attributes:
        folder: the folder as it was read.
        rendered: its rendering; None where that failed, which is a finding.
        found: the findings in it, before suppressions.
        facts: what all models are compared by.
        links: the links of its card and pages, if they are wanted.
    """

    folder: ModelFolder
    rendered: RenderedModel | None
    found: tuple[Diagnostic, ...] = ()
    facts: tuple[Fact, ...] = ()
    links: tuple[LinkUse, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedProject:
    """The selected models, as far as they could be read and rendered, and the findings.

    Attributes:
        subject: the project; None where `publish.yaml` cannot be used, and for asset folders.
        models: the model folders; none for asset folders.
        found: the findings.
        suppressed: the findings that are accepted.
        style: what was rendered with.
        links: the links of cards and pages, if they are wanted.
        folders: how many folders were checked that are not in `models`, because only their findings were kept.
        remembered: how many of them an earlier run had checked.
    """

    subject: ProjectSubject | None
    models: tuple[CheckedModel, ...]
    found: tuple[Diagnostic, ...]
    suppressed: tuple[Suppressed, ...] = ()
    style: Style | None = None
    links: tuple[LinkUse, ...] = ()
    folders: int = 0
    remembered: int = 0

    @property
    def project(self) -> Project | None:
        """The project, where `publish.yaml` can be used."""
        return None if self.subject is None else self.subject.project

    @property
    def rendered(self) -> tuple[tuple[ModelFolder, RenderedModel], ...]:
        """Folder and rendering of every model that could be rendered."""
        return tuple((one.folder, one.rendered) for one in self.models if one.rendered is not None)

    @property
    def count(self) -> int:
        """How many folders were looked at: those that cannot be read count where that is among the findings."""
        broken = set(self.project.unreadable) if self.project is not None else set[str]()
        named = {model_folder(one.location.path) for one in self.found}
        return (self.folders or len(self.models)) + len(broken & named)

    def require_sound(self) -> Project:
        """The project, if no selected model has an error.

        Raises:
            UnsoundProject: there are errors.
        """
        errors = tuple(one for one in self.found if one.severity is Severity.ERROR)
        if errors or self.project is None:
            raise UnsoundProject(errors, self.count)
        return self.project


@dataclass(slots=True)
class Memory:
    """What earlier checks of one project made, for one that is checked again and again.

    It is good as long as everything that models share stays as it was: `publish.yaml`, templates, sizes, the day.

    Attributes:
        models: each model folder by name; one that was read again is checked again. Filled while a check goes on.
        style: what the models were rendered with.
    """

    models: dict[str, CheckedModel] = field(default_factory=dict)
    style: tuple[Style, tuple[Diagnostic, ...]] | None = None


OnlineCheck: TypeAlias = Callable[[CheckedProject], Iterable[Diagnostic]]
"""Checks that need the network, of the project and the links of its cards."""


def load_checked(run: RunContext, patterns: Iterable[str], settings: Settings) -> CheckedProject:
    """Load, render and look for errors, as every verb does before it changes anything."""
    return check(run, load(run, patterns, settings), "errors")


def load_rendered(run: RunContext, patterns: Iterable[str], settings: Settings) -> CheckedProject:
    """Load and render, as do verbs that publish nothing: what rules find in the models does not stop these."""
    return render(run, load(run, patterns, settings))


def render(run: RunContext, loaded: LoadedProject) -> CheckedProject:
    """Render the models; the only findings are those of rendering itself."""
    if loaded.subject is None:
        return CheckedProject(None, (), in_order(loaded.found))
    style = style_of(loaded.subject.project, loaded.layout)
    models, found, _ = _look(loaded.subject, loaded.folders, style, "none", {}, run=run)
    return CheckedProject(loaded.subject, models, in_order((*loaded.found, *found)))


def check(
    run: RunContext,
    loaded: LoadedProject,
    rules: Literal["errors", "all"] = "all",
    *,
    online: OnlineCheck | None = None,
    begun: Callable[[], None] = lambda: None,
    memory: Memory | None = None,
) -> CheckedProject:
    """Render and check the models.

    Args:
        run: the environment, which says where the files of models may lie.
        rules: "errors" leaves warnings out, for a verb that goes on where there is no error: nobody would hear of them,
            and to find where in a card's sources one belongs takes as long as to render the card.
        online: checks that need the network as well, where they are wanted.
        begun: is called once other processes have begun with the models; from then on this one may start threads.
        memory: what earlier checks with these rules made; it is used and kept up.
    """
    if loaded.subject is None:
        return CheckedProject(None, (), in_order(loaded.found))
    memory = memory or Memory()
    style = memory.style = memory.style or style_of(loaded.subject.project, loaded.layout)
    models, looked, links = _look(
        loaded.subject,
        loaded.folders,
        style,
        rules,
        run.environ,
        run=run,
        links=online is not None,
        begun=begun,
        known=memory.models,
    )
    found = [*loaded.found, *looked]
    if online is not None:
        found.extend(online(CheckedProject(loaded.subject, models, in_order(found), links=links)))
    whole = {one.folder.folder for one in models if one.rendered is not None}
    project = loaded.subject.project
    everything = not (project.unreadable or project.unread) and all(model.folder in whole for model in project.models)
    own = (one for folder in loaded.folders for one in of_model(folder, judged=folder.folder in whole))
    reported, hidden = suppressed(project, own, dict.fromkeys(found), whole=everything)
    if rules == "errors":
        reported = tuple(one for one in reported if one.severity is Severity.ERROR)
    return CheckedProject(loaded.subject, models, in_order(reported), hidden, style[0])


def render_folders(
    subject: ProjectSubject, folders: Iterable[ModelFolder], layout: LayoutName | None, rules: Rules = "none"
) -> CheckedProject:
    """Render model folders as they are in memory; with rules they are checked as well, by their own content alone."""
    models, found, _ = _look(subject, folders, style_of(subject.project, layout), rules, {})
    return CheckedProject(subject, models, in_order(found))


@dataclass(frozen=True, slots=True)
class Made:
    """What became of one model folder, and when its work began and ended, in seconds since 1970."""

    rendered: RenderedModel | None
    checked: engine.Checked
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class _Work:
    """What is done with each model folder, as it goes to another process."""

    subject: ProjectSubject
    style: Style
    rules: Rules
    environ: Mapping[str, str]
    links: bool
    raised: frozenset[str] = frozenset()

    def __call__(self, folder: ModelFolder) -> Made:
        began = time.time()
        rendered, checked = self._check(folder)
        return Made(rendered, checked, began, time.time())

    def _check(self, folder: ModelFolder) -> tuple[RenderedModel | None, engine.Checked]:
        subject = self.subject
        compute = resolve_compute(folder.spec, subject.presets, subject.catalogue, subject.as_of)
        source, unread = look_into_local(folder, self.style.config)
        lock, wrong = usable_lock(folder, self.style.config.defaults.mlflow)
        rendered, mistakes = render_model(folder, compute.allow_lists, self.style, source, lock)
        if self.rules == "none":
            return rendered, (mistakes, (), ())
        trace = functools.cache(functools.partial(trace_card, folder, compute.allow_lists, self.style, source, lock))
        read = functools.partial(read_configuration, folder, environ=self.environ)
        config, tokenizer = read("config.json"), read("tokenizer_config.json")
        weights = {name: data for name in BESIDE_WEIGHTS if (data := read(name)) is not None}
        content = content_of(folder, source)
        real = None if lock is not None and lock.stand_in else lock  # a stand-in has the figures of no model
        model = ModelSubject(subject, folder, compute, rendered, trace, config, tokenizer, real, weights, content)
        found, facts, links = engine.check_model(model, engine.checks_of(self.rules, self.raised), links=self.links)
        if lock is not None and source is not None:
            wrong = compare_local(folder, lock, source, self.style.config)
        return rendered, ((*mistakes, *unread, *wrong, *found), facts, links)


@dataclass(frozen=True, slots=True)
class _Order:
    """The same work in a process of another machine.

    It reads from its own disk what models share, and uses its own environment; model folders are handed to it.
    """

    place: Place
    layout: LayoutName
    as_of: date
    rules: Rules
    links: bool

    def __call__(self, given: tuple[ModelFolder, str]) -> Made:
        folder, digest = given
        with _ONE_AT_A_TIME:
            work = _prepare(self)
            require_folder(folder.path, digest)
            return work(folder)


_ONE_AT_A_TIME = threading.Lock()
"""Python computes on one core in each process; so the threads of a worker do not wait for each other in templates."""


@functools.lru_cache(maxsize=2)
def _prepare(order: _Order) -> _Work:
    """What the models of an order share.

    Raises:
        PublishError: this process has another tool, or the project in another state.
    """
    order.place.require_same()
    root = order.place.root
    project, _ = load_project(root, lambda _root, _path: (None, ()))
    if project is None:
        raise unlike(f"Its {root} cannot be read.")
    subject = subject_of(project, read_catalogue(root)[0], order.as_of)
    style, _ = style_of(project, order.layout)
    return _Work(subject, style, order.rules, dict(os.environ), order.links, raised(project))


def style_of(project: Project, layout: LayoutName | None) -> tuple[Style, tuple[Diagnostic, ...]]:
    """What all models of a rendering share, and what is wrong with it."""
    templates = Templates(project.root, project.templates, default_templates())
    samples, wrong = read_sample_links(templates)
    return Style(project.config, samples, templates, layout or project.config.layout), wrong


def _look(
    subject: ProjectSubject,
    folders: Iterable[ModelFolder],
    styled: tuple[Style, tuple[Diagnostic, ...]],
    rules: Rules,
    environ: Mapping[str, str],
    *,
    run: RunContext | None = None,
    links: bool = False,
    begun: Callable[[], None] = lambda: None,
    known: dict[str, CheckedModel] | None = None,
) -> tuple[tuple[CheckedModel, ...], tuple[Diagnostic, ...], tuple[LinkUse, ...]]:
    """Render and check model folders: the models, what is found in them, and the links of their cards."""
    known = {} if known is None else known
    (style, wrong), graver = styled, raised(subject.project)
    given, checks = tuple(folders), engine.checks_of(rules, graver)
    run = replace(run, environ=environ) if run else RunContext(subject.project.root, environ, subject.as_of)
    fresh = [folder for folder in given if folder.folder not in known or known[folder.folder].folder is not folder]
    for one in check_folders(run, subject, fresh, style, rules, links=links, begun=begun):
        known[one.folder.folder] = one
    models = tuple(known[folder.folder] for folder in given)
    found = [*wrong, *engine.check(subject, checks=checks), *(one for each in models for one in each.found)]
    found += engine.compare((fact for each in models for fact in each.facts), checks)
    return models, tuple(found), tuple(link for each in models for link in each.links)


def check_folders(
    run: RunContext,
    subject: ProjectSubject,
    fresh: Sequence[ModelFolder],
    style: Style,
    rules: Rules = "all",
    *,
    links: bool = False,
    begun: Callable[[], None] = lambda: None,
) -> Iterator[CheckedModel]:
    """Render and check model folders, each by itself, over the cores or other machines."""
    if isinstance(run.executor, Elsewhere):
        order = _Order(run.executor.place(subject.project.root), style.layout, subject.as_of, rules, links=links)
        items = [(folder, digest_folder(folder.path)) for folder in fresh]
        made = spread(order, items, run.executor, how=run.spreading, begun=begun)
    else:
        work = work_of(run, subject, style, rules, links=links)
        made = spread(work, fresh, run.executor, how=run.spreading, begun=begun)
    stage = "render" if rules == "none" else "check"
    with run.events.stage(stage, models=len(fresh)):
        for folder, one in zip(fresh, made, strict=True):
            report(run.events, stage, (folder.spec.name, folder.spec.version), one)
            yield CheckedModel(folder, one.rendered, *one.checked)


def work_of(
    run: RunContext, subject: ProjectSubject, style: Style, rules: Rules = "all", *, links: bool = False
) -> Callable[[ModelFolder], Made]:
    """Renders and checks a model folder; it may go to another process of this machine."""
    alone = replace(subject, project=replace(subject.project, models=()))  # a process is handed it, and needs none
    return _Work(alone, style, rules, dict(run.environ), links, raised(subject.project))


def report(events: Events, stage: str, model: tuple[str, int], made: Made) -> None:
    """Report when the work on a model began and ended in another process."""
    if not events.heard:
        return
    found = Counter(str(one.severity) for one in made.checked[0])
    events.emit(Kind.MODEL, *model, at=made.began, stage=stage)
    events.emit(
        Kind.MODEL_DONE,
        *model,
        at=made.ended,
        stage=stage,
        outcome="findings" if found["error"] else "sound",
        seconds=round(made.ended - made.began, 3),
        errors=found["error"],
        warnings=found["warning"],
    )


def find_places(checked: CheckedProject, environ: Mapping[str, str]) -> dict[str, Location]:
    """Where each model's version is written, by a path from the top of the repository, as GitHub wants it."""
    top, root = environ.get("GITHUB_WORKSPACE"), checked.require_sound().root
    places = {}
    for folder, rendered in checked.rendered:
        place = folder.document.location(("version",))
        if top and root.is_relative_to(Path(top).resolve()):
            path = Path(os.path.relpath(root / place.path, Path(top).resolve())).as_posix()
            place = Location(path, place.line, place.column)
        places[rendered.asset.name] = place
    return places
