"""Reads the state of every model in a registry, for plan, apply and bump."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from azureml_publish.assets import (
    SOURCE_PROPERTY,
    AssetId,
    RegisteredAsset,
    RegistryState,
    RenderedAsset,
    RenderedModel,
)
from azureml_publish.content.contents import ModelContent, describe_content
from azureml_publish.content.digests import Digests
from azureml_publish.content.packaging.rules import UNUSABLE, Finding
from azureml_publish.errors import UnusableSource
from azureml_publish.pipeline.check import CheckedProject
from azureml_publish.plan.actions import Desired
from azureml_publish.plan.diff import differences
from azureml_publish.plan.rules import ChangeClass
from azureml_publish.plan.saved import Observed
from azureml_publish.project import ModelFolder, UnsoundProject
from azureml_publish.registry.protocol import Registry
from azureml_publish.render import render_package
from azureml_publish.spec.source import AzuremlSource

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
    checked: CheckedProject, registry: Registry, jobs: int, *, whole: bool = False, find: Find | None = None
) -> Planning:
    """Every model that was rendered, with its content's identity, beside what the registry says.

    Args:
        whole: read the latest version of every model, which a saved plan needs; else only where something is to do.
        find: who knows what the registry says of a version. [default: the registry]

    Raises:
        UnsoundProject: files of local sources cannot be read.
        PublishError: the registry cannot be read.
    """
    digests = Digests(checked.project.root / DIGESTS_FILE if checked.project is not None else None)
    contents = _describe(checked, digests)
    digests.save()
    wanted = [
        Desired(one.rendered.asset, one.digest, elsewhere=not _is_itself(registry.name, one))
        for one in contents.values()
    ]
    find_one = find or registry.find
    with ThreadPoolExecutor(max(1, jobs), thread_name_prefix="state") as pool:
        # One round after the other: a registry is not to have more requests at a time where the first was begun before.
        found = tuple(pool.map(lambda one: find_one(one.asset.name, one.asset.version), wanted))
        wanted = [
            replace(one, manifest=contents[one.asset.name].manifest()) if _differs(one, asset) else one
            for one, asset in zip(wanted, found, strict=True)
        ]
        states = tuple(pool.map(lambda one, asset: _state(registry, one, asset, whole=whole), wanted, found))
    return Planning(Observed(registry.name, tuple(zip(wanted, states, strict=True))), contents)


def _describe(checked: CheckedProject, digests: Digests) -> dict[str, ModelContent]:
    """The content of every model by asset name.

    Raises:
        UnsoundProject: files of local sources cannot be read.
    """
    contents, found = {}, []
    for folder, rendered in checked.rendered:
        try:
            contents[rendered.asset.name] = content_of(checked, folder, rendered, digests)
        except UnusableSource as error:
            found.append(Finding(UNUSABLE, error.message, error.hint, ("source", "local")).placed(folder.document))
    if found:
        raise UnsoundProject(tuple(found), len(checked.rendered))
    return contents


def _is_itself(registry: str, content: ModelContent) -> bool:
    """Whether a model's source is the version that it is registered as."""
    asset, source = content.rendered.asset, content.folder.spec.source
    itself = AssetId(registry, asset.name, asset.version)
    return isinstance(source, AzuremlSource) and source.azureml.lower() == str(itself).lower()


def _differs(wanted: Desired, asset: RegisteredAsset | None) -> bool:
    """Whether a registered version was made from something else, which may hold the same files all the same."""
    return asset is not None and asset.properties.get(SOURCE_PROPERTY) not in (None, wanted.source_digest)


def content_of(
    checked: CheckedProject, folder: ModelFolder, rendered: RenderedModel, digests: Digests | None = None
) -> ModelContent:
    """The content that a model folder describes; what depends on its source's files is rendered once they are known."""
    defaults = checked.project.config.defaults.mlflow if checked.project is not None else None
    rerender = partial(render_package, folder, checked.style) if checked.style is not None else None
    return describe_content(folder, rendered, digests, defaults=defaults, rerender=rerender)


def _state(registry: Registry, wanted: Desired, asset: RegisteredAsset | None, *, whole: bool) -> RegistryState:
    classes = {change.consequence for change in differences(wanted, asset)[0]} if asset is not None else set()
    if asset is not None and not whole and classes <= {ChangeClass.KEPT}:
        return RegistryState(asset, None, wanted.asset.version + 1)
    new = asset is None or ChangeClass.NEW_VERSION in classes
    return RegistryState.of(asset, *registry.numbers(wanted.asset.name, deleted=new or whole))
