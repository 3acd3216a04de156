"""Keeps two runs apart that write to one version, in the registry's own terms."""

from __future__ import annotations

from dataclasses import dataclass

from azureml_publish.assets import APPLY_PROPERTY, RegisteredAsset, write_number
from azureml_publish.errors import Overtaken
from azureml_publish.registry.protocol import Registry


@dataclass(frozen=True, slots=True)
class Claim:
    """A run's word on a version, which a registry takes from one run only: see `APPLY_PROPERTY`."""

    number: int
    apply: str

    @property
    def key(self) -> str:
        """The property's name."""
        return f"{APPLY_PROPERTY}.{self.number}"

    @property
    def property(self) -> dict[str, str]:
        """The property, to be written along with what it is a word on."""
        return {self.key: self.apply}

    def is_held(self, registered: RegisteredAsset) -> bool:
        """Whether the registry took it."""
        return registered.properties.get(self.key) == self.apply

    def is_lost(self, registered: RegisteredAsset) -> bool:
        """Whether it took another's, or another wrote later."""
        held = registered.properties.get(self.key)
        return held not in (None, self.apply) or write_number(registered.properties) > self.number


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
