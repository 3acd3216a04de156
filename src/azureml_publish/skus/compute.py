"""Resolves the `compute` of a spec to allow-lists: presets, queries and literal lists, from the catalogue."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TypeAlias

from azureml_publish.assets import SCENARIOS, AllowList, Scenario
from azureml_publish.documents import KeyPath
from azureml_publish.skus.catalogue import Catalogue
from azureml_publish.skus.derive import derive_min_spec
from azureml_publish.skus.query import Selection, SkuProblem, resolve_literal, select
from azureml_publish.spec import ModelSpec, ProjectConfig, SkuQuery

Body: TypeAlias = SkuQuery | tuple[str, ...]
"""The definition of an allow-list: a query, or a literal list of sizes."""


@dataclass(frozen=True, slots=True)
class ComputeProblem:
    """A mistake in an allow-list, and the key of the list."""

    key_path: KeyPath
    problem: SkuProblem


@dataclass(frozen=True, slots=True)
class UnknownPreset:
    """A name of a preset that `publish.yaml` does not define."""

    key_path: KeyPath
    name: str
    suggestions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResolvedCompute:
    """The allow-lists of one model by scenario, without those whose preset is unknown or whose list is empty."""

    allow_lists: Mapping[Scenario, AllowList]
    problems: tuple[ComputeProblem, ...] = ()
    unknown_presets: tuple[UnknownPreset, ...] = ()


def resolve_presets(config: ProjectConfig, catalogue: Catalogue, as_of: date) -> Mapping[str, Selection]:
    """Every preset of the project, resolved for a given day."""
    return MappingProxyType({name: resolve_body(catalogue, body, as_of) for name, body in config.presets.items()})


def preset_problems(presets: Mapping[str, Selection]) -> Iterator[ComputeProblem]:
    """The mistakes in presets, at their keys in `publish.yaml`."""
    for name, selection in presets.items():
        for problem in selection.problems:
            yield ComputeProblem(("presets", name), problem)


def resolve_compute(
    spec: ModelSpec, presets: Mapping[str, Selection], catalogue: Catalogue, as_of: date
) -> ResolvedCompute:
    """The allow-lists of one model. Mistakes in a preset are reported once for the project, not here."""
    allow_lists: dict[Scenario, AllowList] = {}
    problems: list[ComputeProblem] = []
    unknown: list[UnknownPreset] = []
    for scenario in SCENARIOS:
        body: str | Body | None = getattr(spec.compute, scenario)
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
            selection = resolve_body(catalogue, body, as_of)
            problems.extend(ComputeProblem(key_path, problem) for problem in selection.problems)
        if selection.skus:
            allow_lists[scenario] = _allow_list(catalogue, selection)
    return ResolvedCompute(MappingProxyType(allow_lists), tuple(problems), tuple(unknown))


def resolve_body(catalogue: Catalogue, body: Body, as_of: date) -> Selection:
    """The sizes of a query or a literal list on a given day. Equal definitions are resolved once."""
    key = ("selection", body, as_of if isinstance(body, SkuQuery) else None)
    selection: Selection | None = catalogue.answers.get(key)
    if selection is None:
        selection = select(catalogue, body, as_of) if isinstance(body, SkuQuery) else resolve_literal(catalogue, body)
        catalogue.answers[key] = selection
    return selection


def _allow_list(catalogue: Catalogue, selection: Selection) -> AllowList:
    key = ("allow-list", selection.names)
    found: AllowList | None = catalogue.answers.get(key)
    if found is None:
        found = AllowList(selection.names, derive_min_spec(selection.skus).spec)
        catalogue.answers[key] = found
    return found
