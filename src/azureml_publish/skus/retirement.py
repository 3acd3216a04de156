"""When sizes go: retirement as of a day. The day is an argument; nothing here reads a clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from azureml_publish.skus.catalogue import Sku


def is_retired(sku: Sku, as_of: date) -> bool:
    """Whether Azure has switched the size off by this day. On the day of its retirement it counts as retired."""
    return sku.retirement is not None and sku.retirement <= as_of


def retiring_within(skus: Iterable[Sku], as_of: date, days: int) -> tuple[Sku, ...]:
    """The sizes that still run as of this day and are retired within so many days after it.

    The earliest retirement comes first; sizes that go on the same day keep their order.
    """
    last = as_of + timedelta(days=days)
    going = [(sku.retirement, sku) for sku in skus if sku.retirement is not None and as_of < sku.retirement <= last]
    return tuple(sku for _, sku in sorted(going, key=lambda pair: pair[0]))
