"""Renders the models of a loaded project and checks them, over the cores where they are many."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from azureml_publish.assets import LayoutName, RenderedModel
from azureml_publish.content.lock import usable_lock
from azureml_publish.content.sources.configuration import read_configuration
from azureml_publish.diagnostics import Diagnostic, Severity, in_order
from azureml_publish.lint import engine
from azureml_publish.lint.engine import (
    LinkUse,
    ModelReport,
    ModelSubject,
    ProjectSubject,
)
from azureml_publish.lint.suppressions import Suppressed
from azureml_publish.pipeline.load import LoadedProject, Settings, UnsoundProject, load
from azureml_publish.pipeline.local_sources import compare_local, look_into_local
from azureml_publish.pipeline.parallel import SPREADING, spread
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.suppress import suppressed
from azureml_publish.project import ModelFolder, Project
from azureml_publish.render import Style, Templates, default_templates, read_sample_links, render_model, trace_card
from azureml_publish.skus.compute import resolve_compute

Rules: TypeAlias = Literal["none", "errors", "all"]


@dataclass(frozen=True, slots=True)
class CheckedModel:
    """A model folder and its rendering; None where that failed, which is a finding."""

    folder: ModelFolder
    rendered: RenderedModel | None


@dataclass(frozen=True, slots=True)
class CheckedProject:
    """The selected models, as far as they could be read and rendered, and the findings.

    `subject` is None where `publish.yaml` cannot be used; `style` is what was rendered with.
    """

    subject: ProjectSubject | None
    models: tuple[CheckedModel, ...]
    found: tuple[Diagnostic, ...]
    suppressed: tuple[Suppressed, ...] = ()
    style: Style | None = None

    @property
    def project(self) -> Project | None:
        """The project, where `publish.yaml` can be used."""
        return None if self.subject is None else self.subject.project

    @property
    def rendered(self) -> tuple[tuple[ModelFolder, RenderedModel], ...]:
        """Folder and rendering of every model that could be rendered."""
        return tuple((one.folder, one.rendered) for one in self.models if one.rendered is not None)

    def require_sound(self) -> Project:
        """The project, if no selected model has an error.

        Raises:
            UnsoundProject: there are errors.
        """
        errors = tuple(one for one in self.found if one.severity is Severity.ERROR)
        if errors or self.project is None:
            raise UnsoundProject(errors, len(self.models))
        return self.project


@dataclass(slots=True)
class Memory:
    """What earlier checks of one project made, for one that is checked again and again.

    It is good as long as everything that models share stays as it was: `publish.yaml`, templates, sizes, the day.

    Attributes:
        reports: what came of each model folder, by name, with the folder as it was read: another reading is looked at
            again. Filled while a check goes on.
        style: what the models were rendered with.
    """

    reports: dict[str, tuple[ModelFolder, ModelReport]] = field(default_factory=dict)
    style: tuple[Style, tuple[Diagnostic, ...]] | None = None


OnlineCheck: TypeAlias = Callable[[CheckedProject, Sequence[LinkUse]], Iterable[Diagnostic]]
"""Checks that need the network: of the project, and of the links of its cards."""


def load_checked(run: RunContext, patterns: Iterable[str], settings: Settings) -> CheckedProject:
    """Load, render and look for errors, as every verb does before it changes anything."""
    return check(run, load(run, patterns, settings), "errors")


def render(run: RunContext, loaded: LoadedProject) -> CheckedProject:
    """Render the models; the only findings are those of rendering itself."""
    if loaded.subject is None:
        return CheckedProject(None, (), in_order(loaded.found))
    style = _style(loaded.subject.project, loaded.layout)
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
        loaded: the project.
        rules: "errors" leaves warnings out, for a verb that goes on where there is no error: nobody would hear of them,
            and to find where in a card's sources one belongs takes as long as to render the card.
        online: checks that need the network as well, where they are wanted.
        begun: is called once other processes have begun with the models; from then on this one may start threads.
        memory: what earlier checks with these rules made; it is used and kept up.
    """
    if loaded.subject is None:
        return CheckedProject(None, (), in_order(loaded.found))
    memory = memory or Memory()
    style = memory.style = memory.style or _style(loaded.subject.project, loaded.layout)
    models, looked, links = _look(
        loaded.subject,
        loaded.folders,
        style,
        rules,
        run.environ,
        run=run,
        links=online is not None,
        begun=begun,
        known=memory.reports,
    )
    found = [*loaded.found, *looked]
    if online is not None:
        found.extend(online(CheckedProject(loaded.subject, models, in_order(found)), links))
    whole = {one.folder.folder for one in models if one.rendered is not None}
    reported, hidden = suppressed(loaded.subject.project, loaded.folders, whole, dict.fromkeys(found))
    if rules == "errors":
        reported = tuple(one for one in reported if one.severity is Severity.ERROR)
    return CheckedProject(loaded.subject, models, in_order(reported), hidden, style[0])


def render_folders(
    subject: ProjectSubject, folders: Iterable[ModelFolder], layout: LayoutName | None, rules: Rules = "none"
) -> CheckedProject:
    """Render model folders as they are in memory; with rules they are checked as well, by their own content alone."""
    models, found, _ = _look(subject, folders, _style(subject.project, layout), rules, {})
    return CheckedProject(subject, models, in_order(found))


@dataclass(frozen=True, slots=True)
class _Work:
    """What is done with each model folder, as it goes to another process."""

    subject: ProjectSubject
    style: Style
    rules: Rules
    environ: Mapping[str, str]
    links: bool

    def __call__(self, folder: ModelFolder) -> ModelReport:
        subject = self.subject
        compute = resolve_compute(folder.spec, subject.presets, subject.catalogue, subject.as_of)
        source, unread = look_into_local(folder, self.style.config)
        lock, wrong = usable_lock(folder, self.style.config.defaults.mlflow)
        rendered, mistakes = render_model(folder, compute.allow_lists, self.style, source, lock)
        if self.rules == "none":
            return ModelReport(rendered, mistakes)
        trace = functools.cache(functools.partial(trace_card, folder, compute.allow_lists, self.style, source, lock))
        read = functools.partial(read_configuration, folder, environ=self.environ)
        model = ModelSubject(
            subject, folder, compute, rendered, trace, read("config.json"), read("tokenizer_config.json"), lock
        )
        report = engine.check_model(model, engine.checks_of(self.rules), links=self.links)
        if lock is not None and source is not None:
            wrong = compare_local(folder, lock, source, self.style.config)
        return replace(report, found=(*mistakes, *unread, *wrong, *report.found))


def _style(project: Project, layout: LayoutName | None) -> tuple[Style, tuple[Diagnostic, ...]]:
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
    known: dict[str, tuple[ModelFolder, ModelReport]] | None = None,
) -> tuple[tuple[CheckedModel, ...], tuple[Diagnostic, ...], tuple[LinkUse, ...]]:
    """Render and check model folders: the models, what is found in them, and the links of their cards."""
    known = {} if known is None else known
    given, checks, (style, wrong) = tuple(folders), engine.checks_of(rules), styled
    executor, how = (run.executor, run.spreading) if run is not None else (None, SPREADING)
    fresh = [folder for folder in given if folder.folder not in known or known[folder.folder][0] is not folder]
    made = spread(_Work(subject, style, rules, dict(environ), links), fresh, executor, how=how, begun=begun)
    for folder, report in zip(fresh, made, strict=True):
        known[folder.folder] = (folder, report)
    reports = tuple(known[folder.folder][1] for folder in given)
    found = [*wrong, *engine.check(subject, checks=checks), *(one for each in reports for one in each.found)]
    found += engine.compare((fact for each in reports for fact in each.facts), checks)
    models = (CheckedModel(folder, each.rendered) for folder, each in zip(given, reports, strict=True))
    return tuple(models), tuple(found), tuple(link for each in reports for link in each.links)
