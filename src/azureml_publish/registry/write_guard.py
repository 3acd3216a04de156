"""Keeps two runs apart that write to one version, in the registry's own terms."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from azureml_publish.assets import APPLY_PROPERTY, AssetRecord, ModelType, RegisteredAsset, write_number
from azureml_publish.errors import Overtaken
from azureml_publish.registry.protocol import Registry
from azureml_publish.registry.read_back import LOOKS_AT_A_REFUSAL, LOOKS_BEFORE_APART, look_until

_LIES_OVER = " This run's system metadata or archival may lie over it: the registry took them in no update."


@dataclass(frozen=True, slots=True)
class Claim:
    """A run's word on a version, which a registry takes from one run only: see `APPLY_PROPERTY`.

    It goes with all that the run writes in one request. What is written in another one could land on what a later
    run wrote meanwhile.
    """

    number: int
    apply: str

    @classmethod
    def after(cls, registered: RegisteredAsset, apply: str) -> Claim:
        """The next one on a version as it was read: refused where that is no longer so."""
        return cls(write_number(registered.properties) + 1, apply)

    @property
    def key(self) -> str:
        """The property's name."""
        return f"{APPLY_PROPERTY}.{self.number}"

    @property
    def property(self) -> dict[str, str]:
        """The property, to be written along with what it is a word on."""
        return {self.key: self.apply}

    def record_of(self, registered: RegisteredAsset) -> AssetRecord:
        """A registered version as it is, with the property."""
        return AssetRecord(
            name=registered.id.name,
            version=registered.id.version,
            type=cast("ModelType", registered.type),
            description=registered.description,
            tags=registered.tags,
            properties=self.property,
            system_metadata=registered.system_metadata,
        )

    def is_held(self, registered: RegisteredAsset) -> bool:
        """Whether the registry took it."""
        return registered.properties.get(self.key) == self.apply

    def is_lost(self, registered: RegisteredAsset) -> bool:
        """Whether it took another's, or another wrote later."""
        held = registered.properties.get(self.key)
        return held not in (None, self.apply) or write_number(registered.properties) > self.number

    def read_back(
        self,
        registry: Registry,
        version: tuple[str, int],
        *,
        settled: Callable[[RegisteredAsset], bool],
        apart: Callable[[RegisteredAsset], None],
        lost: Callable[[RegisteredAsset], Overtaken],
        sleep: Callable[[float], None] = time.sleep,
    ) -> bool:
        """Look until a version holds the word and all that went with it, with patience; False where it does not.

        What a registry does not heed in an update may be sent once more, by a call of its own. Such a write is the
        only one that can land on another run's, so it waits until the word is seen to hold.

        Args:
            registry: where it was written.
            version: the model, and its version.
            settled: whether all is there that went with the word.
            apart: sends the rest.
            lost: what to raise where another run wrote later.
            sleep: how to wait.

        Raises:
            Overtaken: another run wrote later.
        """
        unheeded = 0

        def look() -> bool | None:
            nonlocal unheeded
            there = registry.find(*version)
            if there is None:
                return None
            if self.is_lost(there):
                error = lost(there)
                lies_over = _LIES_OVER if unheeded >= LOOKS_BEFORE_APART else ""
                raise Overtaken(error.message + lies_over, hint=error.hint)
            if settled(there) and self.is_held(there):
                return True
            if self.is_held(there):
                unheeded += 1
                if unheeded == LOOKS_BEFORE_APART:
                    apart(there)
            return None

        return look_until(look, sleep=sleep) is not None

    def find_written(
        self, registry: Registry, version: tuple[str, int], sleep: Callable[[float], None] = time.sleep
    ) -> RegisteredAsset | None:
        """The version that the word went with, as soon as the registry shows it; None where it does not."""

        def look() -> RegisteredAsset | None:
            there = registry.find(*version)
            return there if there is not None and (self.is_held(there) or self.is_lost(there)) else None

        return look_until(look, sleep=sleep)

    def find_winner(
        self, registry: Registry, version: tuple[str, int], sleep: Callable[[float], None] = time.sleep
    ) -> RegisteredAsset | None:
        """The version as another run wrote it, where that is why a write was refused; None where nobody shows up."""

        def look() -> RegisteredAsset | None:
            there = registry.find(*version)
            return there if there is not None and self.is_lost(there) else None

        return look_until(look, looks=LOOKS_AT_A_REFUSAL, sleep=sleep)


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
