"""What `publish bump` does: the next free version of models, written into their `model.yaml`, and their locks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from azureml_publish.assets import LARGEST_VERSION
from azureml_publish.content.lock import RULES
from azureml_publish.content.sources.readers import Readers
from azureml_publish.errors import Conflict
from azureml_publish.files import with_version, write_edited
from azureml_publish.pipeline.check import CheckedProject, load_checked
from azureml_publish.pipeline.load import Settings
from azureml_publish.pipeline.lock import lock_new
from azureml_publish.pipeline.observe import find_states, observe_models
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.sources import find_readers
from azureml_publish.plan.actions import ActionKind
from azureml_publish.project import SPEC_FILE, Project, load_project
from azureml_publish.registry.protocol import Registry
from azureml_publish.reporters.bump import Bump
from azureml_publish.reporters.plan import by_consequence

_JOBS = 8
"""Models queried at a time, as by plan."""


@dataclass(frozen=True, slots=True)
class Bumped:
    """What came of it: the registry, each bump, the locks that were written, and why others were not."""

    registry: str
    bumps: tuple[Bump, ...]
    locked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def bump(
    run: RunContext,
    models: Sequence[str],
    registry: str | None,
    settings: Settings,
    *,
    required: bool = False,
    number: int | None = None,
) -> Bumped:
    """Write another version of each model that is meant, or of none.

    Args:
        required: only those whose plan is a conflict.
        number: this version, in place of the next free one.

    Raises:
        Conflict: that number is not free.
    """
    checked = _without_locks(load_checked(run, models, settings))
    project = checked.require_sound()
    with open_registry(run, project, registry) as opened:
        bumps = list(
            required_bumps(checked, opened.registry) if required else free_bumps(checked, opened.registry, number)
        )
        write_bumps(checked, bumps)
        with closing(find_readers(opened, run)) as readers:
            locked, notes = _lock(project, bumps, readers)
        return Bumped(opened.registry.name, tuple(bumps), locked, notes)


def _without_locks(checked: CheckedProject) -> CheckedProject:
    """The same without findings on locks, which are written anew."""
    codes = {rule.code for rule in RULES}
    return replace(checked, found=tuple(one for one in checked.found if one.code not in codes))


def _lock(project: Project, bumps: Sequence[Bump], readers: Readers) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Lock the sources of what was bumped: the locks that were written, and why others were not."""
    read, _ = load_project(project.root)
    names = {one.model for one in bumps}
    folders = [one for one in read.models if one.spec.name in names] if read is not None else []
    return lock_new(folders, readers, project.config.defaults.mlflow)


def required_bumps(checked: CheckedProject, registry: Registry) -> Iterator[Bump]:
    """What makes the plan go through, and nothing more."""
    observed = observe_models(checked, registry, _JOBS).observed
    free = {wanted.asset.name: state.next_version for wanted, state in observed.models}
    for action in observed.plan().actions:
        if action.kind is ActionKind.CONFLICT:
            fields = tuple(by_consequence(action))
            yield Bump(action.model, action.version, free[action.model], action.reason, fields)


def free_bumps(checked: CheckedProject, registry: Registry, number: int | None) -> Iterator[Bump]:
    """The next free version of every model, or a number of one's own.

    Raises:
        Conflict: that number is not free.
    """
    assets = [rendered.asset for _, rendered in checked.rendered]
    for asset, state in zip(assets, find_states(assets, registry, _JOBS), strict=True):
        if number is not None and number < state.next_version:
            latest = f"its latest is {state.latest_version}, " if state.latest_version is not None else ""
            raise Conflict(
                f"{asset.name} cannot become version {number} in the registry {registry.name}: {latest}"
                "and no number is used twice or lower than one before. Nothing was written.",
                hint=f"The next free version is {state.next_version}: `publish bump {asset.name}`.",
            )
        after = number if number is not None else max(asset.version, state.next_version)
        yield Bump(asset.name, asset.version, after)


def write_bumps(checked: CheckedProject, bumps: Sequence[Bump]) -> None:
    """Write all versions, once each is known to fit its file.

    Raises:
        Conflict: the registry holds a number above which none fits.
    """
    after = {one.model: one.after for one in bumps if one.before != one.after}
    for model, number in after.items():
        if number > LARGEST_VERSION:
            raise Conflict(
                f"{model} cannot become version {number}: a model folder's version is {LARGEST_VERSION} at most. "
                "Nothing was written.",
                hint="Another tool numbered the versions of this name otherwise: give the model another name.",
            )
    texts = {
        folder.path / SPEC_FILE: with_version(folder.document, after[rendered.asset.name])
        for folder, rendered in checked.rendered
        if rendered.asset.name in after
    }
    for path, text in texts.items():
        write_edited(path, text)
