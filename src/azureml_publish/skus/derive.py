"""The min-SKU spec of an allow-list, derived from the catalogue's figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from azureml_publish.assets import MinSkuSpec
from azureml_publish.skus.catalogue import Sku

Figure: TypeAlias = Literal["gpus", "memory_gib", "temp_disk_gib"]
"""A figure of a size that may be unknown to the catalogue."""

SpecFigure: TypeAlias = Literal["vcpus", "gpus", "memory_gib", "temp_disk_gib"]
"""A figure of a min-SKU spec, named as in the catalogue."""

SPEC_FIGURES: tuple[SpecFigure, ...] = ("vcpus", "gpus", "memory_gib", "temp_disk_gib")


@dataclass(frozen=True, slots=True)
class UnknownFigure:
    """A figure that the catalogue does not have for a size."""

    sku: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class DerivedMinSpec:
    """A derived min-SKU spec and the unknown figures of its sizes.

    `spec` is None if a figure is unknown for every size, or if there are no sizes. With `unknown` not
    empty, `spec` is derived from the known figures only, and may be too large.
    """

    spec: MinSkuSpec | None
    unknown: tuple[UnknownFigure, ...] = ()


def unknown_figures(sku: Sku) -> tuple[Figure, ...]:
    """The figures of a size that the catalogue does not know."""
    if sku.gpus is not None and sku.memory_gib is not None and sku.temp_disk_gib is not None:
        return ()
    figures: tuple[tuple[Figure, float | None], ...] = (
        ("gpus", sku.gpus),
        ("memory_gib", sku.memory_gib),
        ("temp_disk_gib", sku.temp_disk_gib),
    )
    return tuple(figure for figure, value in figures if value is None)


def derive_min_spec(skus: Iterable[Sku]) -> DerivedMinSpec:
    """The component-wise minimum over the sizes: vCPUs, GPUs, whole GiB of memory, whole GiB of temporary disk.

    Fractions are truncated, like the service's validator does (`confirm_min_sku_spec` of azureml-assets 1.17.8, which
    demands equality). `unknown` is in the order of the sizes.
    """
    listed = tuple(skus)
    unknown = tuple(UnknownFigure(sku.name, figure) for sku in listed for figure in unknown_figures(sku))
    gpus = [sku.gpus for sku in listed if sku.gpus is not None]
    memory = [sku.memory_gib for sku in listed if sku.memory_gib is not None]
    disk = [sku.temp_disk_gib for sku in listed if sku.temp_disk_gib is not None]
    if not (gpus and memory and disk):
        return DerivedMinSpec(None, unknown)
    least = MinSkuSpec(min(sku.vcpus for sku in listed), min(gpus), int(min(memory)), int(min(disk)))
    return DerivedMinSpec(least, unknown)


@dataclass(frozen=True, slots=True)
class Component:
    """One figure of a min-SKU spec.

    Its minimum (None: unknown for every size), the sizes with that value, and the sizes for which it is unknown.
    """

    figure: SpecFigure
    value: int | None
    set_by: tuple[str, ...]
    unknown: tuple[str, ...]


def components(skus: Iterable[Sku]) -> tuple[Component, ...]:
    """The four figures of a min-SKU spec, derived separately, so that an unknown one does not hide the others."""
    listed = tuple(skus)
    return tuple(_component(figure, [(sku.name, _figure(sku, figure)) for sku in listed]) for figure in SPEC_FIGURES)


def _figure(sku: Sku, figure: SpecFigure) -> float | None:
    value: float | None = getattr(sku, figure)
    return value


def _component(figure: SpecFigure, values: list[tuple[str, float | None]]) -> Component:
    known = [(name, int(value)) for name, value in values if value is not None]
    least = min((value for _, value in known), default=None)
    set_by = tuple(name for name, value in known if value == least)
    return Component(figure, least, set_by, tuple(name for name, value in values if value is None))
