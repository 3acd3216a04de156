"""Every allow-list of a project: presets and models' own lists, their definitions, and the models that use them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from azureml_publish.assets import SCENARIOS, Scenario
from azureml_publish.documents import KeyPath
from azureml_publish.project import ModelFolder, Project
from azureml_publish.skus.catalogue import Sku
from azureml_publish.skus.compute import Body
from azureml_publish.spec import SkuQuery


@dataclass(frozen=True, slots=True)
class ListUse:
    """One allow-list in a file.

    Attributes:
        path: its file, as in messages.
        key_path: its keys in that file.
        name: its name in reports: `cpu-small`, or `bert-base-cased finetune` for a model's own list.
        body: a query, or a literal list of names.
        users: the models and scenarios that use it; none for an unused preset.
    """

    path: str
    key_path: KeyPath
    name: str
    body: Body
    users: tuple[tuple[str, Scenario], ...]

    @property
    def literal(self) -> bool:
        """Whether it is a literal list of sizes."""
        return not isinstance(self.body, SkuQuery)


def lists_of(project: Project, folders: Iterable[ModelFolder]) -> tuple[ListUse, ...]:
    """The allow-lists that these models use, presets first; for all models also unused presets."""
    chosen = tuple(folders)
    served: dict[str, list[tuple[str, Scenario]]] = {name: [] for name in project.config.presets}
    everything = len(chosen) == len(project.models)
    for folder in chosen:
        for scenario, name in _presets(folder):
            if name in served:
                served[name].append((folder.spec.name, scenario))
    presets = (
        ListUse(project.document.path, ("presets", name), name, project.config.presets[name], tuple(users))
        for name, users in served.items()
        if users or everything
    )
    return (*presets, *(use for folder in chosen for use in own_lists(folder)))


def own_lists(folder: ModelFolder) -> Iterator[ListUse]:
    """The allow-lists in a model's own spec."""
    for scenario in SCENARIOS:
        body: str | Body | None = getattr(folder.spec.compute, scenario)
        if body is not None and not isinstance(body, str):
            model = folder.spec.name
            place = ("compute", scenario)
            yield ListUse(folder.document.path, place, f"{model} {scenario}", body, ((model, scenario),))


def _presets(folder: ModelFolder) -> Iterator[tuple[Scenario, str]]:
    for scenario in SCENARIOS:
        body = getattr(folder.spec.compute, scenario)
        if isinstance(body, str):
            yield scenario, body


def names(skus: Iterable[Sku]) -> tuple[str, ...]:
    """The names of sizes."""
    return tuple(sku.name for sku in skus)
