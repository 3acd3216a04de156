"""Reads the state of every model in a registry, for plan, apply and bump."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from azureml_publish.assets import RegisteredAsset, RegistryState, RenderedAsset, RenderedModel
from azureml_publish.content.digests import Digests
from azureml_publish.content.upload.transfer import ModelContent, describe_content
from azureml_publish.pipeline.check import CheckedProject
from azureml_publish.plan import Desired, Observed, is_as_desired
from azureml_publish.project import ModelFolder
from azureml_publish.registry import Registry
from azureml_publish.render import render_package

DIGESTS_FILE = ".publish/digests.json"
"""Where digests of local files are kept, below the project."""

Find: TypeAlias = Callable[[str, int], RegisteredAsset | None]
"""As `Registry.find`."""


@dataclass(frozen=True, slots=True)
class Planning:
    """The rendered models with their state in the registry, and the content of each model by asset name."""

    observed: Observed
    contents: Mapping[str, ModelContent]


def find_states(assets: Sequence[RenderedAsset], registry: Registry, jobs: int) -> tuple[RegistryState, ...]:
    """The state of each of these models in a registry, several read at a time."""
    with ThreadPoolExecutor(max(1, jobs), thread_name_prefix="state") as pool:
        return tuple(pool.map(lambda asset: registry.state(asset.name, asset.version), assets))


def observe_models(
    staged: CheckedProject, registry: Registry, jobs: int, *, whole: bool = False, find: Find | None = None
) -> Planning:
    """Every model that was rendered, with its content's identity, beside what the registry says.

    Args:
        staged: what was rendered.
        registry: the registry.
        jobs: how many models at a time.
        whole: read the latest version of every model, which a saved plan needs; else only where something is to do.
        find: who knows what the registry says of a version. [default: the registry]
    """
    digests = Digests(staged.project.root / DIGESTS_FILE if staged.project is not None else None)
    contents = {one.asset.name: _content(staged, folder, one, digests) for folder, one in staged.rendered}
    digests.save()
    wanted = [Desired(content.rendered.asset, content.digest) for content in contents.values()]
    find_one = find or registry.find
    with ThreadPoolExecutor(max(1, jobs), thread_name_prefix="state") as pool:
        # One round after the other: a registry is not to have more requests at a time where the first was begun before.
        found = tuple(pool.map(lambda one: find_one(one.asset.name, one.asset.version), wanted))
        states = tuple(pool.map(lambda one, asset: _state(registry, one, asset, whole=whole), wanted, found))
    return Planning(Observed(registry.name, tuple(zip(wanted, states, strict=True))), contents)


def _content(staged: CheckedProject, folder: ModelFolder, rendered: RenderedModel, digests: Digests) -> ModelContent:
    """The content that a model folder describes; what depends on its source's files is rendered once they are known."""
    defaults = staged.project.config.defaults.mlflow if staged.project is not None else None
    rerender = partial(render_package, folder, staged.style) if staged.style is not None else None
    return describe_content(folder, rendered, digests, defaults=defaults, rerender=rerender)


def _state(registry: Registry, wanted: Desired, asset: RegisteredAsset | None, *, whole: bool) -> RegistryState:
    if asset is not None and not whole and is_as_desired(wanted, asset):
        return RegistryState(asset, None, wanted.asset.version + 1)
    return RegistryState(asset, *registry.numbers(wanted.asset.name))
