"""What one rendering may do: steps, text, work and time. Everything that a template can use is charged here."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, KeysView, Mapping, ValuesView
from typing import Any

from jinja2 import Undefined
from jinja2.exceptions import SecurityError
from jinja2.utils import Namespace

MAX_STEPS = 100_000
"""Iterations of all loops in one rendering together. The largest card needs some hundred."""

MAX_CHARACTERS = 4 * 1024 * 1024
"""Characters that one rendering may write or build."""

MAX_WORK = 500_000
"""What one rendering may pass to filters, methods and comparisons: items, and text in units of 16 characters."""

MAX_GROWTH = 64 * 1024 * 1024
"""Characters that one filter or method may produce, estimated from its arguments."""

MAX_NUMBER = 1_000_000
"""The largest number that a template may pass to a filter or a method, such as a width."""

MAX_DEPTH = 200
"""How deep lists and mappings may be nested in each other. Python hashes a tuple that is far deeper with no regard to
the stack."""

MAX_SECONDS = 10.0
"""How long one model may be rendered, in seconds of the processor's time, so that a busy machine fails nobody."""

CHARGES_PER_LOOK = 16
"""To look at the clock with each charge takes a thirtieth of an import (the bar: benchmarks/import.py). What is charged
at once is limited, so that this many charges take far less than a second."""

INCLUDE_STEPS = 20
"""What finding one template counts, there or not."""

MAX_INDENT = 16

MAX_BITS = 1024
"""The longest number that a template may compute, in bits."""

SIZED = (str, bytes, list, tuple, Mapping, range, set, frozenset, KeysView, ValuesView, ItemsView)


class RunawayTemplate(SecurityError):
    """A template exceeds a limit of work or size."""


class Budget:
    """The remaining budget of one rendering."""

    def __init__(self, clock: Callable[[], float], deadline: float) -> None:
        self.steps = MAX_STEPS
        self.characters = MAX_CHARACTERS
        self.work = MAX_WORK
        self._clock = clock
        self._deadline = deadline
        self._charges = 0

    def step(self, count: int = 1) -> None:
        """Charge turns of loops, calls or includes."""
        self._look_at_the_clock()
        self.steps -= count
        if self.steps < 0:
            raise RunawayTemplate(f"more than {MAX_STEPS:,} turns of loops, calls and includes")

    def labour(self, units: int) -> None:
        """Charge items that are read or copied."""
        self._look_at_the_clock()
        self.work -= units
        if self.work < 0:
            raise RunawayTemplate("it handles more text and longer lists than any card needs")

    def _look_at_the_clock(self) -> None:
        self._charges += 1
        if self._charges % CHARGES_PER_LOOK == 1 and self._clock() > self._deadline:
            raise RunawayTemplate(f"more than {MAX_SECONDS:g} seconds for one model")

    def write(self, length: int) -> None:
        """Charge characters that are put out or built up; a turn, or the work that made them, was charged before."""
        self.characters -= length
        if self.characters < 0:
            raise RunawayTemplate(f"more than {MAX_CHARACTERS:,} characters")

    def weigh(self, value: Any, *, strict: bool = False) -> int:
        """Charge the work of reading a value; a part that it contains several times is charged each time.

        Returns:
            its size: characters plus items.

        Raises:
            RunawayTemplate: the budget is used up.
            UndefinedError: something in it is undefined, with `strict`.
        """
        self._look_at_the_clock()
        level: list[Any] = [value]
        size = depth = 0
        while level:
            waiting: list[Any] = []
            for one in level:
                size += self._weigh_one(one, waiting, strict=strict)
                if self.work < 0:
                    raise RunawayTemplate("it handles more text and longer lists than any card needs")
            level = waiting
            depth += 1
            if depth > MAX_DEPTH:
                raise RunawayTemplate(f"lists and mappings are nested deeper than {MAX_DEPTH}")
        return size

    def _weigh_one(self, one: Any, waiting: list[Any], *, strict: bool) -> int:
        """Charge one value and queue its parts. Returns what `weigh` counts of it."""
        self.work -= 1
        kind = type(one)
        if kind is str:
            self.work -= len(one) // 16
            return 1 + len(one)
        if kind is dict:
            waiting += one
            waiting += one.values()
        elif kind is list or kind is tuple:
            if len(one) <= self.work:
                waiting += one
            else:
                self.work = -1
        elif one is not None and kind not in (bool, int, float):
            return 1 + self._weigh_unusual(one, waiting, strict=strict)
        return 1

    def _weigh_unusual(self, one: Any, waiting: list[Any], *, strict: bool) -> int:
        """Charge one value and queue its parts. Returns its characters or items."""
        if isinstance(one, str):
            self.work -= len(one) // 16
            return len(one)
        if isinstance(one, Mapping):
            waiting += one.keys()
            waiting += one.values()
        elif isinstance(one, list | tuple):
            if len(one) <= self.work:
                waiting += one
            else:
                self.work = -1
        elif isinstance(one, Namespace):
            waiting.append(one._Namespace__attrs)  # noqa: SLF001 - it has no other way in
        elif strict and isinstance(one, Undefined):
            str(one)  # raises an error with the missing name
        elif isinstance(one, SIZED):
            self.work -= len(one)
            return len(one)
        return 0
