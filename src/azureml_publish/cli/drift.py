"""`publish drift`: what changed in a registry behind the folders."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import click

from azureml_publish.assets import LayoutName, RegisteredAsset, RegistryState
from azureml_publish.cli.options import as_of_option, layout_option, models_argument, registry_option, reporting
from azureml_publish.cli.output import Output
from azureml_publish.errors import ExitCode, UsageProblem
from azureml_publish.pipeline.annotation_locations import find_places
from azureml_publish.pipeline.check import CheckedProject, load_checked
from azureml_publish.pipeline.drift_fix import fix_folder
from azureml_publish.pipeline.load import Settings
from azureml_publish.pipeline.observe import observe_models
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.saved_plans import read_saved
from azureml_publish.plan import Desired, Drift, Observed, SavedPlan, baselines, find_drift
from azureml_publish.project import Project
from azureml_publish.registry import Registry
from azureml_publish.reporters.drift import Fixed, drift_annotations, drift_json, drift_markdown, drift_text
from azureml_publish.reporters.plans import unseen_text


@click.command("drift")
@models_argument
@registry_option
@layout_option
@click.option("--since", metavar="PLAN.json", help="The saved plan that was applied last: it tells which side moved.")
@click.option("--ignore", metavar="GLOB", multiple=True, help="Registered models without a folder not to tell of.")
@click.option("--fix", is_flag=True, help="Write what the registry holds into the folders, where a key says just that.")
@click.option("--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="Models asked about at a time.")
@as_of_option
@reporting("markdown", "github")
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    registry: str | None,
    layout: LayoutName | None,
    since: str | None,
    ignore: tuple[str, ...],
    fix: bool,
    jobs: int,
    as_of: datetime | None,
) -> None:
    """Tell what is in a registry and not in the folders: fields, archived and unknown versions, unknown models.

    A plan tells what apply would do; drift tells what somebody else did. With --since what a folder says and nobody
    applied yet is told apart, and is no drift. Nothing is written to the registry. Exits with 9 where there is drift.
    """
    settings = Settings(layout, as_of)
    staged = load_checked(output.run, models, settings)
    project = staged.require_sound()
    saved = read_saved(output.run, since) if since is not None else None
    with open_registry(output.run, project, registry) as opened:
        if saved is not None and saved.registry != opened.registry.name:
            raise UsageProblem(
                f"{since} is a plan for the registry {saved.registry}, not for {opened.registry.name}.",
                hint="Name the plan that was applied last to this registry.",
            )
        observed = observe_models(staged, opened.registry, jobs).observed
        strangers = () if models else _strangers(opened.registry, project, ignore, jobs)
        drift = _look(opened.registry, observed, saved, strangers, jobs)
    fixes = _fix(staged, observed, drift, layout) if fix else {}
    if unseen := unseen_text(observed.plan()):
        output.note(unseen)
    output.data(_report(drift, fixes, staged, output))
    if _remains(drift, fixes):
        raise SystemExit(ExitCode.DRIFT)


def _look(
    registry: Registry,
    observed: Observed,
    saved: SavedPlan | None,
    strangers: tuple[RegisteredAsset, ...],
    jobs: int,
) -> Drift:
    known = baselines(saved) if saved is not None else {}
    with ThreadPoolExecutor(jobs, thread_name_prefix="newer") as pool:
        newer = pool.map(lambda pair: _newer(registry, *pair), observed.models)
        found = [
            find_drift(wanted, state, versions, known.get(wanted.asset.name))
            for (wanted, state), versions in zip(observed.models, newer, strict=True)
        ]
    return Drift(registry.name, tuple(sorted(found, key=lambda one: one.model)), strangers)


def _newer(registry: Registry, wanted: Desired, state: RegistryState) -> tuple[RegisteredAsset, ...]:
    """The registered versions above the folder's; nobody is asked where no number above it was ever used."""
    name, version = wanted.asset.name, wanted.asset.version
    if state.latest_version is not None and state.next_version <= version + 1:
        return ()
    return _assets(registry, name, (number for number in registry.versions(name) if number > version))


def _strangers(registry: Registry, project: Project, ignore: Sequence[str], jobs: int) -> tuple[RegisteredAsset, ...]:
    """The latest version of every registered model that no folder is about."""
    known = {model.spec.name for model in project.models} | set(project.unreadable)
    names = [
        name
        for name in registry.models()
        if name not in known and not any(fnmatch.fnmatchcase(name, pattern) for pattern in ignore)
    ]
    with ThreadPoolExecutor(jobs, thread_name_prefix="stranger") as pool:
        found = pool.map(lambda name: _assets(registry, name, registry.versions(name)[:1]), names)
        return tuple(asset for assets in found for asset in assets)


def _assets(registry: Registry, name: str, numbers: Iterable[int]) -> tuple[RegisteredAsset, ...]:
    states = (registry.state(name, number) for number in numbers)
    return tuple(state.asset for state in states if state.asset is not None)


def _fix(staged: CheckedProject, observed: Observed, drift: Drift, layout: LayoutName | None) -> dict[str, Fixed]:
    states = {wanted.asset.name: state for wanted, state in observed.models}
    models = {one.folder.spec.name: one for one in staged.models}
    return {
        one.model: fix_folder(staged.subject, models[one.model], one, states[one.model], layout)
        for one in drift.models
        if staged.subject is not None and any(field.counts for field in one.fields)
    }


def _remains(drift: Drift, fixes: Mapping[str, Fixed]) -> bool:
    """Whether there is drift that `--fix` did not take over."""
    if drift.strangers:
        return True
    return any(
        model.drifted and (model.newer or not model.fields or model.model not in fixes or fixes[model.model].left)
        for model in drift.models
    )


def _report(drift: Drift, fixes: Mapping[str, Fixed], staged: CheckedProject, output: Output) -> str:
    match output.format:
        case "json":
            return drift_json(drift, fixes)
        case "markdown":
            return drift_markdown(drift, fixes)
        case "github":
            return drift_annotations(drift, fixes, find_places(staged, output.run.environ))
    return drift_text(drift, fixes, output.paint)
