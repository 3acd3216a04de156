"""Detects that another run writes to the same version.

A registry has no check-and-set: that it adds properties and changes none is stated by its people, and no refusal was
ever seen. So nothing here rests on one. A run looks right before it writes and reads back what it wrote; what it finds
that is neither its own nor what was there before is another run's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from azureml_publish.assets import Origin, RegisteredAsset, Value
from azureml_publish.errors import Overtaken
from azureml_publish.registry.protocol import Registry
from azureml_publish.registry.read_back import (
    LOOKS_AT_A_NEW_VERSION,
    LOOKS_AT_A_REFUSAL,
    LOOKS_BEFORE_APART,
    look_until,
)

_LIES_OVER = " This run's system metadata or archival may lie over it: the registry took them in no update."

Differences = Mapping[str, Value]
"""Fields of a version that are not as wanted, each with what is there instead."""


def written_values(asset: RegisteredAsset) -> tuple[object, ...]:
    """What a write changes of a version; where and when it was read is none of it."""
    return asset.description, asset.tags, asset.properties, asset.system_metadata, asset.archived


@dataclass(frozen=True, slots=True)
class WriteGuard:
    """One write to a version: by which run, and what the run found there before, None where it registers it."""

    registry: Registry
    version: tuple[str, int]
    run: str
    before: RegisteredAsset | None = None
    sleep: Callable[[float], None] = time.sleep

    def is_lost(self, there: RegisteredAsset) -> bool:
        """Whether another run registered what this one meant to register."""
        return self.before is None and Origin.of(there.properties).run != self.run

    def is_own(self, there: RegisteredAsset | None) -> bool:
        """Whether this run registered the version that it meant to register."""
        return self.before is None and there is not None and Origin.of(there.properties).run == self.run

    def find_created(
        self,
        differences: Callable[[RegisteredAsset], Differences],
        lost: Callable[[RegisteredAsset], Overtaken],
    ) -> RegisteredAsset | None:
        """The version that was registered, as soon as the registry shows it; None where it does not.

        Raises:
            Overtaken: another run registered it, or wrote to it since.
        """
        found = look_until(lambda: self.registry.find(*self.version), sleep=self.sleep)
        if found is not None and (self.is_lost(found) or not all(map(is_apart, differences(found)))):
            raise lost(found)
        return found

    def find_winner(self) -> RegisteredAsset | None:
        """The version as another run wrote it, if that may be why a write was refused; None where nobody shows up."""

        def look() -> RegisteredAsset | None:
            there = self.registry.find(*self.version)
            if there is None:
                return None
            changed = self.before is not None and written_values(there) != written_values(self.before)
            return there if self.is_lost(there) or changed else None

        return look_until(look, looks=LOOKS_AT_A_REFUSAL, sleep=self.sleep)

    def read_back(
        self,
        differences: Callable[[RegisteredAsset], Differences],
        *,
        apart: Callable[[RegisteredAsset], None],
        lost: Callable[[RegisteredAsset], Overtaken],
    ) -> tuple[RegisteredAsset | None, Differences]:
        """Read until a version holds all that was written.

        What a registry does not heed in an update may be sent once more, by a call of its own. Such a write may land on
        another run's, so it waits until nothing else differs.

        Args:
            differences: what is not as it was written.
            apart: sends system metadata, and whether it is archived, alone.
            lost: what to raise where another run wrote.

        Returns:
            The version as it was last seen, None where it was not, and what still differs.

        Raises:
            Overtaken: another run wrote.
        """
        known = differences(self.before) if self.before is not None else {}
        last: tuple[RegisteredAsset | None, Differences] = (None, {})
        unheeded, foreign = 0, False

        def look() -> bool | None:
            nonlocal last, unheeded, foreign
            there = self.registry.find(*self.version)
            if there is None:
                return None
            last = there, differences(there)
            foreign = False
            if not last[1]:
                return True
            if self.is_lost(there):
                raise _lost(lost(there), unheeded)
            # A value that is neither this run's nor the one before may be older still: only the last look decides.
            foreign = not all(self._is_unheeded(field, held, known) for field, held in last[1].items())
            if not foreign and all(is_apart(field) for field in last[1]):
                unheeded += 1
                if unheeded == LOOKS_BEFORE_APART:
                    apart(there)
                if unheeded == LOOKS_AT_A_NEW_VERSION and self.before is None and "archived" not in last[1]:
                    return True  # it shows, and all that was registered with it would, too
            return None

        look_until(look, sleep=self.sleep)
        if foreign and last[0] is not None:
            raise _lost(lost(last[0]), unheeded)
        return last

    def _is_unheeded(self, field: str, held: Value, known: Differences) -> bool:
        """Whether a field is as it was before the write."""
        if self.before is None:
            return is_apart(field) and not held
        return field in known and known[field] == held


def is_apart(field: str) -> bool:
    """Whether a field can be written by another call than an update."""
    return field == "archived" or field.startswith("system_metadata.")


def _lost(error: Overtaken, unheeded: int) -> Overtaken:
    lies_over = _LIES_OVER if unheeded >= LOOKS_BEFORE_APART else ""
    return Overtaken(error.message + lies_over, hint=error.hint)


def require_latest(registry: Registry, model: str, version: int) -> None:
    """See once more, right before a version is registered, that no higher number is: a registry takes any that is free.

    Raises:
        Overtaken: another run registered one.
    """
    latest, _ = registry.numbers(model)
    if latest is not None and latest > version and registry.find(model, version) is None:
        raise Overtaken(
            f"{model} version {version} is below version {latest}, which was registered since the plan was made.",
            hint="This run stops. Let the other one end, then plan again.",
        )


def require_still_latest(registry: Registry, model: str, version: int) -> None:
    """See after a version was registered that no higher number came between the last look and that.

    Raises:
        Overtaken: another run registered one there, so `latest` means the lower number.
    """
    latest, following = registry.numbers(model)
    if latest == version and following > version + 1:
        raise Overtaken(
            f"{model} version {version} was registered, but another run registered version {following - 1} at the same "
            f"time: `latest` means version {version} now.",
            hint=f"This run stops. Let the other one end, then `publish bump {model}` and plan again.",
        )
