"""Retirement of sizes on a given day. The day is an argument; nothing here reads a clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from azureml_publish.skus.catalogue import Sku


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
