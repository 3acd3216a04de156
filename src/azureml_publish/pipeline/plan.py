"""What apply would do to a registry: models are rendered and checked while the registry is queried, then compared."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial

from azureml_publish.diagnostics import Diagnostic
from azureml_publish.git import author_of, commit_of
from azureml_publish.pipeline.attributes import with_attributes
from azureml_publish.pipeline.check import CheckedProject, check
from azureml_publish.pipeline.conflicts import with_moved
from azureml_publish.pipeline.inspection import look_before
from azureml_publish.pipeline.load import LoadedProject, Settings, day_of, load
from azureml_publish.pipeline.observe import observe_models
from azureml_publish.pipeline.prefetch import Prefetch
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.sources import find_readers
from azureml_publish.pipeline.version_on_base import find_versions_on_base
from azureml_publish.pipeline.without_folder import find_without_folder
from azureml_publish.plan.actions import Plan, WithoutFolder
from azureml_publish.plan.saved import Observed, Request, save_plan
from azureml_publish.version import TOOL

JOBS = 16
"""Models whose state is read at a time: nearly all of it is waiting."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, what it was made from, and what is odd about the sources of what it would create.

    `without_folder` is what the registry holds beside it; empty where only some models are planned.
    """

    plan: Plan
    request: Request
    checked: CheckedProject
    observed: Observed
    warnings: tuple[Diagnostic, ...] = ()
    without_folder: tuple[WithoutFolder, ...] = ()

    @property
    def text(self) -> str:
        """The plan as a file, for `publish apply FILE.json`."""
        return save_plan(self.observed, self.plan, self.request, TOOL)


def make_plan(
    run: RunContext,
    models: tuple[str, ...],
    registry: str | None,
    settings: Settings,
    *,
    jobs: int = JOBS,
    whole: bool = True,
    offline: bool = False,
    checked: CheckedProject | None = None,
) -> Planned:
    """Compare models with a registry; patterns select them, and none means all.

    Args:
        models: names of model folders, and globs.
        registry: a registry of `publish.yaml` or its address. [default: the project's own]
        whole: read all that a saved plan needs; else only where something is to do.
        offline: do not look into the sources of what would be created.
        checked: the models, where they have been checked already.

    Raises:
        UnsoundProject: the folders have errors, or a source cannot be published.
        PublishError: the registry or a source cannot be read.
    """
    with Prefetch(partial(open_registry, run, name=registry), jobs) as prefetch, ExitStack() as stack:
        if checked is None:
            loaded = load(run, models, settings)
            checked = check(run, loaded, "errors", begun=lambda: prefetch.begin(loaded))
        else:
            folders = tuple(one.folder for one in checked.models)
            loaded = LoadedProject(checked.subject, folders, (), patterns=models)
            prefetch.begin(loaded)
        project = checked.require_sound()
        with run.events.stage("observe", models=len(checked.models)):
            planning = observe_models(checked, prefetch.opened().registry, jobs, whole=whole, find=prefetch.find)
        plan = planning.observed.plan()
        opened = prefetch.opened()
        readers = stack.enter_context(closing(find_readers(opened, run)))
        with run.events.stage("inspect"):
            inspection = look_before(plan, planning.contents, readers, stand_in=opened.stand_in, offline=offline)
        plan = with_attributes(plan, inspection.contents)
        seen = None if offline else readers
        plan = with_moved(plan, planning.observed, planning.contents, opened.registry, seen)
        whole_catalogue = not (loaded.patterns or settings.partial)
        rest = find_without_folder(opened.registry, project, planning.observed, plan, jobs) if whole_catalogue else ()
    chosen = tuple(folder.folder for folder in loaded.folders) if settings.partial else None
    request = Request(
        registry or project.config.registry,
        loaded.patterns,
        settings.layout,
        day_of(run, settings.as_of).isoformat(),
        commit_of(project.root, run.environ) if whole else "",
        author_of(project.root, run.environ) if whole else "",
        chosen,
    )
    warnings = (*inspection.warnings, *find_versions_on_base(run, checked, settings.since))
    return Planned(plan, request, checked, planning.observed, warnings, rest)
