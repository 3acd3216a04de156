"""Compares the live figures of a subscription with the catalogue, and makes an overlay from the differences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from azureml_publish.skus.catalogue import Catalogue, Sku
from azureml_publish.skus.overlay import OverlayRow

LiveFigure: TypeAlias = Literal["vcpus", "gpus", "memory_gib", "temp_disk_gib", "quota_family"]

LIVE_FIGURES: tuple[LiveFigure, ...] = ("vcpus", "gpus", "memory_gib", "temp_disk_gib", "quota_family")


@dataclass(frozen=True, slots=True)
class LiveSize:
    """One size in the answer of `vmSizes` of the Machine Learning service for one region. None: not stated.

    The service calls the quota family `family`, states memory in GiB as `memoryGB`, and the resource disk in MiB.
    """

    name: str
    vcpus: int | None
    gpus: int | None
    memory_gib: float | None
    temp_disk_gib: float | None
    quota_family: str | None


@dataclass(frozen=True, slots=True)
class LiveDifference:
    """One figure that differs between service and catalogue; `before` is None if the catalogue has none.

    `regions` are those that state it. `disputed`: other regions state another figure.
    """

    name: str
    figure: LiveFigure
    before: object
    after: object
    regions: tuple[str, ...]
    new_size: bool = False
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison of the service with the catalogue.

    `absent` are sizes of the catalogue that none of the regions offers, mostly because they are retired.
    """

    regions: tuple[str, ...]
    sizes: int
    differences: tuple[LiveDifference, ...]
    absent: tuple[str, ...]


def read_sizes(answer: object) -> tuple[LiveSize, ...]:
    """The sizes in one answer of `vmSizes`; entries without a name are skipped, an invalid figure is None."""
    entries = answer.get("value") if isinstance(answer, Mapping) else None
    sizes = (_size(entry) for entry in entries or () if isinstance(entry, Mapping) and entry.get("name"))
    return tuple(sizes)


def _size(entry: Mapping[str, Any]) -> LiveSize:
    disk = _number(entry.get("maxResourceVolumeMB"))
    family = entry.get("family")
    return LiveSize(
        name=str(entry["name"]),
        vcpus=_whole(entry.get("vCPUs")),
        gpus=_whole(entry.get("gpus")),
        memory_gib=_number(entry.get("memoryGB")),
        temp_disk_gib=None if disk is None else disk / 1024,
        quota_family=family if isinstance(family, str) and family else None,
    )


def _number(value: object) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return float(value) if usable and isinstance(value, int | float) else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number.is_integer() else None


def compare(catalogue: Catalogue, live: Mapping[str, Sequence[LiveSize]]) -> Comparison:
    """Compare the catalogue with the figures of each region.

    If regions disagree about a figure, each value is a difference of its own, and all are `disputed`.
    """
    stated: dict[str, dict[LiveFigure, dict[object, list[str]]]] = {}
    for region in sorted(live):
        for size in live[region]:
            figures = stated.setdefault(size.name, {})
            for figure in LIVE_FIGURES:
                value = getattr(size, figure)
                if value is not None:
                    figures.setdefault(figure, {}).setdefault(value, []).append(region)
    found: list[LiveDifference] = []
    for name in _in_order(catalogue, stated):
        known = catalogue.get(name)
        for figure, values in stated[name].items():
            before = getattr(known, figure) if known is not None else None
            for value, regions in values.items():
                if len(values) > 1 or not _same(before, value):
                    found.append(
                        LiveDifference(
                            name, figure, before or _zero(before), value, tuple(regions), known is None, len(values) > 1
                        )
                    )
    absent = tuple(sku.name for sku in catalogue if sku.name not in stated)
    return Comparison(tuple(sorted(live)), len(stated), tuple(found), absent)


def _zero(before: object) -> object:
    """An empty text is not a figure; zero is."""
    return None if before == "" else before


def _same(before: object, after: object) -> bool:
    if isinstance(before, str) and isinstance(after, str):
        return before.lower() == after.lower()
    return before == after


def _in_order(catalogue: Catalogue, names: Iterable[str]) -> list[str]:
    known = {sku.name: index for index, sku in enumerate(catalogue)}
    return sorted(names, key=lambda name: (known.get(name, len(known)), name))


def overlay_of(
    comparison: Comparison, rows: Iterable[OverlayRow], catalogue: Catalogue, source: str
) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """The rows of an overlay with the live figures added to the present ones.

    The smallest of disputed figures is used, because a min-SKU spec has to be true in every region. A new size gets
    the family of other sizes with its quota family, or else the quota family's name.
    """
    stated: dict[str, dict[str, Any]] = {row.name: dict(row.stated) for row in rows}
    live: dict[str, dict[str, Any]] = {}
    for one in comparison.differences:
        figures = live.setdefault(one.name, {})
        held = figures.get(one.figure)
        figures[one.figure] = one.after if held is None else min(held, one.after)
        if one.new_size:
            figures.setdefault("family", "")
    for name, figures in live.items():
        row = stated.get(name, {})
        if "family" in figures:
            figures["family"] = row.get("family") or _family(catalogue, figures.get("quota_family"))
            if "vcpus" not in {**row, **figures}:
                continue  # A size without vCPUs is useless.
        stated[name] = {**row, **figures, "source": source}
    return tuple((name, stated[name]) for name in _in_order(catalogue, stated))


def _family(catalogue: Catalogue, quota_family: str | None) -> str:
    members: tuple[Sku, ...] = catalogue.family(quota_family) if quota_family else ()
    return members[0].family if members else quota_family or "unknown"
