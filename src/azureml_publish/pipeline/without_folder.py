"""Registered models that no folder is about: somebody else's, or those of folders that were renamed or removed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from azureml_publish.assets import SOURCE_PROPERTY, RegisteredAsset
from azureml_publish.errors import PublishError
from azureml_publish.globs import matches_any
from azureml_publish.plan.actions import ActionKind, Plan, WithoutFolder
from azureml_publish.plan.saved import Observed
from azureml_publish.project import Project
from azureml_publish.registry.protocol import Registry

MOST_COMPARED = 50
"""Models whose latest version is read: whether it is archived, and its source. Each is two requests."""


def names_without_folder(registry: Registry, project: Project, ignore: Sequence[str] = ()) -> tuple[str, ...]:
    """The names of registered models that no folder is about, without those that match a glob."""
    known = {model.spec.name for model in project.models} | set(project.unreadable)
    names = (name for name in registry.models() if name not in known)
    return tuple(name for name in names if not matches_any(name, ignore))


def latest_of(registry: Registry, names: Iterable[str], jobs: int) -> tuple[RegisteredAsset, ...]:
    """The latest version of each of these models."""
    with ThreadPoolExecutor(max(1, jobs), thread_name_prefix="latest") as pool:
        found = pool.map(lambda name: find_assets(registry, name, registry.versions(name)[:1]), names)
        return tuple(asset for assets in found for asset in assets)


def find_assets(registry: Registry, name: str, numbers: Iterable[int]) -> tuple[RegisteredAsset, ...]:
    """These versions of a model, as far as they are there."""
    return tuple(asset for number in numbers if (asset := registry.find(name, number)) is not None)


def find_without_folder(
    registry: Registry, project: Project, observed: Observed, plan: Plan, jobs: int
) -> tuple[WithoutFolder, ...]:
    """What a plan of all folders does not touch, and which of it a new folder may be the new name of.

    Archived models are left out, unless there are too many to read. A registry that refuses to list its models says
    nothing: a plan does without.
    """
    try:
        names = names_without_folder(registry, project)
        created = {action.model for action in plan.actions if action.kind is ActionKind.CREATE}
        by_source = {
            wanted.source_digest: wanted.asset.name
            for wanted, state in observed.models
            if wanted.asset.name in created and state.latest_version is None
        }
        if len(names) > MOST_COMPARED:
            return tuple(WithoutFolder(name) for name in names)
        latest = [one for one in latest_of(registry, names, jobs) if not one.archived]
    except PublishError:
        return ()
    sources = ((one.id.name, one.properties.get(SOURCE_PROPERTY, "")) for one in latest)
    return tuple(WithoutFolder(name, by_source.get(source, "")) for name, source in sources)
