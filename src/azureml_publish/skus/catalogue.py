"""The catalogue of Azure VM sizes that ships with the package: figures, families, retirement dates, sources.

The data is in `catalogue.csv` (one row and one source per size, blank = unknown) and `families.csv` (other names of
families). `docs/skus.md` says how each figure was found and how to add a size.
"""

from __future__ import annotations

import csv
import difflib
import functools
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib import resources
from typing import Any, Literal, TypeAlias, cast

RetirementStatus: TypeAlias = Literal["", "announced", "retired"]
"""The status in Azure's own list as read on 2026-11-21; "" if it names no retirement."""


@dataclass(frozen=True, slots=True)
class Sku:
    """One Azure VM size.

    `memory_gib` and `temp_disk_gib` are GiB; `temp_disk_gib` is the resource disk alone (0: the size has none), never
    NVMe. `gpus` counts as Azure's SKU API does: a part of a GPU counts 1, and `gpu_model` names the part. None is an
    unknown figure. `family` is the name of the series in Azure's documentation, `quota_family` its name in a
    subscription's quota ("" if unknown).
    """

    name: str
    vcpus: int
    gpus: int | None
    gpu_model: str
    memory_gib: float | None
    temp_disk_gib: float | None
    family: str
    quota_family: str = ""
    retirement: date | None = None
    retirement_status: RetirementStatus = ""
    source: str = ""
    retirement_source: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All known sizes, in the order of query results: CPU families, then GPU families, small sizes first.

    `aliases` are pairs of another name for a family or size, and its name in the catalogue.
    """

    skus: tuple[Sku, ...]
    aliases: tuple[tuple[str, tuple[str, ...]], ...] = ()
    _by_name: Mapping[str, Sku] = field(init=False, repr=False, compare=False)
    _by_family: Mapping[str, tuple[Sku, ...]] = field(init=False, repr=False, compare=False)
    answers: dict[Hashable, Any] = field(init=False, repr=False, compare=False, default_factory=dict)
    """Cached results of queries and lists; a catalogue never changes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {sku.name: sku for sku in self.skus})
        object.__setattr__(self, "_by_family", _family_index(self.skus, self.aliases))

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[Sku]:
        return iter(self.skus)

    def __len__(self) -> int:
        return len(self.skus)

    def get(self, name: str) -> Sku | None:
        """The size with exactly this name, or None. Case matters, as in the service's schema."""
        return self._by_name.get(name)

    @property
    def families(self) -> tuple[str, ...]:
        """Names of all families, in catalogue order."""
        return tuple(dict.fromkeys(sku.family for sku in self.skus))

    def family(self, name: str) -> tuple[Sku, ...]:
        """The sizes of a family, in catalogue order; empty for an unknown name.

        The name may be the series (`NCasT4_v3`), another common name of it (`NC_T4_v3`), or the quota family
        (`standardNCSv3Family`). Case, spaces, `_`, `-` and a trailing "series" are ignored; nothing else is.
        """
        return self._by_family.get(_folded(name), ())

    def nearest(self, name: str) -> tuple[str, ...]:
        """Up to three sizes with similar names, the most similar first."""
        return _nearest(name if "_" in name else f"Standard_{name}", self._by_name)

    def nearest_family(self, name: str) -> tuple[str, ...]:
        """Up to three similar names of families, the most similar first."""
        return _nearest(name, (*self.families, *(alias for alias, _ in self.aliases)))

    def in_order(self, skus: Iterable[Sku]) -> tuple[Sku, ...]:
        """These sizes in catalogue order, each once. Unknown sizes are left out."""
        wanted = {sku.name for sku in skus}
        return tuple(sku for sku in self.skus if sku.name in wanted)


@functools.cache
def load_catalogue() -> Catalogue:
    """The catalogue that ships with the package, read once."""
    skus = tuple(_sku(row) for row in _rows("catalogue.csv"))
    aliases = tuple((row["name"], tuple(row["members"].split())) for row in _rows("families.csv"))
    return Catalogue(skus, aliases)


def _rows(file: str) -> list[dict[str, str]]:
    text = resources.files(__package__).joinpath(file).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _sku(row: Mapping[str, str]) -> Sku:
    return Sku(
        name=row["name"],
        vcpus=int(row["vcpus"]),
        gpus=int(row["gpus"]) if row["gpus"] else None,
        gpu_model=row["gpu_model"],
        memory_gib=float(row["memory_gib"]) if row["memory_gib"] else None,
        temp_disk_gib=float(row["temp_disk_gib"]) if row["temp_disk_gib"] else None,
        family=row["family"],
        quota_family=row["quota_family"],
        retirement=date.fromisoformat(row["retirement"]) if row["retirement"] else None,
        retirement_status=cast("RetirementStatus", row["retirement_status"]),
        source=row["source"],
        retirement_source=row["retirement_source"],
    )


def _folded(name: str) -> str:
    return re.sub(r"[ _-]", "", name.lower()).removesuffix("series")


def _family_index(skus: Iterable[Sku], aliases: Iterable[tuple[str, tuple[str, ...]]]) -> Mapping[str, tuple[Sku, ...]]:
    named: dict[str, list[Sku]] = {}
    families: dict[str, list[Sku]] = {}
    for sku in skus:
        families.setdefault(sku.family, []).append(sku)
        named.setdefault(sku.name, []).append(sku)
        if sku.quota_family:
            families.setdefault(sku.quota_family, []).append(sku)
    index = {_folded(name): tuple(members) for name, members in families.items()}
    for alias, members in aliases:
        found = [sku for member in members for sku in families.get(member, named.get(member, []))]
        index[_folded(alias)] = tuple(found)
    return index


def _nearest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    by_folded: dict[str, str] = {}
    for candidate in known:
        by_folded.setdefault(_folded(candidate), candidate)
    found = difflib.get_close_matches(_folded(name), list(by_folded), n=3, cutoff=0.6)
    return tuple(by_folded[folded] for folded in found)


def is_retired(sku: Sku, as_of: date) -> bool:
    """Whether the size is retired by this day; the day of its retirement counts."""
    return sku.retirement is not None and sku.retirement <= as_of


def retiring_within(skus: Iterable[Sku], as_of: date, days: int) -> tuple[Sku, ...]:
    """The sizes that still run on this day and retire within a number of days after it.

    The earliest retirement comes first; sizes with the same day keep their order.
    """
    last = as_of + timedelta(days=days)
    going = [(sku.retirement, sku) for sku in skus if sku.retirement is not None and as_of < sku.retirement <= last]
    return tuple(sku for _, sku in sorted(going, key=lambda pair: pair[0]))
