"""The families of VM sizes that a model may run on, by scenario, and their retirement: the data of the charts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

from azureml_publish.assets import SCENARIOS, MinSkuSpec, Scenario
from azureml_publish.skus.catalogue import Catalogue, Sku, is_retired
from azureml_publish.skus.derive import derive_min_spec

Mark: TypeAlias = Literal["allowed", "retired", "other"]
"""One size of a family in one scenario: on the list, retired but on the list, or not on it."""


@dataclass(frozen=True, slots=True)
class ChartRow:
    """One family: for each scenario a mark per size, small ones first; a scenario without a mark is left out.

    `goes` is the earliest retirement among the listed sizes, `gone` whether it is past, `partly` whether other listed
    sizes retire later or not at all. `sizes` are those of the marks, in their order; `least` has for each scenario the
    names of the listed ones that a figure of its min-SKU spec comes from.
    """

    family: str
    gpu: str
    marks: Mapping[Scenario, tuple[Mark, ...]]
    goes: date | None
    gone: bool
    partly: bool
    sizes: tuple[Sku, ...] = ()
    least: Mapping[Scenario, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chart:
    """One model on a given day: its families in catalogue order, and the min-SKU spec of each scenario with a list."""

    model: str
    as_of: date
    rows: tuple[ChartRow, ...]
    specs: Mapping[Scenario, MinSkuSpec | None]


def draw_up(model: str, lists: Mapping[Scenario, tuple[Sku, ...]], catalogue: Catalogue, as_of: date) -> Chart:
    """Make the chart of a model from its allow-lists."""
    listed = {sku.name: sku for skus in lists.values() for sku in skus}
    families = dict.fromkeys(sku.family for sku in catalogue.in_order(listed.values()))
    specs = {scenario: derive_min_spec(lists[scenario]).spec for scenario in SCENARIOS if lists.get(scenario)}
    rows = tuple(_row(catalogue.family(family), lists, specs, as_of) for family in families)
    return Chart(model, as_of, rows, specs)


def _row(
    family: tuple[Sku, ...],
    lists: Mapping[Scenario, tuple[Sku, ...]],
    specs: Mapping[Scenario, MinSkuSpec | None],
    as_of: date,
) -> ChartRow:
    marks: dict[Scenario, tuple[Mark, ...]] = {}
    for scenario in SCENARIOS:
        names = {sku.name for sku in lists.get(scenario, ())}
        found = tuple(_mark(sku, names, as_of) for sku in family)
        if set(found) != {"other"}:
            marks[scenario] = found
    used = [sku for sku in family if any(sku in skus for skus in lists.values())]
    days = sorted({sku.retirement for sku in used if sku.retirement is not None})
    goes = days[0] if days else None
    partly = len(days) > 1 or (bool(days) and any(sku.retirement is None for sku in used))
    least = {
        scenario: frozenset(
            sku.name for sku in family if sku in lists[scenario] and _is_least(sku, specs.get(scenario))
        )
        for scenario in marks
    }
    gone = goes is not None and goes <= as_of
    return ChartRow(family[0].family, _gpu(family), marks, goes, gone, partly, family, least)


def _is_least(sku: Sku, spec: MinSkuSpec | None) -> bool:
    """Whether a figure of a min-SKU spec comes from this size; having no GPU or disk sets no size apart."""
    if spec is None:
        return False
    pairs = (
        (sku.vcpus, spec.vcpus),
        (sku.gpus, spec.gpus),
        (sku.memory_gib, spec.memory_gib),
        (sku.temp_disk_gib, spec.disk_gib),
    )
    return any(least > 0 and figure is not None and int(figure) == least for figure, least in pairs)


def _mark(sku: Sku, names: set[str], as_of: date) -> Mark:
    if sku.name not in names:
        return "other"
    return "retired" if is_retired(sku, as_of) else "allowed"


def _gpu(family: tuple[Sku, ...]) -> str:
    """A short name for the GPU of a family: `T4 16GB`, `A100 PCIe 80GB`."""
    models = dict.fromkeys(
        re.sub(r"^(\d+/\d+ of )?(NVIDIA |AMD )?(Tesla |Instinct |Radeon Pro )?", "", sku.gpu_model).partition(" (")[0]
        for sku in family
        if sku.gpu_model
    )
    return ", ".join(models)
