"""The effect of retirement on allow-lists: the sizes that each loses, when, and its min-SKU spec afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

from azureml_publish.assets import MinSkuSpec
from azureml_publish.skus.catalogue import Catalogue, Sku, is_retired
from azureml_publish.skus.compute import resolve_body
from azureml_publish.skus.derive import derive_min_spec
from azureml_publish.skus.lists import ListUse, names

_Step: TypeAlias = tuple[date, bool, tuple[str, ...], int, MinSkuSpec | None, MinSkuSpec | None]


@dataclass(frozen=True, slots=True)
class Loss:
    """The sizes that one list loses on one day.

    Attributes:
        gone: whether the day is past, and a literal list still names the sizes.
        skus: the retired sizes, in the list's order.
        left: how many sizes remain.
        before, after: the min-SKU spec with and without them; None if it cannot be derived.
    """

    use: ListUse
    day: date
    gone: bool
    skus: tuple[str, ...]
    left: int
    before: MinSkuSpec | None
    after: MinSkuSpec | None

    @property
    def shifts(self) -> bool:
        """Whether the min-SKU spec changes."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Foresight:
    """All losses of some lists up to a day, by list and day; and the lists without any."""

    as_of: date
    until: date
    losses: tuple[Loss, ...]
    untouched: tuple[ListUse, ...]


def foresee(uses: Iterable[ListUse], catalogue: Catalogue, as_of: date, days: int) -> Foresight:
    """The losses of lists within a number of days after a day.

    Retired sizes in a literal list count as lost until somebody prunes the list. A query leaves them out by itself.
    """
    until = last_day(as_of, days)
    losses: list[Loss] = []
    untouched: list[ListUse] = []
    steps: dict[tuple[str, ...], tuple[_Step, ...]] = {}
    for use in uses:
        selection = resolve_body(catalogue, use.body, as_of)
        if selection.names not in steps:
            steps[selection.names] = tuple(_steps(selection.skus, as_of, until))
        found = [Loss(use, *step) for step in steps[selection.names]]
        losses.extend(found)
        if not found:
            untouched.append(use)
    return Foresight(as_of, until, tuple(losses), tuple(untouched))


def last_day(as_of: date, days: int) -> date:
    """The day a number of days later, at most the last day of the calendar."""
    return date.max if days > (date.max - as_of).days else as_of + timedelta(days=days)


def _steps(skus: tuple[Sku, ...], as_of: date, until: date) -> Iterator[_Step]:
    """The losses of a list, day by day. All past ones are one loss, because one pruning removes them."""
    left = skus
    going = {sku.retirement for sku in skus if sku.retirement is not None and sku.retirement <= until}
    past = {day for day in going if day <= as_of}
    for day in sorted({*(going - past), *([max(past)] if past else [])}):
        stays = tuple(sku for sku in left if not is_retired(sku, day))
        lost = names(sku for sku in left if is_retired(sku, day))
        yield day, day <= as_of, lost, len(stays), derive_min_spec(left).spec, derive_min_spec(stays).spec
        left = stays
