"""Puts the stages together: read the project, resolve allow-lists, render, check. Every verb begins here."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from azureml_publish.assets import LayoutName, RenderedModel
from azureml_publish.content.sources.configuration import read_configuration
from azureml_publish.diagnostics import Diagnostic, Severity, has_errors, in_order
from azureml_publish.errors import PublishError
from azureml_publish.lint import engine
from azureml_publish.lint.engine import (
    ALL_CHECKS,
    ERROR_CHECKS,
    Check,
    Fact,
    LinkUse,
    ModelSubject,
    ProjectSubject,
    check_model,
    compare,
    link_uses,
)
from azureml_publish.lint.suppressions import Suppressed
from azureml_publish.pipeline.parallel import spread
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.suppress import silenced
from azureml_publish.project import ModelFolder, Project, find_root, load_project, read_optional, select_models
from azureml_publish.render import Style, Templates, default_templates, read_sample_links, render_model, trace_card
from azureml_publish.skus import Catalogue, load_catalogue
from azureml_publish.skus.compute import ResolvedCompute, resolve_compute, resolve_presets
from azureml_publish.skus.overlay import OVERLAY_FILE, merge, read_overlay

FINDINGS = 4

Look: TypeAlias = Literal["nothing", "errors", "everything"]

CHECKS: Mapping[Look, Sequence[Check]] = MappingProxyType(
    {"nothing": (), "errors": ERROR_CHECKS, "everything": ALL_CHECKS}
)
"""What is looked for in models, by a word, as checks do not travel between processes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the options say about a run of the stages."""

    layout: LayoutName | None = None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Staged:
    """The models that were asked for, as far as they could be read and rendered, and what was found on the way."""

    project: Project | None
    subjects: tuple[ModelSubject, ...]
    found: tuple[Diagnostic, ...]
    silenced: tuple[Suppressed, ...] = ()

    @property
    def rendered(self) -> tuple[tuple[ModelFolder, RenderedModel], ...]:
        """Folder and rendering of every model that could be rendered."""
        return tuple((one.folder, one.rendered) for one in self.subjects if one.rendered is not None)


Ask: TypeAlias = Callable[[Staged, Sequence[LinkUse]], Iterable[Diagnostic]]
"""Asks the network about what was staged, and about the links of its cards."""

Meanwhile: TypeAlias = Callable[[Project, Sequence[ModelFolder]], None]
"""Does what can be done with model folders before they are rendered."""


def stage(
    run: RunContext,
    patterns: Iterable[str],
    settings: Settings,
    *,
    check: bool = True,
    errors_only: bool = False,
    ask: Ask | None = None,
    meanwhile: Meanwhile = lambda _project, _folders: None,
) -> Staged:
    """Run the stages over the models that the patterns mean.

    Args:
        run: folder, environment and day.
        patterns: models by name or glob; none means all.
        settings: what the options say.
        check: whether to check what was rendered.
        errors_only: look for errors alone, as a verb does that goes on where there is none: nobody would hear of a
            warning, and finding out where in a card's sources one belongs takes as long as rendering the card.
        ask: who asks the network as well, where that is wanted.
        meanwhile: is called once the models are read and work on them has begun.

    Raises:
        UsageProblem: there is no project here.
        NotFound: a pattern means no model.
    """
    root = find_root(run.directory)
    project, read = load_project(root)
    if project is None:
        return Staged(None, (), in_order(read))
    chosen = tuple(patterns)
    folders = select_models(project, chosen)
    found = [one for one in read if _concerns(one, project, chosen, folders)]
    as_of = day_of(run, settings.as_of)
    catalogue, wrong = read_catalogue(root)
    found.extend(wrong)
    subject = subject_of(project, catalogue, as_of)
    look: Look = "nothing" if not check else "errors" if errors_only else "everything"
    begun = functools.partial(meanwhile, project, folders)
    seen = _look_at(subject, folders, settings.layout, look, run.environ, links=ask is not None, meanwhile=begun)
    found.extend(seen.found)
    if not check:
        return Staged(project, seen.subjects, in_order(found))
    if ask is not None:
        found.extend(ask(Staged(project, seen.subjects, in_order(found)), seen.links))
    told, hushed = silenced(project, seen.subjects, dict.fromkeys(found))
    if errors_only:
        told = tuple(one for one in told if one.severity is Severity.ERROR)
    return Staged(project, seen.subjects, in_order(told), hushed)


def subject_of(project: Project, catalogue: Catalogue, as_of: date) -> ProjectSubject:
    """A project as checks and rendering see it on a day."""
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


def render_folders(
    subject: ProjectSubject, folders: Iterable[ModelFolder], layout: LayoutName | None
) -> tuple[tuple[ModelSubject, ...], tuple[Diagnostic, ...]]:
    """Resolve and render model folders; what the templates' makers have to mend comes with them."""
    seen = _look_at(subject, folders, layout, "nothing", {})
    return seen.subjects, seen.found


@dataclass(frozen=True, slots=True)
class _Seen:
    """What came of one model folder, as it comes back from another process."""

    rendered: RenderedModel | None
    mistakes: tuple[Diagnostic, ...]
    found: tuple[Diagnostic, ...] = ()
    facts: tuple[Fact, ...] = ()
    links: tuple[LinkUse, ...] = ()


@dataclass(frozen=True, slots=True)
class _Looking:
    """What is done with each model folder, as it goes to another process."""

    subject: ProjectSubject
    style: Style
    look: Look
    environ: Mapping[str, str]
    links: bool

    def __call__(self, folder: ModelFolder) -> _Seen:
        compute = self.compute(folder)
        rendered, mistakes = render_model(folder, compute.allow_lists, self.style)
        if self.look == "nothing":
            return _Seen(rendered, mistakes)
        model = _with_configuration(self.model(folder, compute, rendered), self.environ)
        looked = check_model(model, CHECKS[self.look])
        links = tuple(link_uses(looked.described)) if self.links and looked.described is not None else ()
        return _Seen(rendered, mistakes, looked.found, looked.facts, links)

    def compute(self, folder: ModelFolder) -> ResolvedCompute:
        return resolve_compute(folder.spec, self.subject.presets, self.subject.catalogue, self.subject.as_of)

    def model(self, folder: ModelFolder, compute: ResolvedCompute, rendered: RenderedModel | None) -> ModelSubject:
        trace = functools.cache(functools.partial(trace_card, folder, compute.allow_lists, self.style))
        return ModelSubject(self.subject, folder, compute, rendered, trace)


class _All(NamedTuple):
    """What came of all model folders; links where they were asked for."""

    subjects: tuple[ModelSubject, ...]
    found: tuple[Diagnostic, ...]
    links: tuple[LinkUse, ...]


def _look_at(
    subject: ProjectSubject,
    folders: Iterable[ModelFolder],
    layout: LayoutName | None,
    look: Look,
    environ: Mapping[str, str],
    *,
    links: bool = False,
    meanwhile: Callable[[], None] = lambda: None,
) -> _All:
    """Resolve, render and check model folders, over the cores where they are many."""
    project = subject.project
    templates = Templates(project.root, project.templates, default_templates())
    samples, wrong = read_sample_links(templates)
    style = Style(project.config, samples, templates, layout or project.config.layout)
    looking, given, checks = _Looking(subject, style, look, dict(environ), links), tuple(folders), CHECKS[look]
    seen = tuple(spread(looking, given, meanwhile=meanwhile))
    found = [*wrong, *(one for each in seen for one in each.mistakes), *engine.check(subject, checks=checks)]
    found += (one for each in seen for one in each.found)
    found += compare((fact for each in seen for fact in each.facts), checks)
    pairs = zip(given, seen, strict=True)
    subjects = tuple(looking.model(folder, looking.compute(folder), one.rendered) for folder, one in pairs)
    return _All(subjects, tuple(found), tuple(link for each in seen for link in each.links))


def _with_configuration(subject: ModelSubject, environ: Mapping[str, str]) -> ModelSubject:
    """The subject with what the model's own files say about it, where they are on this machine."""
    config = read_configuration(subject.folder, "config.json", environ)
    return replace(
        subject, config=config, tokenizer=read_configuration(subject.folder, "tokenizer_config.json", environ)
    )


def _concerns(found: Diagnostic, project: Project, patterns: Sequence[str], chosen: Iterable[ModelFolder]) -> bool:
    """Whether a finding is about what was asked for: the project's own files, or a model that a pattern means."""
    top, _, rest = found.location.path.partition("/")
    folder = rest.partition("/")[0]
    if top != "models" or folder in {model.folder for model in chosen}:
        return True
    return folder in project.unreadable and (not patterns or any(fnmatch.fnmatchcase(folder, p) for p in patterns))


class UnsoundProject(PublishError):
    """What was asked for has errors, so that nothing can be made of it.

    Attributes:
        found: the errors; warnings are left to `publish lint`.
        models: how many models were looked at.
    """

    exit_code = FINDINGS

    def __init__(self, found: tuple[Diagnostic, ...], models: int) -> None:
        super().__init__("The model folders have errors.", hint="`publish lint` shows them.")
        self.found = found
        self.models = models


def require_sound(staged: Staged) -> Project:
    """The project, where nothing is wrong with what was asked for.

    Raises:
        UnsoundProject: something is.
    """
    errors = tuple(one for one in staged.found if one.severity is Severity.ERROR)
    if has_errors(errors) or staged.project is None:
        raise UnsoundProject(errors, len(staged.subjects))
    return staged.project
