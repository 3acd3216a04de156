"""From the `compute` of a spec to allow-lists: presets, queries and literal lists, resolved against the catalogue."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from azureml_publish.assets import SCENARIOS, AllowList, MinSkuSpec, Scenario
from azureml_publish.documents import KeyPath
from azureml_publish.skus.catalogue import Catalogue
from azureml_publish.skus.derive import derive_min_spec
from azureml_publish.skus.query import Query, Selection, SkuProblem, resolve_literal, select
from azureml_publish.spec import ModelSpec, ProjectConfig, SkuQuery


@dataclass(frozen=True, slots=True)
class ComputeProblem:
    """What is wrong with an allow-list, and the key below which it is written."""

    key_path: KeyPath
    problem: SkuProblem


@dataclass(frozen=True, slots=True)
class UnknownPreset:
    """A preset's name that `publish.yaml` does not define."""

    key_path: KeyPath
    name: str
    suggestions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResolvedCompute:
    """The allow-lists of one model by scenario; those whose preset is unknown or whose list is empty are left out."""

    allow_lists: Mapping[Scenario, AllowList]
    problems: tuple[ComputeProblem, ...] = ()
    unknown_presets: tuple[UnknownPreset, ...] = ()


def resolve_presets(config: ProjectConfig, catalogue: Catalogue, as_of: date) -> Mapping[str, Selection]:
    """Every preset of the project, resolved as of a day."""
    return MappingProxyType({name: _select(catalogue, body, as_of) for name, body in config.presets.items()})


def preset_problems(presets: Mapping[str, Selection]) -> Iterator[ComputeProblem]:
    """What is wrong with the presets, at their keys in `publish.yaml`."""
    for name, selection in presets.items():
        for problem in selection.problems:
            yield ComputeProblem(("presets", name), problem)


def resolve_compute(
    spec: ModelSpec, presets: Mapping[str, Selection], catalogue: Catalogue, as_of: date
) -> ResolvedCompute:
    """The allow-lists of one model. A preset's own problems are the project's, and not repeated here."""
    allow_lists: dict[Scenario, AllowList] = {}
    problems: list[ComputeProblem] = []
    unknown: list[UnknownPreset] = []
    for scenario in SCENARIOS:
        body: str | SkuQuery | tuple[str, ...] | None = getattr(spec.compute, scenario)
        key_path: KeyPath = ("compute", scenario)
        if body is None:
            continue
        if isinstance(body, str):
            if body not in presets:
                close = difflib.get_close_matches(body, presets, n=3, cutoff=0.5) or sorted(presets)
                unknown.append(UnknownPreset(key_path, body, tuple(close)))
                continue
            selection = presets[body]
        else:
            selection = _select(catalogue, body, as_of)
            problems.extend(ComputeProblem(key_path, problem) for problem in selection.problems)
        if selection.skus:
            names = tuple(sku.name for sku in selection.skus)
            allow_lists[scenario] = AllowList(names, derive_min_spec(selection.skus).spec)
    return ResolvedCompute(MappingProxyType(allow_lists), tuple(problems), tuple(unknown))


def _select(catalogue: Catalogue, body: SkuQuery | tuple[str, ...], as_of: date) -> Selection:
    if not isinstance(body, SkuQuery):
        return resolve_literal(catalogue, body)
    least = MinSkuSpec.parse(body.min) if body.min is not None else None
    query = Query(
        families=body.families,
        min=least,
        max_gpus=body.max_gpus,
        gpu_models=body.gpu_models,
        include=body.include,
        exclude=body.exclude,
    )
    return select(catalogue, query, as_of)
